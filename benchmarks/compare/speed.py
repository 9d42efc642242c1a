"""Paired times of the same work in both builds, told in turns, and their ratios."""

import itertools
import json
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from typing import IO

from calm import CalmClock

from compare.builds import Build

LIMIT = 1.03  # a median ratio of times, NEW over OLD, up to which NEW is not slower
ENOUGH = 9  # turns for a verdict
MORE = 3  # times as many turns again for what is above the limit after the first ones
SHORTEST = 0.002  # seconds of a sample, so that the clock does not count
# Seconds that the work takes at most, and how many samples of each build a turn has then.
SAMPLES = ((0.02, 31), (0.2, 7), (1.0, 4), (float("inf"), 2))


@dataclass
class Ratios:
    """The turns of one benchmark.

    Attributes:
        ratios: seconds of NEW over those of OLD, one a turn.
        old: seconds of OLD, one a turn.
        calm: speed of the machine around it as a share of the best that was seen, one a turn.
    """

    ratios: list[float] = field(default_factory=list)
    old: list[float] = field(default_factory=list)
    calm: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)


class Stopwatch:
    """A process in a build that times what it is told to (programs/stopwatch.py)."""

    def __init__(self, build: Build) -> None:
        self._process = build.start("stopwatch.py")
        self.benchmarks: list[str] = json.loads(_stream(self._process.stdout).readline() or "[]")
        if not self.benchmarks:
            sys.exit(f"{build.name}: stopwatch.py did not start; its error is above")

    def tell(self, **what: str | int) -> float:
        """The seconds that it answers."""
        commands = _stream(self._process.stdin)
        commands.write(json.dumps(what) + "\n")
        commands.flush()
        answer = _stream(self._process.stdout).readline()
        if not answer:
            sys.exit(f"stopwatch.py ended at {what}; its error is above")
        return float(answer)

    def close(self) -> None:
        _stream(self._process.stdin).close()
        self._process.wait()


def measure(old: Build, new: Build, turns: int, match: str) -> dict[str, Ratios]:
    """Time every benchmark that has `match` in its name.

    Each turn has two new processes, because where a process happens to have its memory makes it faster or slower than
    another of the same program. Inside a turn they are alive together and do short samples alternately, and which one
    begins alternates too; the turn's ratio is that of the fastest samples. Of a hundred medians some are above the
    limit by chance: what is above it after all turns has three times as many more, a number that does not depend on
    how they go, and the verdict is that of all its turns.
    """
    clock = CalmClock(threads=1)
    measured: dict[str, Ratios] = defaultdict(Ratios)
    wanted: list[str] | None = None
    for turn in range((1 + MORE) * turns):
        watches = [Stopwatch(build) for build in (old, new)]
        if wanted is None:
            shared = [name for name in watches[0].benchmarks if name in watches[1].benchmarks]
            wanted = [name for name in shared if match in name]
        for name in wanted:
            _turn(watches, name, clock, measured[name], new_first=turn % 2 == 1)
        for watch in watches:
            watch.close()
        print(f"speed: turn {turn + 1}, {len(wanted)} benchmarks", file=sys.stderr, flush=True)
        if turn + 1 == turns:
            wanted = [name for name in wanted if measured[name].median > LIMIT]
        if not wanted:
            break
    return dict(measured)


def _turn(watches: list[Stopwatch], name: str, clock: CalmClock, found: Ratios, *, new_first: bool) -> None:
    once = min(watch.tell(prepare=name) for watch in watches)
    repeats = max(1, round(SHORTEST / max(once, 1e-7)))
    count = next(count for longest, count in SAMPLES if once <= longest)
    taken: list[list[float]] = [[], []]
    speeds = [clock.probe()]
    for sample, place in itertools.product(range(count), range(2)):
        build = place ^ (new_first ^ (sample % 2 == 1))
        taken[build].append(watches[build].tell(repeats=repeats))
        speeds.append(clock.probe())
    clock.best = max(clock.best, *speeds)
    found.ratios.append(min(taken[1]) / min(taken[0]))
    found.old.append(min(taken[0]))
    found.calm.append(statistics.median(speeds) / clock.best)


def table(measured: dict[str, Ratios]) -> list[str]:
    """A line for each benchmark."""
    lines = [
        "| benchmark | OLD, ms | NEW / OLD, median (range) | turns | machine's speed, % of its best |",
        "|---|---|---|---|---|",
    ]
    for name, found in measured.items():
        spread = (
            f"{found.median:.3f} ({min(found.ratios):.2f}-{max(found.ratios):.2f}){' slower' * (found.median > LIMIT)}"
        )
        speed = f"{100 * statistics.median(found.calm):.0f} ({100 * min(found.calm):.0f}-{100 * max(found.calm):.0f})"
        lines.append(
            f"| {name} | {1e3 * statistics.median(found.old):.4g} | {spread} | {len(found.ratios)} | {speed} |"
        )
    return lines


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # the process was started with pipes
    return stream
