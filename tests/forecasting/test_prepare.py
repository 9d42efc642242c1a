"""One fit decides, splits, fits and hashes once, and goes from the table to the predictor without going back."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster
from recurra.forecasting import forecaster, prepare, training
from recurra.forecasting.plan import Plan
from recurra.forecasting.transforms.chain import Transform
from recurra.forecasting.transforms.steps import RowScaling
from recurra.tables.split import Splits
from recurra.tables.table import Table
from recurra.training import Run

from .tables import SMALL, bars, long


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the steps of a fit, in the order in which they begin."""
    seen: list[str] = []

    def watch(owner: Any, name: str, label: str) -> None:
        original = owner.__dict__[name]
        function = original.__func__ if isinstance(original, classmethod) else original

        def watched(*arguments: Any, **options: Any) -> Any:
            seen.append(label)
            return function(*arguments, **options)

        monkeypatch.setattr(owner, name, classmethod(watched) if isinstance(original, classmethod) else watched)

    watch(forecaster, "read_table", "table")
    watch(prepare, "splits_of", "split")
    watch(Plan, "of", "plan")
    watch(Transform, "fit", "transform.fit")
    watch(Transform, "fit_windows", "transform.fit_windows")
    watch(Transform, "transform", "transform")
    watch(RowScaling, "transform", "scale rows")
    watch(Table, "fingerprint", "fingerprint")
    watch(training, "fit_networks", "loop")
    return seen


def test_a_fit_takes_each_step_once_in_order(calls: list[str], tmp_path: Path) -> None:
    steps = ["table", "split", "plan", "transform.fit", "scale rows", "transform.fit_windows", "loop"]
    Forecaster("open", validation=20, past_covariates="all", **SMALL).fit(bars())
    assert calls == steps
    calls.clear()
    with Run(tmp_path / "run", "new") as run:
        Forecaster("open", validation=20, past_covariates="all", **SMALL).fit(bars(), run=run)
    assert calls == [*steps, "fingerprint"]


def test_a_fit_of_what_was_prepared_prepares_nothing(calls: list[str]) -> None:
    model = Forecaster(**SMALL)
    prepared = model.prepare(long({"a": 40, "b": 50}))
    calls.clear()
    fitted = model.fit(prepared)
    assert calls == ["loop"]
    pd.testing.assert_frame_equal(fitted.predict(), Forecaster(**SMALL).fit(long({"a": 40, "b": 50})).predict())


def test_each_series_is_split_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    split = Splits.of
    monkeypatch.setattr(Splits, "of", lambda counts, **options: rows.extend(counts) or split(counts, **options))
    Forecaster(**SMALL).fit(long({"a": 40, "b": 50}))
    assert rows == [40, 50]


def test_samples_of_the_parts_share_no_target() -> None:
    prepared = Forecaster(validation=20, horizon=3, **SMALL).prepare(long({"a": 60, "b": 80}))
    training, validation = prepared.parts
    assert len(training) == (40 - 6 - 2) + (60 - 6 - 2)
    assert len(validation) == 2 * (20 - 2)
    assert [origins.tolist() for origins in prepared.validation] == [list(range(40, 58)), list(range(60, 78))]
    ends = training.windows.origins[:32] + 2  # the last row of each horizon of the first series
    assert int(ends.max()) < int(validation.windows.origins.min())
    assert np.array_equal(np.unique(validation.windows.series), [0, 1])
