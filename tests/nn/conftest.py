import os

import pytest
import torch


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
