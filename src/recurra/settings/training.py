"""Settings of training: the optimizer, the learning rate, batches, and when training stops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from recurra.settings.base import Settings, ShareOrCount
from recurra.settings.describe import documented

OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop"]
ScheduleName = Literal["constant", "cosine", "exponential"]
LearningRate = Annotated[float, Field(gt=0.0, le=1e37)]


@documented
@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Settings):
    """Options of `recurra.training.train`.

    In Python, `optimizer` may also be a function that takes the parameters, `lr`, and `weight_decay` if it is set, and
    returns a torch optimizer whose `step` needs no closure.
    """

    epochs: PositiveInt = 100
    """Number of passes over the training data."""
    batch_size: PositiveInt = 32
    """Number of samples per step."""
    optimizer: OptimizerName | Callable[..., Any] = "adam"
    """Optimizer that updates the weights."""
    learning_rate: LearningRate = 0.001
    """Initial learning rate."""
    weight_decay: Annotated[float, Field(ge=0.0)] | None = None
    """Weight decay coefficient: an L2 penalty, or decoupled weight decay with adamw; by default 0.01 for adamw and 0
    for the other optimizers."""
    schedule: ScheduleName = "constant"
    """Learning rate schedule over all epochs: constant, cosine (decays to 0) or exponential (decays to 1 % of the
    initial value)."""
    clip_norm: Annotated[float, Field(gt=0.0)] | None = None
    """Maximum norm of the gradients; larger gradients are scaled down."""
    shuffle: bool = True
    """Whether to shuffle the samples before each epoch."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    """Random seed for weight initialization, shuffling and dropout."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(TrainingOptions):
    """Settings with which a model trains its network."""

    optimizer: OptimizerName = "adam"
    validation: ShareOrCount = 0
    """Last part of the sequence or of each series, held out to select the best weights and, for series, to
    calibrate prediction intervals: a fraction, or a number of symbols or rows."""
    patience: PositiveInt | None = None
    """Number of epochs without improvement of the loss after which training stops."""
    device: str = "cpu"
    """Device to train and predict on: cpu or cuda."""
