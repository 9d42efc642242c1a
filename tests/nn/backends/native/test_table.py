"""The table of cells that the kernels give to Python, and the refusal of a kernel that is not in it."""

import pytest
import torch

from recurra.errors import InputError
from recurra.nn.backends.native import kernels

pytestmark = pytest.mark.skipif(kernels.MISSING is not None, reason="the kernels are not installed")


def test_the_table_agrees_with_the_cells_of_the_same_names():
    assert [row.name for row in kernels.extension.cells] == list(kernels.CELLS)
    for row in kernels.extension.cells:
        cell = kernels.CELLS[row.name]
        assert row.gates == max(len(cell.gates), 1)
        assert row.states == cell.states
        assert row.normalized == cell.layer_norm


def test_only_the_gru_has_a_separate_recurrent_bias():
    assert [row.name for row in kernels.extension.cells if row.separate_recurrent_bias] == ["gru", "gru_norm"]


@pytest.mark.parametrize("kernel", [-1, 8])
def test_an_unknown_kernel_is_refused_wherever_it_enters(kernel):
    x, weights, h = torch.zeros(1, 1, 2), torch.zeros(3, 2), torch.zeros(3)
    tensors = (None, x, None, None, weights, torch.zeros(3, 3), *[None] * 6)
    calls = [
        lambda: kernels.extension.tape_stride(kernel, 3),
        lambda: kernels.extension.Stepper(kernel, tensors),
        lambda: kernels.extension.forward(kernel, False, 1, tensors, None, h, None, None),
        lambda: kernels.extension.backward(kernel, False, 1, tensors, h, (None,) * 3, (None,) * 11),
    ]
    for call in calls:
        with pytest.raises(InputError, match=f"there is no kernel {kernel}; they are 0 to 7"):
            call()
