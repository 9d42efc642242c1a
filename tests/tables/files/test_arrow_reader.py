"""Feather and other Arrow IPC files, as pandas, pyarrow and polars write them."""

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.dates.parsing import dates
from recurra.tables.files.arrow_sizes import unpacked_size
from recurra.tables.files.reader import read_file

pa = pytest.importorskip("pyarrow")
ipc = pytest.importorskip("pyarrow.ipc")

FRAME = pd.DataFrame(
    {"ds": pd.date_range("2024-01-01", periods=500), "shop": pd.Categorical(["a", "b"] * 250), "y": np.arange(500) / 4}
)


def check(path: Path) -> None:
    frame = read_file(path).frame
    assert frame.index.tolist() == list(range(1, 501))
    assert dates(frame, ("ds",), "t").index.equals(pd.DatetimeIndex(FRAME["ds"]))
    assert frame["shop"].tolist() == FRAME["shop"].tolist()
    assert frame["y"].tolist() == FRAME["y"].tolist()


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_a_feather_file_of_pandas_is_read(compression: Any, tmp_path: Path) -> None:
    FRAME.to_feather(tmp_path / "t.feather", compression=compression)
    check(tmp_path / "t.feather")


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_arrow_file_or_stream_of_polars_is_read(compression: Any, stream: bool, tmp_path: Path) -> None:
    frame = pytest.importorskip("polars").from_pandas(FRAME)
    path = tmp_path / "t.arrow"
    (frame.write_ipc_stream if stream else frame.write_ipc)(path, compression=compression)
    check(path)


def test_nested_columns_are_left_out_and_several_batches_are_joined(tmp_path: Path) -> None:
    table = pa.table({"ds": ["2024-01-01", "2024-01-02"], "y": [1.0, 2.0], "list": [[1], [2, 3]]})
    with ipc.new_file(tmp_path / "t.arrow", table.schema) as file:
        for batch in table.to_batches(max_chunksize=1):
            file.write(batch)
    frame = read_file(tmp_path / "t.arrow").frame
    assert frame.to_dict("list") == {"ds": ["2024-01-01", "2024-01-02"], "y": [1.0, 2.0]}


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_what_a_message_unpacks_to_is_read_from_it(compression: str) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"y": np.zeros(100_000), "text": pa.array(["x"] * 100_000)})
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(compression=compression)) as stream:
        stream.write_table(table)
    sizes = [unpacked_size(message) for message in ipc.MessageReader.open_stream(sink.getvalue())]
    assert sizes[-1] == pytest.approx(100_000 * (8 + 4 + 1), abs=100)  # numbers, ends of texts, and texts


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path: Path) -> None:
    with ipc.new_file(
        tmp_path / "t.feather", pa.schema({"y": pa.float64()}), options=ipc.IpcWriteOptions(compression="zstd")
    ) as file:
        file.write_table(pa.table({"y": np.zeros(4_000_000)}))
    with pytest.raises(InputError, match=r"unpack to more than 10 MB; if you trust the file, allow more"):
        read_file(tmp_path / "t.feather")


def test_a_long_text_that_many_rows_show_is_refused(tmp_path: Path) -> None:
    text = b"x" * 10_000
    view = struct.pack("<i4sii", len(text), text[:4], 0, 0)  # length, beginning, buffer, place
    buffers = [None, pa.py_buffer(view * 100_000), pa.py_buffer(text)]
    column = pa.Array.from_buffers(pa.string_view(), 100_000, buffers)
    column.validate(full=True)
    with ipc.new_file(tmp_path / "t.arrow", pa.schema({"y": pa.string_view()})) as file:
        file.write_table(pa.table({"y": column}))
    assert (tmp_path / "t.arrow").stat().st_size < 2_000_000
    with pytest.raises(InputError, match="unpack to more than"):
        read_file(tmp_path / "t.arrow")


@pytest.mark.parametrize(
    "content", [b"", b"ARROW1", b"ARROW1\0\0" + b"\xff" * 99, b"FEA1" + b"\0" * 99, b"\xff\xff\xff\xff"]
)
def test_a_damaged_file_is_refused_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.feather").write_bytes(content)
    with pytest.raises(InputError, match=r"t\.feather (is not a Feather or Arrow file that can be read|has no rows)"):
        read_file(tmp_path / "t.feather")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.table([[1], [2]], names=["y", "y"])
    with ipc.new_file(tmp_path / "t.arrow", table.schema) as file:
        file.write_table(table)
    with pytest.raises(InputError, match="the column 'y' occurs twice"):
        read_file(tmp_path / "t.arrow")


def test_without_pyarrow_a_feather_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.feather").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"a Feather or Arrow file needs pyarrow: pip install .recurra\[parquet\]"):
        read_file(tmp_path / "t.feather")
