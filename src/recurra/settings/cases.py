"""Settings of a case: the settings of its model, and the data to train on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from recurra.settings.base import ListOf, Settings, ShareOrCount, checked_as, no_single_number
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.language import LanguageModelSettings

OF_THE_CASE = {"kind", "description"}  # settings that a case file alone sets

FIRST_YEAR, LAST_YEAR = 1678, 2261  # of dates in a table


def parsed_day(text: str) -> date:
    """Return a day in ISO format; ValueError says what was expected."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a day such as 2010-04-26") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"expected a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _is_day(text: str) -> str:
    parsed_day(text)
    return text


Day = Annotated[str, AfterValidator(_is_day)]
ProviderChoice = Literal["auto", "baostock", "tencent", "sina", "eastmoney", "yfinance"]
Level = Annotated[float, Field(ge=1.0, lt=100.0)]
Levels = Annotated[
    Sequence[float], checked_as(Annotated[ListOf[Level], Field(max_length=100)]), BeforeValidator(no_single_number)
]


@dataclass(frozen=True, kw_only=True)
class CaseSettings(Settings):
    """Settings shared by all cases."""

    kind: str
    description: str = ""
    save_every_seconds: Annotated[float, Field(ge=0.0)] = 1.0
    """Minimum number of seconds between two saves of the training state."""


@dataclass(frozen=True, kw_only=True)
class LettersSettings(CaseSettings, LanguageModelSettings):
    """Settings of a case on the letters of an alphabet."""

    kind: Literal["letters"] = "letters"
    alphabet: Annotated[str, Field(min_length=2)]
    """Letters, in order."""
    ring: bool = True
    """Whether the first letter follows the last."""

    @model_validator(mode="after")
    def _alphabet_is_long_enough(self) -> "LettersSettings":
        if not self.ring and len(self.alphabet) <= self.window:
            raise ValueError(
                f"alphabet {self.alphabet!r} has {len(self.alphabet)} letters; "
                f"a window of {self.window} needs at least {self.window + 1}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class TextSettings(CaseSettings, LanguageModelSettings):
    """Settings of a case on a text."""

    kind: Literal["text"] = "text"
    mode: Literal["windows", "stream"] = "stream"
    data: str | None = None
    """Text to learn from: a file, also packed as .gz, a folder of files, - for standard input, or tinyshakespeare,
    which is downloaded; by default the source of Python's standard library."""
    text_encoding: str = "utf-8"
    """Encoding of the text, such as gb18030."""
    bad_bytes: Literal["error", "replace"] = "error"
    """What to do with bytes that are invalid in this encoding: stop with an error, or replace them by U+FFFD."""
    dynamic: bool = False
    """Whether to score the validation part by dynamic evaluation as well, in which the network goes on learning from
    what it has read."""


@dataclass(frozen=True, kw_only=True)
class SeriesSettings(CaseSettings, ForecasterSettings):
    """Settings of a case on a table of series."""

    kind: Literal["series"] = "series"
    data: str | None = None
    """File to train on: CSV, Excel, OpenDocument, Parquet or Feather; by default the data of the case."""
    symbol: str | None = None
    """Stock symbol whose daily bars are used: AAPL and MSFT up to 2013 are bundled, others are downloaded."""
    provider: Annotated[ProviderChoice, Field(exclude=True)] = "auto"
    """Provider of the daily bars of the symbol; auto asks those of its exchange in turn until one answers."""
    start: Day | None = None
    """First day of the data to use, such as 2010-04-26."""
    end: Day | None = None
    """Last day of the data to use, such as 2020-04-24."""
    adjust: Literal["qfq", "hfq", "none"] = "qfq"
    """Adjustment of prices for splits and dividends: relative to the last day (qfq), to the first (hfq), or none."""
    refresh: Annotated[bool, Field(exclude=True)] = False
    """Whether to download the data again even if it is cached; a resumed run does not repeat this."""
    test: ShareOrCount = 0.15
    """Last part of the rows, held out for evaluation: a fraction, but at least one horizon, or a number of rows."""
    test_windows_inside: bool = False
    """Whether windows of the test part exclude the rows before it, as in the tutorial."""
    refit: bool = False
    """Whether the network that forecasts the values after the last row is trained again on all rows, those of the
    validation and the test part included, after it has been scored."""
    levels: Levels = (90.0,)
    """Levels of the prediction intervals, in percent; they require a validation part, or a loss that predicts
    quantiles."""
    statistical: bool = False
    """Whether to evaluate AutoETS, AutoARIMA and Theta as well; requires recurra[baselines]."""
    predictions: Annotated[bool | None, Field(exclude=True)] = None
    """Whether to write predictions.csv, all forecasts of the test part; by default if they are at most 1,000,000 rows.
    A finished run writes it with --resume --predictions."""
