"""The seam between layers and whatever runs a cell over time: one call, and what a backend says about it."""

from typing import NamedTuple, Protocol

from torch import Tensor

from recurra.nn.cells import Cell, Parameters, State


class Call(NamedTuple):
    """One cell run over all time steps of a batch, in one direction.

    Attributes:
        cell: the equations, with their options.
        hidden_size: number of hidden units, H.
        parameters: the cell's parameters by name.
        x: inputs, [B, T, I].
        state: the state before the first step, each [B, H]; zeros if None.
        mask: [B, T], True for the steps to process. At the others the state is carried over, and the output of the step
            before is repeated (zeros before the first processed step), as in Keras.
        dropout_mask: recurrent dropout: factors [B, H] for h on its way into the gates, the same at all steps.
        reverse: whether to run from the last step to the first. The output of each step stands at its own place
            all the same.
        sequences: whether the outputs of all steps are wanted, or only the state after the last one.
    """

    cell: Cell
    hidden_size: int
    parameters: Parameters
    x: Tensor
    state: State | None = None
    mask: Tensor | None = None
    dropout_mask: Tensor | None = None
    reverse: bool = False
    sequences: bool = True

    def initial_state(self) -> State:
        """The state before the first step, zeros if none is given."""
        if self.state is not None:
            return self.state
        return (self.x.new_zeros(self.x.shape[0], self.hidden_size),) * len(self.cell.states)


class Backend(Protocol):
    """Runs cells over time. Backends are asked in order; the first that can do a call, and is worth it, does it.

    Attributes:
        name: the name by which a layer's `backend` option asks for it.
    """

    name: str

    def unsupported(self, call: Call) -> str | None:
        """Name what of this call the backend does not support; None if it can do all of it."""

    def worth_it(self, call: Call) -> bool:
        """Whether the backend is expected to be faster than those after it, for a call that it supports."""

    def scan(self, call: Call) -> tuple[Tensor | None, State]:
        """Run a call that the backend supports.

        Returns:
            The outputs of all steps, [B, T, H], and the state after the last step, each [B, H]. The outputs may be None
            if they are not wanted.
        """
