"""The checks of what `train` is called with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import InstanceOf
from torch import nn

from recurra.settings.base import Settings, checked_as
from recurra.settings.check import check, names_of
from recurra.settings.training import TrainingOptions
from recurra.training.callbacks import Callback
from recurra.training.state import TrainingState

Callbacks = Annotated[Sequence[Callback], checked_as(list[InstanceOf[Callback]])]


@dataclass(frozen=True, kw_only=True)
class TrainArguments(Settings):
    """The arguments of `train`, except the samples."""

    network: InstanceOf[nn.Module]
    loss: Callable[..., Any]
    metrics: Mapping[str, Callable[..., Any]] | None
    options: InstanceOf[TrainingOptions]
    callbacks: Callbacks
    state: InstanceOf[TrainingState] | None


def check_arguments(**given: Any) -> TrainArguments:
    """Check the arguments of `train`, and return them with each value, also of the options, converted to its type.

    Raises:
        InputTypeError: an argument or an option has the wrong type.
        InputError: an option has an invalid value.
    """
    arguments = check(TrainArguments, given, "train", noun="argument")
    values = {name: getattr(arguments.options, name) for name in names_of(TrainingOptions)}
    registered = {name: values.pop(name) for name in ("optimizer", "schedule")}  # the registries check their names
    return replace(arguments, options=replace(check(TrainingOptions, values, "train"), **registered))
