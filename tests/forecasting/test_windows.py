"""Windows: views in time order, whatever their number."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recurra.forecasting.windows import Windows
from recurra.tables.origins import Origins


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.data())
def test_samples_are_slices_of_the_rows(window: int, horizon: int, columns: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(window + horizon, window + horizon + 20))
    rows = torch.arange(length * columns, dtype=torch.float32).reshape(length, columns)
    first = torch.from_numpy(Origins.of_part(np.array([0]), np.array([length]), window, horizon).rows)
    windows = Windows(rows, first, window, horizon)
    assert len(windows) == length - window - horizon + 1
    index = torch.tensor(data.draw(st.lists(st.integers(0, len(windows) - 1), min_size=1, max_size=5)))
    expected = torch.stack([rows[i : i + window] for i in index.tolist()])
    assert torch.equal(windows.inputs(index), expected)
    ahead = torch.stack([rows[i + window : i + window + horizon, columns - 1] for i in index.tolist()])
    assert torch.equal(windows.at(index, torch.arange(horizon), columns - 1), ahead)


@pytest.mark.slow
def test_ten_million_windows_of_sixty_rows_take_less_than_500_megabytes() -> None:
    program = """
import re, numpy as np, pandas as pd, torch
from pathlib import Path
from recurra.tables.table_builder import make_table
from recurra.forecasting.forecaster import Forecaster
# that of getrusage includes what the process was a copy of before it ran this program
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
days = pd.date_range("2000-01-01", periods=1_000, freq="min")
model = Forecaster(window=60, scaling="standard")
model.prepare(pd.DataFrame({"ds": days, "y": np.arange(1000.0)}))  # all imports are done
before = peak()
rows = 10_000_060
frame = pd.DataFrame({"ds": pd.date_range("2000-01-01", periods=rows, freq="min"), "y": np.sin(np.arange(rows))})
(samples,) = model.prepare(frame).parts
assert len(samples) == 10_000_000, len(samples)
for index in torch.arange(0, 10_000_000, 100_000).split(20):
    batch = samples[index]
    assert batch.x.shape == (len(index), 60, 1)
    assert batch.target.shape == (len(index), 1)
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 500
