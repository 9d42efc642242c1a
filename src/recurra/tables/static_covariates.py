"""Static covariates of a table: columns of numbers or words that have one value for each series."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError, shown
from recurra.tables.arrays import Booleans, Floats, Integers

Words = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class StaticCovariates:
    """Columns with one value for each series.

    Attributes:
        columns: the values by the names of the columns, [S] each: numbers, NaN where they are missing, or words, empty
            where they are missing.

    >>> both = StaticCovariates({"region": np.array(["north", "south"], dtype=object), "size": np.array([5.0, 7.0])})
    >>> both.at(np.array([1])).columns["region"].tolist()
    ['south']
    """

    columns: Mapping[str, Floats | Words] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def at(self, places: Integers) -> "StaticCovariates":
        """Return the values of the series at these places, in this order."""
        return StaticCovariates({name: column[places] for name, column in self.columns.items()})

    def joined(self, others: "StaticCovariates") -> "StaticCovariates":
        """Return the values of these series and, after them, of those that have the same columns."""
        return StaticCovariates(
            {name: np.concatenate([column, others.columns[name]]) for name, column in self.columns.items()}
        )

    def after(self, earlier: "StaticCovariates", places: Integers, source: str) -> "StaticCovariates":
        """Return the columns of an earlier table for the series of this one, which says what it holds itself.

        Args:
            earlier: the columns of the earlier table, some of which this one may lack.
            places: the place in the earlier table of each series, -1 if it has not been there, [S].
            source: the file, for messages.

        Raises:
            InputError: a column that had numbers has words.
        """
        return StaticCovariates(
            {
                name: self._newer(name, np.where(places < 0, _missing(column), column[places]), source)
                for name, column in earlier.columns.items()
            }
        )

    def _newer(self, name: str, known: Floats | Words, source: str) -> Floats | Words:
        """Return a column of this table, with known values where it has none."""
        column = self.columns.get(name)
        if column is None or (absent := is_missing(column)).all():
            return known
        if known.dtype == column.dtype:
            return np.where(absent, known, column)
        if known.dtype == object:
            words = [
                known_word if gone else f"{number:.15g}"
                for known_word, gone, number in zip(known, absent, column, strict=True)
            ]
            return np.array(words, dtype=object)
        raise InputError(
            f"{source}: column {shown(name)} has {shown(column[~absent][0])}; the static covariate had numbers in "
            "training, expected numbers."
        )

    def parts(self) -> Iterator[bytes]:
        """Yield all that a hash of the columns covers."""
        for name, column in self.columns.items():
            yield f"{name}\0".encode()
            yield "\0".join(column.tolist()).encode() if column.dtype == object else column.tobytes()


def is_missing(column: Floats | Words) -> Booleans:
    """Return which values of a static covariate are missing, [S]."""
    found: Booleans = column == "" if column.dtype == object else np.isnan(column.astype(np.float64))
    return found


def _missing(column: Floats | Words) -> str | float:
    return "" if column.dtype == object else np.nan
