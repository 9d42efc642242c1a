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
    Split(training=70, validation=10, test=20)
    >>> Split.of(100, validation=0.1, test=20).bounds
    (0, 70, 80, 100)
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
            validation: number of validation rows, or their fraction of all rows if it is a float.
            test: number of test rows, or their fraction of all rows if it is a float.

        Raises:
            InputError: if no rows are left for training.
        """
        if horizon >= rows:
            raise InputError(
                f"a horizon of {counted(horizon, 'row')} needs more than the {counted(rows, 'row')} that there "
                f"{'is' if rows == 1 else 'are'}; choose a smaller horizon, or give more rows."
            )
        split = cls._cut(rows, horizon, validation, test)
        if split.training <= 0:
            raise InputError(
                f"validation={validation} and test={test} take {split.validation + split.test} of "
                f"{counted(rows, 'row')}; leave some for training: choose smaller parts."
            )
        return split

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
        cuts = [cls._cut(rows, horizon, validation, test) for rows in lengths]
        splits = [cut if horizon < rows and cut.training > 0 else None for rows, cut in zip(lengths, cuts, strict=True)]
        if not any(splits):
            cls.of(max(lengths), horizon=horizon, validation=validation, test=test)  # says why
        return splits

    @classmethod
    def _cut(cls, rows: int, horizon: int, validation: float | int, test: float | int) -> "Split":
        """Return the parts, of which the training part may have no rows."""
        held_out = [
            max(round(part * rows), horizon) if isinstance(part, float) and part else int(part)
            for part in (validation, test)
        ]
        return cls(rows - sum(held_out), *held_out)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Row indices at which the parts start and end: 0, end of training, end of validation, end of test."""
        return 0, self.training, self.training + self.validation, self.training + self.validation + self.test
