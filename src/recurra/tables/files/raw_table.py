"""The table of a text or a sheet, of the frame of its data: without what is blank, its series below each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recurra.tables.columns import ID
from recurra.tables.files.header import UNNAMED
from recurra.tables.files.layout import Layout
from recurra.tables.form import RawTable

SAMPLED = 100  # rows that are looked at before all are


def raw_table(frame: pd.DataFrame, layout: Layout, notes: Sequence[str], delimiter: str | None = None) -> RawTable:
    """Return the raw table of a file.

    Args:
        frame: its data; the index is the row number in the file.
        layout: how they were found.
        notes: sentences about the file as a whole.
        delimiter: what separates the columns of a text file.
    """
    frame = _without_blank_rows(frame)
    if layout.header.series:
        frame = _below_each_other(frame, layout.header.series)
    return RawTable(_without_blank_columns(frame), (*notes, *layout.notes), delimiter)


def _without_blank_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without rows in which all columns miss their values; mostly the first column tells."""
    blank = np.ones(len(frame), dtype=np.bool_)
    are_texts = list(map(pd.api.types.is_object_dtype, frame.dtypes))
    for place in sorted(range(frame.shape[1]), key=are_texts.__getitem__):
        blank &= frame.iloc[:, place].isna().to_numpy()
        if not blank.any():
            return frame
    return frame[~blank]


def _without_blank_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without columns that have neither a name nor a value, such as those of a margin."""
    unnamed = [name for name in frame.columns if str(name).startswith(UNNAMED)]
    if not frame.head(SAMPLED)[unnamed].isna().all().any():
        return frame
    blank = frame.isna().all()
    return frame.drop(columns=[name for name in unnamed if blank[name]])


def _below_each_other(frame: pd.DataFrame, series: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return a long table of a wide one, without the rows in which a series has no value.

    Args:
        frame: the wide table.
        series: of each column, the id of the series that it belongs to, empty if to all, and its name there.
    """
    common = [place for place, (id_, _) in enumerate(series) if not id_]
    parts = []
    for id_ in dict.fromkeys(id_ for id_, _ in series if id_):
        own = [place for place, (other, _) in enumerate(series) if other == id_]
        part = frame.iloc[:, [*common, *own]].set_axis([series[place][1] for place in (*common, *own)], axis=1)
        part = part[part.iloc[:, len(common) :].notna().any(axis=1)]
        part.insert(0, ID, id_)
        parts.append(part)
    return pd.concat(parts)
