"""The network: its layers in a row, the mask handed along, and the summary as Keras prints it."""

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, Dense, Embedding, Network, OneHot, SimpleRNN, build_network
from recurra.nn.dense import DENSE_ACTIVATIONS
from recurra.nn.network import Ensemble, SummaryRow

RECORDED = json.loads((Path(__file__).parents[1] / "oracles" / "keras_layers.json").read_text(encoding="utf-8"))


def stock(cell):
    return build_network(encoder=None, input_size=1, cell=cell, units=(80, 100), outputs=1, dropout=0.2)


def letters(cell):
    return build_network(encoder=Embedding(26, 8), cell=cell, units=(10,), outputs=26)


SUMMARIZED = {  # the network of the recording's name, and its number of time steps
    "stock SimpleRNN": (stock("rnn"), 60),
    "stock GRU": (stock("gru"), 60),
    "stock LSTM": (stock("lstm"), 60),
    "letters SimpleRNN": (letters("rnn"), 4),
    "letters GRU": (letters("gru"), 4),
    "letters LSTM": (letters("lstm"), 4),
    "bidirectional": (
        Network(
            [
                LSTM(3, 6, bidirectional=True, return_sequences=True),
                Dense(12, 5),
                GRU(5, 4, bidirectional=True),
                Dense(8, 2, bias=False),
            ]
        ),
        7,
    ),
    "every step": (
        Network(
            [
                Embedding(11, 3),
                GRU(3, 6, return_sequences=True, reset_after=False),
                SimpleRNN(6, 5, return_sequences=True, bias=False),
                Dense(5, 11),
            ]
        ),
        7,
    ),
}


@pytest.mark.parametrize("name", RECORDED["summaries"])
def test_summary_has_the_names_shapes_and_counts_that_keras_prints(name):
    network, time_steps = SUMMARIZED[name]
    recorded = RECORDED["summaries"][name]
    rows = network.summary_rows(time_steps)
    assert [[row.name, list(row.output_shape), row.parameters] for row in rows] == recorded["rows"]
    assert network.summary(time_steps).endswith(f"\n{recorded['total']:,} parameters")


def test_summary_is_a_table():
    network = build_network(encoder=OneHot(26), cell="lstm", units=(100, 8), outputs=26, dropout=0.1)
    assert network.summary(3) == (
        "Layer      Kind     Output shape    Parameters\n"
        "----------------------------------------------\n"
        "one_hot    OneHot   (None, 3, 26)            0\n"
        "lstm       LSTM     (None, 3, 100)      50,800\n"
        "dropout    Dropout  (None, 3, 100)           0\n"
        "lstm_1     LSTM     (None, 8)            3,488\n"
        "dropout_1  Dropout  (None, 8)                0\n"
        "dense      Dense    (None, 26)             234\n"
        "----------------------------------------------\n"
        "54,522 parameters"
    )


def test_rows_leave_the_number_of_time_steps_open():
    network = Network([GRU(3, 4, bidirectional=True, return_sequences=True)])
    assert network.summary_rows() == [SummaryRow("bidirectional", "Bidirectional GRU", (None, None, 8), 216)]


@pytest.mark.parametrize("name", SUMMARIZED)
def test_outputs_have_the_shapes_that_the_summary_says(name):
    network, time_steps = SUMMARIZED[name]
    first = next(iter(network.layers.values()))
    x = torch.zeros(2, time_steps, dtype=torch.long) if isinstance(first, Embedding) else None
    x = torch.zeros(2, time_steps, first.input_size) if x is None else x
    shapes = []
    for layer in network.layers.values():
        x = layer(x)
        shapes.append((None, *x.shape[1:]))
    assert shapes == [row.output_shape for row in network.summary_rows(time_steps)]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("return_sequences", "shape"), [(False, (4, 7)), (True, (4, 6, 7))])
@pytest.mark.parametrize("encoder", [lambda: OneHot(7), lambda: Embedding(7, 2), lambda: None])
def test_build_network_gives_logits_at_the_last_or_at_every_step(cell, return_sequences, shape, encoder):
    encoder = encoder()
    network = build_network(
        encoder=encoder,
        input_size=3 if encoder is None else None,
        cell=cell,
        units=(5, 4),
        outputs=7,
        dropout=0.5,
        return_sequences=return_sequences,
    )
    x = torch.randn(4, 6, 3) if encoder is None else torch.randint(0, 7, (4, 6))
    assert network(x).shape == shape
    head = list(network.layers.values())[-1]
    assert head.activation == "linear"


def test_build_network_puts_dropout_after_each_recurrent_layer():
    def kinds(dropout):
        network = build_network(encoder=OneHot(7), cell="gru", units=(5, 4), outputs=7, dropout=dropout)
        return [row.kind for row in network.summary_rows()]

    assert kinds(0.0) == ["OneHot", "GRU", "GRU", "Dense"]
    assert kinds(0.5) == ["OneHot", "GRU", "Dropout", "GRU", "Dropout", "Dense"]


def test_layers_of_a_kind_are_numbered_and_own_names_are_kept():
    layers = [SimpleRNN(2, 2), GRU(2, 2, bidirectional=True), Dense(4, 2), SimpleRNN(2, 2), Dense(2, 1), Dense(1, 1)]
    assert list(Network(layers).layers) == [
        "simple_rnn",
        "bidirectional",
        "dense",
        "simple_rnn_1",
        "dense_1",
        "dense_2",
    ]
    assert list(Network([OneHot(3), LSTM(3, 2)], ["code", "memory"]).state_dict()) == [
        "layers.memory.weight_ih",
        "layers.memory.weight_hh",
        "layers.memory.bias",
    ]


def test_one_hot_codes_are_rows_of_the_identity_and_no_weights():
    encoder = OneHot(3)
    codes = encoder(torch.tensor([[2, 0], [1, 1]]))
    assert codes.tolist() == [[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]]
    assert encoder.double()(torch.tensor([[2]])).dtype == torch.float64
    assert not encoder.state_dict()


def test_embedding_starts_uniform_within_keras_bounds():
    weight = Embedding(100, 20).weight
    assert 0.049 < weight.abs().max() <= 0.05
    assert weight.mean().abs() < 0.002


def test_dense_starts_glorot_uniform_with_zero_bias():
    dense = Dense(40, 30)
    bound = (6 / 70) ** 0.5
    assert 0.98 * bound < dense.weight.abs().max() <= bound
    assert torch.equal(dense.bias, torch.zeros(30))
    assert Dense(4, 3, bias=False).bias is None


def test_dense_names_the_activations_that_it_knows():
    with pytest.raises(InputError, match=r"Dense: activation is 'swish'; expected one of tanh, relu, .*, softmax, "):
        Dense(2, 3, activation="swish")


def masked_network():
    layers = [
        Embedding(9, 4, mask_zero=True),
        GRU(4, 5, return_sequences=True),
        nn.Dropout(0.5),
        Dense(5, 3, activation="tanh"),
        LSTM(3, 4, bidirectional=True, return_sequences=True),
        SimpleRNN(8, 4),
        Dense(4, 2),
    ]
    return Network(layers).eval()


def test_steps_of_padding_count_in_no_layer():
    network = masked_network()
    short = torch.tensor([[3, 1, 8], [2, 2, 5]])
    padded = torch.tensor([[3, 0, 1, 8, 0, 0], [0, 2, 2, 0, 5, 0]])
    torch.testing.assert_close(network(padded), network(short))
    next(iter(network.layers.values())).mask_zero = False
    assert not torch.allclose(network(padded), network(short))


def test_a_given_mask_does_what_mask_zero_does():
    network = masked_network()
    ids = torch.tensor([[3, 0, 1, 8, 0, 0], [0, 2, 2, 0, 5, 0]])
    expected = network(ids)
    next(iter(network.layers.values())).mask_zero = False
    assert torch.equal(network(ids, mask=ids != 0), expected)


def test_a_mask_ends_at_a_layer_that_gives_its_last_step_only():
    ids = torch.tensor([[3, 0, 1], [0, 2, 2]])
    network = Network([Embedding(9, 4, mask_zero=True), GRU(4, 5), nn.Unflatten(1, (1, 5)), GRU(5, 2)])
    assert network(ids).shape == (2, 2)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_network_that_is_given_its_states_goes_on_where_it_was(bidirectional):
    layers = [
        LSTM(2, 4, return_sequences=True, return_state=True, bidirectional=bidirectional),
        GRU(8 if bidirectional else 4, 3, return_sequences=True, bidirectional=bidirectional),
        Dense(6 if bidirectional else 3, 2),
    ]
    network, x = Network(layers), torch.randn(3, 8, 2)
    output, state = network(x, state=None)
    assert torch.equal(output, network(x))
    assert [tuple(tensor.shape) for tensor in state] == ([(3, 4)] * 2 + [(3, 3)]) if not bidirectional else True
    if bidirectional:
        assert len(state) == 6
        again, _ = network(x, state=tuple(torch.zeros_like(tensor) for tensor in state))
        assert torch.equal(again, output)
        return
    first, between = network(x[:, :5], state=None)
    second, last = network(x[:, 5:], state=between)
    torch.testing.assert_close(torch.cat([first, second], dim=1), output)
    for one, other in zip(last, state, strict=True):
        torch.testing.assert_close(one, other)
    with pytest.raises(InputError, match="Network: 2 states were given; its recurrent layers have 3"):
        network(x, state=state[:2])


def test_a_layer_inside_a_network_may_be_one_that_returns_its_state():
    plain, stateful = (
        Network([GRU(2, 4, return_sequences=True, return_state=returns), Dense(4, 1)]) for returns in (False, True)
    )
    stateful.load_state_dict(plain.state_dict())
    x = torch.randn(3, 5, 2)
    assert torch.equal(stateful(x), plain(x))


def test_the_last_layer_may_return_its_state():
    output, h, c = Network([OneHot(3), LSTM(3, 2, return_state=True)])(torch.tensor([[0, 1]]))
    assert torch.equal(output, h)
    assert not torch.equal(h, c)


def test_reset_state_reaches_every_layer():
    network = Network([GRU(2, 3, stateful=True, return_sequences=True), nn.Dropout(0.0), LSTM(3, 4, stateful=True)])
    x = torch.randn(5, 6, 2)
    first = network(x)
    assert not torch.equal(network(x), first)
    network.reset_state()
    assert torch.equal(network(x), first)


def test_a_copy_and_a_state_dict_compute_the_same():
    network, ids = masked_network(), torch.tensor([[3, 0, 1], [0, 2, 2]])
    expected = network(ids)
    assert torch.equal(copy.deepcopy(network)(ids), expected)
    other = masked_network()
    assert not torch.equal(other(ids), expected)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(ids), expected)


def ensemble_of(count):
    return Ensemble(build_network(encoder=None, input_size=2, cell="gru", units=[3], outputs=4) for _ in range(count))


def test_an_ensemble_predicts_the_mean_of_its_members():
    ensemble, x = ensemble_of(3).eval(), torch.randn(5, 6, 2)
    expected = sum(member(x) for member in ensemble.members) / 3
    torch.testing.assert_close(ensemble(x), expected)


def test_the_summary_of_an_ensemble_is_that_of_one_member():
    ensemble = ensemble_of(3)
    assert ensemble.summary(6) == f"3 networks, each of:\n{ensemble.members[0].summary(6)}"


@pytest.mark.parametrize("activation", DENSE_ACTIVATIONS)
def test_every_dense_activation_equals_keras_of_the_same_name(activation, keras):
    dense = Dense(30, 4, activation=activation)
    x = 3 * torch.randn(20, 30)
    expected = keras.activations.get(activation)(nn.functional.linear(x, dense.weight, dense.bias))
    torch.testing.assert_close(dense(x), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "grue"}, "cell is 'grue'; expected one of rnn, gru, lstm, mingru"),
        ({"units": []}, "units is empty"),
        ({"encoder": None}, "encoder and input_size are both None"),
    ],
)
def test_a_network_that_cannot_be_built_says_why(options, message):
    with pytest.raises(InputError, match=message):
        build_network(**{"encoder": OneHot(2), "cell": "rnn", "units": [3], "outputs": 2} | options)
