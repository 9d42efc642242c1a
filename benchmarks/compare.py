"""Two commits, built side by side on this machine and compared: bytes, texts, accuracy and speed.

    python benchmarks/compare.py OLD NEW [--only bytes texts accuracy speed] [--turns 9] [--keep DIR]
                                 [--accuracy-data FILE] [--seeds 5] [--match TEXT] [--strict]

OLD and NEW are anything that git understands as a commit. Each is checked out into a worktree and built into a virtual
environment of its own, with the dependencies of the Python that runs this. The same programs then run in both, through
what is public: the command line, recurra's names, and the layers of recurra.nn. Needs a C++ compiler.

- bytes: every tensor and every piece of metadata of model.safetensors and state.safetensors, metrics, scores,
  parameters.txt and predictions of trainings by the command line and by the estimators; outputs, states and gradients
  of layers, accelerated layers and steppers. Seconds do not count. All of it with one thread and with two. A difference
  fails; how many models differ as whole files is said beside.
- texts: output, errors and every --help of the commands as a unified diff; plots and run.json. Differences are
  reported, and fail with --strict.
- accuracy: the table of accuracy/stock.py, run on FILE (daily bars of 600519). A difference fails.
- speed: layers, stock epochs, letters, a step of a stream, and whole commands, on one thread, alternately. NEW is
  not slower if the median ratio of its time to OLD's is at most 1.03, over at least nine turns. Slower fails.

Exit status 0 if nothing failed, 1 otherwise.

On two calm cores: a build 2 minutes, bytes with texts 8, texts alone 2, accuracy 6, speed 10 for nine turns; on a busy
machine two to three times as long. Fewer turns than nine are a first look and no verdict. --keep DIR keeps the builds
for the next comparison, and what the programs wrote; `git worktree remove` takes them away.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from difflib import unified_diff
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

from compare import accuracy, commands, records, speed
from compare.builds import Build, build, remove

SECTIONS = ("bytes", "texts", "accuracy", "speed")
LISTED = 60  # differences that are printed of one program
VERDICTS = {True: "passed", False: "FAILED", None: "no verdict"}
Builds = tuple[Build, Build]
Folders = tuple[Path, Path]


class Result(NamedTuple):
    """A line of the summary."""

    section: str
    finding: str
    passed: bool | None  # None: no verdict


def folders_for(name: str, folder: Path) -> Folders:
    """A new folder for each build, with a folder `runs` in it."""
    made = folder / name / "old", folder / name / "new"
    for place in made:
        if place.is_dir():
            rmtree(place)
        (place / "runs").mkdir(parents=True)
    return made


def in_both(builds: Builds, folders: Folders, threads: int, work: Callable[[Build, Path], str]) -> list[str]:
    """What the work returns for each build; with one thread they run at the same time, with two in turn."""
    with ThreadPoolExecutor(2 if threads == 1 else 1) as pool:
        return list(pool.map(work, builds, folders))


def run_commands(builds: Builds, folders: Folders, listed: list[commands.Command], threads: int) -> None:
    text = json.dumps(listed)
    in_both(
        builds, folders, threads, lambda built, place: built.run("run_commands.py", place, threads=threads, text=text)
    )


def trained(builds: Builds, folder: Path, threads: int) -> Folders:
    """Folders in which all commands of `commands.py` ran."""
    print(f"running the commands, threads: {threads} …", file=sys.stderr, flush=True)
    folders = folders_for(f"commands-{threads}", folder)
    for place in folders:
        commands.write_tables(place)
    run_commands(builds, folders, commands.commands(), threads)
    return folders


def compare_bytes(builds: Builds, folders: Folders, threads: int) -> Result:
    """Compare what the commands left in `folders`, and what the estimators and the layers give."""
    print(f"running estimators and layers, threads: {threads} …", file=sys.stderr, flush=True)
    in_both(builds, folders, threads, lambda built, place: built.run("estimators.py", place, threads=threads))
    layers = in_both(builds, folders, threads, lambda built, _: built.run("arithmetic.py", threads=threads))
    values = [
        {name: value for name, value in records.record_of(place / "runs").items() if not records.is_text(name)}
        | {f"layers: {name}": value for name, value in json.loads(printed).items()}
        for place, printed in zip(folders, layers, strict=True)
    ]
    whole = [{name: record.pop(name) for name in list(record) if name.endswith(".safetensors")} for record in values]
    models = [
        {name: value for name, value in files.items() if not name.endswith("state.safetensors")} for files in whole
    ]
    found = records.differences(*values)
    for line in found[:LISTED]:
        print(f"bytes, threads: {threads}: {line}")
    if len(found) > LISTED:
        print(f"bytes, threads: {threads}: … and {len(found) - LISTED} more")
    finding = (
        f"{len(found)} of {len(values[0])} values differ; "
        f"as whole files, {len(records.differences(*models))} of {len(models[0])} models"
    )
    return Result(f"bytes, threads: {threads}", finding, not found)


def compare_texts(builds: Builds, folders: Folders, *, strict: bool) -> Result:
    """Compare what the commands said, and their plots and run.json."""
    lines = changed = 0
    names = sorted({path.name for place in folders for path in (place / "texts").iterdir()})
    for name in names:
        old, new = (_text(place / "texts" / name, built) for built, place in zip(builds, folders, strict=True))
        diff = list(unified_diff(old, new, f"OLD {name}", f"NEW {name}", lineterm="", n=1))
        print("\n".join(diff), end="\n" * bool(diff))
        lines += sum(line[:1] in {"+", "-"} for line in diff[2:])
        changed += bool(diff)
    files = [records.record_of(place / "runs") for place in folders]
    found = records.differences(*({n: value for n, value in record.items() if records.is_text(n)} for record in files))
    for line in found:
        print(f"texts: {line}")
    finding = f"{lines} lines differ, in {changed} of {len(names)} commands; {len(found)} values of run.json and plots"
    return Result("texts", finding, not (strict and (lines or found)))


def _text(path: Path, built: Build) -> list[str]:
    text = path.read_text("utf-8") if path.is_file() else ""
    return text.replace(str(built.source), "SOURCE").splitlines()


def compare_accuracy(builds: Builds, folder: Path, data: Path, seeds: int) -> Result:
    """Train the recipes of accuracy/stock.py in both builds."""
    print("training on the accuracy data …", file=sys.stderr, flush=True)
    old, new = folders = folders_for("accuracy", folder)
    run_commands(builds, folders, accuracy.commands(data.resolve(), seeds), threads=1)
    table, equal = accuracy.table(old / "runs", new / "runs", seeds)
    print("\n".join(table))
    return Result("accuracy", f"scores of {seeds} seeds are {'equal' if equal else 'NOT equal'}", equal)


def compare_speed(builds: Builds, turns: int, match: str) -> Result:
    """Time the benchmarks that have `match` in their names."""
    measured = speed.measure(*builds, turns=turns, match=match)
    if not measured:
        sys.exit(f"no benchmark has {match!r} in its name")
    print("\n".join(speed.table(measured)))
    slower = [f"{name}: {found.median:.3f}" for name, found in measured.items() if found.median > speed.LIMIT]
    finding = f"{len(slower)} of {len(measured)} benchmarks are slower{': ' * bool(slower)}{'; '.join(slower)}"
    return Result("speed", finding, not slower if turns >= speed.ENOUGH else None)


def compare(builds: Builds, folder: Path, chosen: argparse.Namespace) -> list[Result]:
    results = []
    if {"bytes", "texts"} & set(chosen.only):
        folders = trained(builds, folder, threads=1)
        if "texts" in chosen.only:
            results.append(compare_texts(builds, folders, strict=chosen.strict))
        if "bytes" in chosen.only:
            results.append(compare_bytes(builds, folders, threads=1))
            results.append(compare_bytes(builds, trained(builds, folder, threads=2), threads=2))
    if "accuracy" in chosen.only:
        results.append(compare_accuracy(builds, folder, chosen.accuracy_data, chosen.seeds))
    if "speed" in chosen.only:
        results.append(compare_speed(builds, chosen.turns, chosen.match))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD", help="the commit to compare with")
    parser.add_argument("new", metavar="NEW", help="the commit to judge")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="what to compare (default: all that is possible)")
    parser.add_argument("--turns", type=int, default=9, help="number of turns of the benchmarks (default: 9)")
    parser.add_argument("--match", default="", metavar="TEXT", help="only benchmarks with TEXT in their names")
    parser.add_argument("--accuracy-data", type=Path, metavar="FILE", help="CSV file with the daily bars of 600519")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds of the accuracy table (default: 5)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder that keeps the builds for the next comparison")
    parser.add_argument("--strict", action="store_true", help="let differences of texts fail too")
    chosen = parser.parse_args()
    if chosen.only is None:
        chosen.only = [name for name in SECTIONS if name != "accuracy" or chosen.accuracy_data is not None]
    if "accuracy" in chosen.only and chosen.accuracy_data is None:
        parser.error("the accuracy table needs --accuracy-data FILE")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        builds = build("OLD", chosen.old, folder), build("NEW", chosen.new, folder)
        try:
            results = compare(builds, folder, chosen)
        finally:
            if chosen.keep is None:
                for built in builds:
                    remove(built)
    print("\n| compared | result | |", "|---|---|---|", sep="\n")
    for result in results:
        print(f"| {result.section} | {result.finding} | {VERDICTS[result.passed]} |")
    sys.exit(any(result.passed is False for result in results))


if __name__ == "__main__":
    main()
