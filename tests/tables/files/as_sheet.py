"""The lines of a text as the rows of a spreadsheet, with numbers and dates of their types."""

import csv
import datetime as dt
from contextlib import suppress
from pathlib import Path

import pandas as pd


def write_sheet(path: Path, text: str) -> None:
    """Write each line of a delimited text as a row, with pandas and the writer of other libraries that it takes."""
    delimiter = next((mark for mark in ";\t|" if mark in text), ",")
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in text.splitlines()]
    cells = pd.DataFrame([[typed(cell.strip()) for cell in row] for row in rows], dtype=object)
    cells.to_excel(str(path), header=False, index=False)


def typed(cell: str) -> object:
    for read in (int, float, dt.date.fromisoformat, dt.datetime.fromisoformat):
        with suppress(ValueError):
            return read(cell) if "-" in cell or not cell.startswith("20220") else cell
    return cell or None
