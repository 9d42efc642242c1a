"""Small random calls of every cell: arguments in float64 and float32, a mask, and gradients."""

import pytest
import torch

from recurra.nn.backends import Call
from recurra.nn.cells import GRUCell, LSTMCell, SimpleRNNCell
from recurra.nn.scan import scan

B, T, I, H = 3, 5, 4, 3
TORCH_OPERATORS = ("rnn_tanh", "rnn_relu", "gru", "lstm")
FAST = {  # what torch has, and the operator that computes it
    "tanh": (SimpleRNNCell(), "rnn_tanh"),
    "relu": (SimpleRNNCell("relu"), "rnn_relu"),
    "gru": (GRUCell(), "gru"),
    "lstm": (LSTMCell(), "lstm"),
}
SLOW = {  # what torch lacks, and how that is named
    "linear": (SimpleRNNCell("linear"), "activation 'linear'"),
    "sigmoid": (SimpleRNNCell("sigmoid"), "activation 'sigmoid'"),
    "gru relu": (GRUCell("relu"), "activation 'relu'"),
    "gru gates": (GRUCell("tanh", "hard_sigmoid"), "recurrent_activation 'hard_sigmoid'"),
    "gru reset before": (GRUCell(reset_after=False), "reset_after=False"),
    "lstm linear": (LSTMCell("linear"), "activation 'linear'"),
    "lstm gates": (LSTMCell("tanh", "tanh"), "recurrent_activation 'tanh'"),
}
EACH_FAST = pytest.mark.parametrize(("cell", "operator"), FAST.values(), ids=FAST)
EACH_SLOW = pytest.mark.parametrize(("cell", "reason"), SLOW.values(), ids=SLOW)
MASK = torch.tensor([[True, False, True, True, False], [False, False, True, True, True], [False] * 5])
KEEP = torch.tensor([[2.0, 0.0, 2.0], [0.0, 0.0, 2.0], [2.0, 2.0, 2.0]], dtype=torch.float64)
BACKENDS = ["native", "torch", "reference"]


def random(*shape):
    return (torch.rand(shape, dtype=torch.float64) - 0.5).requires_grad_()


def arguments(cell, bias=True):
    """Input, state and weights, all random."""
    names = [name for name in cell.parameters(I, H) if bias or not name.startswith("bias")]
    weights = [random(*cell.parameters(I, H)[name].shape) for name in names]
    return random(B, T, I), [random(B, H) for _ in cell.states], weights


def in_float32(x, state, weights):
    """The same leaves as the native backend takes them."""
    return [
        [t.detach().float().requires_grad_() for t in part] if isinstance(part, list) else part.detach().float()
        for part in (x, state, weights)
    ]


def call_of(cell, x, state, weights, **options):
    """The call of a cell with its weights in their order; without biases where there are none."""
    parameters = dict(zip(cell.parameters(I, H), weights, strict=False))
    return Call(cell, weights[1].shape[1], parameters, x, state and tuple(state), **options)


def run(cell, backend, x, state, weights, **options):
    outputs, last = scan(call_of(cell, x, state, weights, **options), backend)
    return outputs, *last


def gradients(outputs, leaves):
    loss = sum((output * torch.linspace(-1, 2, output.numel()).view_as(output)).sum() for output in outputs)
    return torch.autograd.grad(loss, leaves)
