"""A commit, checked out and built in a folder of its own, and programs that run in it."""

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROGRAMS = Path(__file__).with_name("programs")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
FIXED = {
    "PYTHONHASHSEED": "0",
    "COLUMNS": "100",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "MPLBACKEND": "Agg",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait are slow on a busy machine
}
UNWANTED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "FORCE_COLOR")


@dataclass(frozen=True)
class Build:
    """A built commit.

    Args:
        name: how reports call it.
        commit: the full hash.
        folder: where its checkout (`source`) and its virtual environment (`venv`) lie.
    """

    name: str
    commit: str
    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def run(self, program: str, *arguments: str | Path, threads: int = 1, text: str = "") -> str:
        """Run one of `programs/` in this build.

        Args:
            program: the name of its file.
            arguments: what follows on its command line.
            threads: number of threads.
            text: its standard input.

        Returns:
            Its standard output.
        """
        command = [self.python, PROGRAMS / program, *arguments]
        pipe = subprocess.PIPE
        ended = subprocess.run(command, env=environment(threads), input=text, stdout=pipe, text=True, check=False)
        if ended.returncode != 0:
            sys.exit(f"{self.name}: {program} failed; its error is above")
        return ended.stdout

    def start(self, program: str) -> "subprocess.Popen[str]":
        """Start one of `programs/` on one thread; it is told what to do, line by line, through its standard input."""
        return subprocess.Popen(
            [self.python, PROGRAMS / program],
            env=environment(1),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )


def environment(threads: int) -> dict[str, str]:
    """Environment variables that are the same for every program, whatever the caller's terminal is like."""
    inherited = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return inherited | FIXED | dict.fromkeys(THREAD_VARIABLES, str(threads))


def build(name: str, revision: str, folder: Path) -> Build:
    """Check out a commit and build it, unless that was done before.

    Args:
        name: how reports call the build.
        revision: anything that git understands as a commit.
        folder: where builds lie, each in a folder named after its commit.
    """
    commit = _git("rev-parse", "--verify", f"{revision}^{{commit}}")
    made = Build(name, commit, folder / commit[:12])
    finished = made.folder / "finished"
    if not finished.is_file():
        print(f"building {name}, {commit[:12]} …", file=sys.stderr, flush=True)
        remove(made)
        _git("worktree", "add", "--quiet", "--detach", str(made.source), commit)
        _install(made)
        finished.touch()
    return made


def remove(built: Build) -> None:
    """Take the checkout from git's list of worktrees, with its files."""
    if built.source.is_dir():
        _git("worktree", "remove", "--force", str(built.source))
    _git("worktree", "prune")


def _install(built: Build) -> None:
    """Install the checkout into a virtual environment that borrows its dependencies from the running interpreter."""
    venv.create(built.folder / "venv", with_pip=True, clear=True)
    borrowed = [entry for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"}]
    (packages,) = (built.folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    pip: list[str | Path] = [built.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--no-deps", "--editable", built.source],
        env=environment(os.cpu_count() or 1) | {"RECURRA_REQUIRE_KERNELS": "1"},
        check=True,
    )
    found = subprocess.check_output([built.python, "-c", "import recurra; print(recurra.__file__)"], text=True)
    if not Path(found.strip()).is_relative_to(built.source):
        sys.exit(f"{built.python} imports recurra from {found.strip()}; expected it below {built.source}")


def _git(*arguments: str) -> str:
    return subprocess.check_output(["git", "-C", REPOSITORY, *arguments], text=True).strip()
