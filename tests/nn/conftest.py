import os

import pytest
import torch

from recurra.nn.backends.native import kernels

from .small_calls import TORCH_OPERATORS


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def keras():
    """Keras itself, the outside judge of our weight files, on torch."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


@pytest.fixture
def fresh_compiler():
    """So that what was compiled before does not count as one version too many of the same function."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.fixture
def called(monkeypatch):
    """The names of torch's recurrent operators and of our kernels, in the order in which they are called."""
    names = []
    kernels_forward = kernels.extension.forward

    def spy_on_kernels(kernel, *rest):
        names.append("native " + kernels.extension.cells[kernel].name)
        return kernels_forward(kernel, *rest)

    monkeypatch.setattr(kernels.extension, "forward", spy_on_kernels)

    def spy_on(name):
        operator = getattr(torch, name)

        def spy(*args):
            names.append(name)
            return operator(*args)

        monkeypatch.setattr(torch, name, spy)

    for name in TORCH_OPERATORS:
        spy_on(name)
    return names
