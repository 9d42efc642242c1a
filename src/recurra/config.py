"""Every setting a user can make, checked once, each with the sentence that `--help` shows."""

import difflib
import inspect
import numbers
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from recurra.errors import InputError

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


def _units_of_each_layer(units: list[int]) -> list[int]:
    if not units or min(units) < 1:
        raise ValueError("expected at least one layer, each of at least 1 unit")
    return units


Units = Annotated[
    list[int],
    BeforeValidator(lambda value: [value] if isinstance(value, numbers.Integral) else value),
    AfterValidator(_units_of_each_layer),
]


class Settings(BaseModel):
    """What all groups of settings share: no field that is not known, nothing changed once it is checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def flags(cls) -> dict[str, FieldInfo]:
        """The settings that the command line has a flag for, the most particular ones first."""
        fields: dict[str, FieldInfo] = {}
        for owner in cls.__mro__:
            own = inspect.get_annotations(owner)
            fields |= {name: f for name, f in cls.model_fields.items() if name in own and f.description is not None}
        return fields


class TrainingSettings(Settings):
    """How weights are found."""

    epochs: PositiveInt = 100
    """Passes over the training data."""
    batch_size: PositiveInt = 32
    """Samples a step."""
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """The rule by which gradients change the weights."""
    learning_rate: Annotated[float, Field(gt=0.0, le=1e37)] = 0.01
    """The step size at the start."""
    schedule: Literal["constant", "cosine", "exponential"] = "constant"
    """How the learning rate falls from epoch to epoch."""
    clip_norm: Annotated[float, Field(gt=0.0)] | None = None
    """The largest norm of all gradients together."""
    shuffle: bool = True
    """Draw a new order of the samples each epoch."""
    validation: Share | Annotated[int, Field(ge=0)] = 0
    """The last part of the data, kept from training to pick the best weights: a share, or a count."""
    patience: PositiveInt | None = None
    """Stop after so many epochs without a better loss."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    """Of the initial weights, the order of samples and dropout."""
    device: str = "cpu"
    """Where tensors live: cpu, or cuda."""


class LanguageModelSettings(TrainingSettings):
    """A network that predicts the next symbol."""

    cell: Literal["rnn", "gru", "lstm"] = "rnn"
    """The recurrent cell."""
    units: Units = [3]
    """Memory units of each recurrent layer, from the input to the output."""
    encoding: Literal["onehot", "embedding"] = "onehot"
    """How a symbol enters the network."""
    embedding_dim: PositiveInt = 8
    """Numbers that stand for a symbol, with encoding = embedding."""
    window: PositiveInt = 1
    """Symbols that the network sees before it predicts the next one."""
    targets: Literal["last", "every"] = "last"
    """Learn the symbol after the window, or the one after every step of it."""
    order: Literal["first-seen", "sorted"] = "first-seen"
    """The order of the symbols' ids."""
    unknown: Annotated[str, Field(min_length=1)] | None = None
    """A symbol that stands for all that the training part does not have; without it those are an error."""
    dropout: Share = 0.0
    """The share dropped after each recurrent layer while training."""


class LettersSettings(LanguageModelSettings):
    """A case on the letters of an alphabet."""

    kind: Literal["letters"] = "letters"
    description: str = ""
    alphabet: Annotated[str, Field(min_length=2)]
    """The letters, in the order to be learnt."""
    ring: bool = True
    """After the last letter comes the first again."""
    save_every_seconds: Annotated[float, Field(ge=0.0)] = 1.0
    """The state is written at most so often while training."""

    @model_validator(mode="after")
    def _alphabet_is_long_enough(self) -> "LettersSettings":
        if not self.ring and len(self.alphabet) <= self.window:
            raise ValueError(
                f"alphabet {self.alphabet!r} has {len(self.alphabet)} letters; "
                f"a window of {self.window} needs at least {self.window + 1}"
            )
        return self


def _list(value: Any) -> Any:
    """One name as a list of one, and "none", which a flag can say, as a list of none."""
    names = [value] if isinstance(value, str) else value
    return [] if names == ["none"] else names


Names = Annotated[list[str], BeforeValidator(_list)]
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


class ForecasterSettings(TrainingSettings):
    """A network that predicts the next values of a series, or of many."""

    target: str | None = None
    """The column to predict; it may be left out where there is only one, or a column y."""
    horizon: PositiveInt = 1
    """Rows to predict."""
    window: PositiveInt | None = None
    """Rows that the network sees before it predicts; if not given, two seasons and at least 20 rows."""
    covariates: Names = []
    """Columns to learn from that are known only up to the present; all: every other column of numbers; none."""
    known: Names = []
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
    scaling: Annotated[
        list[Scaling],
        BeforeValidator(_list),
        AfterValidator(_in_order_of_use),
    ] = ["standard", "subtract-last"]
    """How numbers are scaled, in this order: log; difference or season-difference; minmax, standard or robust; and
    each window by its own subtract-last, subtract-mean, divide-last or divide-mean; or none."""
    residual: str = "auto"
    """What the network predicts a correction to: the last value, the seasonal one, the last value of a column that is
    named, auto for the best of these in training, or none."""
    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """The recurrent cell."""
    units: Units = [32]
    """Memory units of each recurrent layer, from the input to the output."""
    dropout: Share = 0.0
    """The share dropped after each recurrent layer while training."""
    members: PositiveInt = 1
    """Networks that are trained from different seeds; their mean is the forecast."""
    loss: Literal["mse", "mae", "huber"] = "mse"
    """What training makes small: the mean squared error, the mean absolute one, or one between them."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights are kept."""
    epochs: PositiveInt = 100
    """Passes over the training data."""
    batch_size: PositiveInt = 64
    """Samples a step."""
    learning_rate: Annotated[float, Field(gt=0.0, le=1e37)] = 0.001
    """The step size at the start."""

    @model_validator(mode="after")
    def _sees_what_it_needs(self) -> "ForecasterSettings":
        if self.known and self.window is not None and self.window < self.horizon:
            raise ValueError(
                f"window {self.window} is shorter than horizon {self.horizon}; with known columns, whose coming values "
                "enter through the window, expected at least as many rows"
            )
        return self


class SeriesSettings(ForecasterSettings):
    """A case on a table of series."""

    kind: Literal["series"] = "series"
    description: str = ""
    data: str | None = None
    """A CSV or Parquet file; without it the case's own data."""
    symbol: str | None = None
    """The share to take daily bars of: AAPL and MSFT to 2013 are bundled, others are downloaded."""
    start: str | None = None
    """The first day to take, as 2010-04-26."""
    end: str | None = None
    """The last day to take."""
    adjust: Literal["qfq", "hfq", "none"] = "qfq"
    """Prices adjusted for splits and dividends to the last day (qfq), to the first (hfq), or as traded."""
    refresh: Annotated[bool, Field(exclude=True)] = False
    """Download anew what was downloaded before; a run that is resumed does not."""
    test: Share | Annotated[int, Field(ge=0)] = 0.15
    """The last part of the rows, kept for the scores: a share, of at least a horizon, or a count."""
    test_windows_inside: bool = False
    """Let no window of the test part reach back to the rows before it, as in the tutorial."""
    levels: list[Annotated[float, Field(ge=1.0, lt=100.0)]] = [90.0]
    """Prediction intervals, in percent; they need a validation part."""
    statistical: bool = False
    """Score AutoETS, AutoARIMA and Theta too; needs recurra[baselines]."""
    save_every_seconds: Annotated[float, Field(ge=0.0)] = 1.0
    """The state is written at most so often while training."""


S = TypeVar("S", bound=Settings)


def check(settings: type[S], values: Mapping[str, Any], source: str) -> S:
    """Make settings from plain values.

    Args:
        settings: which settings.
        values: field → value.
        source: where the values come from, for messages.

    Raises:
        InputError: in one line: which field, what was found, what was expected; for a field that is not known the
            nearest one that is.
    """
    try:
        return settings.model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        # a misspelt name is the likelier fault than the one that is therefore missing
        first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        raise InputError(f"{source}: {_in_one_line(first, list(settings.model_fields))}") from None


def _in_one_line(error: Any, known: list[str]) -> str:
    field, *inside = error["loc"] or ("",)
    place = ".".join([field, *(str(part) for part in inside if isinstance(part, int))])  # the others name kinds
    if error["type"] == "extra_forbidden":
        return f"there is no setting {place!r}{near_miss(place, known)}"
    if error["type"] == "missing":
        return f"the setting {place!r} is missing."
    message = error["msg"].removeprefix("Value error, ")
    if not place:
        return f"{message}."
    message = message.replace("Input should be", "expected").replace("input should be", "expected")
    return f"{place} is {error['input']!r}; {message}."


def near_miss(word: str, known: list[str]) -> str:
    """The end of a sentence: `; did you mean 'units'?` if something known is near, else what is known."""
    nearest = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {', '.join(known)}."
