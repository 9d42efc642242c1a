"""Run torch.nn.RNN, GRU and LSTM on the kernels, in place: same modules, parameters and results."""

from recurra.nn.accelerate.report import Report, accelerate

__all__ = ["Report", "accelerate"]
