"""The arguments of forecasts and evaluations, as `recurra.settings.check.check` validates them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from recurra.settings.base import Settings, checked_as
from recurra.settings.forecasting import MaxUnpacked

Levels = Annotated[Sequence[float], checked_as(list[float])]  # the calibration checks their bounds


@dataclass(frozen=True, kw_only=True)
class ForecastArguments(Settings):
    """The arguments of a forecast; see `Forecaster.predict`."""

    levels: Levels
    max_unpacked: MaxUnpacked = None


@dataclass(frozen=True, kw_only=True)
class EvaluationArguments(ForecastArguments):
    """The arguments of an evaluation; see `Forecaster.evaluate`."""

    statistical: bool = False


@dataclass(frozen=True, kw_only=True)
class BacktestArguments(EvaluationArguments):
    """The arguments of a backtest; see `Forecaster.backtest`."""

    folds: int = 5
    step: int | None = None
    refit: bool = False
