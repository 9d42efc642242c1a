"""Backends, which run a cell over time: compiled kernels, torch's operators, or a loop in Python."""

from recurra.nn.backends.backend import Backend, Call

__all__ = ["Backend", "Call"]
