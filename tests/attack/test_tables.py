"""Attacks with tables: small files of large cost, damaged files, values and dates beyond all bounds, wrong types."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from .sandbox import Sandbox

READ = "from recurra.tables.table_builder import make_table\nmake_table(path)"
DAYS = [f"2020-01-{day:02}" for day in range(1, 31)]
ALMOST_TEN_MEGABYTES = 9_900_000
MUTATIONS = 2_000  # of each kind of file


def csv_of(header: str, row: Callable[[int], str], size: int = ALMOST_TEN_MEGABYTES) -> bytes:
    """Return a CSV file of about this size."""
    rows, length, number = [header], len(header), 0
    while length < size:
        rows.append(row(number))
        length += len(rows[-1]) + 1
        number += 1
    return "\n".join(rows).encode()


LARGE: dict[str, Callable[[], bytes]] = {
    "blank lines": lambda: b"ds,y" + b"\n" * ALMOST_TEN_MEGABYTES,
    "empty rows": lambda: b"ds,y\n" + b",\n" * (ALMOST_TEN_MEGABYTES // 2),
    "a million columns": lambda: b",".join(b"c%d" % i for i in range(1_000_000)) + b"\n1",
    "only commas": lambda: (b"," * (ALMOST_TEN_MEGABYTES // 2) + b"\n") * 2,
    "five thousand columns of text": (",".join(map(str, range(5_000))) + ("\n" + "ab," * 4_999) * 600).encode,
    "rows of few fields": lambda: b"ds" + b"," * 9_000 + b"\n2020" * 500_000,
    "a cell of 9 MB": lambda: b"ds,y\n2020-01-01," + b"x" * 9_000_000 + b"\n2020-01-02,1\n",
    "a date of 9 MB": lambda: b"ds,y\n" + b"2" * 9_000_000 + b",1\n2020-01-02,1\n",
    "an id of 9 MB": lambda: b"unique_id,ds,y\n" + b"a" * 9_000_000 + b",2020-01-01,1\nb,2020-01-02,1\n",
    "a header of 9 MB": lambda: b"ds," + b"x" * 9_000_000 + b"\n2020-01-02,1\n",
    "an unclosed quote": lambda: b'ds,y\n2020-01-01,"1' + b"\n2020-01-02,1" * 600_000,
    "only quotes": lambda: b"ds,y\n2020-01-01," + b'"' * 9_000_001,
    "cells of two lines": lambda: csv_of("ds,y", lambda i: '2020-01-01,"1\n2"'),
    "a quarter of a million cells between spaces": lambda: (b"1 " * 250_000 + b"\n") * 19,
    "half a million series": lambda: csv_of("unique_id,ds,y", lambda i: f"a{i},2020-01-01,1"),
    "thirty thousand series": lambda: csv_of("unique_id,ds,y", lambda i: f"{i // 21},{DAYS[i % 21]},{i % 21 or ''}"),
}


@pytest.mark.parametrize("name", LARGE)
def test_ten_megabytes_cost_little(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(LARGE[name]())
    assert sandbox.run(READ, path=path).fault() is None


def test_a_packed_file_of_gigabytes_is_refused_before_it_is_unpacked(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(400):
            file.write(b"2020-01-01,1\n" * 80_000)
    outcome = sandbox.run(READ, path=path)
    assert outcome.fault(megabytes=30) is None
    assert "allow more with --max-unpacked" in outcome.text


def test_the_limit_of_packed_files_can_be_raised_and_lowered(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"ds,y\n" + b"".join(f"{day},1\n".encode() for day in DAYS) + b"\n" * 12_000_000))
    read = """
from recurra.tables.files.reader import read_file
from recurra.tables.form import Reading
read_file(path, Reading(max_unpacked=limit))
"""
    assert "its 0.0118 MB unpack to more than 10 MB" in sandbox.run(read, path=path, limit=None).text
    assert "remove the empty rows" in sandbox.run(read, path=path, limit=0.02).text


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-4],  # no length
        lambda packed: packed[:-8] + b"\0" * 8,  # another checksum
        lambda packed: packed[:40],
        lambda packed: packed[:20] + b"\xff" * 20 + packed[40:],
        lambda packed: packed + b"more",
        lambda packed: packed[:10],
        lambda packed: b"",
    ],
)
def test_a_damaged_packed_file_is_refused(damage: Callable[[bytes], bytes], sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(damage(gzip.compress(b"ds,y\n" + "".join(f"{day},{day[8:]}\n" for day in DAYS).encode())))
    outcome = sandbox.run(READ, path=path)
    assert (outcome.end, outcome.fault()) == ("refused", None)


def test_a_packed_file_of_several_members_is_read_whole(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"ds,y\n2020-01-01,1\n") + gzip.compress(b"2020-01-02,2\n"))
    assert sandbox.run(f"table = {READ.splitlines()[1]}".join(["from recurra.tables.table_builder import make_table\n",
        "\nassert table.series[0].values.tolist() == [[1], [2]]"]), path=path).end == "returned"  # fmt: skip


def nested(depth: int) -> pa.Array:
    array = pa.array([1.0])
    for _ in range(depth):
        array = pa.StructArray.from_arrays([array], ["f"])
    return array


PARQUET: dict[str, Callable[[], pa.Table]] = {
    "a hundred million equal rows": lambda: pa.table({"ds": np.zeros(10**8, "i1"), "y": np.zeros(10**8, "i1")}),
    "twenty thousand columns": lambda: pa.table({f"c{i}": [1.0] for i in range(20_000)}),
    "five thousand columns of text": lambda: pa.table({f"c{i}": ["a"] * 9 for i in range(5_000)}),
    "a text of 50 kB in 10,000 rows": lambda: pa.table(
        {"ds": pa.chunked_array([["x" * 50_000] * 10_000]), "y": [1] * 10_000}
    ),
    "a text of 100 MB": lambda: pa.table({"ds": ["x" * 100_000_000], "y": [1]}),
    "deep structs": lambda: pa.table({"ds": ["2020-01-01"], "y": nested(90)}),
    "deeper structs": lambda: pa.table({"ds": ["2020-01-01"], "y": nested(120)}),
    "a list of a hundred million nothings": lambda: pa.table(
        {"ds": ["2020-01-01"], "y": pa.ListArray.from_arrays([0, 10**8], pa.nulls(10**8, pa.int8()))}
    ),
    "a list of three million structs": lambda: pa.table(
        {"ds": ["2020-01-01"], "y": pa.ListArray.from_arrays([0, 3_000_000], pa.array([{"a": None}] * 3_000_000))}
    ),
    "a list of a million numbers": lambda: pa.table({"ds": ["2020-01-01"], "y": [[1.0] * 1_000_000]}),
    "two columns of one name": lambda: pa.table([[1], [1], ["2020-01-01"]], names=["y", "y", "ds"]),
    "days of 32 bits": lambda: pa.table({"ds": pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32()), "y": [1, 2]}),
    "milliseconds": lambda: pa.table({"ds": pa.array([2**60, 0], pa.timestamp("ms")), "y": [1, 2]}),
    "microseconds": lambda: pa.table({"ds": pa.array([-(2**60), 0], pa.timestamp("us")), "y": [1, 2]}),
    "year 9999": lambda: pa.table({"ds": pa.array([253402214400000, 0], pa.timestamp("ms")), "y": [1, 2]}),
    "an index of pandas that is not there": lambda: pa.table({"y": [1.0]}).replace_schema_metadata(
        {"pandas": '{"index_columns": [{"kind": "range", "start": 0, "stop": 1e99, "step": 0}], "columns": 3}'}
    ),
    "an extension type": lambda: pa.table({"ds": pa.array([b"0" * 16], pa.binary(16)).cast(pa.uuid()), "y": [1]}),
    "thirty thousand series": lambda: pa.table(
        {"unique_id": np.repeat(np.arange(30_000), 20), "ds": np.tile(pd.date_range("2020-01-01", periods=20), 30_000),
         "y": np.zeros(600_000)}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARQUET)
def test_a_parquet_file_costs_little(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(PARQUET[name](), path, compression="zstd")
    assert path.stat().st_size < ALMOST_TEN_MEGABYTES
    assert sandbox.run(READ, path=path).fault() is None


def zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def workbook(rows: bytes, texts: bytes = b"") -> bytes:
    """Return an Excel workbook with the XML of the rows of its sheet, and of the texts to which cells refer."""
    related = b'<r><Relationship Id="a" Type="x/worksheet" Target="s.xml"/></r>'
    return zipped(
        {
            "xl/workbook.xml": b'<w xmlns:r="r"><sheet name="S" r:id="a"/></w>',
            "xl/_rels/workbook.xml.rels": related,
            "xl/sharedStrings.xml": b"<sst>" + texts + b"</sst>",
            "xl/s.xml": b"<s>" + rows + b"</s>",
        }
    )


def spreadsheet(rows: str) -> bytes:
    """Return an OpenDocument spreadsheet with the XML of the rows of its sheet."""
    content = f'<a xmlns:t="t" xmlns:o="o"><t:table>{rows}</t:table></a>'
    return zipped({"content.xml": content.replace("~", "t:table-").encode()})


def members(count: int) -> bytes:
    return zipped({str(number): b"" for number in range(count)})


HEADER = b'<row><c t="str"><v>ds</v></c><c t="str"><v>y</v></c></row>'
PACKED: dict[str, Callable[[], tuple[str, bytes]]] = {
    "a zip of much": lambda: ("t.zip", zipped({"t.csv": b"2020-01-01,1\n" * 2_000_000})),
    "a zip of sixty thousand files": lambda: ("t.zip", members(60_000)),
    "a packed file in a zip": lambda: ("t.zip", zipped({"t.csv.gz": gzip.compress(b"\n" * 20_000_000)})),
    "two cells far apart": lambda: (
        "t.xlsx", workbook(HEADER + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    ),
    "a diagonal of cells": lambda: (
        "t.xlsx",
        workbook(b"".join(b'<row r="%d"><c r="%s"><v>1</v></c></row>' % (i + 1, letters(i)) for i in range(5_000))),
    ),
    "a long text in many cells": lambda: (
        "t.xlsx",
        workbook(HEADER + b'<row><c t="s"><v>0</v></c></row>' * 200_000, b"<si><t>" + b"x" * 5_000_000 + b"</t></si>"),
    ),
    "a sheet of empty rows": lambda: ("t.xlsx", workbook(HEADER + b"<row/>" * 4_000_000)),
    "half a million cells in a row": lambda: ("t.xlsx", workbook(b"<row>" + b"<c><v>1</v></c>" * 600_000 + b"</row>")),
    "deep XML": lambda: ("t.xlsx", workbook(b"<a>" * 3_000_000)),
    "a cell that stands everywhere": lambda: (
        "t.ods",
        spreadsheet(
            '<~row t:number-rows-repeated="1048576">'
            '<~cell t:number-columns-repeated="16384" o:value-type="float" o:value="1"/></~row>'
        ),
    ),
    "a row that stands everywhere": lambda: (
        "t.ods", spreadsheet('<~row t:number-rows-repeated="1048576"><~cell o:value-type="float" o:value="1"/></~row>')
    ),
    "a space as wide as a book": lambda: (
        "t.ods", spreadsheet('<~row><~cell><t:p><t:s t:c="2000000000"/></t:p></~cell></~row>' * 2)
    ),
    "Feather that unpacks to much": lambda: ("t.feather", feather(pa.table({"y": np.zeros(10**7)}))),
    "Feather of a billion rows without bytes": lambda: ("t.feather", feather(pa.table({"y": pa.nulls(2**30)}))),
}  # fmt: skip


def letters(column: int) -> bytes:
    """Return the name of a column of a sheet with its row below."""
    first, rest = divmod(column, 26 * 26)
    return bytes([65 + first, 65 + rest // 26, 65 + rest % 26]) + str(column + 1).encode()


def feather(table: pa.Table) -> bytes:
    written = io.BytesIO()
    with ipc.new_file(written, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(table)
    return written.getvalue()


@pytest.mark.parametrize("attack", PACKED)
def test_a_small_packed_file_of_any_kind_costs_little(attack: str, sandbox: Sandbox, tmp_path: Path) -> None:
    name, content = PACKED[attack]()
    assert len(content) < ALMOST_TEN_MEGABYTES
    (tmp_path / name).write_bytes(content)
    outcome = sandbox.run(READ, path=tmp_path / name)
    assert (outcome.end, outcome.fault()) == ("refused", None)


EXTREMES = [
    *("1e300", "-1e300", "1e160", "1e50", "1e49", "inf", "-inf", "nan", "-0", "1e-320", "1e999", "0x10", "9" * 400),
    *("0001-01-01", "9999-12-31", "1677-09-22", "2261-12-31", "2262-04-11", "100000000000"),
    *("=1+1", "\x1b[31m", "\u202e", "١٢"),
]


def test_extreme_cells_are_a_table_or_a_fault(sandbox: Sandbox, tmp_path: Path) -> None:
    tables = []
    for extreme in EXTREMES:
        for column in (0, 1):
            rows = [[day, str(number)] for number, day in enumerate(DAYS)]
            rows[12][column] = extreme
            tables.append("ds,y\n" + "\n".join(map(",".join, rows)))
        tables.append("ds,y\n" + f"{extreme},{extreme}\n" * 30)
    paths = [tmp_path / f"{number}.csv" for number in range(len(tables))]
    for path, table in zip(paths, tables, strict=True):
        path.write_text(table)
    outcome = sandbox.run(EACH, paths=list(map(str, paths)))
    assert outcome.end == "returned", outcome.text


FIT = """
import warnings
import torch
import recurra
torch.set_num_threads(1)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)
    model = recurra.Forecaster(epochs=1, units=4, window=3, validation=4).fit(path)
    model.predict()
    model.backtest(path, folds=1)
    model.evaluate(path)
"""
EACH = f"""
import recurra
def fit(path):
    {FIT.replace(chr(10), chr(10) + "    ")}
for path in paths:
    try:
        fit(path)
    except recurra.InputError as error:
        assert len(str(error)) <= 500 and str(error).isprintable(), str(error)
"""


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.zip", "t.parquet", "t.feather", "t.xlsx", "t.ods"])
def test_a_mutated_table_is_a_table_or_a_fault(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    frame = pd.DataFrame({"unique_id": ["a", "b"] * 12, "ds": np.repeat(DAYS[:12], 2), "y": np.arange(24) / 4})
    original = tmp_path / f"original-{name}"
    if name.endswith("parquet"):
        frame.to_parquet(original)
    elif name.endswith("feather"):
        frame.to_feather(original, compression="zstd")
    elif name.endswith(("xlsx", "ods")):
        frame.to_excel(str(original), index=False)
    elif name.endswith("zip"):
        original.write_bytes(zipped({"t.csv": frame.to_csv(index=False).encode()}))
    else:
        frame.to_csv(original, index=False)
    code = Path(__file__).with_name("mutated_tables.py").read_text("utf-8")
    code += "\nread_mutated(original, path, seed, count)"
    parts = 4  # a run may take a minute
    for seed in range(parts):
        outcome = sandbox.run(code, original=original, path=tmp_path / name, seed=seed, count=MUTATIONS // parts)
        assert outcome.end == "returned", outcome.text
        assert outcome.megabytes < 200
