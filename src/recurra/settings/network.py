"""Settings of the recurrent network that both models have."""

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from pydantic import AfterValidator, BeforeValidator, InstanceOf, PlainSerializer

from recurra.settings.base import Share, checked_as
from recurra.settings.training import TrainingSettings

CellName = Literal["rnn", "gru", "lstm"]


@runtime_checkable
class NamedCell(Protocol):
    """A cell of one's own, a `recurra.nn.Cell`: all that is saved of it is its name."""

    @property
    def name(self) -> str: ...


CellChoice = Annotated[
    CellName | NamedCell,
    checked_as(CellName | Annotated[InstanceOf[NamedCell], PlainSerializer(lambda cell: cell.name)]),
]


def _one_layer(units: Any) -> Any:
    return [units] if isinstance(units, numbers.Integral) else units


def _units_of_each_layer(units: list[int]) -> list[int]:
    if not units or min(units) < 1:
        raise ValueError("expected at least one layer, each of at least 1 unit")
    return units


Units = Annotated[
    int | Sequence[int], checked_as(list[int]), BeforeValidator(_one_layer), AfterValidator(_units_of_each_layer)
]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(TrainingSettings):
    """Recurrent layers, and how they are trained."""

    cell: CellChoice
    """The recurrent cell."""
    units: Units
    """Memory units of each recurrent layer, from the input to the output."""
    dropout: Share = 0.0
    """The share dropped after each recurrent layer while training."""


def units_of_layers(settings: NetworkSettings) -> list[int]:
    """The memory units of each recurrent layer, from the input to the output."""
    return [settings.units] if isinstance(settings.units, int) else list(settings.units)
