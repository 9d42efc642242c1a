"""Seasonal indices of each series: what its values are above or below their moving average in each part of a season."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from recurra.forecasting.transforms.steps import Mask, Rows, Step
from recurra.tables.arrays import Floats, Integers, of_equal_length

HALF_LIFE, PART = 4, 6  # seasons after which a season counts half; or this part of a long series


@dataclass(frozen=True, eq=False)
class Deseasonalize(Step):
    """Subtract seasonal indices, estimated on the training rows of each series, from the target and what has its unit.

    Args:
        season: number of rows per season; 1 changes nothing.
        shorter: number of rows per season of a shorter kind, of which the season has a whole number; `season` if there
            is none.
        columns: columns that are changed, [C].
        indices: set by `fit`, [S, season].
    """

    season: int
    shorter: int
    columns: Mask
    indices: Floats

    def fit(self, rows: Rows, training: Integers) -> Self:
        if self.season == 1:
            return self
        indices = np.zeros((len(training), self.season))
        seen = np.column_stack([rows.first(training)[:, 0], rows.phases_of_first(training)])
        for places, parts in of_equal_length(seen, training):
            values, phases = parts[:, :, 0], parts[:, :, 1].astype(np.int64)
            indices[places] = seasonal_indices(values, phases, self.season, self.shorter)
        return replace(self, indices=indices)

    def transform(self, rows: Rows) -> Rows:
        if self.season == 1:
            return rows
        places = np.repeat(rows.places, np.diff(rows.starts))
        return replace(rows, values=rows.values - self.columns * self.indices[places, rows.phases][:, None])

    def inverse(self, target: Floats, places: Integers, before: Floats, phases: Integers) -> Floats:
        return target if self.season == 1 else target + self.ahead(places, phases, np.arange(target.shape[-1]))

    def ahead(self, places: Integers, phases: Integers, offsets: Integers) -> Floats:
        """Return the indices of the rows at `offsets` [H] from rows in these phases of a season [N], [N, H].

        Args:
            places: the place of the series of each row, [N].
            phases: the place of each row in its season, [N].
            offsets: numbers of rows, [H].
        """
        if self.season == 1:
            return np.zeros((len(places), len(offsets)))
        found: Floats = self.indices[places[:, None], (phases[:, None] + offsets) % self.season]
        return found

    def state(self) -> dict[str, Floats]:
        return {} if self.season == 1 else {"indices": self.indices}


def seasonal_indices(values: Floats, phases: Integers, season: int, shorter: int | None = None) -> Floats:
    """Return the mean difference of values from their moving average over a season, for each place in the season.

    Recent seasons count more: one counts half of another that is four seasons later, or a sixth of a long series. The
    indices of a series sum to zero, and are shrunk by the share of their variance that chance explains (James & Stein
    1961): the differences of one place vary about their mean, and means of values without a season would vary too. With
    fewer than three seasons, values that are a season apart say by how much. With a shorter season, as days are in a
    week, the indices are shrunk towards those of the shorter season, and these towards zero. All are zero if a series
    has fewer than two seasons, or those of the shorter season if it has two of these.

    Args:
        values: several series, [S, T].
        phases: the place of each value in its season, [S, T].
        season: number of rows per season, m.
        shorter: number of rows per season of a shorter kind, of which m is a multiple; None: there is none.

    Returns:
        The indices, [S, m].

    >>> values = np.array([[1.0, 3.0, 2.0, 4.0, 3.0, 5.0]])
    >>> seasonal_indices(values, np.array([[0, 1, 0, 1, 0, 1]]), season=2).round(2).tolist()
    [[-0.75, 0.75]]
    """
    series, rows = values.shape
    shorter = shorter or season
    if rows < 2 * season:
        if shorter == season:
            return np.zeros((series, season))
        return np.tile(seasonal_indices(values, phases % shorter, shorter), season // shorter)
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    average = (sums[:, season:] - sums[:, :-season]) / season
    if season % 2 == 0:  # half of a value at either end, so that it is centered
        average = (average[:, 1:] + average[:, :-1]) / 2
    first, count = season // 2, average.shape[1]
    age = (rows - 1 - np.arange(first, first + count)) / season
    weights = np.broadcast_to(0.5 ** (age / max(HALF_LIFE, rows / season / PART)), average.shape)
    inside = slice(first, first + count)
    cells = (np.arange(series)[:, None] * season + phases[:, inside]).ravel()
    total = np.bincount(cells, (weights * (values[:, inside] - average)).ravel(), minlength=series * season)
    weight = np.bincount(cells, weights.ravel(), minlength=series * season)
    means = total / np.where(weight > 0.0, weight, 1.0)
    squares = np.bincount(cells, weights.ravel() ** 2, minlength=series * season)
    chance = squares / np.where(weight > 0.0, weight, 1.0) ** 2  # variance of a mean, in variances of a difference
    if rows < 3 * season:  # most places are seen once, and their means leave no residuals
        count, inside, weights = rows - season, slice(season, None), np.ones((series, rows - season))
        residuals = (values[:, season:] - values[:, :-season]) / np.sqrt(2.0)
        residuals -= residuals.mean(axis=1, keepdims=True)
        freedom = (count - 1) / count
    else:
        residuals = (values[:, inside] - average) - means[cells].reshape(series, count)
        freedom = (count - season) / count
    errors = weights * residuals**2
    centered = means.reshape(series, season)
    centered = centered - centered.mean(axis=1, keepdims=True)
    chance = chance.reshape(series, -1, shorter).mean(axis=1)  # of the means of a place in the shorter season
    variance = errors.sum(axis=1) / weights.sum(axis=1) / freedom
    several = centered.reshape(series, -1, shorter)  # [S, number of shorter seasons, shorter]
    common, number = several.mean(axis=1), season // shorter
    found = _shrunk(common, variance / number * chance.mean(axis=1))[:, None]
    if number > 1:  # each place has a variance of its own: in logarithms that of nights is large
        places = (np.arange(series)[:, None] * shorter + phases[:, inside] % shorter).ravel()
        of_places, weight = (np.bincount(places, own.ravel(), series * shorter) for own in (errors, weights))
        variances = (of_places / np.where(weight > 0.0, weight, 1.0) / freedom).reshape(series, shorter)
        found = found + _shrunk(several - common[:, None], variances * (1.0 - 1.0 / number) * chance)
    indices: Floats = np.broadcast_to(found, several.shape).reshape(series, season)
    return indices


def _shrunk(means: Floats, by_chance: Floats) -> Floats:
    """Return means [S, m, ...] times the share of their variance that the variance by chance [S, ...] leaves."""
    spread = (means**2).mean(axis=1)
    kept = np.maximum(1.0 - by_chance / np.where(spread > 0.0, spread, 1.0), 0.0)
    shrunk: Floats = means * kept[:, None]
    return shrunk
