"""Where the header and the data of a table are: what is above, between and below them, by its first and last rows.

Rows are lists of cells with their numbers in the file, so that text files and sheets are treated alike.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from recurra.errors import InputError, listed, shown
from recurra.tables.columns import check_count
from recurra.tables.dates.column_names import DATE_NAMES, TIME_NAMES, plain_name
from recurra.tables.files.cells import is_comment, is_drawn, kind
from recurra.tables.files.header import Header, with_header, without_header
from recurra.tables.files.table_rows import Row, TableRows

FIRST_ROWS, LAST_ROWS = 100, 50  # of which the layout is found
WHOLE = re.compile(r"[-+]?\d+")


@dataclass(frozen=True)
class Layout:
    """Where the header and the data of a table are.

    Attributes:
        header: names of the columns.
        header_row: number of the row that has them; None: no row has.
        first: number of the first row of data.
        above: rows above the data that are left out.
        below: rows below the data.
    """

    header: Header
    header_row: int | None
    first: int
    above: tuple[Row, ...] = ()
    below: tuple[Row, ...] = ()

    @property
    def after(self) -> int | None:
        """Number of the first row below the data; None: they go to the end."""
        return self.below[0].number if self.below else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how the table was read."""
        above, below = _left_out(self.above, "above the data"), _left_out(self.below, "below the data")
        return (*self.header.notes, *above, *below)

    def has_ids_below(self, frame: pd.DataFrame) -> bool:
        """Return whether a row below the data begins with a text that also stands in this column of the data."""
        for place in {row.begin for row in self.below if row.begin < frame.shape[1]}:
            column = frame.iloc[:, place]
            if not pd.api.types.is_numeric_dtype(column):
                texts = {str(text).strip() for text in column.unique()}
                if not texts.isdisjoint(row.cells[place] for row in self.below if row.begin == place):
                    return True
        return False


def found_layout(rows: Sequence[Row], last_rows: Sequence[Row], source: str, *, decimal_commas: bool = False) -> Layout:
    """Find the header and the data of a table.

    Args:
        rows: the first rows, at least one.
        last_rows: the last rows, which may be the first ones too.
        source: the file, for messages.
        decimal_commas: whether two cells may be one number with a decimal comma, as commas separate the cells.

    Raises:
        InputError: the header has a name twice, or too many names, or a row may be read in two ways.
    """
    table = TableRows(rows)
    begin, levels, index_row = table.parts()
    if levels:
        data = [row for row in rows[begin:] if table.is_data(row)]
        number = rows[levels[-1]].number
        most = max((row.width for row in data), default=0)
        width = max([min(most, len(rows[levels[-1]].cells)), *(rows[place].width for place in levels)])
        cells = [rows[place].cells[:width] for place in levels]
        if is_comment(cells[0]):
            cells = [(cells[0][0].lstrip("#/ "), *cells[0][1:])]
        if _has_row_names(rows[levels[-1]], data, f"{source}: row {number}", decimal_commas=decimal_commas):
            cells = [("", *row) for row in cells]
        index_name = "" if index_row is None else rows[index_row].cells[0]
        header = with_header(cells, index_name, f"{source}: row {number}")
    else:
        number = None
        data = [row for row in rows[begin:] if table.is_data(row)]
        usual = Counter(len(row.cells) for row in data).most_common(1)[0][0]
        count = max(row.width for row in data if len(row.cells) == usual)
        check_count(source, count)
        header = without_header(count)
    first = rows[begin].number if begin < len(rows) else rows[-1].number + 1
    above = [row for place, row in enumerate(rows[:begin]) if place not in {*levels, index_row}]
    below = table.rows_below([row for row in last_rows if row.number > first])
    return Layout(header, number, first, tuple(above), tuple(below))


def _has_row_names(header: Row, data: Sequence[Row], where: str, *, decimal_commas: bool) -> bool:
    """Return whether rows begin with their numbers, which have no name in the header, as R writes them."""
    count, names = len(header.filled), [row.cells[0] for row in data]
    one_more = len(header.cells) == count and {len(row.cells) for row in data} == {count + 1}
    numbered = len(data) > 1 and names == [str(number) for number in range(1, len(data) + 1)]
    if not one_more or not numbered or all(row.width <= count for row in data):
        return False
    pairs = [pair for row in data for pair in pairwise(row.cells) if all(map(WHOLE.fullmatch, pair))]
    dated = [place for place, cell in enumerate(data[0].cells) if kind(cell) == "date"]
    called = [place for place, cell in enumerate(header.cells) if plain_name(cell) in DATE_NAMES | TIME_NAMES]
    if decimal_commas and pairs and (not dated or called != [place - 1 for place in dated]):
        raise InputError(
            f"{where} names {count} columns, and the rows have {count + 1} cells; either they begin with row numbers, "
            f"as R writes them, or {shown(','.join(pairs[0]), 40)} is one number with a decimal comma: name the first "
            "column too, or quote the number."
        )
    return True


def _left_out(rows: Sequence[Row], where: str) -> list[str]:
    """Return the note about rows that are left out, if there are any; lines that are drawn say nothing."""
    rows = [row for row in rows if not is_drawn(row.cells)]
    if not rows:
        return []
    beginning = shown(rows[0].filled[0], 40)
    if len(rows) == 1:
        return [f"row {rows[0].number} is left out: it stands {where} and begins with {beginning}"]
    numbers = listed([row.number for row in rows])
    return [f"rows {numbers} are left out: they stand {where}, and the first begins with {beginning}"]
