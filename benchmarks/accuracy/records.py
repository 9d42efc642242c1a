"""What a forecaster in a process of its own hands back in a file: its forecasts, and what they cost.

Needs nothing but numpy, so that it works in the environment of every forecaster.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scoring import Forecast

HERE = Path(__file__).parent
NEURAL_PYTHON = HERE.parents[1] / ".venv-neuralforecast" / "bin" / "python"
MEGABYTE = 1e6
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What a forecaster takes.

    Attributes:
        fit: seconds of the whole fit.
        predict: seconds of the prediction.
        memory: peak of resident memory in megabytes, imports included.
        installed: size of its package and of all that this needs, in megabytes.
        version: of its package.
        more: other seconds, by name.
    """

    fit: float
    predict: float
    memory: float
    installed: float
    version: str
    more: Mapping[str, float] = field(default_factory=dict)


def timed(work: Callable[[], T], times: int = 1) -> tuple[T, float]:
    """Return what work gives, and the median of its seconds of processor time, which a busy machine hardly changes."""
    seconds = []
    for _ in range(times):
        started = time.process_time()
        result = work()
        seconds.append(time.process_time() - started)
    return result, statistics.median(seconds)


def hand_back(path: Path, forecast: Forecast, package: str, fit: float, predict: float, **more: float) -> None:
    """Write the forecasts of this process to a file, with what they took."""
    cost = Cost(fit, predict, _peak_memory(), _installed(package), distribution(package).version, more)
    quantiles: dict[str, Any] = {f"q{probability}": values for probability, values in forecast.quantiles.items()}
    np.savez(path, point=forecast.point, cost=json.dumps(asdict(cost)), **quantiles)


def kept_or_run(
    path: Path, program: str, *arguments: object, python: Path, minutes: float | None
) -> tuple[Forecast, Cost] | None:
    """Return the forecasts of a file; if it is absent, a forecaster writes it, in a process of its own with one thread.

    Args:
        path: the file.
        program: the forecaster's, in this folder.
        arguments: what it is given after the path.
        python: interpreter of the environment that it is installed in.
        minutes: after which it takes too long, and None is returned.
    """
    if not path.is_file():
        limits = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        environment = os.environ | dict.fromkeys(limits, "1")
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = path.with_suffix(".begun.npz")
        command = [str(python), str(HERE / program), str(begun), *map(str, arguments)]
        print(*command, file=sys.stderr, flush=True)
        limit = None if minutes is None else 60 * minutes
        with tempfile.TemporaryDirectory() as folder:  # for what it leaves where it runs
            try:
                subprocess.run(
                    command, capture_output=True, text=True, check=True, env=environment, cwd=folder, timeout=limit
                )
            except subprocess.TimeoutExpired:
                return None
            except subprocess.CalledProcessError as error:
                sys.exit(f"{' '.join(command)} failed:\n{error.stdout[-2000:]}\n{error.stderr[-4000:]}")
        begun.replace(path)
    arrays = dict(np.load(path))
    point, cost = arrays.pop("point"), json.loads(str(arrays.pop("cost")))
    return Forecast(point, {float(name.removeprefix("q")): values for name, values in arrays.items()}), Cost(**cost)


def _peak_memory() -> float:
    """Return the peak of the resident memory of this process in megabytes."""
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / MEGABYTE


def _installed(package: str) -> float:
    """Return the megabytes of a package and of all the distributions that it needs, without their extras."""
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations is not None
    folder = Path(next(iter(spec.submodule_search_locations)))  # also where it is installed to be edited
    own = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    needed = set().union(*(_closure(name) for name in _required(distribution(package))))
    return (own + sum(_size(name) for name in needed)) / MEGABYTE


def _closure(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (current := waiting.pop()) not in found:
            found.add(current)
            waiting += _required(distribution(current))
    return found


@cache
def _required(package: Distribution) -> tuple[str, ...]:
    """Return what a distribution requires and is installed; what only an extra or another system needs is not."""
    names = []
    for line in package.requires or []:
        requirement, _, marker = line.partition(";")
        name = re.match(r"[\w.-]+", requirement)
        assert name is not None
        if "extra" not in marker and _is_installed(name[0]):
            names.append(name[0].lower().replace("_", "-"))
    return tuple(names)


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


@cache
def _size(name: str) -> int:
    files = [Path(str(file.locate())) for file in distribution(name).files or []]
    return sum(path.stat().st_size for path in files if path.is_file() and "__pycache__" not in path.parts)
