"""The command line where streams are closed, names hold control characters, and files are in the way or are odd."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from recurra.cli import run
from recurra.json_objects import with_digest
from recurra.training import Run

RECURRA = f"{sys.executable} -m recurra"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of letters, and one of series whose names hold line breaks."""
    folder = tmp_path_factory.mktemp("runs")
    assert run(["train", "letters-onehot", "--out", str(folder / "letters"), "--quiet"]) == 0
    rows = {"ds": pd.date_range("2024-01-01", periods=200), "y\nforged line": [float(i % 5) for i in range(200)]}
    pd.DataFrame(rows).to_csv(folder / "sales.csv", index=False)
    flags = ["--window", "4", "--units", "2", "--epochs", "2", "--test", "0", "--quiet"]
    assert run(["forecast", str(folder / "sales.csv"), "--out", str(folder / "sales"), *flags]) == 0
    return folder


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **variables}
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, env=environment)


@pytest.mark.parametrize(
    "end",
    ["<&- >&- 2>&-", *(pytest.param(e, marks=pytest.mark.slow) for e in ("<&- >/dev/null", ">&-", "2>&- >/dev/null"))],
)
def test_closed_streams(runs: Path, end: str) -> None:
    done = shell(f"{RECURRA} predict {runs / 'letters'} a {end}")
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_input_where_it_is_needed(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # Python's way to say that it was closed
    assert run(["predict", str(runs / "letters")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "standard input is closed" in err


@pytest.mark.parametrize("command", ["cases", "train --help", "train letters --help"])
def test_an_encoding_without_some_characters(command: str) -> None:
    done = shell(f"{RECURRA} {command}", PYTHONIOENCODING="ascii", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_name_with_a_line_break_forges_no_line(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("show", "predict", "evaluate"):
        capsys.readouterr()
        assert run([command, str(runs / "sales")]) == 0
        assert not any(line.startswith("forged") for line in capsys.readouterr().out.splitlines())


def test_the_help_of_a_case_shows_no_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.toml").write_text('kind = "letters"\nalphabet = "abc"\ndescription = "\\u001b[31mred\\u202e"\n')
    assert run(["train", str(tmp_path / "d.toml"), "--help"]) == 0
    out = capsys.readouterr().out
    assert "red" in out
    assert "\x1b[31m" not in out
    assert "\u202e" not in out


def test_forecasts_replace_no_file_that_is_needed(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sales, table = runs / "sales", runs / "sales.csv"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(table)
    before = {path: path.read_bytes() for path in (sales / "run.json", sales / "forecast.csv", table)}
    for place in (sales / "run.json", sales / "forecast.csv", table, tmp_path / "pipe", tmp_path / "link", tmp_path):
        assert run(["predict", str(sales), "--data", str(table), "--csv", str(place)]) == 2
        assert "choose another name" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    for _ in range(2):  # a file of one's own is replaced
        assert run(["predict", str(sales), "--csv", str(sales / "next.csv")]) == 0


@pytest.mark.parametrize(
    "levels",
    [5, ["x"], [None], [[1]], "90", True, {"a": 1}, [10**400], [50] * 200_000],
    ids=lambda value: str(value)[:9],
)
def test_odd_levels_of_a_run_are_one_line(runs: Path, levels: object, capsys: pytest.CaptureFixture[str]) -> None:
    path = runs / "sales" / "run.json"
    text = path.read_text("utf-8")
    info = json.loads(text)
    info["settings"]["levels"] = levels
    path.write_text(json.dumps(with_digest(info)))
    try:
        for command in ("predict", "show"):
            capsys.readouterr()
            assert run([command, str(runs / "sales")]) == 2
            assert "is damaged: levels" in capsys.readouterr().err
    finally:
        path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        {"scores": []}, {"scores": {"recurra": None}}, {"scores": {"recurra": "a"}}, {"verdict": ["a"]},
        {"in_words": 3},
        {"scores": {"recurra": {"rmse": float("inf")}}}, {"scores": {"recurra": {"rmse": 10**400}}},
        {"skill": {"rmse": 10**400}}, {"predictions": "many"}, {"from": 3},
    ],
    ids=str,
)  # fmt: skip
def test_odd_scores_are_one_line(change: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = {
        "predictions": 1, "origins": 1, "horizon": 1, "from": "2024-01-01", "to": "2024-01-02",
        "scores": {"recurra": {"rmse": 1.0}}, "skill": {"rmse": 0.5}, "model": "recurra",
        "in_words": {"recurra": "the network"}, "best_naive": "drift", "verdict": "better",
    }  # fmt: skip
    with Run(tmp_path / "run", "new") as new:
        new.write_json("scores.json", {"best_epoch": 1, "test": test})
    assert run(["evaluate", str(tmp_path / "run")]) == 0
    with Run(tmp_path / "run", "resume") as new:
        new.write_json("scores.json", {"best_epoch": 1, "test": {**test, **change}})
    assert run(["evaluate", str(tmp_path / "run")]) in {0, 2}
    error = capsys.readouterr().err
    assert error.count("\n") <= 1


@pytest.mark.slow
def test_a_run_with_a_long_name_of_a_setting_is_shown_in_little_space(tmp_path: Path) -> None:
    with Run(tmp_path / "run", "new") as new:
        new.record(settings={"k" * 1_000_000: 1, **{f"k{number}": 1 for number in range(9_000)}})
    done = shell(f"{RECURRA} show {tmp_path / 'run'}")
    assert done.returncode == 0
    assert len(done.stdout) < 20_000_000
