"""The biases of a fresh LSTM cell."""

from recurra.nn import LSTMCell

from .one_step import step_of


def test_a_fresh_lstm_cell_has_forget_bias_one():
    assert step_of(LSTMCell, 2, 2).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert step_of(LSTMCell, 2, 2, unit_forget_bias=False).bias.tolist() == [0] * 8
