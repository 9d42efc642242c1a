"""The recurrent core: mathematics on tensors. It knows nothing of data or training."""

from recurra.nn.accelerate import accelerate
from recurra.nn.cells import GRUCell, LSTMCell, SimpleRNNCell
from recurra.nn.layers import GRU, LSTM, SimpleRNN
from recurra.nn.network import Dense, Embedding, Network, OneHot, build_network
from recurra.nn.weights import from_keras, from_torch, to_keras

__all__ = [
    "GRU",
    "LSTM",
    "Dense",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "Network",
    "OneHot",
    "SimpleRNN",
    "SimpleRNNCell",
    "accelerate",
    "build_network",
    "from_keras",
    "from_torch",
    "to_keras",
]
