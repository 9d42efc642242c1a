"""A GRU cell against a step calculated by hand."""

import math

import pytest
import torch

from recurra.nn import GRUCell

from .one_step import sigmoid, step_of


def test_a_gru_step_with_reset_before_by_hand():
    cell = step_of(GRUCell, 1, 1, reset_after=False).double()
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor([[0.1], [0.2], [0.3]]))  # r, z, n
        cell.weight_hh.copy_(torch.tensor([[-0.4], [0.5], [0.6]]))
        cell.bias.copy_(torch.tensor([0.07, -0.08, 0.09]))
    x, h = 2.0, -0.7
    r = sigmoid(0.1 * x + 0.07 - 0.4 * h)
    z = sigmoid(0.2 * x - 0.08 + 0.5 * h)
    n = math.tanh(0.3 * x + 0.09 + 0.6 * (r * h))
    (h_t,) = cell(torch.tensor([[x]]).double(), (torch.tensor([[h]]).double(),))
    assert h_t.item() == pytest.approx(z * h + (1 - z) * n, abs=1e-7)
