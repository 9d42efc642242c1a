"""The layers against what Keras computes, and what they promise beyond it. torch.nn as oracle: test_weights.py."""

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN

LAYERS = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
EACH_LAYER = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
# "auto" takes the native backend for float32, torch's operators for float64
EACH_DTYPE = pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=str)

RECORDED = json.loads((Path(__file__).parents[1] / "oracles" / "keras_layers.json").read_text(encoding="utf-8"))
CASES = [pytest.param(case, id=case["name"]) for case in RECORDED["cases"]]


def named_as_ours(layer_name, arrays, bidirectional, bias=True):
    """Arrays in Keras's order and layout → our parameters by name. Written apart from weights.py, to judge it."""
    found = {}
    count = 3 if bias else 2
    for direction in range(2 if bidirectional else 1):
        suffix = "_reverse" if direction else ""
        kernel, recurrent, *biases = [torch.tensor(a) for a in arrays[direction * count :][:count]]
        found["weight_ih" + suffix], found["weight_hh" + suffix] = kernel.T, recurrent.T
        for array in biases:
            if array.dim() == 2:  # a GRU with reset_after: the input's bias, the state's bias
                found["bias_ih" + suffix], found["bias_hh" + suffix] = array
            else:
                found["bias" + suffix] = array
    if layer_name == "GRU":  # gates z, r, h → r, z, n
        found = {name: torch.cat([array.chunk(3)[gate] for gate in (1, 0, 2)]) for name, array in found.items()}
    return found


def outputs_of(layer, *args, **kwargs):
    outputs = layer(*args, **kwargs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def random_like(layer):
    """Fill a layer with random weights and biases: fresh ones have zero biases, which hide faults."""
    with torch.no_grad():
        for p in layer.parameters():
            p.uniform_(-0.6, 0.6)
    return layer


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_computes_what_keras_recorded(case, dtype):
    def tensor(numbers, **options):
        return torch.tensor(numbers, dtype=dtype, **options)

    options = dict(case["options"])
    bias = options.setdefault("use_bias", True)
    options["bias"] = options.pop("use_bias")
    weights = RECORDED["weights"][case["weights"]]
    if not bias:
        weights = [array for index, array in enumerate(weights) if index % 3 != 2]
    layer = LAYERS[case["layer"]](4, 3, bidirectional=case["bidirectional"], **options).to(dtype)
    layer.load_state_dict(named_as_ours(case["layer"], weights, case["bidirectional"], bias))

    for call in case["calls"]:
        if call.get("reset"):
            layer.reset_state()
        x = tensor(RECORDED["inputs"][call["x"]], requires_grad=True)
        state, mask = None, None
        if call.get("state"):
            count = len(layer.cell.states) * (2 if case["bidirectional"] else 1)
            state = tuple(tensor(s, requires_grad=True) for s in RECORDED["inputs"]["state"][:count])
        if call.get("mask"):
            mask = torch.tensor(RECORDED["mask"])

        outputs = outputs_of(layer, x, state, mask)

        assert len(outputs) == len(call["outputs"])
        for output, expected in zip(outputs, call["outputs"], strict=True):
            torch.testing.assert_close(output, tensor(expected), rtol=1e-6, atol=1e-6)
        if "gradients" in call:
            sum(output.square().sum() for output in outputs).backward()
            expected = {
                "x": tensor(call["gradients"]["x"]),
                **{f"state {i}": tensor(g) for i, g in enumerate(call["gradients"]["state"])},
                **named_as_ours(case["layer"], call["gradients"]["weights"], case["bidirectional"], bias),
            }
            expected = {name: gradient.to(dtype) for name, gradient in expected.items()}
            found = {
                "x": x.grad,
                **{f"state {i}": s.grad for i, s in enumerate(state or ())},
                **{name: p.grad for name, p in layer.named_parameters()},
            }
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def constant(layer):
    """The weights of Keras's own layer tests; a fresh layer's forget bias stays."""
    with torch.no_grad():
        for name, p in layer.named_parameters():
            if name.startswith("weight_ih"):
                p.fill_(0.01)
            elif name.startswith("weight_hh"):
                p.fill_(0.02)
            else:
                p.fill_(0.03)
        if getattr(layer.cell, "unit_forget_bias", False) and layer.cell.bias:
            layer.bias[layer.hidden_size : 2 * layer.hidden_size] = 1.0
    return layer


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize(
    ("make", "options", "expected"),
    [
        (LSTM, {}, [0.6288687, 0.86899155, 0.9460773]),
        (LSTM, {"unit_forget_bias": False}, [0.57019705, 0.8661914, 0.9459622]),
        (LSTM, {"bias": False}, [0.54986924, 0.86226785, 0.9443936]),
        (GRU, {}, [0.5217289, 0.6371659, 0.39384964]),
        (GRU, {"go_backwards": True}, [0.24406259, 0.611516, 0.3928808]),
        (GRU, {"reset_after": False}, [0.51447755, 0.6426879, 0.40208298]),
        (GRU, {"bias": False}, [0.49988455, 0.64701194, 0.4103359]),
        (SimpleRNN, {}, [0.405432, 0.73605347]),
    ],
)
def test_gives_the_numbers_of_keras_own_layer_tests(make, options, expected, backend):
    if make is SimpleRNN:
        x, units = torch.arange(24.0).reshape(2, 3, 4), 4
    else:
        x, units = torch.arange(72.0).reshape(3, 6, 4), 3
    output = constant(make(4, units, backend=backend, **options))(x)
    # all units have the same weights, so every column is the recorded first one
    torch.testing.assert_close(output, torch.tensor(expected)[:, None].expand(-1, units), rtol=0, atol=1e-6)


@EACH_LAYER
@pytest.mark.parametrize("bidirectional", [False, True])
def test_fresh_weights_are_glorot_orthogonal_and_zero(make, bidirectional):
    layer = make(40, 30, bidirectional=bidirectional)
    for suffix in ("", "_reverse") if bidirectional else ("",):
        w = layer.direction(suffix)
        rows = w["weight_ih"].shape[0]
        bound = (6 / (40 + rows)) ** 0.5
        assert 0.98 * bound < w["weight_ih"].abs().max() <= bound
        torch.testing.assert_close(w["weight_hh"].T @ w["weight_hh"], torch.eye(30), atol=1e-5, rtol=0)
        expected = torch.zeros(rows)
        if make is LSTM:
            expected[30:60] = 1.0
        assert torch.equal(w["bias_ih" if make is GRU else "bias"], expected)
        if make is GRU:
            assert torch.equal(w["bias_hh"], torch.zeros(rows))
    if bidirectional:
        assert not torch.equal(layer.weight_ih, layer.weight_ih_reverse)


def test_the_forget_bias_starts_at_zero_without_unit_forget_bias():
    assert torch.equal(LSTM(2, 3, unit_forget_bias=False).bias, torch.zeros(12))


@EACH_LAYER
def test_without_bias_there_is_none(make):
    assert dict(make(2, 3, bias=False, bidirectional=True).named_parameters()).keys() == {
        "weight_ih",
        "weight_hh",
        "weight_ih_reverse",
        "weight_hh_reverse",
    }


@EACH_LAYER
@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_empty_batch_gives_empty_outputs(make, backend, bidirectional):
    width = 6 if bidirectional else 3
    x = torch.zeros(0, 5, 2)
    layer = make(2, 3, backend=backend, bidirectional=bidirectional, return_state=True)
    output, *states = layer(x)
    assert output.shape == (0, width)
    assert {s.shape for s in states} == {(0, 3)}
    layer.return_sequences = True
    assert layer(x, mask=torch.ones(0, 5, dtype=torch.bool))[0].shape == (0, 5, width)


@EACH_LAYER
@pytest.mark.parametrize("bidirectional", [False, True])
def test_one_time_step_gives_the_same_last_step_and_sequence(make, bidirectional):
    layer = random_like(make(2, 3, bidirectional=bidirectional))
    x = torch.randn(4, 1, 2)
    last = layer(x)
    layer.return_sequences = True
    assert torch.equal(layer(x)[:, 0], last)


@EACH_LAYER
@pytest.mark.parametrize("backend", ["auto", "reference"])
@EACH_DTYPE
def test_a_batch_of_one_computes_what_it_does_among_others(make, backend, dtype, atol):
    layer = random_like(make(2, 3, backend=backend)).to(dtype)
    x = torch.randn(4, 6, 2, dtype=dtype)
    torch.testing.assert_close(layer(x[2:3]), layer(x)[2:3], rtol=0, atol=atol)


@EACH_LAYER
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_float64_in_gives_float64_out(make, backend):
    layer = make(2, 3, backend=backend, return_state=True).double()
    assert {t.dtype for t in layer(torch.zeros(1, 2, 2, dtype=torch.float64))} == {torch.float64}


@EACH_LAYER
@pytest.mark.parametrize("sequences", [False, True])
@EACH_DTYPE
def test_a_mask_of_ones_changes_nothing_and_may_be_of_numbers(make, sequences, dtype, atol):
    layer = random_like(make(2, 3, return_sequences=sequences, return_state=True)).to(dtype)
    x = torch.randn(4, 6, 2, dtype=dtype)
    plain = layer(x)
    torch.testing.assert_close(layer(x, mask=torch.ones(4, 6)), plain, rtol=0, atol=atol)


@EACH_LAYER
@EACH_DTYPE
def test_a_mask_with_holes_is_the_sequence_without_the_masked_steps(make, dtype, atol):
    layer = random_like(make(2, 3, return_state=True)).to(dtype)
    x = torch.randn(4, 6, 2, dtype=dtype)
    counts = torch.tensor([False, True, True, False, True, False])
    short = layer(x[:, counts])
    torch.testing.assert_close(layer(x, mask=counts.expand(4, 6)), short, rtol=0, atol=atol)


@EACH_LAYER
def test_go_backwards_is_the_flipped_sequence(make):
    layer = random_like(make(2, 3, return_sequences=True))
    x = torch.randn(4, 6, 2)
    forwards = layer(x.flip(1))
    layer.go_backwards = True
    assert torch.equal(layer(x), forwards)


@EACH_LAYER
def test_bidirectional_last_output_is_each_directions_own_last(make):
    layer = random_like(make(2, 3, bidirectional=True))
    x = torch.randn(4, 6, 2)
    last = layer(x)
    layer.return_sequences = True
    sequences = layer(x)
    assert torch.equal(last, torch.cat([sequences[:, -1, :3], sequences[:, 0, 3:]], dim=-1))


@EACH_LAYER
@pytest.mark.parametrize("bidirectional", [False, True])
@EACH_DTYPE
def test_the_returned_state_continues_the_sequence(make, bidirectional, dtype, atol):
    layer = random_like(make(2, 3, return_sequences=True, return_state=True)).to(dtype)
    x = torch.randn(4, 6, 2, dtype=dtype)
    whole, *last = layer(x)
    first, *state = layer(x[:, :2])
    rest, *end = layer(x[:, 2:], tuple(state))
    torch.testing.assert_close(torch.cat([first, rest], dim=1), whole, rtol=0, atol=atol)
    torch.testing.assert_close(end, last, rtol=0, atol=atol)


def test_a_layer_with_one_state_takes_it_bare():
    layer, h = random_like(GRU(2, 3)), torch.randn(4, 3)
    x = torch.randn(4, 6, 2)
    assert torch.equal(layer(x, h), layer(x, (h,)))


@EACH_LAYER
@EACH_DTYPE
def test_a_stateful_layer_goes_on_until_it_is_reset(make, dtype, atol):
    layer = random_like(make(2, 3, stateful=True)).to(dtype)
    x = torch.randn(4, 6, 2, dtype=dtype)
    whole = layer(x)
    layer.reset_state()
    layer(x[:, :2])
    torch.testing.assert_close(layer(x[:, 2:]), whole, rtol=0, atol=atol)
    layer.reset_state()
    assert not torch.allclose(layer(x[:, 2:]), whole)


@EACH_LAYER
def test_no_gradient_flows_into_the_call_before(make):
    layer = random_like(make(2, 3, stateful=True))
    x = torch.randn(4, 6, 2, requires_grad=True)
    layer(x)
    layer(torch.randn(4, 6, 2)).sum().backward()
    assert x.grad is None


def test_a_given_initial_state_goes_before_the_carried_one():
    layer, h = random_like(GRU(2, 3, stateful=True)), torch.randn(4, 3)
    x = torch.randn(4, 6, 2)
    first = layer(x, h)
    assert torch.equal(layer(x, h), first)


@EACH_LAYER
def test_another_batch_size_needs_a_reset_of_the_state(make):
    layer = make(2, 3, stateful=True)
    layer(torch.zeros(4, 6, 2))
    with pytest.raises(InputError, match=r"is for a batch of 4, this batch has 5; call reset_state\(\)"):
        layer(torch.zeros(5, 6, 2))
    layer.reset_state()
    assert layer(torch.zeros(5, 6, 2)).shape == (5, 3)


@EACH_LAYER
def test_dropout_is_off_in_evaluation_mode(make):
    layer = random_like(make(2, 3, dropout=0.5, recurrent_dropout=0.5)).eval()
    plain = make(2, 3)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(4, 6, 2)
    assert torch.equal(layer(x), plain(x))
    assert not torch.equal(layer.train()(x), plain(x))


def test_dropout_leaves_out_the_same_inputs_at_all_steps():
    # the output of each step is the input as the layer sees it
    layer = SimpleRNN(50, 50, activation="linear", bias=False, dropout=0.4, return_sequences=True)
    with torch.no_grad():
        layer.weight_ih.copy_(torch.eye(50))
        layer.weight_hh.zero_()
    seen = layer(torch.ones(40, 7, 50))
    assert torch.equal(seen, seen[:, :1].expand_as(seen))
    assert seen.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert (seen[:, 0] == 0).float().mean() == pytest.approx(0.4, abs=0.05)
    assert len(seen[:, 0].unique(dim=0)) == 40  # every sequence has its own


def test_recurrent_dropout_hides_the_same_units_at_all_steps():
    # the state at step t is 1 + keep + keep² + …: any other mask at one step would show
    layer = SimpleRNN(1, 50, activation="linear", bias=False, recurrent_dropout=0.5, return_sequences=True)
    with torch.no_grad():
        layer.weight_ih.fill_(1.0)
        layer.weight_hh.copy_(torch.eye(50))
    states = layer(torch.ones(40, 4, 1))
    kept, hidden = torch.tensor([1.0, 3.0, 7.0, 15.0]), torch.tensor([1.0, 1.0, 1.0, 1.0])
    is_kept = states[:, 1] == 3.0
    assert torch.equal(states, torch.where(is_kept[:, None], kept[:, None], hidden[:, None]))
    assert is_kept.float().mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("make", "options"), [(SimpleRNN, {}), (GRU, {}), (GRU, {"reset_after": False}), (LSTM, {})], ids=str
)
def test_recurrent_dropout_hides_the_state_from_the_gates_only(make, options, monkeypatch):
    # with all of the state hidden the gates see none of it, but z·h and f·c still do
    layer = random_like(make(2, 3, recurrent_dropout=0.5, return_state=True, **options))
    x, state = torch.randn(4, 6, 2), (torch.randn(4, 3),) * len(layer.cell.states)
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, "dropout", lambda ones, *_: torch.zeros_like(ones))
        found = layer(x, state)
    with torch.no_grad():
        layer.weight_hh.zero_()
    torch.testing.assert_close(found, layer.eval()(x, state), rtol=0, atol=1e-6)
    if make is not SimpleRNN:
        assert not torch.allclose(found[0], layer(x)[0])


@EACH_LAYER
def test_each_direction_has_its_own_recurrent_dropout(make):
    layer = random_like(make(2, 30, recurrent_dropout=0.5, bidirectional=True, return_state=True))
    with torch.no_grad():
        for name, p in layer.named_parameters():
            if name.endswith("_reverse"):
                p.copy_(layer.get_parameter(name.removesuffix("_reverse")))
    x = torch.randn(4, 1, 2).expand(4, 5, 2)  # reads the same both ways
    output = layer(x)[0]
    assert not torch.equal(output[:, :30], output[:, 30:])
    output = layer.eval()(x)[0]
    assert torch.equal(output[:, :30], output[:, 30:])


@EACH_LAYER
def test_a_copy_computes_the_same_and_shares_nothing(make):
    layer = random_like(make(2, 3, bidirectional=True, stateful=True))
    x = torch.randn(4, 6, 2)
    layer(x)
    twin = copy.deepcopy(layer)
    expected = twin(x)
    random_like(twin)
    twin.reset_state()
    assert torch.equal(layer(x), expected)


@EACH_LAYER
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_state_dict_restores_a_layer(make, bidirectional):
    layer = random_like(make(2, 3, bidirectional=bidirectional))
    other = make(2, 3, bidirectional=bidirectional)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(4, 6, 2)
    assert torch.equal(other(x), layer(x))


@EACH_LAYER
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"x": (4, 6, 5)}, r"has shape \(4, 6, 5\); expected \(batch, time, features\) with 2 features"),
        ({"x": (4, 2)}, r"has shape \(4, 2\); expected \(batch, time, features\) with 2 features"),
        ({"x": (4, 0, 2)}, r"no time steps, shape \(4, 0, 2\)"),
        ({"mask": (4, 5)}, r"the mask has shape \(4, 5\); expected \(batch, time\) = \(4, 6\)"),
        ({"mask": (6, 4)}, r"the mask has shape \(6, 4\); expected \(batch, time\) = \(4, 6\)"),
        ({"state": (4, 5)}, r"initial_state has shapes \[\(4, 5\)(, \(4, 5\))?\]; expected [12] of shape \(4, 3\)"),
        ({"state": (1, 3)}, r"initial_state has shapes \[\(1, 3\)(, \(1, 3\))?\]; expected [12] of shape \(4, 3\)"),
    ],
)
def test_a_shape_that_does_not_fit_is_named(make, call, message):
    layer = make(2, 3)
    state, mask = call.get("state"), call.get("mask")
    with pytest.raises(InputError, match=f"{make.__name__}: .*{message}"):
        layer(
            torch.zeros(call.get("x", (4, 6, 2))),
            state and (torch.zeros(state),) * len(layer.cell.states),
            mask and torch.ones(mask, dtype=torch.bool),
        )


@pytest.mark.parametrize(
    ("make", "options", "given", "expected"), [(LSTM, {}, 1, 2), (GRU, {"bidirectional": True}, 1, 2), (GRU, {}, 2, 1)]
)
def test_too_few_or_too_many_initial_states_are_an_error(make, options, given, expected):
    with pytest.raises(InputError, match=rf"expected {expected} of shape \(4, 3\)"):
        make(2, 3, **options)(torch.zeros(4, 6, 2), (torch.zeros(4, 3),) * given)


@EACH_LAYER
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"go_backwards": True, "bidirectional": True}, "go_backwards and bidirectional exclude each other"),
        ({"dropout": 1.0}, "dropout is 1.0; it must be at least 0 and less than 1"),
        ({"dropout": -0.1}, "dropout is -0.1"),
        ({"dropout": float("nan")}, "dropout is nan"),
        ({"recurrent_dropout": 1.5}, "recurrent_dropout is 1.5"),
        ({"activation": "swish"}, "activation is 'swish'; known are tanh, relu, sigmoid, hard_sigmoid, linear"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(make, options, message):
    with pytest.raises(InputError, match=f"{make.__name__}: {message}"):
        make(2, 3, **options)


@pytest.mark.parametrize("make", [GRU, LSTM])
def test_an_unknown_recurrent_activation_is_refused(make):
    with pytest.raises(InputError, match="recurrent_activation is 'swish'"):
        make(2, 3, recurrent_activation="swish")


@EACH_LAYER
@pytest.mark.parametrize(("sizes", "message"), [((0, 3), "input_size is 0"), ((2, -1), "hidden_size is -1")])
def test_sizes_start_at_one(make, sizes, message):
    with pytest.raises(InputError, match=f"{make.__name__}: {message}; it must be at least 1"):
        make(*sizes)


def test_the_repr_tells_sizes_and_directions():
    layer = LSTM(2, 3, bidirectional=True, return_sequences=True)
    assert repr(layer) == "LSTM(2, 3, return_sequences=True, bidirectional=True)"


def test_the_carried_state_follows_the_layer_to_another_dtype():
    layer = random_like(GRU(2, 3, stateful=True))
    x = torch.randn(4, 6, 2, dtype=torch.float64)
    layer(x.float())
    carried = layer.double()(x)
    layer.reset_state()
    assert carried.dtype == torch.float64
    assert not torch.allclose(carried, layer(x))


def test_each_direction_drops_features_of_its_own():
    layer = SimpleRNN(400, 1, activation="linear", bias=False, bidirectional=True, dropout=0.5)
    with torch.no_grad():
        for p in layer.parameters():
            p.fill_(1.0)
    y = layer(torch.ones(1, 1, 400))  # the sum of what was not dropped, twice
    assert y[0, 0] != y[0, 1]


def test_a_stateful_layer_trains_after_a_call_under_inference_mode():
    layer = LSTM(2, 3, stateful=True)
    with torch.inference_mode():
        layer(torch.ones(1, 4, 2))
    layer(torch.ones(1, 4, 2)).sum().backward()
    assert layer.weight_hh.grad is not None


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_a_parametrized_weight_is_the_one_that_counts(backend):
    layer = nn.utils.parametrizations.spectral_norm(SimpleRNN(2, 3, backend=backend), "weight_hh")
    assert "parametrizations.weight_hh.original" in layer.state_dict()
    layer(torch.ones(1, 4, 2)).sum().backward()
    assert layer.parametrizations.weight_hh.original.grad.abs().sum() > 0


def test_a_misspelt_backend_is_refused_at_once():
    with pytest.raises(InputError, match="backend is 'nativ'; known are auto, native, torch, reference"):
        LSTM(3, 4, backend="nativ")


def test_a_wrong_dtype_names_both():
    with pytest.raises(InputError, match=r"the input is torch\.float64, the parameters are torch\.float32"):
        LSTM(3, 4)(torch.ones(1, 2, 3, dtype=torch.float64))
    with pytest.raises(InputError, match=r"initial_state is \[torch\.float64\], the input is torch\.float32"):
        GRU(3, 4)(torch.ones(1, 2, 3), initial_state=torch.ones(1, 4, dtype=torch.float64))


def test_a_call_computes_a_parametrized_weight_once():
    class Count(nn.Module):
        calls = 0

        def forward(self, weight):
            Count.calls += 1
            return weight

    layer = SimpleRNN(2, 3)
    nn.utils.parametrize.register_parametrization(layer, "weight_hh", Count())
    Count.calls = 0
    layer(torch.ones(1, 4, 2))
    assert Count.calls == 1
