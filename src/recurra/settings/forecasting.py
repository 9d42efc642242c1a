"""Settings of a network that predicts the next values of series."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from recurra.settings.base import Count, ListOf, checked_as
from recurra.settings.network import MOST_LAYERS_OF_ENSEMBLE, CellChoice, NetworkSettings, Units, units_of_layers
from recurra.settings.reading import Missing, ReadingSettings
from recurra.settings.training import ClipNorm, LearningRate, ScheduleName

LossName = Literal["mse", "mae", "huber", "quantile", "student-t", "negative-binomial"]
COUNTING: LossName = "negative-binomial"
PREDICTING_QUANTILES: set[LossName] = {"quantile", "student-t", COUNTING}
Logarithm = Literal["log"]
Deseasonalizing = Literal["deseasonalize"]
Differencing = Literal["difference", "season-difference"]
RowScaling = Literal["minmax", "standard", "robust"]
WindowScaling = Literal["subtract-last", "divide-last", "subtract-mean", "divide-mean", "subtract-level"]
Spreading = Literal["divide-spread"]
STAGES = [
    get_args(stage) for stage in (Logarithm, Deseasonalizing, Differencing, RowScaling, WindowScaling, Spreading)
]  # in the order of use
Scaling = Literal["none", "auto", Logarithm, Deseasonalizing, Differencing, RowScaling, WindowScaling, Spreading]


def _list(value: Any) -> Any:
    """A single name as a list, and "none", the spelling of a flag, as an empty list."""
    names = [value] if isinstance(value, str) else value
    return [] if names == ["none"] else names


def _one_if_single(value: Any) -> Any:
    """The only name of a list, as a flag that is given once has it; None for a list without any."""
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) < 2:
        return value[0] if value else None
    return value


def _in_order_of_use(scaling: list[Scaling]) -> list[Scaling]:
    for alone in ("none", "auto"):
        if alone in scaling and len(scaling) + (alone == "none") > 1:  # a lone "none" is an empty list
            raise ValueError(f"{alone!r} cannot be combined with other transformations")
    if scaling == ["auto"]:
        return scaling
    used = [next(number for number, names in enumerate(STAGES) if name in names) for name in scaling]
    if used != sorted(set(used)):
        order = "; then ".join(" or ".join(names) for names in STAGES)
        raise ValueError(f"expected each of these at most once and in this order: {order}")
    for name in scaling:
        if name in {"divide-last", "divide-mean"} and len(scaling) > 1:
            raise ValueError(f"{name} requires positive values and cannot be combined with other transformations")
    if scaling and scaling[-1] == "divide-spread" and not any(name.startswith("subtract") for name in scaling):
        raise ValueError("divide-spread is expected after subtract-last, subtract-mean or subtract-level")
    return scaling


Names = Annotated[str | Sequence[str], checked_as(ListOf[str]), BeforeValidator(_list)]
Columns = Annotated[str | Sequence[str] | None, checked_as(str | ListOf[str] | None), BeforeValidator(_one_if_single)]
Scalings = Annotated[
    Scaling | Sequence[Scaling], checked_as(ListOf[Scaling]), BeforeValidator(_list), AfterValidator(_in_order_of_use)
]


@dataclass(frozen=True, kw_only=True)
class ForecasterSettings(ReadingSettings, NetworkSettings):
    """A network that predicts the next values of a series, or of many."""

    target: str | None = field(default=None, kw_only=False)
    """Name of the column to predict; by default the only numeric column, or y."""
    horizon: Count = 1
    """Number of rows to predict, all at once."""
    window: Count | None = None
    """Number of past rows from which a forecast is made; by default two seasons, but from 20 to 200 rows, and at most
    half of the training rows; with scaling auto one season of months or quarters, or four shorter ones."""
    past_covariates: Names = ()
    """Past covariates: input columns whose values are known up to the present only; all selects every other numeric
    column."""
    future_covariates: Names = ()
    """Future covariates: input columns whose values are known in advance, such as holidays."""
    static_covariates: Names = ()
    """Static covariates: input columns of numbers or words that have one value in all rows of a series, such as the
    region of a shop; newer rows of known series may lack them."""
    date: Columns = None
    """Name of the date column, or of the columns that make up the dates, such as year and month; detected by
    default."""
    id: Columns = None
    """Name of the column, or of the columns, that identify the series in a table of several; by default unique_id."""
    season: Count | None = None
    """Number of rows per season; by default inferred from the dates: 5 for business days, 7 for days, 12 for months, 24
    for hours."""
    calendar: str | None = None
    """Exchange whose trading sessions the dates follow, such as XSHG or XNYS."""
    missing: Missing = "auto"
    scaling: Scalings = "auto"
    """Transformations of the values, in this order: log; deseasonalize (subtract what each part of a season is above or
    below the moving average); difference or season-difference; minmax, standard or robust; and for each window
    subtract-last, subtract-mean, subtract-level (the level by exponential smoothing), divide-last or divide-mean; and
    divide-spread (divide by the size of the window's own changes from row to row, so that quiet times have narrow
    intervals); or none; or auto: log, if no value is negative and few are zero, otherwise standard, with deseasonalize
    and subtract-level."""
    residual: str = "auto"
    """Baseline to which the network predicts a correction: last (the last value), seasonal (the value one season
    earlier), the name of a column (its last value), auto (the one with the smallest squared error in training, and with
    subtract-level the level, to which the correction is added in part if it makes the errors on the validation part
    larger) or none."""
    ensemble_size: Annotated[int, Field(gt=0, le=MOST_LAYERS_OF_ENSEMBLE)] = 1
    """Number of networks trained from different seeds; the forecast is their mean."""
    loss: LossName = "quantile"
    """Loss to minimize: mean squared error, mean absolute error, or Huber loss; quantile (the pinball loss of nine
    quantiles), or the negative log-likelihood of a distribution: student-t, or negative-binomial for counts. The last
    three predict how uncertain each forecast is."""
    lower: float | None = None
    """Lower bound of the target: no forecast, and no end of an interval, is below it; by default 0 if no value is
    negative."""
    epochs: Count | None = None  # type: ignore[assignment]  # a number when the training begins
    """Number of passes over the training data; not used if steps is set."""
    steps: Count | Literal["auto"] | None = None  # type: ignore[assignment]  # this, too
    """Number of updates of the weights; auto takes as many as the data asks for; by default it follows from epochs if
    that is set, and is auto otherwise."""
    restore_best: bool = True
    """Restore the weights of the epoch with the best loss after training, instead of keeping those of the last."""
    cell: CellChoice = "gru"
    units: Units = 32
    batch_size: Count = 128
    learning_rate: LearningRate = 0.01
    schedule: ScheduleName = "cosine"
    clip_norm: ClipNorm = 1.0

    @model_validator(mode="after")
    def _has_a_scaling_that_suits_the_loss(self) -> "ForecasterSettings":
        scaling, base = transformations_of(self), self.residual
        if self.loss == COUNTING and (scaling not in {(), ("auto",), ("divide-mean",)} or base not in {"auto", "none"}):
            raise ValueError(
                f"loss {COUNTING} needs counts, and scaling is {', '.join(scaling) or 'none'} and residual {base}; "
                "expected scaling divide-mean or none, and residual auto or none"
            )
        differences = ", ".join(name for name in scaling if name in get_args(Differencing))
        if self.loss in PREDICTING_QUANTILES and differences:
            raise ValueError(
                f"loss {self.loss} predicts quantiles, and quantiles of differences (scaling {differences}) cannot be "
                "summed; choose loss mse, mae or huber, or a scaling without differences"
            )
        return self

    @model_validator(mode="after")
    def _has_not_too_many_layers(self) -> "ForecasterSettings":
        layers = self.ensemble_size * len(units_of_layers(self))
        if layers > MOST_LAYERS_OF_ENSEMBLE:
            raise ValueError(
                f"ensemble_size {self.ensemble_size} makes {layers} layers; expected at most {MOST_LAYERS_OF_ENSEMBLE}"
            )
        return self


def transformations_of(settings: ForecasterSettings) -> tuple[Scaling, ...]:
    """Return the transformations of the values, in the order of use."""
    return (settings.scaling,) if isinstance(settings.scaling, str) else tuple(settings.scaling)
