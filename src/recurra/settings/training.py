"""Settings of training: the optimizer, the learning rate, batches, and when training stops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from recurra.settings.base import Count, Settings, Share, ShareOrCount
from recurra.settings.describe import documented

OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop"]
ScheduleName = Literal["constant", "cosine", "exponential", "one-cycle"]
LARGEST = 1e37  # a tenth of the largest float32
LARGEST_SEED = 2**63 - 1
Seed = Annotated[int, Field(ge=0, lt=LARGEST_SEED + 1)]
LearningRate = Annotated[float, Field(gt=0.0, le=LARGEST)]
ClipNorm = Annotated[
    Annotated[float, Field(gt=0.0, le=LARGEST)] | None,
    BeforeValidator(lambda value: None if value == "none" else value),  # as a case file, which has no None, spells it
]


@documented
@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Settings):
    """Options of `recurra.training.train`.

    In Python, `optimizer` may also be a function that takes the parameters, `lr`, and `weight_decay` if it is set, and
    returns a torch optimizer whose `step` needs no closure.
    """

    epochs: Count = 100
    """Number of passes over the training data; not used if steps is set."""
    steps: Count | None = None
    """Number of updates of the weights; by default it follows from epochs."""
    record_every: Count = 100
    """Number of steps between two evaluations and records; used with steps, otherwise every epoch is recorded."""
    batch_size: Count = 32
    """Number of samples per batch."""
    accumulate: Count = 1
    """Number of batches whose gradients are averaged for one update of the weights."""
    optimizer: OptimizerName | Callable[..., Any] = "adam"
    """Optimizer that updates the weights."""
    learning_rate: LearningRate = 0.001
    """Learning rate, which schedule and warmup scale."""
    weight_decay: Annotated[float, Field(ge=0.0, le=LARGEST)] | None = None
    """Weight decay coefficient: an L2 penalty, or decoupled weight decay with adamw; by default 0.01 for adamw and 0
    for the other optimizers."""
    schedule: ScheduleName = "constant"
    """Learning rate schedule, by step: constant, cosine (decays to 0), exponential (decays to 1 % of the initial value)
    or one-cycle (rises from 4 % in the first 30 % of the steps, then decays to 0)."""
    warmup: ShareOrCount = 0
    """Part of the training in which the learning rate rises linearly from 0, before the schedule applies in full: a
    fraction, or a number of steps."""
    clip_norm: ClipNorm = None
    """Maximum norm of the gradients; larger gradients are scaled down; none leaves them as they are."""
    shuffle: bool = True
    """Whether to shuffle the samples before each epoch."""
    average_decay: Share = 0.0
    """Decay per step of an exponential moving average of the weights, which is evaluated and saved in place of the
    weights, such as 0.99; by default there is no average."""
    seed: Seed = 7
    """Random seed for weight initialization, shuffling and dropout."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(TrainingOptions):
    """Settings with which a model trains its network."""

    optimizer: OptimizerName = "adam"
    validation: ShareOrCount = 0
    """Last part of the sequence or of each series, held out to select the best weights and, for series, to
    calibrate prediction intervals: a fraction, or a number of symbols or rows."""
    patience: Count | None = None
    """Number of epochs, or of records in a training by steps, without improvement of the loss after which training
    stops."""
    device: str = "cpu"
    """Device to train and predict on: cpu or cuda."""
