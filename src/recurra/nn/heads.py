"""Heads: how many numbers a network returns for each predicted step, their loss, and what they predict."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import check_size, shown
from recurra.settings.forecasting import LossName

PROBABILITIES = 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975  # the ends of intervals of 50, 80, 90 and 95 %
LEAST_SPREAD = 1e-6  # of a distribution, in units of the output: no density becomes infinite


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
        bias: initial bias of these outputs: what the network predicts while its weights are zero.
        probabilities: those of the predicted quantiles, in ascending order; empty if the head predicts none.
    """

    @property
    def label(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def bias(self) -> Sequence[float]: ...
    @property
    def probabilities(self) -> Sequence[float]: ...
    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False, scale: Tensor | None = None) -> Tensor:
        """Return the mean loss.

        Args:
            output: output of the network, [B, H · width].
            target: true values, [B, H].
            missing: whether the target is NaN where there is no true value; these steps do not count.
            scale: what the true values in units of the table were divided by, [B, 1]; None: by 1.
        """
        ...

    def forecast(self, output: Tensor, scale: Tensor | None = None) -> HeadForecast:
        """Return what the output [B, H · width] predicts; see `loss` for the scale."""
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
    bias: tuple[float, ...] = field(default=(0.0,), init=False)
    probabilities: tuple[float, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if not callable(self.error):
            raise InputTypeError(f"Point: error is {shown(self.error)}; expected a function of output and target.")

    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False, scale: Tensor | None = None) -> Tensor:
        if not missing:
            return self.error(output, target)
        known = target.isfinite()
        errors = self.error(output, target.where(known, output.detach()), reduction="none")
        return errors.sum() / known.sum().clamp(min=1)

    def forecast(self, output: Tensor, scale: Tensor | None = None) -> HeadForecast:
        return HeadForecast(output)


def _mean(losses_of: Callable[[Tensor], Tensor], target: Tensor, *, missing: bool) -> Tensor:
    """Return the mean of the losses [B, H] of a target [B, H], over the steps that are not missing."""
    if not missing:
        return losses_of(target).mean()
    known = target.isfinite()
    losses = losses_of(target.where(known, 0.0)).where(known, 0.0)
    return losses.sum() / known.sum().clamp(min=1)


def _by_step(output: Tensor, width: int) -> Tensor:
    return output.reshape(*output.shape[:-1], -1, width)


def _inverse_softplus(value: float) -> float:
    return math.log(math.expm1(value))


MEDIAN_WEIGHT = 4.0  # in the loss, against 1 of each other quantile


class Quantiles:
    """A head that predicts several quantiles, which never cross.

    It returns the median, and on either side of it the distances from each quantile to the next, as
    softplus(output) ≥ 0. The loss is the pinball loss (Koenker & Bassett 1978), its weighted mean over the quantiles:
    the median counts MEDIAN_WEIGHT times as much as each other one, so that the point forecast is as good as that of a
    network which learns nothing else.

    Args:
        probabilities: those of the quantiles, in ascending order; 0.5, whose quantile is the point forecast, is one.

    Raises:
        InputError: if the probabilities are not as expected.

    >>> head = Quantiles((0.1, 0.5, 0.9))
    >>> output = torch.tensor([[0.0, 5.0, 0.0]])
    >>> {probability: round(value.item(), 2) for probability, value in head.forecast(output).quantiles.items()}
    {0.1: 4.31, 0.5: 5.0, 0.9: 5.69}
    """

    label = "pinball loss"

    def __init__(self, probabilities: Sequence[float] = PROBABILITIES) -> None:
        self.probabilities = tuple(probabilities)
        ascending = sorted(set(self.probabilities)) == list(self.probabilities)
        if 0.5 not in self.probabilities or not ascending or not 0 < min(probabilities) <= max(probabilities) < 1:
            raise InputError(
                f"Quantiles: probabilities are {shown(self.probabilities)}; expected numbers between 0 and 1 in "
                "ascending order, 0.5 among them."
            )
        self.width, self.median = len(self.probabilities), self.probabilities.index(0.5)
        self.bias = self._normal()
        place = torch.arange(self.width)
        self._is_median = place == self.median
        weights = torch.where(self._is_median, MEDIAN_WEIGHT, 1.0)
        self._weights = weights / weights.sum()
        above = (place[:, None] > self.median) & (place[:, None] <= place)
        below = (place[:, None] < self.median) & (place[:, None] >= place)
        self._sums = self._is_median[:, None] + above.float() - below.float()  # of the outputs: the quantiles, [K, K]

    def _normal(self) -> tuple[float, ...]:
        """Return the outputs that mean the standard normal distribution."""
        z = torch.special.ndtri(torch.tensor(self.probabilities, dtype=torch.float64))
        steps = [_inverse_softplus(step) for step in z.diff().tolist()]
        return *steps[: self.median], 0.0, *steps[self.median :]

    def quantiles(self, output: Tensor) -> Tensor:
        """Return the quantiles [B, H, width] that the output [B, H · width] means."""
        parts = _by_step(output, self.width)
        return F.softplus(parts).where(~self._is_median.to(output.device), parts) @ self._sums.to(output)

    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False, scale: Tensor | None = None) -> Tensor:
        quantiles, p = self.quantiles(output), output.new_tensor(self.probabilities)

        def pinball(target: Tensor) -> Tensor:
            error = target[..., None] - quantiles
            return (error * (p - (error < 0.0).to(p))) @ self._weights.to(error)

        return _mean(pinball, target, missing=missing)

    def forecast(self, output: Tensor, scale: Tensor | None = None) -> HeadForecast:
        ordered = accumulate(self.quantiles(output).unbind(dim=-1), torch.maximum)  # sums may cross by rounding
        found = dict(zip(self.probabilities, ordered, strict=True))
        return HeadForecast(found[0.5], found)


class StudentT:
    """A head that predicts Student's t distribution: its loc, its scale and its degrees of freedom, above 2.

    The loss is the negative log-likelihood; the point forecast is the loc, which is mean and median. Heavy tails, as
    those of shares are, do not pull at it.

    Args:
        probabilities: those of the predicted quantiles, in ascending order.
    """

    label = "negative log-likelihood of Student's t"
    width = 3
    bias = 0.0, _inverse_softplus(math.sqrt(0.6)), _inverse_softplus(3.0)  # 5 degrees of freedom, variance 1

    def __init__(self, probabilities: Sequence[float] = PROBABILITIES) -> None:
        self.probabilities = tuple(probabilities)

    def parameters(self, output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return loc, scale and degrees of freedom, [B, H] each, that the output [B, H · 3] means."""
        loc, scale, df = _by_step(output, 3).unbind(dim=-1)
        return loc, F.softplus(scale) + LEAST_SPREAD, 2.0 + F.softplus(df)

    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False, scale: Tensor | None = None) -> Tensor:
        loc, spread, df = self.parameters(output)
        half = 0.5 * (df + 1.0)
        constant = torch.lgamma(0.5 * df) - torch.lgamma(half) + 0.5 * (math.pi * df).log() + spread.log()
        return _mean(lambda y: constant + half * (((y - loc) / spread).square() / df).log1p(), target, missing=missing)

    def forecast(self, output: Tensor, scale: Tensor | None = None) -> HeadForecast:
        from scipy.special import stdtrit

        loc, spread, df = (parameter.double() for parameter in self.parameters(output))
        degrees = df.cpu().numpy()
        standard = {p: torch.from_numpy(stdtrit(degrees, p)).to(loc.device) for p in self.probabilities}
        return HeadForecast(loc.to(output.dtype), {p: loc + spread * t for p, t in standard.items()})


class NegativeBinomial:
    """A head that predicts counts by the negative binomial distribution, as DeepAR (Salinas et al. 2020) does.

    Its mean is ν · softplus(first output), where ν is the scale by which the counts of a window were divided, and its
    variance mean + α · mean² with α = softplus(second output) / √ν. The loss is the negative log-likelihood of the
    counts themselves; the point forecast is the mean, and the quantiles are counts. All are divided by ν again.

    Args:
        probabilities: those of the predicted quantiles, in ascending order.
    """

    label = "negative log-likelihood of the negative binomial"
    width = 2
    bias = _inverse_softplus(1.0), _inverse_softplus(0.5)  # a mean of ν

    def __init__(self, probabilities: Sequence[float] = PROBABILITIES) -> None:
        self.probabilities = tuple(probabilities)

    def parameters(self, output: Tensor, scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return mean and dispersion α, [B, H] each, that the output [B, H · 2] means; differences need 64 bits."""
        mean, dispersion = (F.softplus(_by_step(output.double(), 2)) + LEAST_SPREAD).unbind(dim=-1)
        return (mean, dispersion) if scale is None else (mean * scale, dispersion / scale.sqrt())

    def loss(self, output: Tensor, target: Tensor, *, missing: bool = False, scale: Tensor | None = None) -> Tensor:
        mean, dispersion = self.parameters(output, scale)
        n, odds = 1.0 / dispersion, dispersion * mean

        def negative_log_likelihood(target: Tensor) -> Tensor:
            count = (target if scale is None else target * scale).double()
            ways = torch.lgamma(count + n) - torch.lgamma(n) - torch.lgamma(count + 1.0)
            return n * odds.log1p() + count * (1.0 / odds).log1p() - ways

        return _mean(negative_log_likelihood, target, missing=missing).to(output.dtype)

    def forecast(self, output: Tensor, scale: Tensor | None = None) -> HeadForecast:
        from scipy.stats import nbinom

        mean, dispersion = self.parameters(output, scale)
        n, success = (1.0 / dispersion).cpu().numpy(), (1.0 / (1.0 + dispersion * mean)).cpu().numpy()
        unit = 1.0 if scale is None else scale.double()
        counts = {p: torch.from_numpy(nbinom.ppf(p, n, success)).to(mean.device) for p in self.probabilities}
        return HeadForecast((mean / unit).to(output.dtype), {p: count / unit for p, count in counts.items()})


HEADS: dict[LossName, Head] = {
    "mse": Point(F.mse_loss, "mean squared error"),
    "mae": Point(F.l1_loss, "mean absolute error"),
    "huber": Point(F.huber_loss, "Huber loss"),
    "quantile": Quantiles(),
    "student-t": StudentT(),
    "negative-binomial": NegativeBinomial(),
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
