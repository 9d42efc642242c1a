"""Settings that say how a table is read, where its cells leave that open."""

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from pydantic import Field

from recurra.settings.base import Settings

Missing = Literal["auto", "error", "ffill", "interpolate", "mask"]
Decimal = Literal[".", ","]
Thousands = Literal["none", ".", ",", "'", " "]

# it says how much the user trusts a file, so it is saved neither with a model nor with a run
MaxUnpacked = Annotated[float | None, Field(gt=0.0, exclude=True)]


@dataclass(frozen=True, kw_only=True)
class ReadingSettings(Settings):
    """How a table is read; None: as its cells show, and newer rows as those of the fit."""

    missing: Missing | None = None
    """Treatment of missing values and absent dates: fill forward up to 5 % of a series, in runs no longer than a season
    (auto), or any number (ffill); interpolate; mask the rows so that the network skips them; or raise an error at a
    missing value and skip absent dates (error)."""
    decimal: Decimal | None = None
    """Decimal mark of numbers, '.' or ','; by default as the numbers of the table show."""
    thousands: Thousands | None = None
    """Mark between the thousands of numbers, '.', ',', an apostrophe or ' ' (a space), or none; by default as the
    numbers of the table show."""
    dayfirst: bool | None = None
    """Whether the day comes before the month in dates such as 03/04/2024; by default as the dates of the table show."""
    encoding: str | None = None
    """Encoding of a text file, such as cp1252, big5 or gb18030; by default as its bytes show."""
    sheet: str | None = None
    """Name of the sheet of a spreadsheet; by default the first with data."""
    max_unpacked: MaxUnpacked = None
    """Number of gigabytes to which a packed table (csv.gz, zip, Parquet, Feather or a spreadsheet) may unpack; by
    default 100 times the size of the file, but at least 10 MB and at most 2 GB."""


def said(reading: ReadingSettings) -> dict[str, Any]:
    """Return those settings of the reading that are not None."""
    values = {field.name: getattr(reading, field.name) for field in fields(ReadingSettings)}
    return {name: value for name, value in values.items() if value is not None}
