"""What the command line says of faulty and unusual tables."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from recurra.cli import run

from .sales import QUICK, printed, sales

pytestmark = pytest.mark.usefixtures("empty_pictures")


def edited(change: Callable[[list[str]], object]) -> bytes:
    lines = sales().to_csv(index=False).splitlines()
    result = change(lines)
    lines = result if isinstance(result, list) else lines
    return ("\n".join(lines) + "\n").encode()


def with_line(number: int, text: str) -> bytes:
    """The file with another text in row `number`, counted as an editor does."""

    def change(lines: list[str]) -> None:
        lines[number - 1] = text

    return edited(change)


FAULTS: dict[str, tuple[bytes, list[str], str]] = {
    "no rows": (b"month,sales\n", [], "has no rows of data"),
    "empty": (b"", [], "is empty; expected a header and rows of data"),
    "too few rows for window and horizon": (
        edited(lambda lines: lines[:17]),
        ["--window", "12"],
        "the training part has 10 rows; a window of 12 and a horizon of 3 need at least 15 there",
    ),
    "text in a number column": (
        with_line(9, "2012-08,many"),
        [],
        "row 9, column 'sales': found 'many', expected a number; correct the cell",
    ),
    "no value in the target": (
        with_line(9, "2012-08,"),
        ["--missing", "error"],
        "row 9 (2012-08-01), column 'sales': found no value, expected a number; correct the cell, or allow it with --m",
    ),
    "too many gaps in the target": (
        edited(lambda lines: [line[:8] if 9 <= number <= 13 else line for number, line in enumerate(lines, 1)]),
        [],
        "column 'sales' has no value in 5 of 96 rows (5.21 %), up to 5 in a row, first in row 9 (2012-08-01); by "
        "default up to 5 %, in runs of at most 12 rows (a season), are filled: --missing ffill, interpolate or mask",
    ),
    "infinity in the target": (
        with_line(9, "2012-08,inf"),
        ["--missing", "ffill"],
        "row 9 (2012-08-01), column 'sales': found infinity, expected a number; correct the cell.",
    ),
    "the same date twice": (
        with_line(9, "2012-07,5"),
        [],
        "rows 8 and 9 have the same date 2012-07-01; expected each date once: drop one",
    ),
    "what is no date": (with_line(9, "2012-13,5"), [], "row 9, column 'month': '2012-13' is not a date; expected one"),
    "no date": (with_line(9, ",5"), [], "row 9, column 'month': there is no date"),
    "a target that is no column": (
        edited(lambda _: None),
        ["--target", "sails"],
        "there is no column 'sails' for the target (did you mean 'sales'?); the columns are 'month', 'sales'",
    ),
    "no column of dates": (b"v,b\n1,x\n2,y\n", [], "there is no column of dates"),
    "two columns that may be the target": (
        b"date,a,b\n2020-01-01,1,2\n2020-01-02,2,3\n",
        ["--target", "c"],
        "there is no column 'c' for the target",
    ),
    "a row with too many fields": (with_line(9, "2012-08,1,2"), [], "row 9 has 3 fields, expected 2 as in the header"),
    "the same column twice": (b"date,v,v\n2020-01-01,1,2\n", [], "the column 'v' occurs twice"),
    "no text": (b"\x00\x01\x02\xff\xfe\x00\x80" * 9, [], "is not text, since it has null characters"),
    "a calendar that is none": (
        pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=60), "sales": 1.5}).to_csv(index=False).encode(),
        ["--calendar", "XSHN"],
        "there is no calendar 'XSHN'; did you mean 'XSHG'?",
    ),
    "a number too large": (
        with_line(9, "2012-08,1e160"),
        [],
        "row 9, column 'sales': found '1e+160', expected a number betw",
    ),
    "a number that no network can read": (
        edited(lambda lines: [*lines[:-1], lines[-1].split(",")[0] + ",1e48"]),
        ["--scaling", "standard"],
        "column 'sales' is 1e+48 on",
    ),
    "a date that is a number": (with_line(9, "1e300,5"), [], "row 9, column 'month': '1e300' is not a date"),
    "a year that no date has": (with_line(9, "9999-08,5"), [], "'9999-08' is outside the years 1678 to 2261"),
    "control characters": (
        with_line(9, "2012-08,\x1b[31m\u202e"),
        [],
        r"row 9, column 'sales': found '\x1b[31m\u202e', expected a number",
    ),
    "a covariate that is no column": (
        edited(lambda _: None),
        ["--past-covariates", "price"],
        "no column 'price' for the past cov",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_table_is_one_clear_line_and_status_2(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, flags, message = FAULTS[fault]
    path = tmp_path / "表.csv"
    path.write_bytes(content)
    out = tmp_path / "run"
    target = [] if "--target" in flags else ["--target", "sales" if b"sales" in content else "v"]
    assert run(["forecast", str(path), "--horizon", "3", "--out", str(out), *QUICK, *target, *flags]) == 2
    lines, err = printed(capsys)
    assert lines == []
    assert err.startswith(f"recurra: {path}")
    assert err.count("\n") == 1
    assert message in err
    assert not out.exists()


@pytest.mark.parametrize("flag", ["--start", "--end"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_no_table_can_have_is_one_clear_line(
    flag: str, day: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(edited(lambda _: None))
    assert run(["forecast", str(path), flag, day, "--out", str(tmp_path / "run"), *QUICK]) == 2
    assert printed(capsys)[1] == f"recurra: {flag} is '{day}'; expected a day of the years 1678 to 2261.\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "content",
    [
        edited(lambda lines: [lines[0], *lines[:0:-1]]),
        with_line(2, '2012-01,"1,200.0"'),
        b"\xef\xbb\xbf" + edited(lambda _: None),
        edited(lambda lines: [line.replace(",", ";") for line in lines]),
        gzip.compress(edited(lambda _: None)),
        sales().rename(columns={"month": "月份"}).to_csv(index=False).encode("gbk"),
    ],
    ids=["unsorted", "thousands separators", "byte order mark", "semicolons", "gzip", "GBK"],
)
@pytest.mark.filterwarnings("default")
def test_what_is_unusual_and_no_fault_is_read(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / ("table.csv.gz" if content[:2] == b"\x1f\x8b" else "table.csv")
    path.write_bytes(content)
    out = str(tmp_path / "run")
    assert run(["forecast", str(path), "--target", "sales", "--out", out, *QUICK]) == 0
    assert "2020-01-01" in capsys.readouterr().out


@pytest.mark.parametrize("flags", [["--id", "store", "--id", "item"], ["--id", "store", "item"]])
def test_several_columns_of_ids_are_given_one_after_the_other(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = pd.date_range("2024-01-01", periods=40)
    parts = [
        pd.DataFrame({"store": store, "item": item, "day": days, "sales": [1.0, 2.0, 3.0, 4.0] * 10})
        for store in ("01", "02")
        for item in (1, 2)
    ]
    path, out = tmp_path / "t.csv", tmp_path / "run"
    pd.concat(parts).to_csv(path, index=False)
    assert run(["forecast", str(path), "--target", "sales", "--window", "4", *flags, "--out", str(out), *QUICK]) == 0
    assert "01 / 1" in capsys.readouterr().out
    written = pd.read_csv(out / "forecast.csv", dtype=str)
    assert written.columns[:4].tolist() == ["unique_id", "store", "item", "ds"]
    assert written.iloc[0, :4].tolist() == ["01 / 1", "01", "1", "2024-02-10"]
    assert pd.read_csv(out / "predictions.csv", dtype=str)["store"].unique().tolist() == ["01", "02"]
    assert run(["predict", str(out), "--data", str(path), "--json"]) == 0
    assert '"unique_id": "02 / 2",\n    "store": "02",\n    "item": 2,' in capsys.readouterr().out


def test_notes_come_before_the_error_that_they_explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "nohead.csv"
    path.write_text("2024-01-01,5,7\n2024-01-02,6,8\n2024-01-03,5,9\n")
    assert run(["forecast", str(path), "--out", str(tmp_path / "run")]) == 2
    note, error = printed(capsys)[1].splitlines()
    assert note == f"recurra: note: {path}: the file has no header, so that its columns are named 'c1', 'c2', 'c3'."
    assert error.startswith(f"recurra: {path}: which column is the target? found 'c2', 'c3'; name it with --target")
