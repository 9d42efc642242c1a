"""From the rows of a table to what a network is trained on, and from its outputs back to the table's units."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.errors import InputError
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.scaling import Affine, AffineKind, Differences, Log, PerWindow, WindowKind
from recurra.forecasting.windows import Windows, stacked
from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.arrays import Floats, Integers, Origins
from recurra.tables.table import Series, Table

NONE, LAST, SEASONAL = "none", "last", "seasonal"
ARRAYS = ("center", "scale", "floor", "input_gain")
CHOSEN = ("base", "base_column", "nearest_column", "target_gain")
FAR_BELOW = 1e-6  # of the smallest price in training
NEGLIGIBLE = 1e-6  # a spread of scaled rows that is rounding alone
LOOKED_AT = 4096  # windows, evenly chosen, from which the spread of what the network sees is measured


@dataclass
class Preparation:
    """How the columns of a table are scaled; fitted on training rows alone.

    Each row is scaled by itself (logarithm, difference, then for each series a center and a scale of its own), then
    each window by its own level. A covariate that stays within a factor of two of the target over all training rows,
    as the other prices of a share do, has the target's unit: it shares the target's scaler and level, so that what
    lies between the two is not lost. Values known in advance enter `horizon` rows early, and are scaled by row only.

    Attributes:
        settings: the forecaster's settings, with window and season resolved.
        ids: the series, in the order of `center` and `scale`.
        log: [C], columns whose logarithm is taken.
        shared: [C], columns in the target's unit.
        windowed: [C], columns that are scaled by window.
        center, scale: [S, C], of each series' rows.
        floor: [C], what a covariate counts as at least, where logarithms or divisions need positive values and training
            had only such: the smallest of those, and a price, which may fall far, a small part of it; -inf elsewhere.
        input_gain: [C], the spread of what the network sees, which is divided out.
        target_gain: the size of what it should answer (root mean square), which is divided out.
        base: what the network predicts a correction to: "none", "last", "seasonal".
        base_column: the column whose last value it is, if it is the last.
        nearest_column: the column whose last value was nearest to the target in training.
    """

    settings: ForecasterSettings
    ids: list[str]
    log: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    windowed: NDArray[np.bool_]
    center: Floats
    scale: Floats
    floor: Floats
    input_gain: Floats
    target_gain: float = 1.0
    base: str = NONE
    base_column: int = 0
    nearest_column: int = 0

    @classmethod
    def fit(cls, settings: ForecasterSettings, table: Table, training: Sequence[int]) -> "Preparation":
        """Learn from the first `training` rows of each series.

        Raises:
            InputError: a value is not positive where a logarithm or a division needs it, or residual names no column.
        """
        _require_positive(settings, table)
        parts = [series.values[:rows] for series, rows in zip(table.series, training, strict=True)]
        known = np.array([column in table.future_covariates for column in table.columns])
        positive = np.all([(part > 0.0).all(axis=0) for part in parts], axis=0)
        target_only = np.arange(len(table.columns)) == 0
        near = np.all([((part > 0.5 * part[:, :1]) & (part < 2.0 * part[:, :1])).all(axis=0) for part in parts], axis=0)
        shared = target_only | (near & ~known if positive[0] else False)
        log = positive & ~known if "log" in settings.scaling else np.zeros_like(shared)
        kind = _per_window(settings)
        windowed = ~known & (positive | (not kind.divides)) & (kind.kind != "none")
        count = (len(parts), len(table.columns))
        ids = [series.id for series in table.series]
        floored = ~target_only & (log | (windowed & kind.divides))
        least = np.min([part.min(axis=0) for part in parts], axis=0) * np.where(shared, FAR_BELOW, 1.0)
        floor = np.where(floored, least, -np.inf)
        new = cls(settings, ids, log, shared, windowed, np.zeros(count), np.ones(count), floor, np.ones(count[1]))
        new._fit_rows(parts)
        new._choose_base(table, [new._scaled(part, i) for i, part in enumerate(parts)])
        new._fit_gains(table, training)
        return new

    @property
    def per_window(self) -> PerWindow:
        return _per_window(self.settings)

    @property
    def lag(self) -> int:
        """Rows that a difference takes from the beginning of each series."""
        return lag_of(self.settings)

    @property
    def context(self) -> int:
        """Rows before the first predicted one that a prediction needs."""
        return context_of(self.settings, self.base)

    def samples(self, table: Table, origins: Sequence[Origins], device: torch.device) -> Windows:
        """All samples whose horizons begin at these rows of the table's series.

        Raises:
            InputError: the table has a series that was not there in training, or lacks known values, or the target has
                values that the scaling cannot take.
        """
        _require_positive(self.settings, table)
        rows = [self._rows_of(series, self._place(series.id, table.source)) for series in table.series]
        self._check_known(table, rows, origins)
        lengths = [len(part) for part in rows]
        first = stacked(lengths, [places - self.lag if self.lag else places for places in origins])
        tensor = torch.from_numpy(rows[0] if len(rows) == 1 else np.concatenate(rows)).to(device)
        observed = None
        if self.settings.missing == "mask":
            observed = torch.from_numpy(np.concatenate([self._observed(series) for series in table.series])).to(device)
        window, horizon = _resolved(self.settings.window), self.settings.horizon
        return Windows(tensor, torch.from_numpy(first).to(device), window, horizon, observed)

    def level_and_base(self, windows: Windows, index: Tensor) -> tuple[Tensor, Tensor]:
        """What each window is measured from, [B, 1], and what the network corrects, [B, H] or [B, 1]."""
        kind = self.per_window
        device = windows.device
        before = torch.arange(-windows.window, 0, device=device)
        level = kind.loc(windows.at(index, before if kind.kind.endswith("mean") else before[-1:], self.base_column))
        if self.base == NONE:
            return level, torch.zeros_like(level)
        if self.base == LAST:
            base = windows.at(index, before[-1:], self.base_column)
        else:
            season = _resolved(self.settings.season)
            ahead = torch.arange(windows.horizon, device=device)
            base = windows.at(index, ahead - season * (ahead // season + 1))
        return level, kind.transform(base, level)

    def restore(self, answers: Tensor, windows: Windows, index: Tensor, series: Integers) -> tuple[Floats, Floats]:
        """The network's answers [B, H] in units of the table's rows, but for the logarithm; and the unit of an error.

        Args:
            answers: what the network gave for the samples.
            windows: the samples.
            index: which of them.
            series: [B], the place in `ids` of the series that each is of.

        Returns:
            Values [B, H] to be differenced back and given to `unlog`, and [B, 1] the size that an error has there when
            the answer is one scaled unit off: errors so divided are alike in all series and at all levels.
        """
        level, base = self.level_and_base(windows, index)
        scaled = self.per_window.inverse(answers * self.target_gain + base, level)
        scale = self.scale[series, :1]
        unit = scale * (level.abs().double().cpu().numpy() if self.per_window.divides else 1.0)
        return scaled.double().cpu().numpy() * scale + self.center[series, :1], unit

    def undifference(self, values: Floats, table: Table, origins: Sequence[Origins]) -> Floats:
        """Sum differences [N, H] up again from the values before each origin."""
        if not self.lag:
            return values
        before = []
        for series, places in zip(table.series, origins, strict=True):
            target = np.log(series.values[:, 0]) if self.log[0] else series.values[:, 0]
            before.append(target[places[:, None] + np.arange(-self.lag, 0)])
        return Differences(self.lag).inverse(values, np.concatenate(before))

    def truth(self, table: Table, origins: Sequence[Origins]) -> Floats:
        """Return the true values after each origin, [N, H], or their logarithms; missing values are NaN."""
        ahead = np.arange(self.settings.horizon)
        values = []
        for series, places in zip(table.series, origins, strict=True):
            target = np.log(series.values[:, 0]) if self.log[0] else series.values[:, 0]
            values.append(np.where(series.observed[:, 0], target, np.nan)[places[:, None] + ahead])
        return np.concatenate(values)

    def unlog(self, values: Floats) -> Floats:
        return np.exp(values) if self.log[0] else values

    def to_parts(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `from_parts` needs besides the settings: tensors and JSON."""
        tensors = {name: torch.from_numpy(getattr(self, name)) for name in ARRAYS}
        flags = {name: getattr(self, name).tolist() for name in ("log", "shared", "windowed")}
        return tensors, {"ids": self.ids, **flags, **{name: getattr(self, name) for name in CHOSEN}}

    @classmethod
    def from_parts(
        cls, settings: ForecasterSettings, tensors: dict[str, Tensor], data: dict[str, Any]
    ) -> "Preparation":
        parts: dict[str, Any] = {name: data[name] for name in ("ids", *CHOSEN)}
        parts |= {name: np.array(data[name], dtype=np.bool_) for name in ("log", "shared", "windowed")}
        parts |= {name: tensors[name].numpy() for name in ARRAYS}
        return cls(settings, **parts)

    def series_of(self, table: Table, origins: Sequence[Origins]) -> Integers:
        """The place in `ids` of the series that each sample is of, [N]."""
        places = [self._place(series.id, table.source) for series in table.series]
        return np.repeat(np.array(places, dtype=np.int64), [len(part) for part in origins])

    @cached_property
    def _places(self) -> dict[str, int]:
        return {id_: place for place, id_ in enumerate(self.ids)}

    def _place(self, id_: str, source: str) -> int:
        try:
            return self._places[id_]
        except KeyError:
            raise InputError(
                f"{source}: the series {id_!r} was not in the training data; it has "
                f"{', '.join(map(repr, self.ids[:8]))}{' …' if len(self.ids) > 8 else ''}."
            ) from None

    def _fit_rows(self, parts: Sequence[Floats]) -> None:
        kind: AffineKind = "none"
        for name in ("minmax", "standard", "robust"):
            if name in self.settings.scaling:
                kind = name
        for place, part in enumerate(parts):
            rows = self._scaled(part, place)
            fitted = Affine(kind).fit(rows)
            own = Affine("standard").fit(rows) if self.per_window.divides else fitted
            center = np.where(self.shared, fitted.center[0], fitted.center)
            scale = np.where(self.shared, fitted.scale[0], fitted.scale)
            self.center[place] = np.where(self.windowed | self.shared, center, own.center)
            self.scale[place] = np.where(self.windowed | self.shared, scale, own.scale)

    def _scaled(self, values: Floats, place: int) -> Floats:
        """Rows [T, C] → [T - lag, C], scaled each by itself. What is known in advance is not differenced."""
        rows = np.maximum(values, self.floor) if np.isfinite(self.floor).any() else values
        rows = Log(self.log).transform(rows) if self.log.any() else rows
        if self.lag:
            past = len(self.log) - len(self.settings.future_covariates)
            rows = np.concatenate([Differences(self.lag).transform(rows[:, :past]), rows[self.lag :, past:]], axis=1)
        scaled: Floats = rows - self.center[place]
        scaled /= self.scale[place]
        return scaled

    def _rows_of(self, series: Series, place: int) -> NDArray[np.float32]:
        """What the network's windows are cut from: scaled rows, with known values moved up."""
        rows = self._scaled(series.values, place)
        if self.settings.future_covariates:
            past = len(self.log) - len(self.settings.future_covariates)
            coming = (series.future - self.center[place, past:]) / self.scale[place, past:]
            moved = np.concatenate([rows[:, past:], coming])[self.settings.horizon :]
            rows[:, past:] = np.nan
            rows[: len(moved), past:] = moved[: len(rows)]
        return rows.astype(np.float32)

    def _observed(self, series: Series) -> NDArray[np.bool_]:
        """Return which scaled rows have a target, [T - lag]; a difference needs both of its values."""
        observed = series.observed[:, 0]
        return observed[self.lag :] & observed[: len(observed) - self.lag]

    def _check_known(self, table: Table, rows: Sequence[NDArray[np.float32]], origins: Sequence[Origins]) -> None:
        for series, part, places in zip(table.series, rows, origins, strict=True):
            last = int(places.max()) - 1 - self.lag if len(places) else -1
            if last >= 0 and np.isnan(part[last]).any():
                needed = self.settings.horizon - len(series.future)
                raise InputError(
                    f"{table.source}: {needed} more rows with values of {', '.join(table.future_covariates)} are "
                    f"needed after {series.dates[-1].date()}; add them with the target left empty."
                )

    def _choose_base(self, table: Table, rows: Sequence[Floats]) -> None:
        """Choose by the squared errors on the training rows which last value is nearest, and what is corrected."""
        wanted, season = self.settings.residual, _resolved(self.settings.season)
        ahead = np.arange(self.settings.horizon)
        columns: list[int] = np.flatnonzero(self.shared).tolist()
        errors = {column: sum(_squared_error(part, column, ahead + 1) for part in rows) for column in columns}
        self.nearest_column = min(errors, key=errors.__getitem__)
        if wanted in {NONE, LAST, SEASONAL}:
            self.base = wanted
            return
        if wanted != "auto":
            shared = [table.columns[column] for column in columns]
            if wanted not in shared:
                raise InputError(
                    f"residual is {wanted!r}; expected auto, last, seasonal, none, or a column that stays within a "
                    f"factor of two of the target: {', '.join(shared)}."
                )
            self.base, self.base_column = LAST, table.columns.index(wanted)
            return
        self.base, self.base_column = LAST, self.nearest_column
        seen = 1 < season <= _resolved(self.settings.window)  # or the network could not take it back where it is wrong
        if seen and min(map(len, rows)) > 2 * season:
            lags = season * (ahead // season + 1)
            if sum(_squared_error(part, 0, lags) for part in rows) < errors[self.nearest_column]:
                self.base, self.base_column = SEASONAL, 0

    def _fit_gains(self, table: Table, training: Sequence[int]) -> None:
        """Measure, on training windows, the spread of what the network sees and the size of what it should answer."""
        origins = [np.arange(self.context, rows - self.settings.horizon + 1, dtype=np.int64) for rows in training]
        windows = self.samples(table, origins, torch.device("cpu"))
        if not len(windows):
            return
        index = torch.linspace(0, len(windows) - 1, min(LOOKED_AT, len(windows))).round().long()
        if self.base != NONE:
            answers = WindowSamples(self, windows).target(index).double()
            size = float(answers[answers.isfinite()].square().mean().sqrt())
            self.target_gain = size if size > 0.0 else 1.0
        if self.windowed.any():
            x = WindowSamples(self, windows).x(index).double()
            spread_of = x.std(dim=(0, 1), correction=0).numpy()
            self.input_gain = np.where(self.windowed & (spread_of > NEGLIGIBLE), spread_of, 1.0)


def lag_of(settings: ForecasterSettings) -> int:
    """Rows that a difference takes from the beginning of each series."""
    if "season-difference" in settings.scaling:
        return _resolved(settings.season)
    return 1 if "difference" in settings.scaling else 0


def context_of(settings: ForecasterSettings, base: str) -> int:
    """Rows before the first predicted one that a prediction needs, where a correction to `base` is predicted."""
    return max(_resolved(settings.window), _resolved(settings.season) if base == SEASONAL else 0) + lag_of(settings)


def _require_positive(settings: ForecasterSettings, table: Table) -> None:
    """InputError if the target has a value that the scaling cannot take."""
    if "log" not in settings.scaling and not _per_window(settings).divides:
        return
    for series in table.series:
        wrong = series.values[:, 0] <= 0.0
        if wrong.any():
            place, whose = int(wrong.argmax()), f" of series {series.id!r}" if series.id else ""
            raise InputError(
                f"{table.source}: the target {table.target!r}{whose} is {series.values[place, 0]:g} on "
                f"{series.dates[place].date()}, and scaling {', '.join(settings.scaling)} takes positive values only; "
                "choose another, such as standard and subtract-last."
            )


def _per_window(settings: ForecasterSettings) -> PerWindow:
    kinds: list[WindowKind] = ["subtract-last", "divide-last", "subtract-mean", "divide-mean"]
    return PerWindow(next((kind for kind in kinds if kind in settings.scaling), "none"))


def _squared_error(rows: Floats, column: int, lags: NDArray[np.int64]) -> float:
    """The mean squared error on the target of the values that stand in `column` so many rows before."""
    errors = [rows[lag:, 0] - rows[:-lag, column] for lag in lags.tolist() if lag < len(rows)]
    return float(np.mean([error @ error / len(error) for error in errors])) if errors else float("inf")


def _resolved(value: int | None) -> int:
    assert value is not None
    return value
