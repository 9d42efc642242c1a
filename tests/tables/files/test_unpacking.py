"""How much a packed table may unpack to."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from recurra import Forecaster, InputError, load
from recurra.cli import run
from recurra.tables.files.unpacking import Unpacking


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
    with pytest.raises(InputError, match="unpack to more than 10 MB; if you trust the file, allow more"):
        Forecaster().fit(path)
    with pytest.raises(InputError, match="remove the empty rows"):
        Forecaster(max_unpacked=1.0).fit(path)
    with pytest.raises(InputError, match="max_unpacked is 0"):
        Forecaster(max_unpacked=0).fit(path)


def write_packed(path: Path, months: int) -> Path:
    """Write rows with a note of nearly a million characters each."""
    rows = "".join(
        f"{2010 + month // 12}-{month % 12 + 1:02}-01,{month % 5},{'x' * 900_000}\n" for month in range(months)
    )
    path.write_bytes(gzip.compress(f"ds,y,note\n{rows}".encode()))
    return path


@pytest.mark.slow
def test_newer_rows_have_a_limit_of_their_own_which_no_file_carries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_packed(tmp_path / "t.csv.gz", 24)
    model = Forecaster("y", window=3, units=2, epochs=1, max_unpacked=1.0).fit(path)
    model.save(tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    assert isinstance(loaded, Forecaster)
    newer = write_packed(tmp_path / "newer.csv.gz", 26)
    with pytest.raises(InputError, match="unpack to more than"):
        loaded.predict(newer)
    assert len(loaded.predict(newer, max_unpacked=0.1)) == 1
    assert len(loaded.evaluate(newer, max_unpacked=0.1).predictions) == 2
    out = str(tmp_path / "run")
    flags = [
        "--target",
        "y",
        "--window",
        "3",
        "--validation",
        "0",
        "--units",
        "2",
        "--epochs",
        "1",
        "--no-refit",
        "--out",
        out,
        "--quiet",
    ]
    assert run(["forecast", str(path), *flags]) == 2
    assert run(["forecast", str(path), *flags, "--max-unpacked", "1"]) == 0
    assert run(["forecast", str(path), *flags, "--max-unpacked", "2", "--resume"]) == 0
    for command in (["predict", out, "--data", str(newer)], ["evaluate", out, "--data", str(newer)]):
        capsys.readouterr()
        assert run(command) == 2
        assert "--max-unpacked GIGABYTES" in capsys.readouterr().err
        assert run([*command, "--max-unpacked", "0.1"]) == 0


@pytest.mark.parametrize(("limit", "is_type"), [("2", True), (True, True), (-1, False), (float("inf"), False)])
def test_a_limit_is_a_number_of_gigabytes(limit: Any, is_type: bool) -> None:
    with pytest.raises(InputError, match=r"max_unpacked is .*; expected a number of gigabytes") as caught:
        Unpacking(limit)
    assert isinstance(caught.value, TypeError) == is_type
