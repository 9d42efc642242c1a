"""Run all time steps of a layer in one direction with the fastest backend that supports the call.

- `native`: compiled CPU kernels in float32;
- `torch`: the recurrent operators of torch.nn, for the cells that they compute exactly;
- `reference`: the equations of the cell in a Python loop, for every call.
"""

from torch import Tensor

from recurra.errors import InputError
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
    return choose_backend(call, backend).scan(call)


def choose_backend(call: Call, backend: str | Backend = "auto") -> Backend:
    """Return the backend that `scan` uses for a call; see `scan` for the arguments and errors."""
    if backend == "auto":
        return _fastest(call)
    chosen = backend_named(backend) if isinstance(backend, str) else backend
    reason = chosen.unsupported(call)
    if reason is not None:
        raise InputError(f'backend="{chosen.name}" does not support {reason}; use backend="auto".')
    return chosen


def backend_named(name: str) -> Backend:
    """Return the backend of this name.

    Raises:
        InputError: there is no backend of this name.
    """
    for backend in BACKENDS:
        if backend.name == name:
            return backend
    raise InputError(f"backend is {name!r}; expected one of auto, {', '.join(backend.name for backend in BACKENDS)}.")


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
