"""How time and memory grow with the number of series: from a Parquet file to scores and a file of forecasts.

    python benchmarks/accuracy/scaling.py

Series have 100 monthly values, and 12 are predicted. Each size runs in a process of its own with one thread. The
network is trained for one step: they are as many as one asks for. The table goes to benchmarks/accuracy/RESULTS.md.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from results import machine, write_section

from recurra import Forecaster
from recurra.tables.files.spreadsheet import to_csv
from recurra.tables.table_builder import make_table

RESULTS = Path(__file__).with_name("RESULTS.md")
SIZES, ROWS, HORIZON, STEPS = (1_000, 10_000, 100_000), 100, 12, 1
PARTS = ("read", "prepare", "fit with one step", "score", "forecast and write", "save and load")


def write_table(path: Path, series: int) -> None:
    """Write random walks as a long table."""
    values = 50 + np.random.default_rng(0).normal(0, 1, (series, ROWS)).cumsum(axis=1)
    ids = np.repeat(np.array([f"s{place:06d}" for place in range(series)], dtype=object), ROWS)
    dates = np.tile(pd.date_range("2015-01-01", periods=ROWS, freq="MS").to_numpy(), series)
    pd.DataFrame({"unique_id": ids, "ds": dates, "y": values.round(2).ravel()}).to_parquet(path)


def measured(path: Path) -> dict[str, float]:
    """Return the processor seconds of each part of the work on a table, and the peak of memory in megabytes."""
    plain: dict[str, Any] = {"loss": "mse", "scaling": ["standard", "subtract-last"], "steps": STEPS}
    Forecaster(horizon=2, window=4, **plain).fit(pd.DataFrame({"y": np.arange(40.0)}))  # all imports are done
    seconds, model = {}, Forecaster(horizon=HORIZON, validation=HORIZON, window=24, **plain)
    clock = time.process_time()

    def lap(part: str) -> None:
        nonlocal clock
        now = time.process_time()
        seconds[part], clock = now - clock, now

    table = make_table(path)
    lap("read")
    prepared = model.prepare(table.head(HORIZON))
    lap("prepare")
    model.fit(prepared)
    lap("fit with one step")
    model.evaluate(table).to_json()
    lap("score")
    path.with_suffix(".csv").write_bytes(to_csv(model.update_context(table).predict(levels=[80])))
    lap("forecast and write")
    model.save(path.with_suffix(".safetensors"))
    Forecaster.load(path.with_suffix(".safetensors"))
    lap("save and load")
    peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    return seconds | {"memory": int(peak[1]) / 1024}


def main() -> None:
    torch.set_num_threads(1)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for series in SIZES:
            path = Path(folder) / f"{series}.parquet"
            write_table(path, series)
            done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
            found[series] = json.loads(done.stdout.splitlines()[-1])
    totals = {series: sum(own[part] for part in PARTS) for series, own in found.items()}
    lines = [
        "## Many series",
        "",
        f"`python benchmarks/accuracy/scaling.py` with {machine()}: seconds of processor time for series of {ROWS} "
        f"monthly values, horizon {HORIZON}, one training step; memory is the peak of the process, imports included.",
        "",
        f"| series | {' | '.join(PARTS)} | all | memory, MB |",
        f"|---|{'---|' * (len(PARTS) + 2)}",
    ]
    for series, own in found.items():
        cells = " | ".join(f"{own[part]:.2f}" for part in PARTS)
        lines.append(f"| {series:,} | {cells} | {totals[series]:.2f} | {own['memory']:.0f} |")
    ratio = totals[SIZES[-1]] / totals[SIZES[-2]]
    lines += ["", f"Ten times the series of {SIZES[-2]:,} take {ratio:.1f} times as long."]
    write_section("scaling", "\n".join(lines), RESULTS)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) > 1:
        torch.set_num_threads(1)
        print(json.dumps(measured(Path(sys.argv[1]))))
    else:
        main()
