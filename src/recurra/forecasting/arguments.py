"""The arguments of forecasts and evaluations, as `recurra.settings.check.check` validates them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from recurra.settings.base import Count, ListOf, Settings, checked_as, no_single_number
from recurra.settings.reading import ReadingSettings

# the calibration checks their bounds
Levels = Annotated[
    Sequence[float], checked_as(Annotated[ListOf[float], Field(max_length=100)]), BeforeValidator(no_single_number)
]


@dataclass(frozen=True, kw_only=True)
class NewerRowsArguments(ReadingSettings):
    """The arguments that say how newer rows are read; see `Forecaster.update_context`."""

    any_source: bool = False


@dataclass(frozen=True, kw_only=True)
class ForecastArguments(NewerRowsArguments):
    """The arguments of a forecast; see `Forecaster.predict`."""

    levels: Levels
    h: Count | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationArguments(NewerRowsArguments):
    """The arguments of an evaluation; see `Forecaster.evaluate`."""

    levels: Levels
    statistical: bool = False


@dataclass(frozen=True, kw_only=True)
class BacktestArguments(EvaluationArguments):
    """The arguments of a backtest; see `Forecaster.backtest`."""

    folds: int = 5
    step: int | None = None
    refit: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportanceArguments(Settings):
    """The arguments of a permutation importance; see `Forecaster.permutation_importance`."""

    n_repeats: Count


@dataclass(frozen=True, kw_only=True)
class CrossValidationArguments(Settings):
    """The arguments of a cross-validation; see `Forecaster.cross_validation`."""

    h: Count | None = None
    n_windows: Count = 1
    step_size: Count | None = None
    refit: bool = False
    levels: Levels
