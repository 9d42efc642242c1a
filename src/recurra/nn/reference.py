"""The reference backend: the equations of `cells.py` in a Python loop, for everything."""

import torch
from torch import Tensor

from recurra.nn.cells import Equations, State, Weights, input_part


def scan(
    equations: Equations,
    x: Tensor,
    state: State | None,
    w: Weights,
    *,
    mask: Tensor | None = None,
    keep: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """What `recurra.nn.scan.scan` does."""
    if state is None:
        state = (x.new_zeros(x.shape[0], w.weight_hh.shape[1]),) * equations.states
    a = input_part(x, w)  # [B, T, G·H], all steps at once
    outputs: list[Tensor] = []
    output = torch.zeros_like(state[0])
    steps = list(enumerate(a.unbind(dim=1)))  # one backward for all steps; slices would have one each, of full size
    for t, a_t in reversed(steps) if reverse else steps:
        new_state = equations.step(a_t, state, w, keep)
        if mask is None:
            state, output = new_state, new_state[0]
        else:
            counts = mask[:, t, None]  # [B, 1]
            output = torch.where(counts, new_state[0], output)
            state = tuple(torch.where(counts, new, old) for new, old in zip(new_state, state, strict=True))
        outputs.append(output)
    return torch.stack(outputs[::-1] if reverse else outputs, dim=1), state
