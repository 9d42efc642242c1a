"""The native backend: compiled CPU kernels (csrc/) and the Python code that calls them."""

from recurra.nn.backends.native.backend import Native

__all__ = ["Native"]
