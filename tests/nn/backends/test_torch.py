"""The torch backend runs torch's own operators, and leaves what they lack to others."""

import pytest
import torch

from recurra.errors import InputError
from recurra.nn import LSTM

from ..small_calls import EACH_FAST, KEEP, MASK, H, I, T, arguments, run


@EACH_FAST
@pytest.mark.parametrize(
    ("backend", "option"),
    [("auto", {"mask": MASK}), ("auto", {"dropout_mask": KEEP}), ("reference", {})],
    ids=["mask", "dropout", "reference"],
)
def test_torchs_operators_are_left_alone_where_they_cannot(cell, operator, backend, option, called):
    run(cell, backend, *arguments(cell), **option)
    assert called == []


@EACH_FAST
@pytest.mark.parametrize(
    ("option", "reason"),
    [({"mask": MASK}, "masks"), ({"dropout_mask": KEEP}, "recurrent dropout")],
    ids=["mask", "dropout"],
)
def test_insisting_on_torch_for_a_mask_or_dropout_is_an_error(cell, operator, option, reason):
    with pytest.raises(InputError, match=f'backend="torch" does not support {reason}'):
        run(cell, "torch", *arguments(cell), **option)


def test_insisting_on_torch_for_an_empty_batch_is_an_error():
    with pytest.raises(InputError, match='backend="torch" does not support an empty batch'):
        LSTM(I, H, backend="torch")(torch.zeros(0, T, I))


@EACH_FAST
def test_torchs_operator_needs_no_gradient_to_give_the_same(cell, operator):
    x, state, weights = arguments(cell)
    with torch.no_grad():
        found = run(cell, "torch", x, state, weights)
    torch.testing.assert_close(found, run(cell, "torch", x, state, weights), rtol=0, atol=1e-12)
    assert not any(output.requires_grad for output in found)


def test_torchs_operators_are_left_alone_for_an_lstms_gradients_under_torch_compile(called, fresh_compiler):
    layer = LSTM(2, 3).double()
    x = torch.randn(4, 5, 2, dtype=torch.float64)
    expected = torch.autograd.grad(layer(x).sum(), list(layer.parameters()))
    assert called == ["lstm"]
    compiled = torch.compile(layer, backend="aot_eager")
    found = torch.autograd.grad(compiled(x).sum(), list(layer.parameters()))
    torch.testing.assert_close(found, expected)
    assert called == ["lstm"]
