"""The checks of what `train` is called with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import InstanceOf
from torch import nn

from recurra.settings.base import Settings
from recurra.settings.check import check, names_of
from recurra.settings.training import TrainingOptions
from recurra.training.callbacks import Callback
from recurra.training.state import TrainingState


@dataclass(frozen=True, kw_only=True)
class TrainArguments(Settings):
    """The arguments of `train`, except the samples."""

    network: InstanceOf[nn.Module]
    loss: Callable[..., Any]
    metrics: Mapping[str, Callable[..., Any]] | None
    options: InstanceOf[TrainingOptions]
    callbacks: Sequence[InstanceOf[Callback]]
    state: InstanceOf[TrainingState] | None


def check_arguments(options: TrainingOptions, **others: Any) -> TrainingOptions:
    """Check the arguments of `train`, and return the options with each value converted to its type.

    Raises:
        InputTypeError: an argument or an option has the wrong type.
        InputError: an option has an invalid value.
    """
    check(TrainArguments, {"options": options, **others}, "train", noun="argument")
    given = {name: getattr(options, name) for name in names_of(TrainingOptions)}
    registered = {name: given.pop(name) for name in ("optimizer", "schedule")}  # the registries check their names
    return replace(check(TrainingOptions, given, "train"), **registered)
