"""Run a layer on streams, one time step per call: weights are packed once, the state is kept between calls."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError, a_type
from recurra.nn.arguments import check_size, check_tensor, shown
from recurra.nn.backends.backend import Backend, Call
from recurra.nn.backends.native import Native, kernels
from recurra.nn.backends.native.kernels import Weights, kernel_of
from recurra.nn.cells import Cell, Parameters, State
from recurra.nn.scan import as_backend


class Stepper:
    """Runs a cell on one sequence, or on several side by side, one time step per call, without gradients.

    `RecurrentLayer.stepper()` creates one. The parameters are copied: later changes to the layer have no effect.

    Args:
        cell: the equations of one time step, with their options.
        input_size: number of input features, I.
        hidden_size: number of hidden units, H.
        parameters: the cell's parameters by name.
        sequences: number of sequences, N, whose inputs [N, I] are read and whose outputs [N, H] are returned at each
            step; None for a single one of inputs [I] and outputs [H]. What is computed for a sequence does not depend
            on those beside it.
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
        sequences: int | None = None,
        backend: str | Backend = "auto",
    ) -> None:
        if not isinstance(cell, Cell):
            raise InputTypeError(f"Stepper: cell is {shown(cell)}; expected a Cell, such as GRUCell().")
        self.input_size = check_size("Stepper", "input_size", input_size)
        self.hidden_size = check_size("Stepper", "hidden_size", hidden_size)
        self.sequences = None if sequences is None else check_size("Stepper", "sequences", sequences)
        if not isinstance(backend, str) or backend != "auto":
            as_backend(backend)
        expected = {name: spec.shape for name, spec in cell.parameters(self.input_size, self.hidden_size).items()}
        if not isinstance(parameters, Mapping) or any(not isinstance(p, Tensor) for p in parameters.values()):
            raise InputTypeError(f"Stepper: parameters are {shown(parameters)}; expected tensors by name.")
        found = {name: tuple(p.shape) for name, p in parameters.items()}
        if found != expected:
            raise InputError(f"Stepper: parameters have shapes {shown(found)}; expected {shown(expected)}.")
        self._cell = cell
        self._backend = backend if isinstance(backend, str) else backend.name
        with torch.inference_mode(False):
            self._set_up(parameters)  # checks them before they are copied
            self._weights = {name: tensor.detach().clone() for name, tensor in parameters.items()}

    def _set_up(self, parameters: Parameters) -> None:
        """Create what copies and pickles do not hold: the kernel, a state of zeros and memory for the output."""
        one = next(iter(parameters.values()), torch.empty(0)).detach()
        self._dtype, self._device = one.dtype, one.device
        call = Call(self._cell, self.hidden_size, parameters, one.new_empty(1, 1, self.input_size))
        reason = Native().unsupported(call)
        if self._backend == "native" and reason is not None:
            raise InputError(f'Stepper: backend="native" does not support {reason}; use backend="auto".')
        self._kernel = None
        if self._backend in {"auto", "native"} and reason is None:
            self._kernel = kernels.new_stepper(kernel_of(self._cell), Weights.of(parameters), self.sequences or 1)
        self._output = self._memory()
        self._own_state: State = ()  # unused with a kernel, which has its own
        self.reset()

    def _shape(self, size: int) -> tuple[int, ...]:
        return (size,) if self.sequences is None else (self.sequences, size)

    def _fits(self, tensor: Tensor, expected: tuple[int, ...]) -> bool:
        """Return whether a tensor has an expected shape; one sequence may have any dimensions of size 1 besides."""
        return tensor.numel() == expected[0] if self.sequences is None else tensor.shape == expected

    def _memory(self) -> Tensor:
        return torch.empty(self._shape(self.hidden_size), dtype=self._dtype, device=self._device)

    def __call__(self, x_t: Tensor) -> Tensor:
        """Compute one time step.

        Args:
            x_t: the input of this step, [I] or [1, I]; of several sequences [N, I].

        Returns:
            The output h_t, [H] or [N, H]. The next step may overwrite this tensor; clone it to keep it. Writing to it
            does not change the state.

        Raises:
            InputError: the size, dtype or device of the input does not match the layer.
        """
        kernel, output = self._kernel, self._output
        if kernel is not None and self.sequences is None and kernel.step(x_t, output):
            return output
        check_tensor("Stepper", "input", x_t)
        expected = self._shape(self.input_size)
        fits = self._fits(x_t, expected) and x_t.dtype is self._dtype and x_t.device == self._device
        if fits and type(x_t) in {Tensor, nn.Parameter}:
            if kernel is None:
                return self._step_by_equations(x_t)
            if kernel.step(x_t, output):
                return output
            with torch.inference_mode(False):
                self._output = self._memory()  # that of the last output may have been resized or freed
            if kernel.step(x_t, self._output):
                return self._output
        raise InputError(
            f"Stepper: the input is {a_type(x_t)} of {x_t.dtype}, shape {tuple(x_t.shape)}, "
            f"on {x_t.device}; expected {self._dtype} of shape {expected}, one time step, "
            f"on {self._device}."
        )

    @torch.no_grad()
    def _step_by_equations(self, x_t: Tensor) -> Tensor:
        p, found = self._weights, []
        states = [s.view(-1, 1, self.hidden_size) for s in self._own_state]
        for x, *state in zip(x_t.reshape(-1, 1, self.input_size), *states, strict=True):  # one sequence, rounded alone
            found.append(self._cell.step(self._cell.input_part(x, p), tuple(state), state[0], p)[0])
        self._own_state = tuple(torch.cat(s).reshape(self._shape(self.hidden_size)) for s in zip(*found, strict=True))
        return self._own_state[0].clone()

    @property
    def state(self) -> State:
        """The current state: copies of h, or of h and c, each [H] or [N, H]."""
        if self._kernel is None:
            return tuple(s.clone() for s in self._own_state)
        state = tuple(self._memory() for _ in self._cell.states)
        self._kernel.read_state(state[0], state[1] if len(state) == 2 else None)
        return state

    @state.setter
    def state(self, state: State) -> None:
        count = len(self._cell.states)
        if not isinstance(state, tuple | list):
            raise InputTypeError(
                f"Stepper: the state is {a_type(state)}; expected a tuple with a tensor for each state."
            )
        for s in state:
            check_tensor("Stepper", "state", s)
        expected = self._shape(self.hidden_size)
        if len(state) != count or not all(self._fits(s, expected) for s in state):
            shapes = shown([tuple(s.shape) for s in state])
            raise InputError(f"Stepper: the state has shapes {shapes}; expected {count} of {expected}.")
        given = [s.detach().to(self._device, self._dtype).reshape(expected).contiguous() for s in state]
        if self._kernel is None:
            self._own_state = tuple(s.clone() for s in given)
        else:
            self._kernel.write_state(given[0], given[1] if count == 2 else None)

    def reset(self) -> None:
        """Reset the state to zeros."""
        if self._kernel is None:
            self._own_state = tuple(self._memory().zero_() for _ in self._cell.states)
        else:
            self._kernel.write_state(None, None)

    def __getstate__(self) -> dict[str, Any]:
        made_again = {"_kernel", "_output", "_own_state", "_dtype", "_device"}
        return {name: value for name, value in vars(self).items() if name not in made_again} | {"state": self.state}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        state = attributes.pop("state")
        vars(self).update(attributes)
        with torch.inference_mode(False):
            self._set_up(self._weights)
            self.state = state
