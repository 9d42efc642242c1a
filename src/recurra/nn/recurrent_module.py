"""A torch module that holds the parameters of a cell: the base of `RecurrentLayer` and `OneStep`."""

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.nn import torch_internals
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
        InputError: a size is less than 1.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = cell
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise InputError(f"{self.kind}: {name} is {size}; it must be at least 1.")
        self.input_size, self.hidden_size = input_size, hidden_size
        self._names: dict[str, tuple[tuple[str, str], ...]] = {}  # suffix → (name in the cell, name in the module)
        self._add_direction("")

    def _add_direction(self, suffix: str) -> None:
        specs = self.cell.parameters(self.input_size, self.hidden_size)
        self._names[suffix] = tuple((name, name + suffix) for name in specs)
        for name, spec in specs.items():
            self.register_parameter(name + suffix, nn.Parameter(torch.empty(spec.shape)))
        with one_thread(), torch.no_grad():  # a decomposition in `orthogonal` would differ in its last bits
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
        """
        if state is None:
            state = (x_t.new_zeros(x_t.shape[0], self.hidden_size),) * len(self.cell.states)
        p: Parameters = self.direction()
        return self.cell.step(self.cell.input_part(x_t, p), state, state[0], p)[0]
