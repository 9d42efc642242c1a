"""All time steps of one layer in one direction: chooses the fastest implementation that can do the call.

- `torch`: torch.nn's own recurrent operators, for what they compute exactly as we do;
- `reference`: the equations of `cells.py` in a Python loop, for everything.
"""

import torch
from torch import Tensor

from recurra.errors import InputError
from recurra.nn.cells import (
    Equations,
    GRUEquations,
    LSTMEquations,
    SimpleRNNEquations,
    State,
    Weights,
    input_part,
)

BACKENDS = ("auto", "torch", "reference")


def scan(
    equations: Equations,
    x: Tensor,
    state: State,
    w: Weights,
    *,
    mask: Tensor | None = None,
    keep: Tensor | None = None,
    backend: str = "auto",
) -> tuple[Tensor, State]:
    """Run a core over all time steps of `x`, first to last.

    Args:
        equations: which cell, with its options.
        x: inputs, [B, T, I].
        state: the state before the first step, (h,) or (h, c), each [B, H].
        w: the parameters.
        mask: [B, T], True for steps that count. At the others the state stays, and the output of the step before
            is repeated (zeros before the first step that counts), as in Keras.
        keep: recurrent dropout: a mask [B, H] on the state's way into the gates, the same at all steps.
        backend: "auto", or the one implementation to insist on.

    Returns:
        The outputs of every step [B, T, H] and the state after the last one.

    Raises:
        InputError: the backend is unknown or cannot do this call.
    """
    if choose_backend(equations, x, mask=mask, keep=keep, backend=backend) == "torch":
        return _torch_scan(equations, x, state, w)
    return _reference_scan(equations, x, state, w, mask, keep)


def choose_backend(
    equations: Equations, x: Tensor, *, mask: Tensor | None, keep: Tensor | None, backend: str = "auto"
) -> str:
    """Name the implementation that `scan` takes for this call: "torch" or "reference"."""
    check_backend(backend)
    if backend == "reference":
        return "reference"
    obstacle = _torch_obstacle(equations, x, mask, keep)
    if obstacle is None:
        return "torch"
    if backend == "torch":
        raise InputError(f'backend="torch" cannot do {obstacle}; backend="auto" finds a way that can.')
    return "reference"


def check_backend(backend: str) -> None:
    """Raise InputError if there is no such backend."""
    if backend not in BACKENDS:
        raise InputError(f"backend is {backend!r}; known are {', '.join(BACKENDS)}.")


def _torch_obstacle(equations: Equations, x: Tensor, mask: Tensor | None, keep: Tensor | None) -> str | None:
    """Say what of this call torch.nn's operators cannot express; None if they can do it all."""
    if mask is not None:
        return "masks"
    if keep is not None:
        return "recurrent dropout"
    if x.shape[0] == 0:
        return "an empty batch"
    if isinstance(equations, LSTMEquations) and torch.compiler.is_compiling() and torch.is_grad_enabled():
        return "an LSTM's gradients under torch.compile"  # the compiler cannot trace torch's fused operator
    if isinstance(equations, SimpleRNNEquations):
        return None if equations.activation in {"tanh", "relu"} else f"activation {equations.activation!r}"
    if not isinstance(equations, GRUEquations | LSTMEquations):
        return type(equations).__name__
    if equations.activation != "tanh":
        return f"activation {equations.activation!r}"
    if equations.recurrent_activation != "sigmoid":
        return f"recurrent_activation {equations.recurrent_activation!r}"
    if isinstance(equations, GRUEquations) and not equations.reset_after:
        return "reset_after=False"
    return None


def _torch_scan(equations: Equations, x: Tensor, state: State, w: Weights) -> tuple[Tensor, State]:
    parameters = [w.weight_ih, w.weight_hh]
    if w.bias_ih is not None:
        # torch always has two biases; where ours has one, the second is zero
        bias_hh = w.bias_hh if w.bias_hh is not None else torch.zeros_like(w.bias_ih)
        parameters += [w.bias_ih, bias_hh]
    # the flags are: has biases, number of layers, dropout, training, bidirectional, batch first
    flags = (w.bias_ih is not None, 1, 0.0, torch.is_grad_enabled(), False, True)
    h = [s.unsqueeze(0) for s in state]  # [1, B, H]
    if isinstance(equations, LSTMEquations):
        outputs, h_last, c_last = torch.lstm(x, h, parameters, *flags)
        return outputs, (h_last.squeeze(0), c_last.squeeze(0))
    if isinstance(equations, GRUEquations):
        outputs, h_last = torch.gru(x, h[0], parameters, *flags)
    elif equations.activation == "relu":
        outputs, h_last = torch.rnn_relu(x, h[0], parameters, *flags)
    else:
        outputs, h_last = torch.rnn_tanh(x, h[0], parameters, *flags)
    return outputs, (h_last.squeeze(0),)


def _reference_scan(
    equations: Equations, x: Tensor, state: State, w: Weights, mask: Tensor | None, keep: Tensor | None
) -> tuple[Tensor, State]:
    a = input_part(x, w)  # [B, T, G·H], all steps at once
    outputs: list[Tensor] = []
    output = torch.zeros_like(state[0])
    for t, a_t in enumerate(a.unbind(dim=1)):  # one backward for all steps; slices would have one each, of full size
        new_state = equations.step(a_t, state, w, keep)
        if mask is None:
            state, output = new_state, new_state[0]
        else:
            counts = mask[:, t, None]  # [B, 1]
            output = torch.where(counts, new_state[0], output)
            state = tuple(torch.where(counts, new, old) for new, old in zip(new_state, state, strict=True))
        outputs.append(output)
    return torch.stack(outputs, dim=1), state
