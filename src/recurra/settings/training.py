"""Settings of a training: how gradients change the weights, and when it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from recurra.settings.base import Settings, ShareOrCount

OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop"]
ScheduleName = Literal["constant", "cosine", "exponential"]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Settings):
    """What `recurra.training.train` needs to know.

    In Python the optimizer may also be a function that takes the parameters, `lr`, and `weight_decay` if that is set,
    and returns a torch optimizer whose `step` needs no closure.
    """

    epochs: PositiveInt = 100
    """Passes over the training data."""
    batch_size: PositiveInt = 32
    """Samples a step."""
    optimizer: OptimizerName | Callable[..., Any] = "adam"
    """The rule by which gradients change the weights."""
    learning_rate: Annotated[float, Field(gt=0.0, le=1e37)] = 0.001
    """The step size at the start."""
    weight_decay: Annotated[float, Field(ge=0.0)] | None = None
    """Strength of weight decay: an L2 penalty in the gradients, with adamw a decay of the weights themselves; if not
    given, 0.01 for adamw and 0 for the other optimizers."""
    schedule: ScheduleName = "constant"
    """How the learning rate falls from epoch to epoch."""
    clip_norm: Annotated[float, Field(gt=0.0)] | None = None
    """The largest norm of all gradients together."""
    shuffle: bool = True
    """Draw a new order of the samples each epoch."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    """Of the initial weights, the order of samples and dropout."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(TrainingOptions):
    """What a model needs to know to train its network."""

    optimizer: OptimizerName = "adam"
    validation: ShareOrCount = 0
    """The last part of the data, kept from training to pick the best weights: a share, or a count."""
    patience: PositiveInt | None = None
    """Stop after so many epochs without a better loss."""
    device: str = "cpu"
    """Where tensors live: cpu, or cuda."""
