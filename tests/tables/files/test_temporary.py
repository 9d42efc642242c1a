"""Zip archives of one file, open files and standard input: read like files, with limits, and called by their names."""

import gzip
import io
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import InputError
from recurra.cli import run
from recurra.tables.files.reader import read_file
from recurra.tables.form import Reading
from recurra.tables.table_builder import make_table

pytestmark = pytest.mark.usefixtures("empty_pictures")

CSV = b"ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
WRONG = b"ds,y\n2024-01-01,1\n2024-01-02,2,9\n"


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def values(source: Any) -> list[float]:
    return make_table(source).series[0].values[:, 0].tolist()


@pytest.mark.parametrize(
    "files",
    [
        {"t.csv": CSV},
        {"folder/t.txt": CSV},
        {"t.csv.gz": gzip.compress(CSV)},
        {"folder/": b"", "folder/t.csv": CSV, "__MACOSX/folder/._t.csv": b"\0"},
        {"数据.csv": CSV},
    ],
)
def test_a_zip_archive_with_one_file_is_read_as_that_file(files: dict[str, bytes], tmp_path: Path) -> None:
    assert values(zipped(tmp_path / "t.zip", files)) == [1, 2, 3]


@pytest.mark.parametrize("suffix", ["parquet", "feather", "xlsx", "ods"])
def test_a_zip_archive_may_have_a_file_of_any_kind_in_it(suffix: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 2.0, 3.0]})
    inner = tmp_path / f"t.{suffix}"
    write = {"parquet": frame.to_parquet, "feather": frame.to_feather}.get(suffix)
    write(inner) if write else frame.to_excel(str(inner), index=False)
    assert values(zipped(tmp_path / "t.zip", {inner.name: inner.read_bytes()})) == [1, 2, 3]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no file in it; expected one table."),
        ({"a.csv": CSV, "b/c.csv": CSV}, "has 2 files in it ('a.csv', 'b/c.csv'); unpack it, and give one of them."),
        ({f"{n}.csv": b"" for n in range(9)}, "('0.csv', '1.csv', '2.csv', '3.csv', '4.csv', '5.csv' …)"),
        ({"../t.csv": CSV}, "'../t.csv' in it is a path outside the archive; pack the file anew."),
        ({"/etc/t.csv": CSV}, "'/etc/t.csv' in it is a path outside"),
        ({"..\\t.csv": CSV}, "in it is a path outside"),
        ({"C:/t.csv": CSV}, "'C:/t.csv' in it is a path outside"),
        ({"t.zip": CSV}, "has another archive in it, 't.zip'; unpack it."),
        ({"t.csv": WRONG}, "row 3 has 3 fields, expected 2 as in the header"),
        ({"t.csv": b""}, "is empty; expected a header and rows of data."),
    ],
)  # fmt: skip
def test_an_archive_that_is_no_table_is_refused_with_its_own_name(
    files: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "t.zip", files)
    with pytest.raises(InputError) as error:
        read_file(path)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'t\.csv' in it is packed with method \d+; pack it with Deflate"):
        read_file(zipped(tmp_path / "t.zip", {"t.csv": CSV}, method))


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(tmp_path / "t.zip", {"t.csv": CSV}).read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1  # the flag in the list of entries
    (tmp_path / "t.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"'t\.csv' in it is encrypted; save it without a password"):
        read_file(tmp_path / "t.zip")


@pytest.mark.parametrize("cut", [3, 20, 100])
def test_a_truncated_archive_is_refused(cut: int, tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"t.csv": CSV})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match=r"t\.zip is not a zip archive that can be read"):
        read_file(path)


@pytest.mark.parametrize("stated", [True, False])
def test_an_archive_that_unpacks_to_too_much_is_refused_whatever_it_states(stated: bool, tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"t.csv": CSV + b"\n" * 11_000_000})
    if not stated:
        content = path.read_bytes()
        path.write_bytes(content.replace(struct.pack("<I", len(CSV) + 11_000_000), struct.pack("<I", 1_000)))
    with pytest.raises(InputError, match=r"t\.zip: its 0\.01\d* MB unpack to more than 10 MB; if you trust the file"):
        read_file(path)


def test_what_is_packed_twice_has_the_limit_of_the_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"t.csv.gz": gzip.compress(CSV + b"\n" * 11_000_000)})
    with pytest.raises(InputError, match=r"t\.zip: its .* MB unpack to more than 10 MB"):
        read_file(path)
    with pytest.raises(InputError, match="remove the empty rows"):
        read_file(path, Reading(max_unpacked=1.0))


@pytest.mark.parametrize(
    "source", [io.BytesIO(CSV), io.StringIO(CSV.decode()), io.BytesIO(CSV.decode().encode("utf-16"))]
)
def test_an_open_file_is_read_as_csv(source: Any) -> None:
    assert values(source) == [1, 2, 3]


def test_an_open_file_is_read_as_its_name_says_and_is_left_open(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"ds": ["2024-01-01", "2024-01-02"], "y": [1.0, 2.0]}).to_parquet(path)
    with path.open("rb") as file:
        assert values(file) == [1, 2]
        assert not file.closed
        assert file.read() == b""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (io.BytesIO(WRONG), "the given file: row 3 has 3 fields"),
        (io.StringIO(""), "the given file is empty"),
        (io.BytesIO(b"\0\1\2" * 99), "the given file is not text"),
    ],
)
def test_an_open_file_without_a_table_is_called_the_given_file(source: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_table(source)


def test_an_open_file_is_read_up_to_the_limit() -> None:
    with pytest.raises(InputError, match=r"the given file has more than 1e-05 MB; if you trust it, allow more with"):
        read_file(io.BytesIO(CSV), Reading(max_unpacked=1e-8))


class Numbers:
    def read(self, size: int) -> Any:
        return [size]


def test_an_object_that_reads_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"the given file: its read\(\) returned \[1048576\]; expected bytes or text"):
        make_table(Numbers())  # type: ignore[arg-type]


@pytest.mark.parametrize("source", ["-", Path("-")])
def test_a_dash_is_standard_input(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CSV)))
    table = make_table(source)
    assert table.source == "standard input"
    assert table.series[0].values[:, 0].tolist() == [1, 2, 3]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG)))
    with pytest.raises(InputError, match=r"^standard input: row 3 has 3 fields"):
        make_table(source)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match=r"^standard input is closed; give a file"):
        make_table(source)


@pytest.mark.filterwarnings("default")
def test_commands_read_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": np.arange(60) % 7}).to_csv(index=False)
    out = str(tmp_path / "run")

    def piped(*tokens: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows.encode())))
        return run(list(tokens))

    assert piped("forecast", "-", "--out", out, "--epochs", "1", "--units", "2", "--window", "7", "--quiet") == 0
    assert "2024-03-01" in capsys.readouterr().out
    rows += "2024-03-01,4\n"
    assert piped("predict", out, "--data", "-") == 0
    assert "2024-03-02" in capsys.readouterr().out
    rows = rows.replace("2024-03-01,4", "2024-03-01,x")
    assert piped("predict", out, "--data", "-") == 2
    assert capsys.readouterr().err.startswith("recurra: standard input: row 62, column 'y': found 'x'")
