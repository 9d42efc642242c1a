"""Sets of series: four that were published, read from a folder, and made ones of many kinds.

Needs nothing but numpy and pandas, so that every forecaster can read them in the environment it is installed in.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
LAST_DATE = "2015-12-31"  # of the training part of sets without dates
SHARES = Path(__file__).parents[2] / "src" / "recurra" / "sources" / "data"


@dataclass(frozen=True)
class SeriesSet:
    """Series with a future that no forecaster sees.

    Attributes:
        name: name of the set.
        training: values of each series before its horizon.
        test: true values of the horizon of each series, NaN if missing.
        season: number of values per season.
        frequency: of the dates, as pandas names it.
        last_date: date of the last training value of every series; it is shifted to the frequency.
    """

    name: str
    training: list[Floats]
    test: list[Floats]
    season: int
    frequency: str
    last_date: str = LAST_DATE

    @property
    def ids(self) -> list[str]:
        return [f"s{place:04d}" for place in range(len(self.training))]

    @property
    def horizon(self) -> int:
        """The longest horizon of a series."""
        return max(len(values) for values in self.test)

    @property
    def truth(self) -> Floats:
        """The true values, NaN after the horizon of a series and where they are missing, [S, H]."""
        return np.stack([np.append(own, np.full(self.horizon - len(own), np.nan)) for own in self.test])

    @property
    def is_non_negative(self) -> bool:
        return bool(min(values.min() for values in self.training) >= 0)

    def long(self) -> pd.DataFrame:
        """Return the training values as a long table, with columns unique_id, ds, y."""
        longest = max(len(values) for values in self.training)
        dates = pd.date_range(end=self.last_date, periods=longest, freq=self.frequency).to_numpy()
        lengths = [len(values) for values in self.training]
        return pd.DataFrame(
            {
                "unique_id": np.repeat(self.ids, lengths),
                "ds": np.concatenate([dates[longest - length :] for length in lengths]),
                "y": np.concatenate(self.training),
            }
        )


def read_set(name: str, folder: Path = DATA) -> SeriesSet:
    """Return a published set, which is read from the folder, or a made one."""
    if name in MADE:
        return MADE[name]()
    if not folder.is_dir():
        sys.exit(f"{folder} is no folder; expected the one with cif2016, nn5 and tourism: give it with --data.")
    return PUBLISHED[name](folder)


def _tourism(name: str, file: str, season: int, frequency: str) -> Callable[[Path], SeriesSet]:
    def read(folder: Path) -> SeriesSet:
        training, test = [], []
        for line in (folder / "tourism" / file).read_text().splitlines()[1:]:
            _, _, horizon, rows, text = line.split(";")
            values = np.array(text.split(","), dtype=np.float64)
            assert len(values) == int(rows) + int(horizon)
            training.append(values[: int(rows)])
            test.append(values[int(rows) :])
        return SeriesSet(name, training, test, season, frequency)

    return read


def _nn5(folder: Path) -> SeriesSet:
    """NN5, whose missing training values become the median of their weekday over all series."""
    frame = pd.read_csv(folder / "nn5" / "nn5_daily_all791.csv", parse_dates=["date"], index_col="date")
    training, test = frame.iloc[:-56], frame.iloc[-56:]
    weekdays = training.index.dayofweek.to_numpy()  # type: ignore[attr-defined]
    values = training.to_numpy()
    medians = np.array([np.nanmedian(values[weekdays == day]) for day in range(7)])
    values = np.where(np.isnan(values), medians[weekdays][:, None], values)
    return SeriesSet("NN5 daily", list(values.T), list(test.to_numpy().T), 7, "D", str(training.index[-1]))


def _cif(folder: Path) -> SeriesSet:
    lines = (folder / "cif2016" / "cif-dataset.txt").read_text().splitlines()
    futures = (folder / "cif2016" / "cif-results.txt").read_text().splitlines()
    training = [np.array(line.split(";")[3:], dtype=np.float64) for line in lines]
    test = [np.array(line.split(";")[1:], dtype=np.float64) for line in futures]
    assert [int(line.split(";")[1]) for line in lines] == [len(values) for values in test]
    return SeriesSet("CIF2016", training, test, 12, "ME")


PUBLISHED: dict[str, Callable[[Path], SeriesSet]] = {
    "tourism quarterly": _tourism("tourism quarterly", "quarterly.csv", 4, "QE"),
    "tourism monthly": _tourism("tourism monthly", "monthly.csv", 12, "ME"),
    "NN5 daily": _nn5,
    "CIF2016": _cif,
}

Made = Callable[[np.random.Generator, int], Floats]  # the values of one series of so many rows


def _made(
    kind: str,
    one: Made,
    *,
    season: int = 12,
    frequency: str = "ME",
    rows: int = 120,
    horizon: int = 12,
    series: int = 40,
) -> Callable[[], SeriesSet]:
    """Return what makes a set of one kind; always the same."""

    def make() -> SeriesSet:
        random = np.random.default_rng(sum(map(ord, kind)))
        values = [one(random, rows + horizon) for _ in range(series)]
        return SeriesSet(kind, [own[:rows] for own in values], [own[rows:] for own in values], season, frequency)

    return make


def _wave(random: np.random.Generator, rows: int, season: int) -> Floats:
    """Return a smooth season of its own form, between about -1 and 1."""
    turns = 2 * np.pi * np.arange(rows)[:, None] * np.array([1, 2]) / season + random.uniform(0, 2 * np.pi, 2)
    return np.asarray(np.sin(turns) @ np.array([0.8, 0.3]))


def _noise(random: np.random.Generator, rows: int, size: float) -> Floats:
    return random.normal(0, size, rows)


def _trend(random: np.random.Generator, rows: int) -> Floats:
    level = random.uniform(50, 200)
    return level * (1 + random.uniform(-0.004, 0.01) * np.arange(rows)) + _noise(random, rows, level / 50)


def _break(random: np.random.Generator, rows: int) -> Floats:
    level, place = random.uniform(50, 200), random.integers(rows // 3, rows - rows // 4)
    jump = np.where(np.arange(rows) < place, 1.0, random.uniform(0.5, 2.0))
    return level * jump * (1 + 0.2 * _wave(random, rows, 12)) + _noise(random, rows, level / 25)


def _one_season(random: np.random.Generator, rows: int) -> Floats:
    level = random.uniform(50, 200)
    return level * (1 + 0.4 * _wave(random, rows, 12)) + _noise(random, rows, level / 20)


def _weak_season(random: np.random.Generator, rows: int) -> Floats:
    walk = np.cumsum(_noise(random, rows, 2.0))
    return 100 + np.abs(walk) + 2 * _wave(random, rows, 12) + _noise(random, rows, 2.0)


def _two_seasons(random: np.random.Generator, rows: int) -> Floats:
    level = random.uniform(50, 200)
    seasons = 1 + 0.3 * _wave(random, rows, 7) + 0.3 * _wave(random, rows, 28)
    return level * seasons + _noise(random, rows, level / 20)


def _intermittent(random: np.random.Generator, rows: int) -> Floats:
    return random.binomial(1, random.uniform(0.15, 0.4), rows) * (1.0 + random.poisson(random.uniform(1, 6), rows))


def _counts(random: np.random.Generator, rows: int) -> Floats:
    rate = random.uniform(2, 15) * (1 + 0.4 * _wave(random, rows, 12))
    return random.poisson(rate).astype(np.float64)


def _constant(random: np.random.Generator, rows: int) -> Floats:
    return np.full(rows, round(random.uniform(1, 100), 1))


def _walk(random: np.random.Generator, rows: int) -> Floats:
    return 100 * np.exp(np.cumsum(_noise(random, rows, 0.02)))


def _hourly(random: np.random.Generator, rows: int) -> Floats:
    hours, level = np.arange(rows), random.uniform(50, 200)
    day = np.exp(-(((hours % 24) - random.uniform(9, 18)) ** 2) / 30)
    works = np.where(hours // 24 % 7 < 5, 1.0, random.uniform(0.3, 0.8))
    return level * (0.3 + day * works) + _noise(random, rows, level / 25)


def _shares() -> SeriesSet:
    """Cuts of 300 closing prices of the bundled shares, adjusted, each with the next 20 as its future."""

    def cuts(path: Path) -> Iterator[Floats]:
        close = pd.read_csv(path)["adj_close"].to_numpy(dtype=np.float64)
        for end in range(len(close), 320, -320):
            yield close[end - 320 : end]

    values = [cut for path in sorted(SHARES.glob("*.csv.gz")) for cut in cuts(path)]
    return SeriesSet("bundled shares", [cut[:300] for cut in values], [cut[300:] for cut in values], 5, "B")


MADE: dict[str, Callable[[], SeriesSet]] = {
    "trend": _made("trend", _trend),
    "break": _made("break", _break),
    "one season": _made("one season", _one_season),
    "weak season": _made("weak season", _weak_season),
    "two seasons": _made("two seasons", _two_seasons, season=7, frequency="D", rows=364, horizon=28),
    "intermittent": _made("intermittent", _intermittent, season=7, frequency="D", rows=200, horizon=14),
    "counts": _made("counts", _counts),
    "short": _made("short", _one_season, rows=18, horizon=6),
    "constant": _made("constant", _constant),
    "random walk": _made("random walk", _walk, season=5, frequency="B", rows=300, horizon=20),
    "one series": _made("one series", _one_season, rows=180, series=1),
    "hourly, day and week": _made("hourly", _hourly, season=24, frequency="h", rows=24 * 42, horizon=48, series=20),
    "bundled shares": _shares,
}
