"""How long tables take to read: minute rows of a file, and dates of a column.

    python benchmarks/tables/reading.py

Only samples around which the processor ran at full speed count (benchmarks/calm.py); the probe of it stands beside
them. The table goes to benchmarks/tables/RESULTS.md.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from calm import CalmClock
from results import machine, write_section

from recurra.tables.dates.parsing import dates
from recurra.tables.files.reader import read_file
from recurra.tables.table_builder import make_table

ROWS, DATES, CELLS = 400_000, 10_000_000, 400_000
SAMPLES, SECONDS = 5, 90


def minutes(count: int) -> "pd.Index[str]":
    return pd.date_range("2000-01-01", periods=count, freq="min").strftime("%Y-%m-%d %H:%M")


def main() -> None:
    torch.set_num_threads(1)
    clock = CalmClock(1)
    values = np.random.default_rng(0).random(ROWS).round(3)
    with tempfile.TemporaryDirectory() as folder:
        text, sheet = Path(folder) / "minutes.csv", Path(folder) / "minutes.xlsx"
        frame = pd.DataFrame({"date": minutes(ROWS), "value": values})
        frame.to_csv(text, index=False)
        frame.head(CELLS // 2).to_excel(sheet, index=False, engine="xlsxwriter")
        distinct = pd.DataFrame({"date": minutes(DATES).to_numpy()})
        shared = pd.DataFrame({"date": np.tile(minutes(DATES // 100).to_numpy(), 100)})
        work = {
            f"a CSV file of {ROWS:,} minute rows, read and checked": lambda: make_table(text),
            f"a spreadsheet (.xlsx) of {CELLS:,} cells, read": lambda: read_file(sheet),
            f"{DATES:,} dates, all of them distinct": lambda: dates(distinct, ["date"], "dates"),
            f"{DATES:,} dates of 100 series": lambda: dates(shared, ["date"], "dates"),
        }
        lines = [
            "## Reading",
            "",
            f"`python benchmarks/tables/reading.py` with {machine()}; the probe ran at "
            f"{clock.best / 1e9:.0f} GFLOP/s. A ~ stands where the machine was not calm.",
            "",
            "| what | seconds |",
            "|---|---|",
        ]
        for what, piece in work.items():
            (timing,) = clock.compare([piece], SAMPLES, SECONDS)
            lines.append(f"| {what} | {'' if timing.calm else '~'}{timing.seconds:.2f} |")
    write_section("reading", "\n".join(lines), Path(__file__).with_name("RESULTS.md"))


if __name__ == "__main__":
    main()
