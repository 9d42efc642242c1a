"""How much a packed table, such as a csv.gz, zip or Parquet file, may unpack to; checked before memory is taken."""

import math
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

from recurra.errors import InputError, InputTypeError, shown, shown_path

MEGABYTE, GIGABYTE = 10**6, 10**9
ALWAYS = 10 * MEGABYTE  # bytes that every file may unpack to
RATIO = 100  # tables of real data are packed 3 to 16 times by gzip, and sparse ones up to 70 times in Parquet
MOST = 2 * GIGABYTE


@dataclass(frozen=True)
class Unpacking:
    """The limit for what a packed table unpacks to.

    Args:
        gigabytes: the limit. None: 100 times the size of the file, but at least 10 MB and at most 2 GB.

    Raises:
        InputTypeError: it is no number.
        InputError: it is not greater than 0, or infinite.
    """

    gigabytes: float | None = None

    def __post_init__(self) -> None:
        if self.gigabytes is None:
            return
        wrong = f"max_unpacked is {shown(self.gigabytes)}; expected a number of gigabytes greater than 0."
        if not isinstance(self.gigabytes, Real) or isinstance(self.gigabytes, bool):
            raise InputTypeError(wrong)
        if not 0.0 < self.gigabytes < math.inf:
            raise InputError(wrong)

    def limit(self, path: Path) -> int:
        """Return the limit for a file, in bytes."""
        if self.gigabytes is not None:
            return round(self.gigabytes * GIGABYTE)
        return min(max(RATIO * path.stat().st_size, ALWAYS), MOST)

    def check(self, path: Path, size: int) -> None:
        """Raise an InputError if a file unpacks to more bytes than the limit; an unpacked file has no limit."""
        if size <= ALWAYS and self.gigabytes is None:
            return
        packed, limit = path.stat().st_size, self.limit(path)
        if size > max(limit, packed):
            raise InputError(
                f"{shown_path(path)}: its {packed / MEGABYTE:,.3g} MB unpack to more than {limit / MEGABYTE:,.6g} MB; "
                "if you trust the file, allow more with --max-unpacked GIGABYTES (max_unpacked=… in Python)."
            )
