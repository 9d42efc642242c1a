"""Accelerated layers give what torch's layers give, with every option, and run on the kernels."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from .pairs import (
    EACH_FORM,
    EACH_KIND,
    FORMS,
    KINDS,
    B,
    H,
    I,
    T,
    arguments,
    assert_same,
    gradients,
    leaf,
    pair,
    tensors,
)


@EACH_KIND
@EACH_FORM
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_option_gives_what_torch_gives_and_runs_on_the_kernels(kind, form, layers, bidirectional, scans):
    for batch_first, bias, with_state in itertools.product([False, True], repeat=3):
        theirs, ours = pair(kind, num_layers=layers, bidirectional=bidirectional, batch_first=batch_first, bias=bias)
        assert_same(theirs, ours, *arguments(theirs, form, with_state))
        assert scans == ([False, True] if bidirectional else [False]) * layers
        scans.clear()


@EACH_KIND
@EACH_FORM
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("batch_first", "dropout"), [(False, 0.4), (True, 0.4), (True, 1.0)])
def test_dropout_draws_the_same_random_numbers_as_torch(kind, form, bidirectional, batch_first, dropout, scans):
    theirs, ours = pair(kind, num_layers=3, bidirectional=bidirectional, batch_first=batch_first, dropout=dropout)
    given, leaves = arguments(theirs, form, True)
    dropped = assert_same(theirs, ours, given, leaves)
    kept = assert_same(theirs.eval(), ours.eval(), given, leaves)
    assert len(scans) == (12 if bidirectional else 6)
    assert not torch.equal(tensors(dropped)[0], tensors(kept)[0])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_shape_and_options_give_what_torch_gives(data):
    small = st.integers(1, 9)
    batch, steps = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6))
    theirs, ours = pair(
        data.draw(st.sampled_from(list(KINDS))),
        (data.draw(small), data.draw(small)),
        num_layers=data.draw(st.integers(1, 3)),
        bias=data.draw(st.booleans()),
        batch_first=data.draw(st.booleans()),
        bidirectional=data.draw(st.booleans()),
    )
    lengths = data.draw(st.lists(st.integers(1, steps), min_size=batch, max_size=batch))
    form, with_state = data.draw(st.sampled_from(FORMS)), data.draw(st.booleans())
    given = arguments(theirs, form, with_state, batch=batch, steps=steps, lengths=lengths)
    assert_same(theirs, ours, *given)


@EACH_KIND
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("dim", [2, 3])
def test_outputs_in_time_order_are_contiguous_for_view(kind, bidirectional, dim):
    theirs, ours = pair(kind, bidirectional=bidirectional)
    x = torch.randn((T, B, I)[3 - dim :] if dim == 3 else (T, I))
    expected, found = theirs(x)[0], ours(x)[0]
    assert found.is_contiguous()
    assert found.stride() == expected.stride()


@EACH_KIND
def test_inputs_may_lie_anyhow_in_memory(kind, scans):
    theirs, ours = pair(kind, batch_first=True)
    base = leaf(I, T, B)
    h = leaf(H, B, 1)
    x, state = base.transpose(0, 2), h.transpose(0, 2)
    given = (x, (state, state) if kind == "lstm" else state)
    assert_same(theirs, ours, given, [base, h])
    x = leaf(1, T, I)
    assert_same(theirs, ours, (x.expand(B, T, I), None), [x])
    assert len(scans) == 2


@pytest.mark.parametrize("kind", ["tanh", "relu", "gru"])  # torch refuses an LSTM's
def test_outputs_may_be_changed_in_place(kind):
    theirs, ours = pair(kind)
    x = leaf(T, B, I)
    found = []
    for module in (theirs, ours):
        y, state = module(x)
        y.mul_(2)
        tensors(state)[0].add_(y[-1])
        found.append(gradients((y, state), [x, *module.parameters()]))
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-5)


@EACH_KIND
def test_gradients_of_gradients(kind, scans):
    theirs, ours = pair(kind, num_layers=2, bidirectional=True)
    x = leaf(T, B, I)
    found = []
    for module in (theirs, ours):
        (dx,) = torch.autograd.grad(module(x)[0].square().sum(), x, create_graph=True)
        found.append(torch.autograd.grad(dx.square().sum(), [x, *module.parameters()], allow_unused=True))
    assert len(scans) == 4
    for ours_too, theirs_too in zip(found[1], found[0], strict=True):
        # torch has no gradient for biases that add up; ours is there and zero, or as torch's
        torch.testing.assert_close(
            ours_too, torch.zeros_like(ours_too) if theirs_too is None else theirs_too, rtol=1e-4, atol=1e-4
        )


@EACH_KIND
def test_training_takes_the_same_course(kind):
    theirs, ours = pair(kind, num_layers=2, batch_first=True)
    x, target = torch.randn(B, T, I), torch.randn(B, T, H)
    losses = []
    for module in (theirs, ours):
        optimizer = torch.optim.Adam(module.parameters(), 0.01)
        for _ in range(20):
            optimizer.zero_grad()
            loss = (module(x)[0] - target).square().mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.detach())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(mode, scans):
    theirs, ours = pair("lstm", num_layers=2)
    x = torch.randn(T, B, I)
    with mode():
        found, expected = ours(x), theirs(x)
    assert len(scans) == 2
    assert not found[0].requires_grad
    torch.testing.assert_close(found, expected)
