"""The names that the rows of a header give to columns; where they name series and columns, both."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import count

from recurra.errors import InputError, listed, shown
from recurra.tables.columns import DATE, SAME, check_count
from recurra.tables.files.spreadsheet import unescaped

UNNAMED = "Unnamed: "  # before the number of a column without a name
FIELDS = {name for names in SAME[1:] for name in names} | {
    "adj close", "adj_close", "dividends", "stock splits", "capital gains", "price", "last", "bid", "ask", "vwap",
    "returns", "前收盘", "昨收", "涨跌幅", "涨跌额", "换手率", "振幅", "均价",
}  # fmt: skip
LABELS = {
    "price",
    "ticker",
    "tickers",
    "symbol",
    "symbols",
    "attributes",
    "field",
    "fields",
    "variable",
}  # of such rows


@dataclass(frozen=True)
class Header:
    """The names of the columns of a table.

    Attributes:
        columns: a name for each column.
        series: of each column, the id of the series that it belongs to, empty if to all, and its name there; empty: the
            columns do not name series.
        notes: sentences about how the names were read.
    """

    columns: tuple[str, ...]
    series: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def without_header(count: int) -> Header:
    """Return the names of the columns of a file that has no header."""
    columns = tuple(f"c{number}" for number in range(1, count + 1))
    return Header(columns, notes=(f"the file has no header, so that its columns are named {listed(columns)}",))


def with_header(rows: Sequence[Sequence[str]], index_name: str, where: str) -> Header:
    """Return the names of columns in the rows of a header.

    Args:
        rows: cells of each row, as many in each.
        index_name: name of the first column; empty: it is in the rows.
        where: file and row, for messages.

    Raises:
        InputError: a name occurs twice, or there are too many columns.
    """
    check_count(where, len(rows[0]))
    names = [[unescaped(cell) for cell in row] for row in rows]
    labels = [row[0] for row in names]  # names of the rows themselves, or of the first column
    first = index_name or next((label for label in labels if label and label.lower() not in LABELS), "")
    columns = [[row[place] for row in names] for place in range(1, len(names[0]))]
    varied = [level for level in range(len(names)) if len({column[level] for column in columns}) > 1]
    fields = [level for level in range(len(names)) if all(column[level].lower() in FIELDS for column in columns)]
    ids = [level for level in varied if level not in fields]
    if len(ids) == 1 and fields:
        series = [("", first or DATE)]
        series += [(column[ids[0]], " ".join(column[level] for level in fields)) for column in columns]
        found = list(dict.fromkeys(id_ for id_, _ in series if id_))
        note = f"the header names {len(found)} series ({listed(found)}), which are put below each other"
        return Header(_unique([" ".join(pair).strip() for pair in series], where), tuple(series), (note,))
    kept = varied if len(names) > 1 and columns else range(len(names))
    joined = [" ".join(column[level] for level in kept if column[level]) for column in columns]
    same = [names[level][1] for level in range(len(names)) if level not in kept]
    notes = [f"{shown(name, 40)} stands above all columns, and is left out of their names" for name in same if name]
    return Header(_unique([first, *joined], where), notes=tuple(notes))


def _unique(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the names of columns, with numbers for those that have none; InputError if one occurs twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{where}: the column {shown(name)} occurs twice; give each column a unique name.")
        seen |= {name} - {""}
    return tuple(name or unnamed(place, seen) for place, name in enumerate(names))


def unnamed(place: int, names: Container[str]) -> str:
    """Return the name of a column without a name, which no other column has.

    >>> unnamed(0, {"Unnamed: 0", "y"})  # pandas wrote the numbers of rows twice
    'Unnamed: 0.1'
    """
    name = f"{UNNAMED}{place}"
    return name if name not in names else next(more for n in count(1) if (more := f"{name}.{n}") not in names)
