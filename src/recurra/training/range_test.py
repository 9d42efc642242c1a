"""The learning-rate range test: which learning rates lower the loss, found in a short training at growing rates."""

import copy
import math
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.settings.base import Settings
from recurra.settings.check import check
from recurra.settings.training import LearningRate, TrainingOptions
from recurra.training.arguments import check_arguments
from recurra.training.batches import Batches, Samples, batches_of
from recurra.training.loop import Loss, Training, training_process
from recurra.training.state import TrainingState

SMOOTHING = 0.9  # decay of the average of the losses
NAME = "learning_rate_range_test"
FROM_LOWEST = 10.0  # the suggested rate is this many times lower than that with the lowest loss


@dataclass(frozen=True, kw_only=True)
class RangeTestArguments(Settings):
    """The arguments of `learning_rate_range_test` that say which rates are tried."""

    steps: Annotated[int, Field(ge=2)]
    first: LearningRate
    last: LearningRate


@dataclass(frozen=True)
class RangeTest:
    """The result of a learning-rate range test.

    Attributes:
        rates: the learning rates that were tried, in ascending order, [N].
        losses: the training loss at each, an exponential moving average over the steps, [N]; if training diverged, it
            ends there.
    """

    rates: list[float]
    losses: list[float]

    @property
    def lowest(self) -> float:
        """The learning rate at which the loss was lowest; a little above, training becomes unstable."""
        return self.rates[self.losses.index(min(self.losses))]

    @property
    def suggestion(self) -> float:
        """A tenth of that rate, to two significant digits."""
        return float(f"{self.lowest / FROM_LOWEST:.2g}")


def learning_rate_range_test(
    network: nn.Module,
    data: Batches | Samples | tuple[Tensor, Tensor],
    *,
    loss: Loss,
    options: TrainingOptions,
    steps: int = 200,
    first: float = 1e-5,
    last: float = 1.0,
) -> RangeTest:
    """Find which learning rates suit a training, by a short one whose rate grows exponentially (Smith, 2017).

    A copy of the network is trained; the network and the data stay as they are. The test ends early if the loss becomes
    NaN or infinite.

    Args:
        network: see `train`.
        data: see `train`.
        loss: see `train`.
        options: options of the training. Its learning rate, schedule, warmup, epochs, steps and average_decay are not
            used.
        steps: number of updates of the weights.
        first: the learning rate of the first step.
        last: the learning rate of the last step.

    Raises:
        InputTypeError: an argument or an option has the wrong type.
        InputError: an option is invalid, there are no samples, the rates and the steps span no range, or the loss of
            the untrained network is NaN or infinite.

    Example:
        >>> import torch
        >>> x, loss = torch.linspace(-1.0, 1.0, 64).reshape(64, 1), nn.functional.mse_loss
        >>> options = TrainingOptions(optimizer="sgd", batch_size=64)
        >>> found = learning_rate_range_test(nn.Linear(1, 1), (x, 2.0 * x), loss=loss, options=options)
        >>> 0.01 < found.suggestion <= 0.1
        True
    """
    span = check(RangeTestArguments, {"steps": steps, "first": first, "last": last}, NAME, noun="argument")
    if span.first >= span.last:
        raise InputError(
            f"{NAME}: first is {span.first:g} and last is {span.last:g}; expected a last rate above the first."
        )
    trial = copy.deepcopy(network)
    checked = check_arguments(network=trial, loss=loss, metrics=None, options=options, callbacks=(), state=None).options
    options = replace(checked, steps=span.steps, average_decay=0.0)
    batches = batches_of(data, options)
    start = batches.state_dict()
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    try:
        with training_process(trial, batches, options.seed) as cuda:
            training = Training(trial, batches, loss, {}, options, (), TrainingState(), cuda)
            training.learning_rate = lambda step: span.first * (span.last / span.first) ** (step / (span.steps - 1))
            for step in range(span.steps):
                average = SMOOTHING * average + (1.0 - SMOOTHING) * float(training.step())
                if not math.isfinite(average):
                    break
                rates.append(training.learning_rate(step))
                losses.append(average / (1.0 - SMOOTHING ** (step + 1)))
    finally:
        batches.load_state_dict(start)
    if not losses:
        raise InputError(
            "learning_rate_range_test: the loss is NaN or infinite before the first update of the weights."
        )
    return RangeTest(rates, losses)
