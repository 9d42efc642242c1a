"""The table of cells that the kernels give to Python, and the refusal of a kernel that is not in it."""

import pytest
import torch

from recurra.errors import InputError
from recurra.nn.backends.native import kernels
from recurra.nn.backends.torch import OPERATORS

pytestmark = pytest.mark.skipif(kernels.MISSING is not None, reason="the kernels are not installed")


def test_the_table_agrees_with_the_cells_that_torchs_operators_of_the_same_names_compute():
    assert [row.name for row in kernels.extension.cells] == list(OPERATORS)
    for row in kernels.extension.cells:
        cell = OPERATORS[row.name]
        assert row.gates == max(len(cell.gates), 1)
        assert row.states == cell.states


def test_only_the_gru_has_a_separate_recurrent_bias():
    assert [row.name for row in kernels.extension.cells if row.separate_recurrent_bias] == ["gru"]


@pytest.mark.parametrize("kernel", [-1, 4])
def test_an_unknown_kernel_is_refused_wherever_it_enters(kernel):
    x, weights, h = torch.zeros(1, 1, 2), torch.zeros(3, 2), torch.zeros(3)
    tensors = (None, x, None, None, weights, torch.zeros(3, 3), None, None)
    calls = [
        lambda: kernels.extension.tape_stride(kernel, 3),
        lambda: kernels.extension.Stepper(kernel, tensors),
        lambda: kernels.extension.forward(kernel, False, 1, tensors, None, h, None, None),
        lambda: kernels.extension.backward(kernel, False, 1, tensors, h, (None,) * 3, (None,) * 7),
    ]
    for call in calls:
        with pytest.raises(InputError, match=f"there is no kernel {kernel}; they are 0 to 3"):
            call()
