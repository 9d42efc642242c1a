"""Runs forecasters on sets, each in a process of its own, and keeps their forecasts."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from records import NEURAL_PYTHON, Cost, kept_or_run
from scoring import Forecast, mase, seasonal_naive, smape
from sets import SeriesSet, read_set

RESULTS = Path(__file__).with_name("RESULTS.md")
WINDOWS = {"tourism quarterly": 8, "tourism monthly": 15, "NN5 daily": 28, "CIF2016": 15}
STEPS = 500
Scores = tuple[float, float]  # sMAPE and MASE
Result = tuple[Forecast, Cost]


@dataclass(frozen=True)
class Bench:
    """What is run, and on what.

    Attributes:
        data: folder of the sets.
        names: of the sets.
        seeds: of the default recipe.
        minutes: that a peer may take for a set.
        keep: folder of forecasts; those that are there are not made again.
    """

    data: Path
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    minutes: float
    keep: Path

    def sets(self) -> dict[str, SeriesSet]:
        return {name: read_set(name, self.data) for name in self.names}

    def default(self, name: str, seed: int) -> Result:
        found = self._run("default.py", name, seed)
        assert found is not None  # there is no limit
        return found

    def statistical(self, name: str, model: str) -> Result | None:
        return self._run("statistical.py", name, model, minutes=self.minutes)

    def neural(self, name: str, model: str) -> Result | None:
        sizes = WINDOWS[name], *_steps(model)
        return self._run("neural.py", name, model, *sizes, python=NEURAL_PYTHON, minutes=self.minutes)

    def same_size(self, name: str, model: str) -> Result | None:
        return self._run("same_size.py", name, model, WINDOWS[name], *_steps(model), minutes=self.minutes)

    def _run(
        self,
        program: str,
        name: str,
        *arguments: object,
        python: Path = Path(sys.executable),
        minutes: float | None = None,
    ) -> Result | None:
        """Run a forecaster; return forecasts of all series, none below zero, or None if it takes too long."""
        data = read_set(name, self.data)
        path = self.keep / f"{'-'.join(map(str, (Path(program).stem, name, *arguments)))}.npz"
        result = kept_or_run(
            path.resolve(), program, name, self.data.resolve(), *arguments, python=python, minutes=minutes
        )
        if result is None:
            return None
        found, cost = result
        scored = found.completed(seasonal_naive(data))
        more = {**cost.more, "omitted": int(found.omitted.sum())}
        return scored.clipped() if data.is_non_negative else scored, replace(cost, more=more)


def _steps(model: str) -> tuple[int, ...]:
    """Return the numbers of steps of the fits: the first forecasts, and the others give the time of one step."""
    return (STEPS, 200, 1000) if model in {"GRU", "LSTM"} else (STEPS,)


def scores_of(data: SeriesSet, forecast: Forecast) -> Scores:
    return float(smape(data, forecast.point).mean()), float(mase(data, forecast.point).mean())


def shown(scores: Scores) -> str:
    return f"{scores[0]:.2f} / {scores[1]:.3f}"


def spread(values: Iterable[float], digits: int) -> str:
    """Return the median and the range."""
    values = list(values)
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(heading)} |", "|---" * len(heading) + "|", *(f"| {' | '.join(row)} |" for row in rows), ""]
