"""Recurrent cells: the parameters and the equations of one time step, one file per cell."""

from collections.abc import Callable

from recurra.nn.cells.cell import (
    ACTIVATIONS,
    Cell,
    Gates,
    NormalizedCell,
    Parameters,
    ParameterSpec,
    State,
    recurrent_part,
)
from recurra.nn.cells.gru import GRUCell
from recurra.nn.cells.lstm import LSTMCell
from recurra.nn.cells.mingru import MinGRUCell
from recurra.nn.cells.simple_rnn import SimpleRNNCell
from recurra.settings.network import CellName

CELLS: dict[CellName, Callable[[], Cell]] = {
    "rnn": SimpleRNNCell,
    "gru": GRUCell,
    "lstm": LSTMCell,
    "mingru": MinGRUCell,
}

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "Cell",
    "GRUCell",
    "Gates",
    "LSTMCell",
    "MinGRUCell",
    "NormalizedCell",
    "ParameterSpec",
    "Parameters",
    "SimpleRNNCell",
    "State",
    "recurrent_part",
]
