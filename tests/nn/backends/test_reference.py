"""The reference runs the equations of every cell, with true gradients."""

import pytest
import torch

from recurra.errors import InputError
from recurra.nn import LSTM
from recurra.nn.backends import Call
from recurra.nn.cells import Cell, GRUCell
from recurra.nn.scan import choose_backend, scan

from ..small_calls import EACH_SLOW, FAST, KEEP, MASK, SLOW, T, arguments, call_of, run


@EACH_SLOW
def test_auto_falls_back_to_the_reference(cell, reason, called):
    x, state, weights = arguments(cell)
    found = run(cell, "auto", x, state, weights)
    assert called == []
    assert choose_backend(call_of(cell, x, state, weights)).name == "reference"
    torch.testing.assert_close(found, run(cell, "reference", x, state, weights), rtol=0, atol=0)


def test_equations_that_are_not_ours_run_on_the_reference():
    class Counter(Cell):
        """Adds up its inputs."""

        name = "counter"

        def step(self, a_t, state, h_seen, p):
            return (state[0] + a_t,), {}

    x, eye = torch.ones(1, 4, 2), torch.eye(2)
    call = Call(Counter(), 2, {"weight_ih": eye, "weight_hh": eye}, x, (torch.zeros(1, 2),))
    outputs, (last,) = scan(call)
    assert outputs[0, :, 0].tolist() == [1, 2, 3, 4]
    assert last.tolist() == [[4, 4]]
    for backend in ("native", "torch"):
        with pytest.raises(InputError, match=f'backend="{backend}" does not support Counter'):
            scan(call, backend)


@pytest.mark.parametrize("cell", [e for e, _ in (*FAST.values(), *SLOW.values())], ids=str)
@pytest.mark.parametrize(("masked", "kept"), [(True, False), (False, True), (True, True)])
def test_gradients_of_the_reference_are_the_slopes(cell, masked, kept):
    x, state, weights = arguments(cell)
    x = x.detach()[:, :4].requires_grad_()
    options = {"mask": MASK[:, :4] if masked else None, "dropout_mask": KEEP if kept else None}

    def function(x, *rest):
        return run(cell, "reference", x, rest[: len(cell.states)], rest[len(cell.states) :], **options)

    assert torch.autograd.gradcheck(function, (x, *state, *weights), fast_mode=True)


def test_the_dropout_mask_holds_for_every_step():
    x, state, weights = arguments(GRUCell())
    found = run(GRUCell(), "reference", x, state, weights, dropout_mask=KEEP)
    steps = []
    for t in range(T):
        step, *state = run(GRUCell(), "reference", x[:, t : t + 1], state, weights, dropout_mask=KEEP)
        steps.append(step)
    torch.testing.assert_close(found, (torch.cat(steps, dim=1), *state), rtol=0, atol=1e-12)


def test_the_reference_goes_back_through_all_steps_at_once_not_with_a_full_gradient_for_each():
    layer = LSTM(2, 3, backend="reference", return_sequences=True)
    names, todo = [], [layer(torch.ones(1, 20, 2)).grad_fn]
    seen = set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.append(node.name())
            todo += [parent for parent, _ in node.next_functions]
    assert names.count("UnbindBackward0") == 1
    assert "SelectBackward0" not in names
