"""Attacks with Parquet and Arrow files that say less of their sizes than they unpack to, or are of many small parts."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from .sandbox import Sandbox

READ = "from recurra.tables.table_builder import make_table\nmake_table(path)"
DELTA: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"ds": "DELTA_BYTE_ARRAY", "y": "PLAIN"}}
TEXTS = pa.dictionary(pa.int32(), pa.string())


def parquet(table: pa.Table, *, groups: int = 1, **options: Any) -> bytes:
    """Return a Parquet file in whose metadata every size of a column or a row group is 1."""
    written = io.BytesIO()
    with pq.ParquetWriter(written, table.schema, compression="zstd", **options) as file:
        for _ in range(groups):
            file.write_table(table)
    content = written.getvalue()
    for group in map(pq.read_metadata(written).row_group, range(groups)):
        columns = map(group.column, range(group.num_columns))
        for size in {group.total_byte_size, *(column.total_uncompressed_size for column in columns)}:
            if len(number := varint(size)) > 2:
                content = content.replace(number, varint(1, len(number)))
    return content


def varint(number: int, length: int = 1) -> bytes:
    """Return a whole number as Thrift writes it, in at least so many bytes."""
    parts: list[int] = []
    number *= 2
    while number > 127 or len(parts) < length - 1:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def arrow(batches: Iterator[pa.RecordBatch], *, stream: bool) -> bytes:
    written, first = io.BytesIO(), next(batches)
    options = ipc.IpcWriteOptions(compression="zstd", emit_dictionary_deltas=stream)
    with (ipc.new_stream if stream else ipc.new_file)(written, first.schema, options=options) as file:
        file.write_batch(first)
        for batch in batches:
            file.write_batch(batch)
    return written.getvalue()


def texts(codes: list[int], words: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words))


def growing_dictionaries() -> Iterator[pa.RecordBatch]:
    words = ["2020-01-01", *(f"{number}{'x' * 90_000}" for number in range(100))]
    for number in range(400):
        words = [*words, str(number)]
        yield pa.record_batch({"ds": texts([0], words), "y": [1]})


def list_of_nothing() -> pa.RecordBatch:
    nothings = pa.ListArray.from_arrays(pa.array([0, 50_000_000], pa.int32()), pa.nulls(50_000_000))
    return pa.record_batch({"ds": ["2020-01-01"], "y": pa.DictionaryArray.from_arrays(pa.array([0]), nothings)})


ONE_ROW = pa.record_batch({"ds": ["2020-01-01"], "y": [1.0]})
FILES: dict[str, Callable[[], tuple[str, bytes]]] = {
    "a text of 100 MB": lambda: ("t.parquet", parquet(pa.table({"ds": ["x" * 100_000_000], "y": [1]}))),
    "texts of 300 MB, without a dictionary": lambda: (
        "t.parquet",
        parquet(pa.table({"ds": ["x" * 30_000_000] * 10 + ["b"] * 2_000, "y": [1] * 2_010}), use_dictionary=False),
    ),
    "texts that begin as the one before": lambda: (
        "t.parquet", parquet(pa.table({"ds": [f"{'x' * 50_000}{i}" for i in range(5_000)], "y": [1] * 5_000}), **DELTA)
    ),
    "bytes of a fixed, large number": lambda: (
        "t.parquet", parquet(pa.table({"ds": pa.array([b"x" * 50_000] * 10_000, pa.binary(50_000)), "y": [1] * 10_000}))
    ),
    "a page for each row": lambda: (
        "t.parquet",
        parquet(pa.table({"y": np.arange(50_000)}), use_dictionary=False, data_page_size=1, write_batch_size=1),
    ),
    "a row group for each row": lambda: ("t.parquet", parquet(pa.table({"y": [1.0], "z": [1.0]}), groups=9_000)),
    "a record batch for each row": lambda: ("t.arrow", arrow(iter([ONE_ROW] * 20_000), stream=False)),
    "a record batch of a stream for each row": lambda: ("t.arrow", arrow(iter([ONE_ROW] * 20_000), stream=True)),
    "a large dictionary that each batch extends": lambda: ("t.arrow", arrow(growing_dictionaries(), stream=True)),
    "a dictionary of a list of nothings": lambda: ("t.arrow", arrow(iter([list_of_nothing()]), stream=False)),
}  # fmt: skip


@pytest.mark.parametrize("attack", FILES)
def test_a_file_that_understates_its_sizes_costs_little(attack: str, sandbox: Sandbox, tmp_path: Path) -> None:
    name, content = FILES[attack]()
    assert len(content) < 10_000_000
    (tmp_path / name).write_bytes(content)
    outcome = sandbox.run(READ, path=tmp_path / name)
    assert (outcome.end, outcome.fault(seconds=2, megabytes=100)) == ("refused", None)
