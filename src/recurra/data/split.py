"""Cut a series in time into training, validation and test rows."""

from dataclasses import dataclass

from recurra.errors import InputError


@dataclass(frozen=True)
class Split:
    """How a series is cut in time: the rows that are trained on, then those for validation, then those for the test.

    Args:
        training: rows of the training part.
        validation: rows of the validation part.
        test: rows of the test part; they are the last.
    """

    training: int
    validation: int
    test: int

    @classmethod
    def of(cls, rows: int, *, horizon: int = 1, validation: float | int = 0, test: float | int = 0) -> "Split":
        """Cut `rows` rows; a part is a count, or a share of all rows, which is no less than a horizon.

        Raises:
            InputError: nothing is left for training.
        """
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
        """Where the parts begin and end: 0, end of training, end of validation, end of all."""
        return 0, self.training, self.training + self.validation, self.training + self.validation + self.test
