"""Heads: the losses are torch's, missing targets do not count, and a head may predict several numbers a step."""

import pytest
import torch
from torch.nn import functional as F

from recurra.nn.heads import HEADS, Categorical

OUTPUT = torch.tensor([[0.5, 2.0, -1.0], [4.0, 0.0, 1.0]])
TARGET = torch.tensor([[1.0, 2.5, -3.0], [1.0, 0.25, 1.0]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # errors -0.5, -0.5, 2, 3, -0.25, 0 by hand
        ("mse", (0.25 + 0.25 + 4 + 9 + 0.0625 + 0) / 6),
        ("mae", (0.5 + 0.5 + 2 + 3 + 0.25 + 0) / 6),
        ("huber", (0.125 + 0.125 + 1.5 + 2.5 + 0.03125 + 0) / 6),
    ],
)
def test_the_losses_are_those_of_the_hand_calculation(name, expected):
    head = HEADS[name]
    assert head.width == 1
    assert head.loss(OUTPUT, TARGET).item() == pytest.approx(expected)
    assert head.loss(OUTPUT, TARGET, missing=True).item() == pytest.approx(expected)
    assert torch.equal(head.forecast(OUTPUT).point, OUTPUT)
    assert not head.forecast(OUTPUT).quantiles


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_missing_target_counts_neither_in_the_loss_nor_in_the_gradient(head):
    known = torch.tensor([[True, False, True], [False, True, True]])
    output = OUTPUT.clone().requires_grad_()
    loss = head.loss(output, TARGET.where(known, torch.nan), missing=True)
    torch.testing.assert_close(loss, head.loss(OUTPUT[known], TARGET[known]))
    loss.backward()
    assert torch.equal(output.grad == 0, ~known | (OUTPUT == TARGET))
    nothing = head.loss(output, torch.full_like(TARGET, torch.nan), missing=True)
    assert nothing.item() == 0.0


def test_the_categorical_head_is_torchs_cross_entropy_over_all_steps():
    head, logits = Categorical(4), torch.randn(3, 5, 4)
    tokens = torch.randint(0, 4, (3, 5))
    expected = torch.stack([F.cross_entropy(logits[:, t], tokens[:, t]) for t in range(5)]).mean()
    torch.testing.assert_close(head.loss(logits, tokens), expected)
    assert head.accuracy(logits, logits.argmax(dim=-1)) == 1.0
    assert head.accuracy(logits, logits.argmin(dim=-1)) == 0.0
    torch.testing.assert_close(head.probabilities(logits).log(), logits.log_softmax(dim=-1))
    assert head.width == 4
