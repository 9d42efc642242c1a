"""Split a series in time order into training, validation and test rows."""

from dataclasses import dataclass

from recurra.errors import InputError


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
                f"a horizon of {horizon} rows needs more than the {rows} rows that there are; "
                "choose a smaller horizon, or give more rows."
            )
        held_out = [
            max(round(part * rows), horizon) if isinstance(part, float) and part else int(part)
            for part in (validation, test)
        ]
        if sum(held_out) >= rows:
            raise InputError(
                f"validation={validation} and test={test} take {sum(held_out)} of {rows} rows; "
                "leave some for training: choose smaller parts."
            )
        return cls(rows - sum(held_out), *held_out)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Row indices at which the parts start and end: 0, end of training, end of validation, end of test."""
        return 0, self.training, self.training + self.validation, self.training + self.validation + self.test
