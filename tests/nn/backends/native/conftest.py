"""The number of threads, spies on the kernels, and the memory for tapes."""

import pytest
import torch

from recurra.nn.backends.native import kernels


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def kernel_calls(monkeypatch):
    """The names of the kernels that run, in order: forward, backward."""
    names = []

    def spy_on(name):
        kernel = getattr(kernels.extension, name)

        def spy(*args):
            names.append(name)
            return kernel(*args)

        return spy

    for name in ("forward", "backward"):
        monkeypatch.setattr(kernels.extension, name, spy_on(name))
    return names


@pytest.fixture
def spare(monkeypatch):
    """No tapes kept from before."""
    spare = kernels.Spare()
    monkeypatch.setattr(kernels, "spare", spare)
    return spare
