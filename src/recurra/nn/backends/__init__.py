"""What runs a cell over time: kernels, torch's operators, or a loop in Python; each a backend of the same interface."""

from recurra.nn.backends.backend import Backend, Call

__all__ = ["Backend", "Call"]
