"""The native backend: compiled kernels for the CPU (csrc/), and the Python that calls them."""

from recurra.nn.backends.native.backend import Native

__all__ = ["Native"]
