"""A small monthly table for the tests of the command line."""

import numpy as np
import pandas as pd
import pytest

QUICK = ["--epochs", "2", "--units", "4", "--quiet", "--levels", "80"]
Printed = tuple[list[str], str]


def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err


def sales(rows: int = 96) -> pd.DataFrame:
    t = np.arange(rows)
    months = pd.date_range("2012-01-01", periods=rows, freq="MS").strftime("%Y-%m")
    return pd.DataFrame({"month": months, "sales": (200 + t + 40 * np.sin(2 * np.pi * t / 12)).round(1)})
