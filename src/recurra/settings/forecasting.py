"""Settings of a network that predicts the next values of series."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, PositiveInt, model_validator

from recurra.settings.base import checked_as
from recurra.settings.network import CellChoice, NetworkSettings, Units

LossName = Literal["mse", "mae", "huber"]
Scaling = Literal[
    "none",
    "log",
    "difference",
    "season-difference",
    "minmax",
    "standard",
    "robust",
    "subtract-last",
    "divide-last",
    "subtract-mean",
    "divide-mean",
]


def _list(value: Any) -> Any:
    """One name as a list of one, and "none", which a flag can say, as a list of none."""
    names = [value] if isinstance(value, str) else value
    return [] if names == ["none"] else names


def _in_order_of_use(scaling: list[Scaling]) -> list[Scaling]:
    if "none" in scaling:
        raise ValueError("expected none alone")
    stages = [["log"], ["difference", "season-difference"], ["minmax", "standard", "robust"]]
    stages.append(["subtract-last", "divide-last", "subtract-mean", "divide-mean"])
    used = [next(number for number, names in enumerate(stages) if name in names) for name in scaling]
    if used != sorted(set(used)):
        order = "; then ".join(" or ".join(names) for names in stages)
        raise ValueError(f"expected each of these at most once and in this order: {order}")
    if scaling and scaling[-1].startswith("divide") and len(scaling) > 1:
        raise ValueError(f"{scaling[-1]} wants positive numbers as they are; expected it alone")
    return scaling


Names = Annotated[str | Sequence[str], checked_as(list[str]), BeforeValidator(_list)]
Scalings = Annotated[
    Scaling | Sequence[Scaling], checked_as(list[Scaling]), BeforeValidator(_list), AfterValidator(_in_order_of_use)
]


@dataclass(frozen=True, kw_only=True)
class ForecasterSettings(NetworkSettings):
    """A network that predicts the next values of a series, or of many."""

    target: str | None = field(default=None, kw_only=False)
    """The column to predict; it may be left out where there is only one, or a column y."""
    horizon: PositiveInt = 1
    """Rows to predict."""
    window: PositiveInt | None = None
    """Rows that the network sees before it predicts; if not given, two seasons and at least 20 rows."""
    covariates: Names = ()
    """Columns to learn from that are known only up to the present; all: every other column of numbers; none."""
    known: Names = ()
    """Columns to learn from that are known in advance, such as holidays."""
    date: str | None = None
    """The column of dates, where it is not found by itself."""
    id: str | None = None
    """The column that tells several series apart, where it is not unique_id."""
    season: PositiveInt | None = None
    """Rows of a season; if not given, by the dates: 5 for business days, 7 for days, 12 for months, 24 for hours."""
    calendar: str | None = None
    """An exchange whose sessions the dates are, such as XSHG or XNYS."""
    missing: Literal["error", "ffill", "interpolate", "mask"] = "error"
    """What to do with rows without a value: an error, fill them, or have the network pass over them."""
    scaling: Scalings = ("standard", "subtract-last")
    """How numbers are scaled, in this order: log; difference or season-difference; minmax, standard or robust; and
    each window by its own subtract-last, subtract-mean, divide-last or divide-mean; or none."""
    residual: str = "auto"
    """What the network predicts a correction to: the last value, the seasonal one, the last value of a column that is
    named, auto for the best of these in training, or none."""
    members: PositiveInt = 1
    """Networks that are trained from different seeds; their mean is the forecast."""
    loss: LossName = "mse"
    """What training makes small: the mean squared error, the mean absolute one, or one between them."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights are kept."""
    cell: CellChoice = "gru"
    units: Units = 32
    batch_size: PositiveInt = 64

    @model_validator(mode="after")
    def _sees_what_it_needs(self) -> "ForecasterSettings":
        if self.known and self.window is not None and self.window < self.horizon:
            raise ValueError(
                f"window {self.window} is shorter than horizon {self.horizon}; with known columns, whose coming values "
                "enter through the window, expected at least as many rows"
            )
        return self
