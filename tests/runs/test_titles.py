"""How titles of plots name a cell."""

from recurra.nn import GRUCell
from recurra.runs.titles import title_of


def test_the_title_is_the_class_of_the_layer_or_else_the_name_of_the_cell():
    class Named:
        name = "of one's own"

    assert [title_of(cell) for cell in ("rnn", "gru", "lstm")] == ["SimpleRNN", "GRU", "LSTM"]
    assert title_of(GRUCell()) == "GRU"
    assert title_of(Named()) == "of one's own"
