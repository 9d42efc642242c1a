"""Split series in time order into training, validation and test rows."""

from dataclasses import dataclass

import numpy as np

from recurra.errors import InputError, counted
from recurra.tables.arrays import Booleans, Integers


@dataclass(frozen=True)
class Split:
    """Numbers of training, validation and test rows, in this order in time.

    Args:
        training: number of training rows, the first ones.
        validation: number of validation rows.
        test: number of test rows, the last ones.

    >>> Split.of(100, validation=0.1, test=20)
    Split(training=72, validation=8, test=20)
    >>> Split.of(100, validation=0.1, test=20).bounds
    (0, 72, 80, 100)
    """

    training: int
    validation: int
    test: int

    @classmethod
    def of(cls, rows: int, *, horizon: int = 1, validation: float | int = 0, test: float | int = 0) -> "Split":
        """Split a number of rows.

        Args:
            rows: number of rows of the series.
            horizon: number of predicted rows per sample; a fraction gives at least this many rows.
            validation: number of validation rows, or their fraction of the rows before the test part if it is a float.
            test: number of test rows, or their fraction of all rows if it is a float.

        Raises:
            InputError: if no rows are left for training, or not more than the horizon before the test part.
        """
        split = cls.cut(rows, horizon=horizon, validation=validation, test=test)
        if split.training > 0 and rows - split.test > horizon:
            return split
        parts = {name: part for name, part in (("validation", validation), ("test", test)) if part}
        with_parts = f" with {' and '.join(f'{name}={part}' for name, part in parts.items())}" if parts else ""
        left = f", which leave {max(split.training, 0) or 'none'} of them for training" if parts else ""
        none = f", or hold out nothing ({', '.join(f'{name}=0' for name in parts)})" if parts else ""
        mend = f"give more rows{',' if parts else ', or'} choose a smaller horizon{none}"
        few = counted(rows, "row is", "rows are")
        raise InputError(f"{few} too few for a horizon of {horizon}{with_parts}{left}; {mend}.")

    @classmethod
    def cut(cls, rows: int, *, horizon: int = 1, validation: float | int = 0, test: float | int = 0) -> "Split":
        """Return the parts as `of` does, but without an error if the number of training rows is not positive."""
        return cls(*(int(part[0]) for part in _cut(np.array([rows]), horizon, validation, test)))

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Row indices at which the parts start and end: 0, end of training, end of validation, end of test."""
        return 0, self.training, self.training + self.validation, self.training + self.validation + self.test


@dataclass(frozen=True, eq=False)
class Splits:
    """Numbers of training, validation and test rows of several series.

    Attributes:
        training: number of training rows of each series, [S]; it may be negative for one that is too short.
        validation: number of validation rows, [S].
        test: number of test rows, [S].
        enough: whether a series is long enough for its parts, [S].
    """

    training: Integers
    validation: Integers
    test: Integers
    enough: Booleans

    @classmethod
    def of(cls, lengths: Integers, *, horizon: int = 1, validation: float | int = 0, test: float | int = 0) -> "Splits":
        """Split several series; the arguments are those of `Split.of`, but for the numbers of rows [S].

        Raises:
            InputError: if no rows are left for training in any series.

        >>> splits = Splits.of(np.array([10, 2]), validation=2)
        >>> splits.training.tolist(), splits.validation.tolist(), splits.enough.tolist()
        ([8, 0], [2, 2], [True, False])
        """
        training, validated, tested = _cut(lengths, horizon, validation, test)
        enough = (horizon < lengths) & (training > 0)
        if not enough.any():
            Split.of(int(lengths.max()), horizon=horizon, validation=validation, test=test)  # says why
        return cls(training, validated, tested, enough)

    @classmethod
    def whole(cls, lengths: Integers) -> "Splits":
        """Return the splits of series whose rows are all training rows."""
        return cls(lengths, np.zeros_like(lengths), np.zeros_like(lengths), lengths > 0)

    def where(self, kept: Booleans) -> "Splits":
        """Return the splits of the series for which `kept` [S] is true."""
        return Splits(self.training[kept], self.validation[kept], self.test[kept], self.enough[kept])


def may_be_left_out(part: float | int) -> bool:
    """Return whether a part is none, or a share, which series that are too short need not have."""
    return isinstance(part, float) or not part


def _cut(
    lengths: Integers, horizon: int, validation: float | int, test: float | int
) -> tuple[Integers, Integers, Integers]:
    """Return the numbers of training, validation and test rows; see `Split.of`."""

    def held_out(part: float | int, of: Integers) -> Integers:
        if isinstance(part, float) and part:
            rows: Integers = np.maximum(np.rint(part * of).astype(np.int64), horizon)
            return rows
        return np.full(len(of), int(part), dtype=np.int64)

    tested = held_out(test, lengths)
    validated = held_out(validation, np.maximum(lengths - tested, 0))
    return lengths - tested - validated, validated, tested
