"""Settings of the recurrent network, shared by both models."""

import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, get_args, runtime_checkable

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, PlainSerializer
from pydantic_core import PydanticCustomError

from recurra.settings.base import ListOf, Share, checked_as
from recurra.settings.training import TrainingSettings

CellName = Literal["rnn", "gru", "lstm", "mingru"]
MOST_LAYERS = 100  # of a network
MOST_LAYERS_OF_ENSEMBLE = 300  # of all its networks


@runtime_checkable
class NamedCell(Protocol):
    """A user-defined cell, such as a `recurra.nn.Cell`; only its name is saved."""

    @property
    def name(self) -> str: ...


def _has_a_name_of_its_own(cell: NamedCell) -> NamedCell:
    if cell.name in get_args(CellName):
        raise ValueError(
            f"a saved model would load as the built-in cell {cell.name!r}: expected that name as a string, or a cell "
            "with another name"
        )
    return cell


CellChoice = Annotated[
    CellName | NamedCell,
    checked_as(
        CellName
        | Annotated[
            InstanceOf[NamedCell], AfterValidator(_has_a_name_of_its_own), PlainSerializer(lambda cell: cell.name)
        ]
    ),
]


def _one_layer(units: Any) -> Any:
    if isinstance(units, numbers.Real | str) and not isinstance(units, numbers.Integral):
        raise PydanticCustomError("units_type", "expected a whole number, or a list of one for each layer")
    return [units] if isinstance(units, numbers.Integral) else units


def _units_of_each_layer(units: list[int]) -> list[int]:
    if not units or min(units) < 1:
        raise ValueError("expected at least one layer, each of at least 1 unit")
    if len(units) > MOST_LAYERS:
        raise ValueError(f"expected at most {MOST_LAYERS} layers")
    return units


Units = Annotated[
    int | Sequence[int],
    checked_as(ListOf[Annotated[int, Field(lt=2**31)]]),
    BeforeValidator(_one_layer),
    AfterValidator(_units_of_each_layer),
]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(TrainingSettings):
    """Settings of the recurrent layers and of their training."""

    cell: CellChoice
    """Recurrent cell type."""
    units: Units
    """Number of hidden units of each recurrent layer, from input to output."""
    dropout: Share = 0.0
    """Fraction of units dropped after each recurrent layer during training."""


def units_of_layers(settings: NetworkSettings) -> list[int]:
    """The number of hidden units of each recurrent layer, from input to output."""
    return [settings.units] if isinstance(settings.units, int) else list(settings.units)
