"""Wrong arguments of layers, cells, networks and functions: one clear line, a TypeError too where a type is wrong."""

import numpy as np
import pytest
import torch
from torch import nn

from recurra.errors import InputError, InputTypeError
from recurra.nn import (
    GRU,
    LSTM,
    Dense,
    Embedding,
    FutureEffect,
    GRUCell,
    LSTMCell,
    Network,
    OneHot,
    OneStep,
    RecurrentLayer,
    SimpleRNN,
    SimpleRNNCell,
    VariationalDropout,
    accelerate,
    arguments,
    build_network,
    from_torch,
    trace,
)
from recurra.nn.heads import Categorical, Point
from recurra.nn.network import Ensemble
from recurra.nn.stepper import Stepper

NO_INTEGER = [
    "5",
    True,
    3.0,
    None,
    np.zeros(3),
    [1],
    torch.ones(1, dtype=torch.int64),
    1j,
    {},
    np.bool_(True),
    object(),
]
NO_SIZE = [0, -1, 2**64, 10**5000]
NO_NUMBER = ["0.5", None, True, [0.5], np.zeros(2), torch.zeros(())]
NO_RATE = [float("nan"), -0.1, 1.0, float("inf")]
NO_FLAG = [1, 0.0, "yes", None, [], np.zeros(2)]
NO_TENSOR = [np.zeros((2, 3, 4), dtype=np.float32), [[[0.0] * 4] * 3] * 2, "abc", 3]
X = torch.zeros(2, 3, 4)
NO_INPUT = {
    "sparse": X.to_sparse(),
    "nested": torch.nested.nested_tensor([X[0], X[1, :2]], layout=torch.jagged),
    "float64": X.double(),
    "int64": X.long(),
    "complex": X + 0j,
    "another device": X.to("meta"),
    "features": X[..., :3],
    "dimensions": torch.zeros(()),
}


def build(**options):
    return build_network(**{"encoder": None, "input_size": 3, "cell": "gru", "units": [3], "outputs": 2, **options})


def effect(**options):
    return FutureEffect(**{"state_size": 3, "future_size": 3, "horizon": 2, **options})


def step(x):
    return GRU(4, 3).stepper()(x)


def stepper_with(state):
    stepper = LSTM(4, 3).stepper()
    stepper.state = state


SIZES = {
    **{f"{layer.__name__}.input_size": lambda v, layer=layer: layer(v, 3) for layer in (SimpleRNN, GRU, LSTM)},
    **{f"{layer.__name__}.hidden_size": lambda v, layer=layer: layer(3, v) for layer in (SimpleRNN, GRU, LSTM)},
    "OneStep.input_size": lambda v: OneStep(GRUCell(), v, 3),
    "OneStep.hidden_size": lambda v: OneStep(GRUCell(), 3, v),
    "OneHot": OneHot,
    "Embedding.vocabulary_size": lambda v: Embedding(v, 3),
    "Embedding.dimensions": lambda v: Embedding(3, v),
    "Dense.input_size": lambda v: Dense(v, 3),
    "Dense.output_size": lambda v: Dense(3, v),
    "Categorical": Categorical,
    **{f"FutureEffect.{name}": lambda v, name=name: effect(**{name: v}) for name in ("state_size", "future_size")},
    **{
        f"FutureEffect.{name}": lambda v, name=name: effect(**{name: v}) for name in ("horizon", "width", "hidden_size")
    },
    "Stepper.input_size": lambda v: Stepper(GRUCell(), v, 3, GRU(3, 3).direction()),
    "Stepper.hidden_size": lambda v: Stepper(GRUCell(), 3, v, GRU(3, 3).direction()),
    "Stepper.sequences": lambda v: GRU(3, 3).stepper(sequences="none" if v is None else v),  # None: a single one
    "build_network.units": lambda v: build(units=[v]),
    "build_network.outputs": lambda v: build(outputs=v),
}
RATES = {
    "GRU.dropout": lambda v: GRU(3, 3, dropout=v),
    "LSTM.recurrent_dropout": lambda v: LSTM(3, 3, recurrent_dropout=v),
    "GRU.weight_dropout": lambda v: GRU(3, 3, weight_dropout=v),
    "VariationalDropout.p": VariationalDropout,
    "build_network.dropout": lambda v: build(dropout=v),
    "build_network.recurrent_dropout": lambda v: build(recurrent_dropout=v),
    "build_network.weight_dropout": lambda v: build(weight_dropout=v),
}
OPTIONS = ("return_sequences", "return_state", "go_backwards", "stateful", "bidirectional")
FLAGS = {
    **{name: lambda v, name=name: SimpleRNN(3, 3, **{name: v}) for name in OPTIONS},
    "GRUCell.bias": lambda v: GRUCell(bias=v),
    "GRUCell.reset_after": lambda v: GRUCell(reset_after=v),
    "LSTMCell.unit_forget_bias": lambda v: LSTMCell(unit_forget_bias=v),
    **{
        f"{make.__name__}.layer_norm": lambda v, make=make: make(layer_norm=v)
        for make in (SimpleRNNCell, GRUCell, LSTMCell)
    },
    "Dense.bias": lambda v: Dense(3, 3, bias=v),
    "Embedding.mask_zero": lambda v: Embedding(3, 3, mask_zero=v),
    "build_network": lambda v: build(return_sequences=v),
    "build_network.variational": lambda v: build(variational=v),
    "build_network.layer_norm": lambda v: build(layer_norm=v, cell="mingru"),
    "from_torch.return_sequences": lambda v: from_torch(nn.GRU(3, 3), return_sequences=v),
    "from_torch.return_state": lambda v: from_torch(nn.GRU(3, 3), return_state=v),
}
OTHERS = {  # what takes none of these values, and is a TypeError for it
    "RecurrentLayer.cell": lambda v: RecurrentLayer(v, 3, 3),
    "OneStep.cell": lambda v: OneStep(v, 3, 3),
    "build_network.cell": lambda v: build(cell=v),
    "build_network.units": lambda v: build(units=v),
    "build_network.encoder": lambda v: build(encoder=v),
    "activation": SimpleRNNCell,
    "recurrent_activation": lambda v: LSTMCell(recurrent_activation=v),
    "Dense.activation": lambda v: Dense(3, 3, activation=v),
    "backend": lambda v: GRU(3, 3, backend=v),
    "Stepper.cell": lambda v: Stepper(v, 3, 3, GRU(3, 3).direction()),
    "Stepper.parameters": lambda v: Stepper(GRUCell(), 3, 3, v),
    "Stepper.backend": lambda v: Stepper(GRUCell(), 3, 3, GRU(3, 3).direction(), backend=v),
    "Network.layers": Network,
    "Network.layer": lambda v: Network([v]),
    "Network.name": lambda v: Network([Dense(2, 2)], [v]),
    "Network.state": lambda v: Network([GRU(4, 3)])(X, state=v),
    "Ensemble": Ensemble,
    "Ensemble.member": lambda v: Ensemble([v]),
    "accelerate": accelerate,
    "from_torch": from_torch,
    "trace.network": lambda v: trace(v, X),
    "trace.gradient_of": lambda v: trace(GRU(4, 3), X, gradient_of=v),
    "Point": lambda v: Point(v, "error"),
}
TENSORS = {
    "SimpleRNN": SimpleRNN(4, 3),
    "GRU": GRU(4, 3, return_sequences=True),
    "LSTM": LSTM(4, 3, bidirectional=True),
    "OneStep": OneStep(GRUCell(), 4, 3),
    "Dense": Dense(4, 3),
    "Network": Network([GRU(4, 3)]),
    "trace": lambda v: trace(GRU(4, 3), v),
    "stepper": step,
}
MORE_TENSORS = {
    "mask": lambda v: GRU(4, 3)(X, mask=v),
    "states": lambda v: LSTM(4, 3)(X, (v, v)),
    "state of one step": lambda v: OneStep(GRUCell(), 4, 3)(X[:, 0], (v,)),
    "state of a stepper": lambda v: stepper_with((v, v)),
    "OneHot": OneHot(3),
    "Embedding": Embedding(3, 2),
    "FutureEffect.state": lambda v: effect()(v, torch.zeros(2, 2, 3)),
    "FutureEffect.future": lambda v: effect()(torch.zeros(2, 3), v),
}


def refused(call, value):
    """The error that a call with a value raises, whose message is one line of at most 500 characters."""
    with pytest.raises(InputError) as found:
        call(value)
    text = str(found.value)
    assert text.isprintable()
    assert len(text) <= 500
    return found.value


def check_refused(call, other_types, out_of_range):
    for value in other_types:
        assert isinstance(refused(call, value), InputTypeError)
    for value in out_of_range:
        assert not isinstance(refused(call, value), TypeError)


@pytest.mark.parametrize("call", SIZES.values(), ids=SIZES)
def test_a_size_is_an_integer_from_1(call):
    check_refused(call, NO_INTEGER, NO_SIZE)


def test_an_integer_of_numpy_is_a_size():
    assert GRU(np.int64(4), np.int32(3))(X).shape == (2, 3)


@pytest.mark.parametrize("call", RATES.values(), ids=RATES)
def test_a_rate_is_a_number_below_1(call):
    check_refused(call, NO_NUMBER, NO_RATE)


@pytest.mark.parametrize("call", FLAGS.values(), ids=FLAGS)
def test_a_flag_is_true_or_false(call):
    check_refused(call, NO_FLAG, [])


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_what_else_has_the_wrong_type_is_a_type_error(call):
    for value in [3.5, True, object(), 1j]:
        assert isinstance(refused(call, value), InputTypeError)


@pytest.mark.parametrize("call", (TENSORS | MORE_TENSORS).values(), ids=TENSORS | MORE_TENSORS)
def test_arrays_lists_and_other_objects_are_no_tensors(call):
    for value in NO_TENSOR:
        assert isinstance(refused(call, value), InputTypeError)
    for name in ("sparse", "nested", "dimensions"):
        refused(call, NO_INPUT[name])


@pytest.mark.parametrize("call", TENSORS.values(), ids=TENSORS)
@pytest.mark.parametrize("x", NO_INPUT.values(), ids=NO_INPUT)
def test_an_input_that_does_not_fit_is_refused(call, x):
    if call is not TENSORS["Dense"] or x.device.type != "meta":
        refused(call, x)


def test_a_mask_of_numpy_is_named_as_what_it_is():
    with pytest.raises(InputTypeError, match=r"GRU: the mask is a numpy\.ndarray; expected a torch\.Tensor"):
        GRU(4, 3)(X, mask=np.ones((2, 3), dtype=bool))


@pytest.mark.parametrize("encoder", [OneHot(3), Embedding(3, 2)])
@pytest.mark.parametrize("token", [3, -1])
def test_an_id_that_is_no_token_is_refused(encoder, token):
    with pytest.raises(InputError, match=rf"the ids are {min(token, 0)} to {max(token, 0)}; expected 0 to 2"):
        encoder(torch.tensor([[0, token]]))


@pytest.mark.parametrize("names", [["a", "a"], ["a"], ["a.b", "c"], ["", "a"], ["keys", "a"]], ids=str)
def test_names_of_layers_are_distinct_and_possible(names):
    with pytest.raises(InputError, match="name"):
        Network([Dense(2, 2), Dense(2, 2)], names)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: GRU(1, 2**62), "2.55e+20 EB"),
        (lambda: LSTM(1, 10**6), "16 TB"),
        (lambda: SimpleRNN(2**40, 1), "4.4 TB"),
        (lambda: OneHot(10**12)(torch.zeros(1, 1, dtype=torch.int64)), "4 TB"),
        (lambda: Embedding(10**9, 10**3), "4 TB"),
        (lambda: Dense(10**6, 10**6), "4 TB"),
        (lambda: effect(hidden_size=2**40), "57.2 TB"),
        (lambda: GRU(4, 3)(torch.zeros(1, 1, 4).expand(2**40, 3, 4)), "39.6 TB"),
    ],
    ids=["GRU", "LSTM", "SimpleRNN", "OneHot", "Embedding", "Dense", "FutureEffect", "batch"],
)
def test_what_does_not_fit_into_memory_is_refused_with_its_size(make, size, monkeypatch):
    monkeypatch.setattr(arguments, "memory_of_machine", lambda: 2 * 10**12)  # on whatever machine this runs
    error = refused(lambda _: make(), None)
    assert f"would take {size}; this machine has 2 TB of memory" in str(error)


def test_the_limit_is_the_memory_of_the_machine_and_nothing_smaller(monkeypatch):
    needed = 4 * (3 * 5 * (4 + 5) + 2 * 3 * 5)
    monkeypatch.setattr(arguments, "memory_of_machine", lambda: needed)
    GRU(4, 5)
    monkeypatch.setattr(arguments, "memory_of_machine", lambda: needed - 1)
    with pytest.raises(InputError, match="would take 660 B; this machine has 659 B of memory"):
        GRU(4, 5)


def test_the_memory_of_this_machine_is_that_of_the_system():
    pages = arguments.os.sysconf("SC_PHYS_PAGES") * arguments.os.sysconf("SC_PAGE_SIZE")
    assert pages <= arguments.memory_of_machine() < 100 * pages


def test_where_the_system_does_not_say_its_memory_torch_refuses(monkeypatch):
    monkeypatch.setattr(arguments, "memory_of_machine", lambda: None)
    with pytest.raises(InputError, match=r"GRU: torch cannot allocate .* EB for parameters"):
        GRU(1, 2**62)


def test_layers_without_memory_may_be_of_any_size():
    with torch.device("meta"):
        assert LSTM(1, 10**6).weight_hh.shape == (4 * 10**6, 10**6)


def test_weights_that_are_computed_are_converted_from_torch():
    layer = nn.utils.parametrizations.weight_norm(nn.GRU(4, 3, batch_first=True), "weight_hh_l0")
    torch.testing.assert_close(from_torch(layer)(X + 1), layer(X + 1)[0])


def test_a_long_value_is_shown_in_short():
    assert arguments.shown([10**5000]) == "a list"
    assert arguments.shown(2**1000) == "an integer of 1001 bits"
    assert len(arguments.shown("x" * 10**6)) <= 80
    assert arguments.shown("a\nb") == r"'a\nb'"
    assert arguments.format_bytes(0) == "0 B"
    assert arguments.format_bytes(2_500_000) == "2.5 MB"
