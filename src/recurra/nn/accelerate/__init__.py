"""The kernels inside any torch.nn.RNN, GRU or LSTM, in place: the same module, parameters and results."""

from recurra.nn.accelerate.report import Report, accelerate

__all__ = ["Report", "accelerate"]
