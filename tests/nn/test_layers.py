"""What recurrent layers promise: masks, states, directions, dtypes, copies, and errors that name the shapes."""

import copy

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, GRUCell, RecurrentLayer, SimpleRNN

from .each_layer import EACH_LAYER, random_like

# "auto" takes the native backend for float32, torch's operators for float64
EACH_DTYPE = pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=str)


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
        ({"weight_dropout": 1.0}, "weight_dropout is 1.0"),
        ({"activation": "swish"}, "activation is 'swish'; expected one of tanh, relu, sigmoid, hard_sigmoid, linear"),
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
    layer = GRU(2, 3, return_state=True, go_backwards=True, stateful=True)
    assert repr(layer) == "GRU(2, 3, return_state=True, go_backwards=True, stateful=True)"
    assert repr(RecurrentLayer(GRUCell(), 2, 3)) == "RecurrentLayer(GRU, 2, 3)"


def test_a_mask_on_another_device_is_an_error_that_names_both():
    with pytest.raises(InputError, match="LSTM: the mask is on meta, the input is on cpu; move one with"):
        LSTM(2, 3)(torch.zeros(4, 6, 2), mask=torch.ones(4, 6, dtype=torch.bool, device="meta"))


@EACH_LAYER
def test_under_autocast_the_input_may_have_another_dtype_than_the_parameters(make):
    layer, x = random_like(make(2, 3)), torch.randn(4, 6, 2).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
    torch.testing.assert_close(found.float(), layer(x.float()), rtol=0, atol=5e-2)


def test_the_carried_state_follows_the_layer_to_another_dtype():
    layer = random_like(GRU(2, 3, stateful=True))
    x = torch.randn(4, 6, 2, dtype=torch.float64)
    layer(x.float())
    carried = layer.double()(x)
    layer.reset_state()
    assert carried.dtype == torch.float64
    assert not torch.allclose(carried, layer(x))


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
    with pytest.raises(InputError, match="backend is 'nativ'; expected one of auto, native, torch, reference"):
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
