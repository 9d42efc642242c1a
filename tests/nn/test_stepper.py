"""The stepper: a layer read step by step gives what it gives all at once."""

import copy
import pickle

import numpy as np
import pytest
import torch

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.backends.native import kernels

I, H, T = 5, 7, 20
LAYERS = [
    SimpleRNN(I, H),
    SimpleRNN(I, H, activation="relu", bias=False),
    GRU(I, H),
    LSTM(I, H),
    SimpleRNN(I, H, activation="sigmoid"),
    GRU(I, H, reset_after=False),
    LSTM(I, H).double(),
]
EACH = pytest.mark.parametrize("layer", LAYERS, ids=[f"{n} {layer}" for n, layer in enumerate(LAYERS)])
NATIVE = LAYERS[:4]


def run(layer, x, state=None):
    """Every step's output [T, H] and the last state, each [H], by the layer."""
    options = layer.return_sequences, layer.return_state
    layer.return_sequences = layer.return_state = True
    y, *last = layer(x[None], None if state is None else tuple(s[None] for s in state))
    layer.return_sequences, layer.return_state = options
    return y[0].detach(), [s[0].detach() for s in last]


def dtype(layer):
    return layer.weight_ih.dtype


@EACH
def test_step_by_step_gives_what_all_at_once_gives(layer):
    x = torch.randn(T, I, dtype=dtype(layer))
    stepper = layer.stepper()
    outputs = torch.stack([stepper(x_t).clone() for x_t in x])
    expected, last = run(layer, x)
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(list(stepper.state), last, rtol=0, atol=1e-6)


@EACH
def test_sequences_side_by_side_are_those_that_are_read_alone(layer):
    x = torch.randn(T, 3, I, dtype=dtype(layer))
    several, alone = layer.stepper(sequences=3), [layer.stepper() for _ in range(3)]
    for x_t in x:
        assert torch.equal(
            several(x_t), torch.stack([stepper(own).clone() for stepper, own in zip(alone, x_t, strict=True)])
        )
    for number, state in enumerate(several.state):
        assert torch.equal(state, torch.stack([stepper.state[number] for stepper in alone]))
    swapped = layer.stepper(sequences=3)
    swapped.state = tuple(state.flip(0) for state in several.state)
    again = pickle.loads(pickle.dumps(several))
    expected = several(x[0]).clone()
    assert torch.equal(again(x[0]), expected)
    assert torch.equal(swapped(x[0].flip(0)), expected.flip(0))
    swapped.reset()
    assert torch.equal(swapped(x[0]), layer.stepper(sequences=3)(x[0]))


@pytest.mark.parametrize("layer", LAYERS[3:5], ids=str)
def test_an_input_or_a_state_of_another_number_of_sequences_is_refused(layer):
    stepper = layer.stepper(sequences=3)
    for shape in [(I,), (3 * I,), (I, 3)]:
        with pytest.raises(InputError, match=r"expected torch.float32 of shape \(3, 5\), one time step"):
            stepper(torch.zeros(shape))
    for shape in [(H,), (3 * H,), (H, 3)]:
        with pytest.raises(InputError, match=rf"the state has shapes .*; expected {len(stepper.state)} of \(3, 7\)"):
            stepper.state = tuple(torch.zeros(shape) for _ in stepper.state)


@EACH
def test_a_state_can_be_given_and_taken_away(layer):
    x = torch.randn(T, I, dtype=dtype(layer))
    state = tuple(torch.randn(H, dtype=dtype(layer)) for _ in layer.cell.states)
    stepper = layer.stepper()
    stepper(x[0])
    stepper.state = state
    torch.testing.assert_close(stepper(x[1]), run(layer, x[1:2], state)[0][0], rtol=0, atol=1e-6)
    stepper.reset()
    assert all(not s.any() for s in stepper.state)
    torch.testing.assert_close(stepper(x[2]), run(layer, x[2:3])[0][0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("layer", NATIVE, ids=str)
def test_the_native_kernel_gives_the_bits_of_the_native_scan(layer):
    x = torch.randn(T, I)
    stepper = layer.stepper()
    assert stepper._kernel is not None
    assert torch.equal(torch.stack([stepper(x_t).clone() for x_t in x]), run(layer, x)[0])


@pytest.mark.parametrize("layer", LAYERS[4:], ids=str)
def test_what_no_kernel_can_do_goes_by_the_equations(layer):
    assert layer.stepper()._kernel is None


@EACH
def test_the_weights_are_those_of_when_it_was_made(layer):
    x = torch.randn(I, dtype=dtype(layer))
    stepper = layer.stepper()
    expected = stepper(x).clone()
    stepper.reset()
    before = layer.weight_ih.detach().clone()
    try:
        with torch.no_grad():
            layer.weight_ih.mul_(2)
        assert torch.equal(stepper(x), expected)
        assert not torch.equal(layer.stepper()(x), expected)
    finally:
        with torch.no_grad():
            layer.weight_ih.copy_(before)


@EACH
def test_the_output_has_no_gradient(layer):
    output = layer.stepper()(torch.randn(1, I, dtype=dtype(layer), requires_grad=True))
    assert output.shape == (H,)
    assert not output.requires_grad


@pytest.mark.parametrize("layer", NATIVE, ids=str)
def test_a_kernels_next_step_overwrites_the_output(layer):
    stepper = layer.stepper()
    assert stepper(torch.randn(I)) is stepper(torch.randn(I))


HARM = {
    "resize_": lambda h: h.resize_(10**6),
    "to nothing": lambda h: h.resize_(0),
    "freed": lambda h: h.untyped_storage().resize_(0),
    "shrunk": lambda h: h.untyped_storage().resize_(4),
    "set_": lambda h: h.set_(h.new_zeros(2)),
    "strided": lambda h: h.set_(h.new_zeros(1), 0, (H,), (0,)),
    "another dtype": lambda h: setattr(h, "data", torch.zeros(H, dtype=torch.int8)),
    "in place": lambda h: h.fill_(7.0),
}


@EACH
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_nothing_that_is_done_to_an_output_changes_the_steps_after_it(layer, harm):
    x = torch.randn(T, I, dtype=dtype(layer))
    stepper, expected = layer.stepper(), run(layer, x)
    for x_t, y_t in zip(x, expected[0], strict=True):
        output = stepper(x_t)
        torch.testing.assert_close(output, y_t, rtol=0, atol=1e-6)
        harm(output)
    torch.testing.assert_close(list(stepper.state), expected[1], rtol=0, atol=1e-6)


COPIES = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda it: pickle.loads(pickle.dumps(it))}
EACH_COPY = pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)


@EACH
@EACH_COPY
def test_a_copy_goes_on_from_the_same_state_on_its_own(layer, make):
    x = torch.randn(T, I, dtype=dtype(layer))
    stepper, expected = layer.stepper(), run(layer, x)[0]
    stepper(x[0])
    other = make(stepper)
    assert (other._kernel is None) == (stepper._kernel is None)
    for one in (stepper, other):
        outputs = torch.stack([one(x_t).clone() for x_t in x[1:]])
        torch.testing.assert_close(outputs, expected[1:], rtol=0, atol=1e-6)
    other.reset()
    assert stepper.state[0].any()


@EACH_COPY
def test_a_module_that_holds_a_stepper_can_be_copied(make):
    module = torch.nn.Module()
    module.layer = GRU(I, H)
    module.stepper = module.layer.stepper()
    x = torch.randn(2, I)
    module.stepper(x[0])
    other = make(module)
    assert torch.equal(other.stepper(x[1]), module.stepper(x[1]))
    assert type(module.stepper) is type(other.stepper)
    if make is not copy.copy:  # a shallow copy of a module shares what the module holds
        assert other.stepper is not module.stepper


@EACH
def test_two_steppers_of_a_layer_do_not_share_a_state(layer):
    x = torch.randn(I, dtype=dtype(layer))
    one, other = layer.stepper(), layer.stepper()
    one(x)
    assert all(not s.any() for s in other.state)


def test_an_input_whose_numbers_lie_apart_is_read_right():
    layer = LSTM(I, H)
    apart = torch.randn(I, 3)[:, 1]
    assert torch.equal(layer.stepper()(apart), layer.stepper()(apart.clone()))
    negative = torch.randn(I, dtype=torch.complex64).conj().imag
    assert negative.is_neg()
    assert torch.equal(layer.stepper()(negative), layer.stepper()(negative.clone()))


@EACH
@pytest.mark.parametrize(
    "x",
    [torch.zeros(I + 1), torch.zeros(2, I), torch.zeros(I, dtype=torch.int64), torch.zeros(I, device="meta")],
    ids=str,
)
def test_another_input_is_refused_with_what_was_expected(layer, x):
    with pytest.raises(InputError, match=rf"expected {dtype(layer)} of shape \({I},\), one time step, on cpu"):
        layer.stepper()(x)


@EACH
@pytest.mark.parametrize("x", [None, [0.0] * I, np.zeros(I, np.float32)], ids=lambda x: type(x).__name__)
def test_what_is_no_tensor_is_refused(layer, x):
    with pytest.raises(InputError, match=rf"the input is a (numpy\.)?{type(x).__name__}; expected a torch.Tensor"):
        layer.stepper()(x)


@EACH
def test_another_state_is_refused(layer):
    with pytest.raises(InputError, match=r"the state is a Tensor; expected a tuple with a tensor for each state"):
        layer.stepper().state = torch.zeros(H)
    with pytest.raises(InputError, match=rf"expected {len(layer.cell.states)} of \({H},\)"):
        layer.stepper().state = (torch.zeros(H + 1, dtype=dtype(layer)),) * len(layer.cell.states)
    with pytest.raises(InputError, match="the state has shapes"):
        layer.stepper().state = ()
    with pytest.raises(InputError, match=r"the state is a list; expected a torch\.Tensor"):
        layer.stepper().state = ([0.0] * H,) * len(layer.cell.states)


@pytest.mark.parametrize("option", ["bidirectional", "go_backwards"])
def test_a_layer_that_reads_from_the_end_has_no_stepper(option):
    with pytest.raises(InputError, match="GRU: a layer that reads sequences from their end cannot run"):
        GRU(I, H, **{option: True}).stepper()


def test_a_layer_that_insists_on_a_backend_gets_it():
    assert GRU(I, H, backend="reference").stepper()._kernel is None
    assert (GRU(I, H, backend="native").stepper()._kernel is None) == (kernels.isa() is None)
    with pytest.raises(InputError, match='backend="native" does not support activation'):
        SimpleRNN(I, H, activation="sigmoid", backend="native").stepper()


@EACH
def test_one_made_in_inference_mode_goes_on_outside(layer):
    x = torch.randn(I, dtype=dtype(layer))
    with torch.inference_mode():
        stepper = layer.stepper()
        expected = stepper(x).clone()
    stepper.reset()
    assert torch.equal(stepper(x), expected)


@EACH
def test_a_state_that_was_taken_stays_as_it_is_when_the_stepper_goes_on(layer):
    stepper, x = layer.stepper(), torch.randn(2, I, dtype=dtype(layer))
    stepper(x[0])
    taken = stepper.state
    before = [s.clone() for s in taken]
    stepper(x[1])
    assert all(torch.equal(s, b) for s, b in zip(taken, before, strict=True))
    assert not torch.equal(stepper.state[0], taken[0])
