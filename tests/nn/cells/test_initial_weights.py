"""Fresh weights are those of Keras: Glorot uniform, orthogonal, zero, and one for the forget gate."""

import pytest
import torch

from recurra.nn import GRU, LSTM

from ..each_layer import EACH_LAYER


@EACH_LAYER
@pytest.mark.parametrize("bidirectional", [False, True])
def test_fresh_weights_are_glorot_orthogonal_and_zero(make, bidirectional):
    layer = make(40, 30, bidirectional=bidirectional)
    for suffix in ("", "_reverse") if bidirectional else ("",):
        w = layer.direction(suffix)
        rows = w["weight_ih"].shape[0]
        bound = (6 / (40 + rows)) ** 0.5
        assert 0.98 * bound < w["weight_ih"].abs().max() <= bound
        torch.testing.assert_close(w["weight_hh"].T @ w["weight_hh"], torch.eye(30), atol=1e-5, rtol=0)
        expected = torch.zeros(rows)
        if make is LSTM:
            expected[30:60] = 1.0
        assert torch.equal(w["bias_ih" if make is GRU else "bias"], expected)
        if make is GRU:
            assert torch.equal(w["bias_hh"], torch.zeros(rows))
    if bidirectional:
        assert not torch.equal(layer.weight_ih, layer.weight_ih_reverse)


def test_the_forget_bias_starts_at_zero_without_unit_forget_bias():
    assert torch.equal(LSTM(2, 3, unit_forget_bias=False).bias, torch.zeros(12))


@EACH_LAYER
def test_without_bias_there_is_none(make):
    assert dict(make(2, 3, bias=False, bidirectional=True).named_parameters()).keys() == {
        "weight_ih",
        "weight_hh",
        "weight_ih_reverse",
        "weight_hh_reverse",
    }
