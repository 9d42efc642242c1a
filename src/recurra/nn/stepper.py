"""Run a layer on a stream, one time step per call: weights are packed once, the state is kept between calls."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import check_size, check_tensor, shown
from recurra.nn.backends.backend import Backend, Call
from recurra.nn.backends.native import Native, kernels
from recurra.nn.backends.native.kernels import Weights
from recurra.nn.backends.torch import operator_of
from recurra.nn.cells import Cell, Parameters, State
from recurra.nn.scan import as_backend


class Stepper:
    """Runs a cell on a single sequence, one time step per call, without gradients.

    `RecurrentLayer.stepper()` creates one. The parameters are copied: later changes to the layer have no effect.

    Args:
        cell: the equations of one time step, with their options.
        input_size: number of input features, I.
        hidden_size: number of hidden units, H.
        parameters: the cell's parameters by name.
        backend: "auto" uses the kernels if they support the cell, "native" requires them, and any other backend runs
            the equations of the cell.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: a size is less than 1, the parameters are not those of the cell, or the backend is "native" and the
            kernels do not support the cell.

    Example:
        >>> from recurra.nn import GRU
        >>> stepper = GRU(3, 5).stepper()
        >>> for x_t in torch.zeros(7, 3):
        ...     h_t = stepper(x_t)
        >>> h_t.shape
        torch.Size([5])
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        parameters: Parameters,
        *,
        backend: str | Backend = "auto",
    ) -> None:
        if not isinstance(cell, Cell):
            raise InputTypeError(f"Stepper: cell is {shown(cell)}; expected a Cell, such as GRUCell().")
        self.input_size = check_size("Stepper", "input_size", input_size)
        self.hidden_size = check_size("Stepper", "hidden_size", hidden_size)
        if not isinstance(backend, str) or backend != "auto":
            as_backend(backend)
        expected = {name: spec.shape for name, spec in cell.parameters(self.input_size, self.hidden_size).items()}
        if not isinstance(parameters, Mapping) or any(not isinstance(p, Tensor) for p in parameters.values()):
            raise InputTypeError(f"Stepper: parameters are {shown(parameters)}; expected tensors by name.")
        found = {name: tuple(p.shape) for name, p in parameters.items()}
        if found != expected:
            raise InputError(f"Stepper: parameters have shapes {shown(found)}; expected {shown(expected)}.")
        self._cell = cell
        with torch.inference_mode(False):
            self._set_up(parameters, backend if isinstance(backend, str) else backend.name)

    def _set_up(self, parameters: Parameters, backend: str) -> None:
        cell, p = self._cell, {name: tensor.detach().clone() for name, tensor in parameters.items()}
        self._weights = p
        one = next(iter(p.values()), torch.empty(0))
        self._dtype, self._device = one.dtype, one.device
        self._state = tuple(one.new_zeros(self.hidden_size) for _ in cell.states)
        call = Call(cell, self.hidden_size, p, one.new_empty(1, 1, self.input_size))
        reason = Native().unsupported(call)
        if backend == "native" and reason is not None:
            raise InputError(f'Stepper: backend="native" does not support {reason}; use backend="auto".')
        self._kernel = None
        if backend in {"auto", "native"} and reason is None:
            h, c = self._state if len(self._state) == 2 else (self._state[0], None)
            self._kernel = kernels.new_stepper(operator_of(cell), Weights.of(p), h, c)

    def __call__(self, x_t: Tensor) -> Tensor:
        """Compute one time step.

        Args:
            x_t: the input of this step, [I] or [1, I].

        Returns:
            The output h_t, [H]. The next step overwrites this tensor; clone it to keep it.

        Raises:
            InputError: the size, dtype or device of the input does not match the layer.
        """
        if self._kernel is not None and self._kernel.step(x_t):
            return self._state[0]
        check_tensor("Stepper", "input", x_t)
        fits = x_t.numel() == self.input_size and x_t.dtype is self._dtype and x_t.device == self._device
        if not fits or self._kernel is not None or type(x_t) not in (Tensor, nn.Parameter):
            raise InputError(
                f"Stepper: the input is a {type(x_t).__name__} of {x_t.dtype}, shape {tuple(x_t.shape)}, "
                f"on {x_t.device}; expected {self._dtype} of shape ({self.input_size},), one time step, "
                f"on {self._device}."
            )
        self._step_by_equations(x_t)
        return self._state[0]

    @torch.no_grad()
    def _step_by_equations(self, x_t: Tensor) -> None:
        p = self._weights
        state = tuple(s[None] for s in self._state)
        new_state, _ = self._cell.step(self._cell.input_part(x_t.reshape(1, -1), p), state, state[0], p)
        for own, new in zip(self._state, new_state, strict=True):
            own.copy_(new[0])

    @property
    def state(self) -> State:
        """The current state: copies of h, or of h and c, each [H]."""
        return tuple(s.clone() for s in self._state)

    @state.setter
    def state(self, state: State) -> None:
        if not isinstance(state, tuple | list):
            raise InputTypeError(
                f"Stepper: the state is a {type(state).__name__}; expected {len(self._state)} tensors in a tuple."
            )
        for s in state:
            check_tensor("Stepper", "state", s)
        shapes = shown([tuple(s.shape) for s in state])
        if len(state) != len(self._state) or any(s.numel() != self.hidden_size for s in state):
            raise InputError(
                f"Stepper: the state has shapes {shapes}; expected {len(self._state)} of ({self.hidden_size},)."
            )
        for own, given in zip(self._state, state, strict=True):
            own.copy_(given.detach().reshape(-1))
        if self._kernel is not None:
            self._kernel.read_state()

    def reset(self) -> None:
        """Reset the state to zeros."""
        self.state = tuple(torch.zeros_like(s) for s in self._state)
