"""The interface between layers and backends: a call, and what a backend does with it."""

from typing import NamedTuple, Protocol

from torch import Tensor

from recurra.nn.cells import Cell, Parameters, State


class Call(NamedTuple):
    """One cell run over all time steps of a batch, in one direction.

    Attributes:
        cell: the equations of one time step, with their options.
        hidden_size: number of hidden units, H.
        parameters: the cell's parameters by name.
        x: inputs, [B, T, I].
        state: the state before the first step, each [B, H]; zeros if None.
        mask: [B, T], True at unmasked steps. A masked step leaves the state unchanged and repeats the previous output
            (zeros before the first unmasked step), as in Keras.
        dropout_mask: recurrent dropout mask, [B, H]: factors for h where the gates read it, the same at all steps.
        reverse: whether to run from the last step to the first. The outputs are in the order of the input either way.
        sequences: whether to return the outputs of all steps, or only the state after the last one.
        output_dropout: fraction of the outputs of the steps to drop; states stay whole. Only the native backend is
            asked for it; after the others `scan` does it.
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
    output_dropout: float = 0.0

    def initial_state(self) -> State:
        """Return the state before the first step; zeros if `state` is None."""
        if self.state is not None:
            return self.state
        return (self.x.new_zeros(self.x.shape[0], self.hidden_size),) * len(self.cell.states)


class Backend(Protocol):
    """Runs cells over time.

    Of the backends in order of preference, the first that supports a call and is worth it runs the call.

    Attributes:
        name: the name of the backend in the `backend` option of a layer.
    """

    name: str

    def unsupported(self, call: Call) -> str | None:
        """Return what the backend does not support in this call, such as "masks"; None if it supports the call."""

    def worth_it(self, call: Call) -> bool:
        """Whether the backend is expected to be faster than those after it for a call that it supports."""

    def scan(self, call: Call) -> tuple[Tensor | None, State]:
        """Run a call that the backend supports.

        Returns:
            The outputs of all steps, [B, T, H], and the state after the last step, each [B, H]. Without
            `call.sequences` the outputs may be None.
        """
