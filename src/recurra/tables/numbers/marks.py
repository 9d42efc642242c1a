"""Tell decimal marks from marks between thousands where a column, or the evidence around it, leaves one reading."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from recurra.errors import InputError, shown
from recurra.settings.reading import Decimal, Thousands
from recurra.tables.form import Reading
from recurra.tables.numbers.evidence import NAMES, OTHER, Evidence, Surroundings
from recurra.tables.numbers.shapes import DECIMALS, possible_decimals
from recurra.tables.numbers.texts import TextColumn


@dataclass(frozen=True)
class Marks:
    """How the numbers of a column are read.

    Attributes:
        decimal: the decimal mark.
        known: whether something shows that this is the decimal mark; nothing does among plain whole numbers.
        thousands: mark between thousands; None if there is none.
        note: what the marks are, and why; empty if that is plain.
    """

    decimal: Decimal
    known: bool
    thousands: Thousands | None
    note: str


def marks(columns: Sequence[TextColumn], frame: pd.DataFrame, source: str, around: Surroundings) -> list[Marks]:
    """Return how the numbers of columns of texts are read.

    Args:
        columns: the columns.
        frame: the table, with all its columns.
        source: the file, for messages.
        around: what surrounds the columns.

    Raises:
        InputError: the numbers of a column leave no reading, or two.
    """
    decided: dict[str, Decimal] = {}
    unclear = []
    by_four = around.earlier is not None and around.earlier.thousands == ","
    for column in columns:
        decimals = possible_decimals(column.present.values(), around.reading, by_four=by_four)
        if not decimals:
            raise _no_reading(column, source, around.reading)
        if len(decimals) == 1:
            decided[column.name] = decimals[0]
        elif column.twofold is not None:
            unclear.append(column)
    reasons = {}
    if unclear:
        sure = [(column, decided[column.name]) for column in columns if column.name in decided]
        evidence = Evidence.gathered(unclear, sure, frame, around)
        for column in unclear:
            found = evidence.about(column)
            if len({decimal for decimal, _ in found}) != 1:
                raise _two_readings(column, source, dict(reversed(found)))
            decided[column.name], reasons[column.name] = found[0]
    said = around.reading.decimal is not None or around.reading.thousands is not None
    return [_marks(column, decided.get(column.name), reasons.get(column.name, ""), said=said) for column in columns]


def _marks(column: TextColumn, decimal: Decimal | None, reason: str, *, said: bool) -> Marks:
    """Return the marks of a column.

    Args:
        column: the column.
        decimal: the decimal mark, if anything shows it.
        reason: what speaks for it, if not the numbers themselves.
        said: whether the user says it.
    """
    read = decimal or DECIMALS[0]
    thousands = next((mark for shape in column.present.values() if (mark := shape.written[read].thousands)), None)
    note = ""
    if decimal is not None and not said and (decimal == "," or reason):
        is_decimal = f"{NAMES[decimal]} are decimal marks" if not thousands or column.has_decimals(decimal) else ""
        is_between = f"{NAMES[thousands]} are between thousands" if thousands else ""
        note = (
            f"{' and '.join(filter(None, [is_decimal, is_between]))}, as {reason or 'the numbers fit no other reading'}"
        )
    return Marks(read, decimal is not None, thousands, note)


def _two_readings(column: TextColumn, source: str, evidence: Mapping[Decimal, str]) -> InputError:
    """Return the error of a column with two readings, for neither or both of which there is evidence."""
    place, mark = column.first(column.twofold or 0), column.mark
    decimal, thousands = (f"{column.values(which)[place]:.15g}" for which in (mark, OTHER[mark]))
    why = "nothing else in the table says which"
    if evidence:
        why = f"the table is contradictory ({evidence[mark]}, but {evidence[OTHER[mark]]})"
    return InputError(
        f"{source}: {column.row(place)}, column {shown(column.name)}: {column.quoted(place)} may be {decimal} or "
        f"{thousands}, and {why}; say it with --decimal {mark} or --thousands {mark} (decimal={mark!r} or "
        f"thousands={mark!r} in Python)."
    )


def _no_reading(column: TextColumn, source: str, reading: Reading) -> InputError:
    """Return the error of a column whose numbers are written in different ways, or not as the user says."""
    codes, shapes = list(column.present), list(column.present.values())
    count = bisect_left(range(len(shapes) + 1), True, key=lambda count: not possible_decimals(shapes[:count], reading))
    place, last = column.first(codes[count - 1]), shapes[count - 1]
    where = f"{source}: {column.row(place)}, column {shown(column.name)}: found {column.quoted(place)}"
    if not possible_decimals([last], reading):
        said = {"--decimal": reading.decimal, "--thousands": reading.thousands}
        options = " and ".join(f"{flag} {mark}" for flag, mark in said.items() if mark is not None)
        return InputError(f"{where}, which is no number with {options}; correct the cell or the option.")
    first = next(
        (code for code, shape in zip(codes, shapes, strict=True) if not possible_decimals([shape, last], reading)),
        codes[0],
    )
    return InputError(
        f"{where}, but {column.quoted(column.first(first))} in {column.row(column.first(first))}; expected the same "
        "decimal mark, and the same mark between thousands, in all rows: correct the cell."
    )
