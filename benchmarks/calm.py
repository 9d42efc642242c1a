"""Timing of short work on a shared machine: samples count only where the processor ran at full speed around them.

Before and after each sample the raw speed of multiply-adds is probed on as many threads as the work has (fma.cpp). What
falls under 88 % of the best that was ever seen is dropped, so that a neighbour's load spoils no median.
"""

import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("fma.cpp")
CALM = 0.88  # of the best probe
PROBE_ROUNDS = 40_000  # about 0.1 ms
SHORTEST = 0.01  # seconds of a sample, so that the clock and the probes do not count


class CalmClock:
    """Times pieces of work side by side.

    Args:
        threads: how many the work has.
    """

    def __init__(self, threads: int) -> None:
        compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
        if compiler is None:
            sys.exit("the benchmark of the layers needs a C++ compiler, for its probe of the processor's speed")
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "fma.so"
            flags = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
            subprocess.run([compiler, *flags, SOURCE, "-o", library], check=True)
            self._speed = ctypes.CDLL(str(library)).fma_speed
        self._speed.restype = ctypes.c_double
        self._pool = ThreadPoolExecutor(threads)
        self._threads = threads
        self.best = max(self.probe() for _ in range(200))
        self.dropped = self.kept = 0

    def probe(self) -> float:
        """Multiply-adds a second of all threads together, in FLOP."""

        def one(_: int) -> float:
            return float(self._speed(ctypes.c_long(PROBE_ROUNDS), (ctypes.c_float * 3)(0.5, 1.0, 0.0)))

        return sum(self._pool.map(one, range(self._threads)))

    def compare(self, work: Sequence[Callable[[], object]], samples: int, seconds: float) -> list["Timing"]:
        """Seconds a call of each piece of work, in turns.

        Args:
            work: what to time.
            samples: calm ones of each to be had, if the machine grants them in time.
            seconds: give up after so long, with the samples nearest to calm.
        """
        repeats = [max(1, round(SHORTEST / self._once(piece))) for piece in work]
        taken: list[list[tuple[float, float]]] = [[] for _ in work]  # (speed around it, seconds) of each sample
        deadline = time.perf_counter() + seconds
        before = self.probe()
        while time.perf_counter() < deadline and min(self._calm(mine) for mine in taken) < samples:
            for mine, piece, count in zip(taken, work, repeats, strict=True):
                started = time.perf_counter()
                for _ in range(count):
                    piece()
                passed = (time.perf_counter() - started) / count
                after = self.probe()
                self.best = max(self.best, after)
                mine.append((min(before, after), passed))
                before = after
        return [self._calmest(mine, samples) for mine in taken]

    def _once(self, piece: Callable[[], object]) -> float:
        piece()
        started = time.perf_counter()
        piece()
        return max(time.perf_counter() - started, 1e-6)

    def _calm(self, mine: Sequence[tuple[float, float]]) -> int:
        return sum(speed >= CALM * self.best for speed, _ in mine)

    def _calmest(self, mine: Sequence[tuple[float, float]], samples: int) -> "Timing":
        calm = [passed for speed, passed in mine if speed >= CALM * self.best]
        self.kept += len(calm)
        self.dropped += len(mine) - len(calm)
        if len(calm) >= min(3, samples):
            return Timing(statistics.median(calm), calm=True)
        return Timing(statistics.median(passed for _, passed in sorted(mine, reverse=True)[:samples]), calm=False)


class Timing(NamedTuple):
    """The median of the calm samples; of the least disturbed ones, where the machine granted fewer than three."""

    seconds: float
    calm: bool


def ratio(first: Timing, second: Timing) -> str:
    """How many times as long the first takes; with a ~ where that was not measured in calm."""
    return f"{'' if first.calm and second.calm else '~'}{first.seconds / second.seconds:.2f}"
