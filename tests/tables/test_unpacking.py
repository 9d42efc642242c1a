"""How much a packed table may unpack to."""

import gzip
from pathlib import Path

import pytest

from recurra import Forecaster, InputError
from recurra.tables.unpacking import Unpacking


@pytest.mark.parametrize(
    ("size", "gigabytes", "limit"),
    [(1_000, None, 10_000_000), (1_000_000, None, 100_000_000), (1_000, 5.0, 5_000_000_000), (1_000, 0.001, 1_000_000)],
)
def test_the_limit_is_a_hundred_times_the_size_or_what_was_asked_for(
    size: int, gigabytes: float | None, limit: int, tmp_path: Path
) -> None:
    (tmp_path / "t").write_bytes(b"x" * size)
    assert Unpacking(gigabytes).limit(tmp_path / "t") == limit


def test_no_file_may_unpack_to_more_than_two_gigabytes_unless_that_is_asked_for(tmp_path: Path) -> None:
    with (tmp_path / "t").open("wb") as file:
        file.truncate(50_000_000)  # no bytes on the disk
    assert Unpacking().limit(tmp_path / "t") == 2_000_000_000


def test_a_file_that_is_not_packed_has_no_limit(tmp_path: Path) -> None:
    with (tmp_path / "t").open("wb") as file:
        file.truncate(3_000_000_000)
    Unpacking().check(tmp_path / "t", 3_000_000_000)


def test_a_model_takes_the_limit_as_a_parameter(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    rows = "".join(f"2020-{month:02}-01,{month}\n" for month in range(1, 13))
    path.write_bytes(gzip.compress(f"ds,y\n{rows}".encode() + b"\n" * 11_000_000))
    with pytest.raises(InputError, match="unpack to more than 10 MB; if you trust the file, allow more with --max-unp"):
        Forecaster().fit(path)
    with pytest.raises(InputError, match="remove the empty rows"):
        Forecaster(max_unpacked=1.0).fit(path)
    with pytest.raises(InputError, match="max_unpacked is 0"):
        Forecaster(max_unpacked=0).fit(path)
