"""The benchmarks import, and their command lines exist: they run too long for the tests, and must not rot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
PEERS = {"keras_epoch.py", "jax_epoch.py", "neural.py"}  # each runs in the virtual environment of its library


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(FOLDER)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


@pytest.mark.slow
def test_every_benchmark_imports(tmp_path: Path) -> None:
    programs = sorted(str(path) for path in FOLDER.rglob("*.py") if path.name not in PEERS)
    code = """
import runpy, sys, traceback
from pathlib import Path
for program in sys.argv[1:]:
    sys.path.insert(0, str(Path(program).parent))
    try:
        runpy.run_path(program)
    except BaseException:
        print(program, traceback.format_exc())
    del sys.path[0]
"""
    done = run(code, tmp_path, *programs)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(programs) > 15


@pytest.mark.slow
def test_the_commands_of_a_comparison_have_flags_that_exist(tmp_path: Path) -> None:
    code = """
from compare.commands import commands, write_tables
from pathlib import Path
from recurra.cli import run
write_tables(Path())
Path("runs").mkdir()
Path("runs/other.txt").touch()
for _, arguments, _ in commands():
    if arguments[0] in {"train", "forecast"} and "--out" in arguments and "--help" not in arguments:
        arguments[arguments.index("--out") + 1] = "runs"
        print(arguments, flush=True)
        run([word for word in arguments if word not in {"--resume", "--overwrite"}])
"""
    done = run(code, tmp_path)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("recurra: ")]
    faults = [line for line in told if not line.startswith("recurra: note: ")]
    assert len(faults) == len(done.stdout.splitlines()) > 40
    others = [fault for fault in faults if "holds files and is not a run folder" not in fault]
    no_target, gaps = others  # the mistakes that `commands` makes on purpose
    assert "there is no column 'z' for the target" in no_target
    assert "column 'y' has no value" in gaps
