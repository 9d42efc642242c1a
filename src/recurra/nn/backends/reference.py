"""The reference backend: the equations of any cell in a Python loop."""

from collections.abc import Callable

import torch
from torch import Tensor

from recurra.nn.backends.backend import Call
from recurra.nn.cells import Gates, State

Observer = Callable[[int, Tensor, State, State, Gates], None]


class Reference:
    """Runs every call with the equations of the cell; the other backends are tested against it.

    If the cell can compute all steps at once (`Cell.scan`) and there is no mask, that is used instead of the loop.
    """

    name = "reference"

    def unsupported(self, call: Call) -> str | None:
        return None

    def worth_it(self, call: Call) -> bool:
        return False

    def scan(self, call: Call) -> tuple[Tensor, State]:
        a = call.cell.input_part(call.x, call.parameters)
        if call.mask is None and call.dropout_mask is None:
            found = call.cell.scan(a.flip(1) if call.reverse else a, call.initial_state(), call.parameters)
            if found is not None:
                outputs, last = found
                return (outputs.flip(1) if call.reverse else outputs), last
        return run_steps(call, a)


def run_steps(call: Call, a: Tensor, observe: Observer | None = None) -> tuple[Tensor, State]:
    """Run a call step by step.

    Args:
        call: the cell, its parameters and its input.
        a: the input parts of all steps, [B, T, G·H].
        observe: called after each step with its index, its output [B, H], the state that the cell computed, the state
            with the previous one at masked steps, and the gates, each [B, H].

    Returns:
        The outputs of all steps, [B, T, H], and the state after the last step, each [B, H].
    """
    state = call.initial_state()
    output = torch.zeros_like(state[0])
    outputs: list[Tensor] = []
    steps = list(enumerate(a.unbind(dim=1)))  # one backward for all; each slice would have one of full size
    for t, a_t in reversed(steps) if call.reverse else steps:
        h_seen = state[0] if call.dropout_mask is None else state[0] * call.dropout_mask
        new_state, gates = call.cell.step(a_t, state, h_seen, call.parameters)
        if call.mask is None:
            state, output = new_state, new_state[0]
        else:
            unmasked = call.mask[:, t, None]  # [B, 1]
            output = torch.where(unmasked, new_state[0], output)
            state = tuple(torch.where(unmasked, new, old) for new, old in zip(new_state, state, strict=True))
        outputs.append(output)
        if observe is not None:
            observe(t, output, new_state, state, gates)
    return torch.stack(outputs[::-1] if call.reverse else outputs, dim=1), state
