"""Settings of a case: those of its model, and the data that it learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from recurra.settings.base import Settings, ShareOrCount, checked_as
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.language import LanguageModelSettings

Levels = Annotated[Sequence[float], checked_as(list[Annotated[float, Field(ge=1.0, lt=100.0)]])]


@dataclass(frozen=True, kw_only=True)
class CaseSettings(Settings):
    """What every case has."""

    kind: str
    description: str = ""
    save_every_seconds: Annotated[float, Field(ge=0.0)] = 1.0
    """The state is written at most so often while training."""


@dataclass(frozen=True, kw_only=True)
class LettersSettings(CaseSettings, LanguageModelSettings):
    """A case on the letters of an alphabet."""

    kind: Literal["letters"] = "letters"
    alphabet: Annotated[str, Field(min_length=2)]
    """The letters, in the order to be learnt."""
    ring: bool = True
    """After the last letter comes the first again."""

    @model_validator(mode="after")
    def _alphabet_is_long_enough(self) -> "LettersSettings":
        if not self.ring and len(self.alphabet) <= self.window:
            raise ValueError(
                f"alphabet {self.alphabet!r} has {len(self.alphabet)} letters; "
                f"a window of {self.window} needs at least {self.window + 1}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class SeriesSettings(CaseSettings, ForecasterSettings):
    """A case on a table of series."""

    kind: Literal["series"] = "series"
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
    test: ShareOrCount = 0.15
    """The last part of the rows, kept for the scores: a share, of at least a horizon, or a count."""
    test_windows_inside: bool = False
    """Let no window of the test part reach back to the rows before it, as in the tutorial."""
    levels: Levels = (90.0,)
    """Prediction intervals, in percent; they need a validation part."""
    statistical: bool = False
    """Score AutoETS, AutoARIMA and Theta too; needs recurra[baselines]."""
