"""All time steps of one layer in one direction: chooses the fastest implementation that can do the call.

- `native`: our kernels for the CPU, in float32;
- `torch`: torch.nn's own recurrent operators, for what they compute exactly as we do;
- `reference`: the equations of `cells.py` in a Python loop, for everything.
"""

import torch
from torch import Tensor

from recurra.errors import InputError
from recurra.nn import native, reference
from recurra.nn.cells import Equations, GRUEquations, LSTMEquations, State, Weights

BACKENDS = ("auto", "native", "torch", "reference")


def scan(
    equations: Equations,
    x: Tensor,
    state: State | None,
    w: Weights,
    *,
    mask: Tensor | None = None,
    keep: Tensor | None = None,
    reverse: bool = False,
    sequences: bool = True,
    backend: str = "auto",
) -> tuple[Tensor | None, State]:
    """Run a core over all time steps of `x`, first to last.

    Args:
        equations: which cell, with its options.
        x: inputs, [B, T, I].
        state: the state before the first step, (h,) or (h, c), each [B, H]; zeros if None.
        w: the parameters.
        mask: [B, T], True for steps that count. At the others the state stays, and the output of the step before
            is repeated (zeros before the first step that counts), as in Keras.
        keep: recurrent dropout: a mask [B, H] on the state's way into the gates, the same at all steps.
        reverse: run from the last step to the first. Each step's output stands at its own place all the same.
        sequences: whether the outputs are wanted, or the state after the last step alone.
        backend: "auto", or the one implementation to insist on.

    Returns:
        The outputs of every step [B, T, H] (or None, if they are not wanted) and the state after the last one.

    Raises:
        InputError: the backend is unknown or cannot do this call.
    """
    chosen = choose_backend(equations, x, state, w, mask=mask, keep=keep, backend=backend)
    if chosen == "native":
        return native.scan(equations, x, state, w, mask=mask, reverse=reverse, sequences=sequences)
    if chosen == "torch":
        return _torch_scan(equations, x, state, w, reverse)
    return reference.scan(equations, x, state, w, mask=mask, keep=keep, reverse=reverse)


def choose_backend(
    equations: Equations,
    x: Tensor,
    state: State | None,
    w: Weights,
    *,
    mask: Tensor | None,
    keep: Tensor | None,
    backend: str = "auto",
) -> str:
    """Name the implementation that `scan` takes for this call: "native", "torch" or "reference"."""
    check_backend(backend)
    if backend == "reference":
        return "reference"
    in_native = native.obstacle(equations, x, state, w, keep) if backend != "torch" else None
    if backend == "native":
        if in_native is not None:
            raise InputError(f'backend="native" cannot do {in_native}; backend="auto" finds a way that can.')
        return "native"
    if backend == "auto" and in_native is None:
        H, I = w.weight_hh.shape[1], w.weight_ih.shape[1]
        if not native.is_slower_than_torch(equations, x.shape[0], x.shape[1], I, H):
            return "native"
    in_torch = _torch_obstacle(equations, x, mask, keep)
    if in_torch is None:
        return "torch"
    if backend == "torch":
        raise InputError(f'backend="torch" cannot do {in_torch}; backend="auto" finds a way that can.')
    return "native" if in_native is None else "reference"


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
    if not torch.compiler.is_compiling() and native.transforms_are_active():
        return "transforms of torch.func"
    if isinstance(equations, LSTMEquations) and torch.compiler.is_compiling() and torch.is_grad_enabled():
        return "an LSTM's gradients under torch.compile"  # the compiler cannot trace torch's fused operator
    if isinstance(equations, LSTMEquations) and torch.is_autocast_enabled(x.device.type):
        return "an LSTM under autocast"  # not every processor has torch's operator in that precision
    return native.not_torchs(equations)


def _torch_scan(
    equations: Equations, x: Tensor, state: State | None, w: Weights, reverse: bool
) -> tuple[Tensor, State]:
    if reverse:
        outputs, last = _torch_scan(equations, x.flip(1), state, w, reverse=False)
        return outputs.flip(1), last
    if state is None:
        state = (x.new_zeros(x.shape[0], w.weight_hh.shape[1]),) * equations.states
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
