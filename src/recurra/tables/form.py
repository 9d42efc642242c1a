"""How a table is read: what its user says, and what its cells show. A model keeps it for newer rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from recurra.errors import InputError, InputTypeError, shown
from recurra.settings.reading import Decimal, Thousands

if TYPE_CHECKING:
    from recurra.tables.data_frame import FrameKind

IdKind = Literal["text", "integer"]
Factors = Literal["none", "some", "all"]  # how many numbers of a column have one
DateUnit = Literal["s", "ms", "us", "ns", "excel days", "year.month", "years", "rows", "hhmm", "hhmmss"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the user says about a table; None: as its cells show.

    An argument of the wrong type is an InputTypeError, one of the wrong value an InputError.

    Attributes:
        encoding: name of the encoding of a text file, such as "cp1252".
        decimal: decimal mark of numbers that are texts.
        thousands: mark between thousands, "none" if there is none.
        dayfirst: whether the day comes before the month in dates such as 03/04/2024.
        max_unpacked: number of gigabytes to which a packed file may unpack.
        sheet: name of the sheet of a spreadsheet.
    """

    encoding: str | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    dayfirst: bool | None = None
    max_unpacked: float | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("decimal", self.decimal, Decimal), ("thousands", self.thousands, Thousands)):
            if value is not None and value not in get_args(known):
                raise InputError(f"{name} is {shown(value)}; expected one of {', '.join(map(shown, get_args(known)))}.")
        if self.decimal is not None and self.decimal == self.thousands:
            raise InputError(f"decimal and thousands are both {shown(self.decimal)}; expected two marks.")
        if not isinstance(self.dayfirst, bool | None):
            raise InputTypeError(f"dayfirst is {shown(self.dayfirst)}; expected True, False or None.")
        for name, text in (("encoding", self.encoding), ("sheet", self.sheet)):
            if not isinstance(text, str | None):
                raise InputTypeError(f"{name} is {shown(text)}; expected text or None.")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a table was read; newer rows of it, even a single one, are read in the same way.

    Attributes:
        decimal: decimal mark of numbers that are texts; None if none showed it.
        thousands: mark between thousands; None if none showed it.
        dayfirst: whether the day comes before the month; None if the dates are not of that kind.
        date_unit: unit of dates that are numbers, such as "s", "ms", "excel days" or "rows"; None for other dates.
        zone: time zone of the dates, such as "Europe/Berlin", "UTC" or "+02:00"; None if they have none.
        date_columns: names of the column of dates, or of those that make up a date.
        id_columns: names of the columns that make up an id, if there are several.
        provider: name of the provider of daily bars; None for other tables.
        adjust: adjustment of their prices: "qfq", "hfq" or "none"; None for other tables.
        id_kinds: in which type the ids of each column of ids came.
        units: units of the target and the covariates, such as "%", "$" or "kWh"; empty texts where there is none.
        instants: whether the dates are kept in UTC, as those of rows around the clock are; otherwise in local time.
        factors: how many numbers of the target and the covariates end in a factor such as K or 万; empty if none does.
    """

    decimal: Decimal | None = None
    thousands: Thousands | None = None
    dayfirst: bool | None = None
    date_unit: DateUnit | None = None
    zone: str | None = None
    date_columns: tuple[str, ...] = ()
    id_columns: tuple[str, ...] = ()
    provider: str | None = None
    adjust: str | None = None
    id_kinds: tuple[IdKind, ...] = ()
    units: tuple[str, ...] = ()
    instants: bool = False
    factors: tuple[Factors, ...] = ()


@dataclass(frozen=True)
class RawTable:
    """The cells of a file, before it is known what they mean.

    Attributes:
        frame: the columns: numbers where nothing else can be meant, otherwise texts. Its index is the row number in the
            file.
        notes: sentences about how the file was read.
        delimiter: what separates the columns of a text file; None for other files.
        kind: the library of the frame, if it was neither a file nor a frame of pandas.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    delimiter: str | None = None
    kind: "FrameKind | None" = None
