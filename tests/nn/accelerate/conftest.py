"""A spy on the kernels, and a model of three torch layers."""

import pytest

from recurra.nn.backends.native import autograd

from .pairs import Model


@pytest.fixture
def scans(monkeypatch):
    """The calls of the native scan, which has no other way than the kernels: whether each is in reverse."""
    calls, true_run = [], autograd.run

    def spy(call, *args):
        calls.append(call.reverse)
        return true_run(call, *args)

    monkeypatch.setattr(autograd, "run", spy)
    return calls


@pytest.fixture
def model():
    return Model()
