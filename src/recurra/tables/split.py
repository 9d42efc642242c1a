"""Split series in time order into training, validation and test rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from recurra.errors import InputError, counted


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
        parts = [f"{name}={part}" for name, part in (("validation", validation), ("test", test)) if part]
        with_parts = f" with {' and '.join(parts)}" if parts else ""
        left = f", which leave {max(split.training, 0) or 'none'} of them for training" if parts else ""
        mend = f"give more rows, or choose a smaller horizon{' or smaller parts' if parts else ''}"
        few = counted(rows, "row is", "rows are")
        raise InputError(f"{few} too few for a horizon of {horizon}{with_parts}{left}; {mend}.")

    @classmethod
    def of_each(
        cls, lengths: Sequence[int], *, horizon: int = 1, validation: float | int = 0, test: float | int = 0
    ) -> list["Split | None"]:
        """Split several series; None for one that is too short for its parts.

        Args:
            lengths: number of rows of each series.
            horizon: see `of`.
            validation: see `of`.
            test: see `of`.

        Raises:
            InputError: if no rows are left for training in any series.

        >>> Split.of_each([10, 2], validation=2)
        [Split(training=8, validation=2, test=0), None]
        """
        cuts = [cls.cut(rows, horizon=horizon, validation=validation, test=test) for rows in lengths]
        splits = [cut if horizon < rows and cut.training > 0 else None for rows, cut in zip(lengths, cuts, strict=True)]
        if not any(splits):
            cls.of(max(lengths), horizon=horizon, validation=validation, test=test)  # says why
        return splits

    @classmethod
    def cut(cls, rows: int, *, horizon: int = 1, validation: float | int = 0, test: float | int = 0) -> "Split":
        """Return the parts as `of` does, but without an error if the number of training rows is not positive."""

        def held_out(part: float | int, of: int) -> int:
            return max(round(part * of), horizon) if isinstance(part, float) and part else int(part)

        tested = held_out(test, rows)
        validated = held_out(validation, max(rows - tested, 0))
        return cls(rows - tested - validated, validated, tested)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Row indices at which the parts start and end: 0, end of training, end of validation, end of test."""
        return 0, self.training, self.training + self.validation, self.training + self.validation + self.test
