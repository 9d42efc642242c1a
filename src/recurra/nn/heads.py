"""Heads: how many numbers a network returns for each predicted step, their loss, and what they predict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from recurra.errors import InputTypeError
from recurra.nn.arguments import check_size, shown
from recurra.settings.forecasting import LossName


class HeadForecast(NamedTuple):
    """What a head predicts.

    Attributes:
        point: point forecasts, [B, H].
        quantiles: quantiles by probability, such as 0.9, [B, H] each; empty if the head predicts none.
    """

    point: Tensor
    quantiles: Mapping[float, Tensor] = {}


class Head(Protocol):
    """Describes the output of a network that predicts the next values of series.

    The last layer of the network has H · `width` outputs: `width` numbers for each of the H steps of the horizon.

    Attributes:
        label: name of the loss in plots.
        width: number of outputs per predicted step.
    """

    @property
    def label(self) -> str: ...
    @property
    def width(self) -> int: ...
    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False) -> Tensor:
        """Return the mean loss.

        Args:
            output: output of the network, [B, H · width].
            target: true values, [B, H].
            missing: whether the target is NaN where there is no true value; these steps do not count.
        """
        ...

    def forecast(self, output: Tensor) -> HeadForecast:
        """Return what the output [B, H · width] predicts."""
        ...


@dataclass(frozen=True)
class Point:
    """A head with one number per step: the forecast.

    Args:
        error: a loss of torch, such as `torch.nn.functional.mse_loss`.
        label: name of the loss in plots.

    >>> head = Point(F.l1_loss, "mean absolute error")
    >>> output, target = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.5, torch.nan]])
    >>> head.loss(output, target, missing=True)
    tensor(0.5000)
    """

    error: Callable[..., Tensor]
    label: str
    width: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if not callable(self.error):
            raise InputTypeError(f"Point: error is {shown(self.error)}; expected a function of output and target.")

    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False) -> Tensor:
        if not missing:
            return self.error(output, target)
        known = target.isfinite()
        errors = self.error(output, target.where(known, output.detach()), reduction="none")
        return errors.sum() / known.sum().clamp(min=1)

    def forecast(self, output: Tensor) -> HeadForecast:
        return HeadForecast(output)


HEADS: dict[LossName, Head] = {
    "mse": Point(F.mse_loss, "mean squared error"),
    "mae": Point(F.l1_loss, "mean absolute error"),
    "huber": Point(F.huber_loss, "Huber loss"),
}


class Categorical:
    """A head that predicts the next token: one logit for each token of the vocabulary.

    Args:
        vocabulary_size: number of tokens, V.

    >>> head = Categorical(3)
    >>> head.accuracy(torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]]), torch.tensor([1, 2]))
    tensor(0.5000)
    """

    label = "cross-entropy (nats)"

    def __init__(self, vocabulary_size: int) -> None:
        self.width = check_size("Categorical", "vocabulary_size", vocabulary_size)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean cross-entropy of logits [B, V] or [B, T, V] and tokens [B] or [B, T]."""
        return F.cross_entropy(output.flatten(0, -2), target.flatten())

    def accuracy(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the fraction of tokens that have the largest logit."""
        return (output.argmax(dim=-1) == target).float().mean()

    def probabilities(self, output: Tensor) -> Tensor:
        """Return the probability of each token, [..., V]."""
        return torch.softmax(output, dim=-1)
