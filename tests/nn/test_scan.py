"""Every backend computes the same, and the fast one is really taken where it can be."""

import pytest
import torch

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.cells import GRUCell, LSTMCell, SimpleRNNCell
from recurra.nn.scan import choose_backend, scan

from .small_calls import (
    BACKENDS,
    EACH_FAST,
    EACH_SLOW,
    KEEP,
    MASK,
    B,
    H,
    I,
    T,
    arguments,
    call_of,
    gradients,
    in_float32,
    run,
)


@EACH_FAST
@pytest.mark.parametrize("bias", [True, False])
def test_backends_agree_on_outputs_states_and_every_gradient(cell, operator, bias):
    x, state, weights = arguments(cell, bias)
    results = {backend: run(cell, backend, x, state, weights) for backend in ("reference", "torch", "auto")}
    for backend in ("torch", "auto"):
        torch.testing.assert_close(results[backend], results["reference"], rtol=0, atol=1e-10)
    leaves = [x, *state, *weights]
    expected = gradients(results["reference"], leaves)
    for backend in ("torch", "auto"):
        torch.testing.assert_close(gradients(results[backend], leaves), expected, rtol=0, atol=1e-10)


@EACH_FAST
@pytest.mark.parametrize(
    ("backend", "masked"), [*((name, False) for name in BACKENDS), ("native", True), ("reference", True)]
)
def test_every_backend_reads_from_the_end_as_if_the_sequence_was_flipped(cell, operator, backend, masked):
    x, state, weights = in_float32(*arguments(cell))
    mask = MASK if masked else None
    outputs, *last = run(cell, backend, x, state, weights, mask=mask, reverse=True)
    flipped = None if mask is None else mask.flip(1)
    expected, *expected_last = run(cell, backend, x.flip(1), state, weights, mask=flipped)
    torch.testing.assert_close(outputs, expected.flip(1), rtol=0, atol=1e-6)
    torch.testing.assert_close(last, expected_last, rtol=0, atol=1e-6)
    assert not torch.allclose(outputs, run(cell, backend, x, state, weights, mask=mask)[0])


@EACH_FAST
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_state_is_a_state_of_zeros(cell, operator, backend):
    x, state, weights = in_float32(*arguments(cell))
    zeros = [torch.zeros(B, H) for _ in state]
    found = run(cell, backend, x, None, weights)
    torch.testing.assert_close(found, run(cell, backend, x, zeros, weights), rtol=0, atol=0)
    assert not torch.allclose(found[0], run(cell, backend, x, state, weights)[0])


@EACH_FAST
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_last_state_is_the_same_whether_sequences_are_wanted_or_not(cell, operator, backend):
    x, state, weights = in_float32(*arguments(cell))
    for reverse in (False, True):
        _, *last = run(cell, backend, x, state, weights, reverse=reverse)
        _, *alone = run(cell, backend, x, state, weights, reverse=reverse, sequences=False)
        torch.testing.assert_close(alone, last, rtol=0, atol=0)


@EACH_FAST
def test_auto_takes_our_kernels_in_float32_and_torchs_operator_in_float64(cell, operator, called):
    arguments_64 = arguments(cell)
    run(cell, "auto", *arguments_64)
    assert called == [operator]
    run(cell, "auto", *in_float32(*arguments_64))
    assert called == [operator, "native " + operator]


@pytest.mark.parametrize(
    ("layer", "operators"),
    [
        (SimpleRNN(I, H), ["native rnn_tanh"]),
        (SimpleRNN(I, H, activation="relu"), ["native rnn_relu"]),
        (SimpleRNN(I, H, backend="torch"), ["rnn_tanh"]),
        (SimpleRNN(I, H, activation="relu").double(), ["rnn_relu"]),
        (GRU(I, H, go_backwards=True), ["native gru"]),
        (GRU(I, H, go_backwards=True).double(), ["gru"]),
        (LSTM(I, H, stateful=True, dropout=0.5), ["native lstm"]),
        (LSTM(I, H, stateful=True, dropout=0.5).double(), ["lstm"]),
        (LSTM(I, H, bidirectional=True, bias=False), ["native lstm", "native lstm"]),
        (LSTM(I, H, bidirectional=True, bias=False).double(), ["lstm", "lstm"]),
        (LSTM(I, H, recurrent_dropout=0.5).eval(), ["native lstm"]),
        (LSTM(I, H, recurrent_dropout=0.5), []),
        (LSTM(I, H, weight_dropout=0.5), ["native lstm"]),
        (GRU(I, H, reset_after=False), []),
        (GRU(I, H, backend="reference"), []),
    ],
    ids=str,
)
def test_layers_reach_the_fast_operator(layer, operators, called):
    layer(torch.zeros(B, T, I, dtype=layer.weight_ih.dtype))
    assert called == operators


@EACH_SLOW
@pytest.mark.parametrize("backend", ["native", "torch"])
def test_insisting_on_a_fast_one_is_an_error_that_names_the_reason(cell, reason, backend):
    with pytest.raises(InputError, match=f'backend="{backend}" does not support {reason}; use backend="auto"'):
        run(cell, backend, *in_float32(*arguments(cell)))


@EACH_FAST
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "native"),
        ({"backend": "native"}, "native"),
        ({"backend": "torch"}, "torch"),
        ({"backend": "reference"}, "reference"),
        ({"mask": MASK}, "native"),
        ({"dropout_mask": KEEP.float()}, "reference"),
        ({"batch": 0}, "native"),
        ({"state": None}, "native"),
        ({"dtype": torch.float64}, "torch"),
        ({"dtype": torch.float64, "state": None}, "torch"),
        ({"dtype": torch.float64, "mask": MASK}, "reference"),
        ({"dtype": torch.float64, "dropout_mask": KEEP}, "reference"),
        ({"dtype": torch.float64, "batch": 0}, "reference"),
    ],
    ids=str,
)
def test_choose_backend_says_what_scan_takes(cell, operator, changes, expected, called):
    x, state, weights = arguments(cell)
    options = {"backend": "auto"} | changes
    batch, dtype, backend = options.pop("batch", B), options.pop("dtype", torch.float32), options.pop("backend")
    x, *rest = (t.detach().to(dtype) for t in (x[:batch], *(s[:batch] for s in state), *weights))
    state, weights = options.pop("state", tuple(rest[: len(state)])), rest[len(state) :]
    call = call_of(cell, x, state, weights, **options)
    assert choose_backend(call, backend).name == expected
    scan(call, backend)
    assert called == {"native": ["native " + operator], "torch": [operator], "reference": []}[expected]


@pytest.mark.parametrize(
    ("cell", "shape", "expected"),
    [
        (SimpleRNNCell(), (2, 1, 1, 400), "torch"),
        (SimpleRNNCell(), (2, 2, 1, 400), "native"),
        (SimpleRNNCell(), (2, 2, 200, 400), "torch"),
        (SimpleRNNCell(), (2, 3, 200, 400), "native"),
        (GRUCell(), (64, 1, 200, 200), "torch"),
        (GRUCell(), (64, 1, 16, 200), "native"),
        (LSTMCell(), (1, 100, 16, 400), "torch"),
        (LSTMCell(), (1, 100, 16, 300), "native"),
        (LSTMCell(), (64, 100, 16, 400), "native"),
    ],
    ids=str,
)
def test_large_weights_that_are_little_used_are_left_to_torch(cell, shape, expected):
    batch, steps, inputs, hidden = shape
    specs = cell.parameters(inputs, hidden)
    weights = [torch.zeros(specs[name].shape) for name in ("weight_ih", "weight_hh")]
    call = call_of(cell, torch.zeros(batch, steps, inputs), None, weights)
    assert choose_backend(call).name == expected
    assert choose_backend(call, "native").name == "native"
    assert choose_backend(call._replace(mask=torch.ones(batch, steps).bool())).name == "native"


def test_an_unknown_backend_is_an_error_that_names_the_known():
    with pytest.raises(InputError, match="backend is 'cuda'; expected one of auto, native, torch, reference"):
        GRU(I, H, backend="cuda")(torch.zeros(B, T, I))


@pytest.mark.parametrize("cell", [SimpleRNNCell(), GRUCell(), LSTMCell()], ids=str)
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_masked_step_keeps_the_state_and_repeats_the_output(cell, backend):
    x, state, weights = in_float32(*arguments(cell))
    outputs, *last = run(cell, backend, x, state, weights, mask=MASK)
    steps, alone = [], [s[:1] for s in state]
    for t in (0, 2, 3):  # the steps of the first sequence that count
        step, *alone = run(cell, backend, x[:1, t : t + 1], alone, weights)
        steps.append(step[:, 0])
    repeated = torch.stack([steps[i] for i in (0, 0, 1, 2, 2)], dim=1)
    torch.testing.assert_close(outputs[:1], repeated, rtol=0, atol=1e-6)
    torch.testing.assert_close([s[:1] for s in last], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", [SimpleRNNCell(), GRUCell(), LSTMCell()], ids=str)
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_before_the_first_step_that_counts_the_output_is_zero_whatever_the_state(cell, backend):
    x, state, weights = in_float32(*arguments(cell))
    outputs, *last = run(cell, backend, x, state, weights, mask=MASK)
    assert torch.equal(outputs[1, :2], torch.zeros(2, H))
    assert torch.equal(outputs[2], torch.zeros(T, H))
    for found, given in zip(last, state, strict=True):
        assert torch.equal(found[2], given[2])


@pytest.mark.parametrize("cell", [SimpleRNNCell(), GRUCell(), LSTMCell()], ids=str)
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_what_stands_at_masked_steps_does_not_matter(cell, backend):
    x, state, weights = in_float32(*arguments(cell))
    other = torch.where(MASK[:, :, None], x, 1e3)
    found, expected = (run(cell, backend, values, state, weights, mask=MASK) for values in (other, x))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM])
@pytest.mark.parametrize("backend", ["auto", "native"])
def test_layers_train_under_torch_compile(kind, backend, fresh_compiler):
    layer = kind(2, 3, backend=backend)
    x = torch.randn(4, 5, 2)
    expected = torch.autograd.grad(layer(x).sum(), list(layer.parameters()))
    compiled = torch.compile(layer, backend="aot_eager")
    found = torch.autograd.grad(compiled(x).sum(), list(layer.parameters()))
    torch.testing.assert_close(found, expected)
