"""All time steps of one layer in one direction, by the first backend that can do the call and is worth it.

- `native`: compiled kernels for the CPU, in float32;
- `torch`: torch.nn's own recurrent operators, for the cells that they compute exactly as we do;
- `reference`: the equations of the cell in a Python loop, for everything.
"""

from torch import Tensor

from recurra.errors import InputError
from recurra.nn.backends.backend import Backend, Call
from recurra.nn.backends.native import Native
from recurra.nn.backends.reference import Reference
from recurra.nn.backends.torch import TorchOperators
from recurra.nn.cells import State

BACKENDS: list[Backend] = [Native(), TorchOperators(), Reference()]  # asked in this order


def scan(call: Call, backend: str | Backend = "auto") -> tuple[Tensor | None, State]:
    """Run a cell over all time steps of a call.

    Args:
        call: the cell, its parameters and its input.
        backend: "auto", or the backend to insist on: its name or the object.

    Returns:
        The outputs of all steps, [B, T, H] (None or not if they are not wanted), and the state after the last step.

    Raises:
        InputError: the backend is unknown or does not support this call.
    """
    return choose_backend(call, backend).scan(call)


def choose_backend(call: Call, backend: str | Backend = "auto") -> Backend:
    """The backend that `scan` takes for a call; arguments and errors as there."""
    if backend == "auto":
        return _fastest(call)
    chosen = backend_named(backend) if isinstance(backend, str) else backend
    reason = chosen.unsupported(call)
    if reason is not None:
        raise InputError(f'backend="{chosen.name}" cannot do {reason}; backend="auto" finds a way that can.')
    return chosen


def backend_named(name: str) -> Backend:
    """The backend of this name.

    Raises:
        InputError: there is none.
    """
    for backend in BACKENDS:
        if backend.name == name:
            return backend
    raise InputError(f"backend is {name!r}; known are auto, {', '.join(backend.name for backend in BACKENDS)}.")


def _fastest(call: Call) -> Backend:
    """The first backend that supports the call and is worth it, or else the first that supports it."""
    supporting: Backend | None = None
    for backend in BACKENDS:
        if backend.unsupported(call) is None:
            if backend.worth_it(call):
                return backend
            supporting = supporting or backend
    assert supporting is not None, "the reference supports everything"
    return supporting
