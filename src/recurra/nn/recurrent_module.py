"""A torch module that holds the parameters of a cell: the base of `RecurrentLayer` and `OneStep`."""

from typing import Any

import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError
from recurra.nn import torch_internals
from recurra.nn.arguments import allocate, check_device, check_memory, check_size, check_tensor, is_cast, shown
from recurra.nn.cells import Cell, Parameters, State
from recurra.threads import one_thread


class RecurrentModule(nn.Module):
    """Holds the parameters that a cell declares, for one direction or two.

    Parameters have the names that the cell gives them; those of the second direction end in `_reverse`.

    Args:
        cell: the equations of one time step, with their options.
        input_size: number of input features, I.
        hidden_size: number of hidden units, H.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: a size is less than 1, or the parameters do not fit into memory.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        if not isinstance(cell, Cell):
            raise InputTypeError(f"{type(self).__name__}: cell is {shown(cell)}; expected a Cell, such as GRUCell().")
        self.cell = cell
        self.input_size = check_size(self.kind, "input_size", input_size)
        self.hidden_size = check_size(self.kind, "hidden_size", hidden_size)
        self._names: dict[str, tuple[tuple[str, str], ...]] = {}  # suffix → (name in the cell, name in the module)
        self._add_direction("")

    def _add_direction(self, suffix: str) -> None:
        specs = self.cell.parameters(self.input_size, self.hidden_size)
        shapes = [spec.shape for spec in specs.values()]
        check_memory(self.kind, f"the parameters for {self.input_size} features and {self.hidden_size} units", *shapes)
        self._names[suffix] = tuple((name, name + suffix) for name in specs)
        for name, spec in specs.items():
            self.register_parameter(name + suffix, nn.Parameter(allocate(self.kind, spec.shape)))
        with one_thread(brief=True), torch.no_grad():  # a decomposition in `orthogonal` would differ in its last bits
            for name, spec in specs.items():
                spec.initialize(self.get_parameter(name + suffix))

    def direction(self, suffix: str = "") -> dict[str, Tensor]:
        """Return the parameters of one direction by their names in the cell.

        Args:
            suffix: "" for the first direction, "_reverse" for the second.
        """
        registered, names = torch_internals.parameters_of(self), self._names[suffix]
        try:
            return {name: registered[own] for name, own in names}  # type: ignore[misc]
        except KeyError:
            return {name: getattr(self, own) for name, own in names}

    def _check_kind(self, x: Tensor) -> None:
        """Check that an input has the dtype and device of the parameters."""
        # not looked up by a weight's name: a parametrized weight is computed at each access
        parameter = next(iter(torch_internals.parameters_of(self).values()), None)
        parameter = next(self.parameters(), None) if parameter is None else parameter
        if parameter is None:
            return
        if not (x.is_cpu and parameter.is_cpu):
            check_device(self.kind, "input", x, "parameters", parameter)
        if x.dtype != parameter.dtype and not is_cast(x):
            raise InputError(
                f"{self.kind}: the input is {x.dtype}, the parameters are {parameter.dtype}; "
                "convert one with .to(dtype)."
            )

    def _checked_state(self, x: Tensor, given: Any, count: int) -> State:
        """Return a given state as a tuple, if it has `count` tensors [B, H] of the dtype and device of the input."""
        if not isinstance(given, Tensor | tuple | list):
            raise InputTypeError(
                f"{self.kind}: the state is {shown(given)}; expected a tuple with a tensor for each state."
            )
        state = (given,) if isinstance(given, Tensor) else tuple(given)
        for s in state:
            check_tensor(self.kind, "state", s)
        shape = (x.shape[0], self.hidden_size)
        if len(state) != count or any(s.shape != shape for s in state):
            raise InputError(
                f"{self.kind}: initial_state has shapes {shown([tuple(s.shape) for s in state])}; "
                f"expected {count} of shape {shape} (batch, units)."
            )
        if any(s.dtype != x.dtype for s in state):
            raise InputError(f"{self.kind}: initial_state is {[s.dtype for s in state]}, the input is {x.dtype}.")
        for s in state:
            check_device(self.kind, "initial state", s, "input", x)
        return state

    @property
    def kind(self) -> str:
        """The name of the cell in summaries and messages, such as "GRU"."""
        return self.cell.title

    def extra_repr(self) -> str:
        sizes = f"{self.input_size}, {self.hidden_size}"
        return sizes if self.kind == type(self).__name__ else f"{self.kind}, {sizes}"


class OneStep(RecurrentModule):
    """One time step of a cell as a torch module.

    Args:
        cell: the equations of one time step, with their options.
        input_size: number of input features, I.
        hidden_size: number of hidden units, H.

    Example:
        >>> from recurra.nn.cells import GRUCell
        >>> step = OneStep(GRUCell(), input_size=3, hidden_size=5)
        >>> (h,) = step(torch.zeros(2, 3))
        >>> h.shape
        torch.Size([2, 5])
    """

    def forward(self, x_t: Tensor, state: State | None = None) -> State:
        """Compute one time step.

        Args:
            x_t: the input of this step, [B, I].
            state: the previous state, (h,) or (h, c), each [B, H]; zeros if None.

        Returns:
            The new state, (h_t,) or (h_t, c_t), each [B, H]; h_t is also the output.

        Raises:
            InputError: a type, shape, dtype or device does not match the cell.
        """
        p: Parameters = self.direction()
        check_tensor(self.kind, "input", x_t)
        if x_t.dim() != 2 or x_t.shape[1] != self.input_size:
            raise InputError(
                f"{self.kind}: the input has shape {tuple(x_t.shape)}; "
                f"expected (batch, features) with {self.input_size} features."
            )
        self._check_kind(x_t)
        if state is None:
            state = (x_t.new_zeros(x_t.shape[0], self.hidden_size),) * len(self.cell.states)
        else:
            state = self._checked_state(x_t, state, len(self.cell.states))
        return self.cell.step(self.cell.input_part(x_t, p), state, state[0], p)[0]
