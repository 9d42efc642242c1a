"""Run all time steps of a layer in one direction with the fastest backend that supports the call.

- `native`: compiled CPU kernels in float32;
- `torch`: the recurrent operators of torch.nn, for the cells that they compute exactly;
- `reference`: the equations of the cell in a Python loop, for every call.
"""

from torch import Tensor
from torch.nn import functional as F

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import shown
from recurra.nn.backends.backend import Backend, Call
from recurra.nn.backends.native import Native
from recurra.nn.backends.reference import Reference
from recurra.nn.backends.torch import TorchOperators
from recurra.nn.cells import State

BACKENDS: list[Backend] = [Native(), TorchOperators(), Reference()]  # in order of preference


def scan(call: Call, backend: str | Backend = "auto") -> tuple[Tensor | None, State]:
    """Run a cell over all time steps of a call.

    Args:
        call: the cell, its parameters and its input.
        backend: "auto" for the fastest backend that supports the call, or the name or object of a backend.

    Returns:
        The outputs of all steps, [B, T, H], and the state after the last step, each [B, H]. Without `call.sequences`
        the outputs may be None.

    Raises:
        InputError: the backend is unknown or does not support this call.
    """
    chosen = choose_backend(call, backend)
    if call.output_dropout == 0.0 or (isinstance(chosen, Native) and chosen.can_drop(call)):
        return chosen.scan(call)
    outputs, last = chosen.scan(call._replace(output_dropout=0.0))
    return None if outputs is None else F.dropout(outputs, call.output_dropout), last


def choose_backend(call: Call, backend: str | Backend = "auto") -> Backend:
    """Return the backend that `scan` uses for a call; see `scan` for the arguments and errors."""
    if backend == "auto":
        return _fastest(call)
    chosen = as_backend(backend)
    reason = chosen.unsupported(call)
    if reason is not None:
        raise InputError(f'backend="{chosen.name}" does not support {reason}; use backend="auto".')
    return chosen


def as_backend(given: str | Backend) -> Backend:
    """Return a backend object, or the backend of a name.

    Raises:
        InputTypeError: it is neither a str nor a backend object.
        InputError: there is no backend of this name.
    """
    if not isinstance(given, str):
        if not all(hasattr(given, name) for name in ("name", "unsupported", "worth_it", "scan")):
            raise InputTypeError(f"backend is {shown(given)}; expected a name or a `Backend` object.")
        return given
    for backend in BACKENDS:
        if backend.name == given:
            return backend
    raise InputError(
        f"backend is {shown(given)}; expected one of auto, {', '.join(backend.name for backend in BACKENDS)}."
    )


def _fastest(call: Call) -> Backend:
    """Return the first backend that supports the call and is worth it, or else the first that supports it."""
    supporting: Backend | None = None
    for backend in BACKENDS:
        if backend.unsupported(call) is None:
            if backend.worth_it(call):
                return backend
            supporting = supporting or backend
    assert supporting is not None, "the reference supports every call"
    return supporting
