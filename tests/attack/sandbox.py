"""Runs code in processes of its own, and reports how it ended and what it cost in time and memory.

`python sandbox.py` is the process that the tests talk to. It imports recurra once, so that what importing costs is no
part of what a run costs, and forks for each run: what a run leaves behind, or a crash, touches no other run.
"""

import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import recurra

MODULES = (  # all that a run would import; else each of a thousand forks would import it anew
    *("torch", "torch._dynamo", "numpy", "pandas", "h5py", "pyarrow.parquet", "pyarrow.feather"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "narwhals", "recurra.cli", "recurra.nn.interchange"),
    *("recurra.runs.train", "recurra.runs.show", "recurra.runs.series", "recurra.runs.letters"),
)
SECONDS, MEGABYTES = 3.0, 200.0  # what a file of at most 10 MB may cost: seconds of processor time, resident memory
PATIENCE = 60.0  # seconds on the clock after which a run is killed
ROOM = 3_000  # megabytes of address space for a run, so that a failing test does not exhaust the machine


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        end: "returned"; "refused" for an InputError; "raised" for any other exception; "exited" for SystemExit;
            "killed" by a signal, also if it took longer than `PATIENCE`.
        text: the message of an exception, with its traceback if it is none of ours; the name of the signal.
        seconds: processor time.
        megabytes: growth of the largest resident size.
    """

    end: str
    text: str
    seconds: float
    megabytes: float

    def fault(self, *, seconds: float = SECONDS, megabytes: float = MEGABYTES) -> str | None:
        """Return what is wrong for a hostile input: neither returned nor refused in one sentence, or too expensive."""
        if self.end not in {"returned", "refused"}:
            return f"{self.end}: {self.text}"
        if self.end == "refused" and ("\n" in self.text or len(self.text) > 500 or not self.text.isprintable()):
            return f"not one line of at most 500 printable characters: {self.text!r}"
        if self.seconds > seconds or self.megabytes > megabytes:
            return f"{self.seconds:.1f} s, {self.megabytes:.0f} MB: {self.end} {self.text}"
        return None


class Sandbox:
    """A process that runs code in forks of itself.

    Args:
        modules: modules that it imports first.
    """

    def __init__(self, modules: tuple[str, ...] = MODULES) -> None:
        # the source tree of these tests comes first, wherever recurra is installed
        paths = [str(Path(recurra.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, __file__, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    def run(self, code: str, **values: Any) -> Outcome:
        """Run code in a fork.

        Args:
            code: statements of Python; they import what they need.
            **values: their variables, as JSON values; paths become strings.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"code": code, "values": values}, default=str), file=self._process.stdin, flush=True)
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _serve() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the code prints goes nowhere
    for line in sys.stdin:
        print(json.dumps(_in_fork(**json.loads(line))), file=answers, flush=True)


def _in_fork(code: str, values: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = os.fork()
    if not child:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            json.dump(_execute(code, values), pipe)
        os._exit(0)
    os.close(write)
    report = b""
    deadline = time.monotonic() + PATIENCE
    with os.fdopen(read, "rb") as pipe:
        while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            part = os.read(pipe.fileno(), 1 << 20)
            if not part:
                break
            report += part
        else:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if report:
        found: dict[str, Any] = json.loads(report)
        return found
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {os.WEXITSTATUS(status)}"
    return {"end": "killed", "text": name, "seconds": seconds, "megabytes": max(0, used.ru_maxrss - began) / 1024}


def _execute(code: str, values: dict[str, Any]) -> dict[str, Any]:
    # the address space of now, and some more
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * resource.getpagesize() + ROOM * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    began = resource.getrusage(resource.RUSAGE_SELF)
    end, text = "returned", ""
    try:
        exec(compile(code, "<run>", "exec"), dict(values))
    except recurra.InputError as error:
        end, text = "refused", str(error)
    except SystemExit as error:
        end, text = "exited", str(error.code)
    except BaseException as error:
        end, text = "raised", f"{type(error).__name__}: {str(error)[:3000]}\n{traceback.format_exc()[-3_000:]}"
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime - began.ru_utime - began.ru_stime
    return {"end": end, "text": text, "seconds": seconds, "megabytes": (used.ru_maxrss - began.ru_maxrss) / 1024}


if __name__ == "__main__":
    _serve()
