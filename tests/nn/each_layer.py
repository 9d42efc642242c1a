"""The three recurrent layers by name, and random weights for them."""

import pytest
import torch

from recurra.nn import GRU, LSTM, SimpleRNN

LAYERS = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
EACH_LAYER = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def random_like(layer):
    """Fill a layer with random weights and biases: fresh ones have zero biases, which hide faults."""
    with torch.no_grad():
        for p in layer.parameters():
            p.uniform_(-0.6, 0.6)
    return layer
