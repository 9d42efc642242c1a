"""How time and memory grow with the number of series: from a Parquet file to scores and a file of forecasts.

    python benchmarks/accuracy/scaling.py

Series have 100 monthly values, and 12 are predicted, by the default recipe with a validation part of one horizon and
intervals of 80 and 95 %. Each size runs in a process of its own with one thread. The network is trained for one step:
they are as many as one asks for. So is it by the whole command, `recurra forecast`, which trains twice, scores four
origins of each series, and draws plots. The table goes to benchmarks/accuracy/RESULTS.md.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from results import machine, write_section

from recurra import Forecaster
from recurra.tables.files.spreadsheet import to_csv
from recurra.tables.table_builder import make_table
from recurra.training import Callback, TrainingState

RESULTS = Path(__file__).with_name("RESULTS.md")
SIZES, ROWS, HORIZON, STEPS, LEVELS = (1_000, 10_000, 100_000), 100, 12, 1, (80, 95)
STEP = "one step"
PARTS = ("read", "prepare", "calibrate", "score", "forecast and write", "save and load")  # besides the training


def write_table(path: Path, series: int) -> None:
    """Write random walks as a long table."""
    values = 50 + np.random.default_rng(0).normal(0, 1, (series, ROWS)).cumsum(axis=1)
    ids = np.repeat(np.array([f"s{place:06d}" for place in range(series)], dtype=object), ROWS)
    dates = np.tile(pd.date_range("2015-01-01", periods=ROWS, freq="MS").to_numpy(), series)
    pd.DataFrame({"unique_id": ids, "ds": dates, "y": values.round(2).ravel()}).to_parquet(path)


def measured(path: Path) -> dict[str, float]:
    """Return the processor seconds of each part of the work on a table, and the peak of memory in megabytes."""
    Forecaster(horizon=2, validation=2, steps=STEPS).fit(pd.DataFrame({"y": np.arange(40.0)}))  # all imports are done
    seconds, model = {}, Forecaster(horizon=HORIZON, validation=HORIZON, steps=STEPS)
    clock = time.process_time()

    def lap(part: str) -> None:
        nonlocal clock
        now = time.process_time()
        seconds[part], clock = now - clock, now

    class Trained(Callback):
        def on_train_end(self, state: TrainingState) -> None:
            lap(STEP)

    table = make_table(path)
    lap("read")
    prepared = model.prepare(table.head(HORIZON))
    lap("prepare")
    model.fit(prepared, callbacks=[Trained()])
    lap("calibrate")
    model.evaluate(table, levels=LEVELS).to_json()
    lap("score")
    path.with_suffix(".csv").write_bytes(to_csv(model.update_context(table).predict(levels=LEVELS)))
    lap("forecast and write")
    model.save(path.with_suffix(".safetensors"))
    Forecaster.load(path.with_suffix(".safetensors"))
    lap("save and load")
    peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    return seconds | {"memory": int(peak[1]) / 1024}


def measured_command(path: Path) -> dict[str, float]:
    """Return the processor seconds of the whole command, imports included, and the peak of its memory in megabytes."""
    command = [*(sys.executable, "-m", "recurra", "forecast", str(path), "--quiet"), "--out", str(path.with_suffix(""))]
    flags = [*("--horizon", str(HORIZON)), *("--steps", str(STEPS))]
    process = subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"recurra forecast of {path.name} ended with {status}")
    return {"seconds": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}


def main() -> None:
    torch.set_num_threads(1)
    found, commands = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for series in SIZES:
            path = Path(folder) / f"{series}.parquet"
            write_table(path, series)
            done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
            found[series] = json.loads(done.stdout.splitlines()[-1])
            commands[series] = measured_command(path)
    totals = {series: sum(own[part] for part in PARTS) for series, own in found.items()}
    lines = [
        "## Many series",
        "",
        f"`python benchmarks/accuracy/scaling.py` with {machine()}: seconds of processor time for series of {ROWS} "
        f"monthly values, horizon {HORIZON}, by the default recipe: `Forecaster(horizon={HORIZON}, "
        f"validation={HORIZON}, steps={STEPS})` with intervals of {' and '.join(map(str, LEVELS))} %. `all` leaves out "
        "the training step; memory is the peak of the process, imports included. The last two columns are the whole of "
        f"`recurra forecast FILE --horizon {HORIZON} --steps {STEPS}`: imports, two trainings, the scores of a test "
        "part with four origins of each series, intervals calibrated on as many, plots, and a file of forecasts.",
        "",
        f"| series | {' | '.join(PARTS)} | all | {STEP} | memory, MB | command | its memory, MB |",
        f"|---|{'---|' * (len(PARTS) + 5)}",
    ]
    for series, own in found.items():
        cells = " | ".join(f"{own[part]:.2f}" for part in PARTS)
        whole = f"{totals[series]:.2f} | {own[STEP]:.2f} | {own['memory']:.0f}"
        command = f"{commands[series]['seconds']:.1f} | {commands[series]['memory']:.0f}"
        lines.append(f"| {series:,} | {cells} | {whole} | {command} |")
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
