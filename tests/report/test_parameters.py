"""parameters.txt: every parameter with the symbol of the mathematics, its shape as it is written, and its values."""

import re

import numpy as np
import pytest
import torch

from recurra.nn import GRU, LSTM, Dense, Embedding, Network, OneHot, SimpleRNN, build_network
from recurra.report.parameters import parameters_text

PRECISION = {"atol": 5.01e-7, "rtol": 6e-8}  # six digits after the point, of a float32


def blocks(network):
    """Name, symbol, shape, meaning and values of each parameter, read back from the text."""
    *parts, total = parameters_text(network).split("\n\n")
    read = {}
    for part in parts:
        heading, meaning, values = part.split("\n", 2)
        name, symbol, shape = re.fullmatch(r"(\S+) {3}(\S+) {3}shape \(([\d, ]+)\)", heading).groups()
        shape = tuple(int(size) for size in shape.split(",") if size)
        numbers = np.array([float(number) for number in re.findall(r"[^\s\[\]]+", values)])
        read[name] = (symbol, shape, meaning, numbers.reshape(shape))
    return read, total


def test_the_text_of_a_tiny_network_is_the_one_written_by_hand():
    network = build_network(encoder=OneHot(2), cell="rnn", units=[3], outputs=2)
    with torch.no_grad():
        layer, dense = network.layers["simple_rnn"], network.layers["dense"]
        layer.weight_ih.copy_(torch.tensor([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]))  # (units, in), as torch keeps it
        layer.weight_hh.copy_(torch.tensor([[0.5, 0.0, 0.0], [-0.25, 0.0, 0.0], [0.125, 0.0, 1.0]]))
        layer.bias.copy_(torch.tensor([-1.0, 0.0, 1e-9]))
        dense.weight.copy_(torch.tensor([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]))
        dense.bias.copy_(torch.tensor([1 / 3, -2 / 3]))
    assert parameters_text(network) == (
        "simple_rnn.weight_ih   W_xh   shape (2, 3)\n"
        "from the input to the hidden state, (inputs, units)\n"
        "[[1. 2. 3.]\n"
        " [4. 5. 6.]]\n"
        "\n"
        "simple_rnn.weight_hh   W_hh   shape (3, 3)\n"
        "from the previous hidden state, (units, units)\n"
        "[[ 0.5   -0.25   0.125]\n"
        " [ 0.     0.     0.   ]\n"
        " [ 0.     0.     1.   ]]\n"
        "\n"
        "simple_rnn.bias   b_h   shape (3,)\n"
        "bias of the hidden state\n"
        "[-1.  0.  0.]\n"
        "\n"
        "dense.weight   W_hy   shape (3, 2)\n"
        "from the hidden state to the output, (units, outputs)\n"
        "[[1. 2.]\n"
        " [3. 4.]\n"
        " [5. 6.]]\n"
        "\n"
        "dense.bias   b_y   shape (2,)\n"
        "bias of the output\n"
        "[ 0.333333 -0.666667]\n"
        "\n"
        "26 parameters in total\n"
    )


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (
            build_network(encoder=Embedding(5, 2), cell="rnn", units=[3], outputs=5),
            {
                "embedding.weight": ("E", (5, 2)),
                "simple_rnn.weight_ih": ("W_xh", (2, 3)),
                "simple_rnn.weight_hh": ("W_hh", (3, 3)),
                "simple_rnn.bias": ("b_h", (3,)),
                "dense.weight": ("W_hy", (3, 5)),
                "dense.bias": ("b_y", (5,)),
            },
        ),
        (
            build_network(encoder=OneHot(4), cell="gru", units=[3], outputs=4),
            {
                "gru.weight_ih": ("W_xh", (4, 9)),
                "gru.weight_hh": ("W_hh", (3, 9)),
                "gru.bias_ih": ("b_xh", (9,)),
                "gru.bias_hh": ("b_hh", (9,)),
                "dense.weight": ("W_hy", (3, 4)),
                "dense.bias": ("b_y", (4,)),
            },
        ),
        (
            build_network(encoder=None, input_size=1, cell="lstm", units=[3, 2], outputs=1, dropout=0.2),
            {
                "lstm.weight_ih": ("W_xh", (1, 12)),
                "lstm.weight_hh": ("W_hh", (3, 12)),
                "lstm.bias": ("b_h", (12,)),
                "lstm_1.weight_ih": ("W_xh", (3, 8)),
                "lstm_1.weight_hh": ("W_hh", (2, 8)),
                "lstm_1.bias": ("b_h", (8,)),
                "dense.weight": ("W_hy", (2, 1)),
                "dense.bias": ("b_y", (1,)),
            },
        ),
        (
            build_network(encoder=None, input_size=1, cell="lstm", units=[3], outputs=1, layer_norm=True),
            {
                "lstm.weight_ih": ("W_xh", (1, 12)),
                "lstm.weight_hh": ("W_hh", (3, 12)),
                "lstm.bias": ("b_h", (12,)),
                "lstm.norm_ih": ("g_xh", (12,)),
                "lstm.norm_hh": ("g_hh", (12,)),
                "lstm.norm_c": ("g_c", (3,)),
                "lstm.bias_c": ("b_c", (3,)),
                "dense.weight": ("W_hy", (3, 1)),
                "dense.bias": ("b_y", (1,)),
            },
        ),
    ],
    ids=["rnn", "gru", "lstm", "layer norm"],
)
def test_every_parameter_is_there_with_its_symbol_and_its_shape_as_it_is_written(network, expected):
    read, total = blocks(network)
    assert {name: (symbol, shape) for name, (symbol, shape, *_) in read.items()} == expected
    assert total == f"{sum(p.numel() for p in network.parameters()):,} parameters in total\n"


@pytest.mark.parametrize("size", [3, 40])  # 40: rows that fill several lines
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 50.0])
def test_every_value_reads_back_within_the_printed_precision(cell, size, scale):
    torch.manual_seed(size)
    network = build_network(encoder=Embedding(size, 4), cell=cell, units=[size], outputs=size)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0.0, scale)
    read, _ = blocks(network)
    parameters = {name.removeprefix("layers."): p.detach().numpy() for name, p in network.named_parameters()}
    assert read.keys() == parameters.keys()
    for name, (symbol, _, _, values) in read.items():
        written = parameters[name] if symbol == "E" else parameters[name].T
        np.testing.assert_allclose(values, written, **PRECISION)


def test_the_equation_with_the_printed_values_predicts_what_the_network_predicts():
    torch.manual_seed(1)
    network = build_network(encoder=OneHot(5), cell="rnn", units=[3], outputs=5)
    read, _ = blocks(network)
    W_xh, W_hh, b_h, W_hy, b_y = (values for *_, values in read.values())
    h_t = np.zeros(3)
    for symbol in (4, 0, 2):
        h_t = np.tanh(np.eye(5)[symbol] @ W_xh + h_t @ W_hh + b_h)
    predicted = network(torch.tensor([[4, 0, 2]])).detach().numpy()[0]
    np.testing.assert_allclose(h_t @ W_hy + b_y, predicted, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "gates"),
    [
        (SimpleRNN(2, 2), None),
        (GRU(2, 2), "r (reset), z (update), n (candidate)"),
        (GRU(2, 2, reset_after=False), "r (reset), z (update), n (candidate)"),
        (LSTM(2, 2), "i (input), f (forget), g (candidate), o (output)"),
    ],
    ids=["rnn", "gru", "gru reset before", "lstm"],
)
def test_the_order_of_the_gates_is_told_with_every_parameter_that_has_them(layer, gates):
    read, _ = blocks(Network([layer, Dense(2, 1)]))
    for name, (_, _, meaning, _) in read.items():
        has_gates = gates is not None and not name.startswith("dense")
        assert ("the units are repeated for each gate" in meaning) == has_gates
        assert not has_gates or meaning.endswith(gates)


def test_the_forget_bias_of_an_lstm_stands_where_the_gates_note_says():
    read, _ = blocks(Network([LSTM(1, 2), Dense(2, 1)]))
    assert read["lstm.bias"][3].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]  # i, f, g, o; it starts with 1


def test_the_core_that_reads_from_the_end_is_told_apart():
    read, _ = blocks(Network([SimpleRNN(2, 3, bidirectional=True), Dense(6, 1)]))
    backwards = {
        name for name, (_, _, meaning, _) in read.items() if meaning.endswith("direction that reads from the end")
    }
    assert backwards == {f"bidirectional.{name}_reverse" for name in ("weight_ih", "weight_hh", "bias")}
    assert read["bidirectional.weight_ih_reverse"][0] == "W_xh"


def test_rows_and_columns_that_stand_for_symbols_are_named():
    onehot = parameters_text(build_network(encoder=OneHot(2), cell="rnn", units=[3, 3], outputs=2), ["a", "b"])
    assert "from the input to the hidden state, (inputs, units); rows: a b\n" in onehot
    assert onehot.count("; rows: a b") == 1  # not of the second layer, which reads the first one's hidden state
    assert onehot.count("; columns: a b") == 2  # W_hy and b_y
    embedding = parameters_text(build_network(encoder=Embedding(2, 4), cell="rnn", units=[3], outputs=2), ["a", "b"])
    assert "one row per symbol; rows: a b\n" in embedding
    assert embedding.count("; rows: a b") == 1
