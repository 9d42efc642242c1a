"""The recurrent core: cells, layers and networks on tensors, independent of data and training."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recurra.nn.accelerate import accelerate
from recurra.nn.cells import Cell, GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell
from recurra.nn.dense import Dense
from recurra.nn.encoders import Embedding, OneHot
from recurra.nn.future_effect import FutureEffect
from recurra.nn.layers import GRU, LSTM, RecurrentLayer, SimpleRNN
from recurra.nn.network import Network, build_network
from recurra.nn.recurrent_module import OneStep
from recurra.nn.trace import Trace, trace
from recurra.nn.variational_dropout import VariationalDropout

if TYPE_CHECKING:
    from recurra.nn.interchange.keras_weights import from_keras, to_keras
    from recurra.nn.interchange.torch_layers import from_torch

__all__ = [
    "GRU",
    "LSTM",
    "Cell",
    "Dense",
    "Embedding",
    "FutureEffect",
    "GRUCell",
    "LSTMCell",
    "MinGRUCell",
    "Network",
    "OneHot",
    "OneStep",
    "RecurrentLayer",
    "SimpleRNN",
    "SimpleRNNCell",
    "Trace",
    "VariationalDropout",
    "accelerate",
    "build_network",
    "from_keras",
    "from_torch",
    "to_keras",
    "trace",
]

_LAZY = {"from_keras": "keras_weights", "to_keras": "keras_weights", "from_torch": "torch_layers"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"recurra.nn.interchange.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
