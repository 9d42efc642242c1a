"""docs/forecast.md: the script draws its pictures, its figures are those of the code, and its examples run."""

import ast
import importlib
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.cases.catalog import find_case
from recurra.cli import run
from recurra.nn.heads import HEADS, PROBABILITIES

from .sales import QUICK, sales

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "forecast.md"
LARGEST = 120_000  # bytes of a picture


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text("utf-8")


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "examples" / "forecast_stages.py"))


@pytest.fixture(scope="module")
def stages(script: dict[str, Any]) -> Any:
    return script["Stages"].of(script["sales"]())


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table with this heading, without their code marks."""
    body = text.split(f"| {heading} |\n")[1].split("\n\n", maxsplit=1)[0].splitlines()[1:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in body]


@pytest.mark.slow
def test_the_script_draws_the_pictures_of_the_page(text, script, stages, tmp_path, monkeypatch):
    shown = re.findall(r"!\[[^\]]+\]\((forecast-[\w.-]+)\)", text)
    monkeypatch.setattr(script["Stages"], "of", lambda frame: stages)
    monkeypatch.setattr("sys.argv", ["forecast_stages.py", str(tmp_path)])
    script["main"]()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(shown)
    for name in shown:
        drawn = (tmp_path / name).read_bytes()
        assert drawn.startswith(b"\x89PNG")
        assert len(drawn) < LARGEST
        assert 0 < (PAGE.parent / name).stat().st_size < LARGEST


@pytest.mark.slow
def test_the_series_of_the_pictures_is_as_the_page_says(text, script, stages):
    plan, test = stages.predictor.plan, stages.case.evaluated_on_test()
    assert (plan.season, plan.window, plan.base) == (12, 12, "level")
    smoothing = stages.predictor.transform.window.per_window.smoothing
    assert f"of which {smoothing:g} is chosen" in text
    assert stages.predictor.weight == 1.0
    assert np.expm1(np.abs(stages.indices(script["EVEN"]))).max() < 0.02
    assert f"up to {np.expm1(stages.indices(script['SHOWN'])).max():.0%}" in text.replace(" %", "%")
    stated = re.search(r"MASE (0\.\d+) against (\d\.\d+) of the last season", " ".join(text.split()))
    assert stated is not None
    assert test.scores["mase"][["recurra", "seasonal naive"]].tolist() == pytest.approx(
        [float(figure) for figure in stated.groups()], abs=0.02
    )


def test_the_defaults_of_the_page_are_those_of_the_command(text):
    case = find_case("forecast").settings({})
    for _, flag, stated in rows(text, "stage | flag | default"):
        default = getattr(case, flag.removeprefix("--").replace("-", "_"))
        if default is None:
            assert re.match("by the |0 if ", stated), flag  # what is decided instead
            continue
        values = default if isinstance(default, list | tuple) else [default]
        assert stated == ", ".join(f"{v:g}" if isinstance(v, float) else str(v).lower() for v in values), flag


def test_the_constants_of_the_page_are_those_of_the_code(text):
    found = rows(text, "stage | constant | value | what it is")
    assert len(found) > 10
    for _, place, value, _ in found:
        module, _, name = place.rpartition(".")
        assert getattr(importlib.import_module(f"recurra.{module}"), name) == ast.literal_eval(value), place
    assert (len(PROBABILITIES), PROBABILITIES[0], PROBABILITIES[-1]) == (9, 0.025, 0.975)
    assert HEADS["quantile"].width == len(PROBABILITIES)


def test_the_commands_and_the_example_of_the_page_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sales(120).to_csv("sales.csv", index=False)
    commands = re.findall(r"`(recurra forecast sales\.csv[^`]*|recurra predict runs/sales[^`]*)`", text)
    assert len(commands) == 2
    sales(123).tail(30).to_csv("newer.csv", index=False)
    for command in commands:
        more = [*QUICK[2:], "--steps", "5"] if command.startswith("recurra forecast") else []
        assert run([*shlex.split(command)[1:], *more]) == 0, command
    names: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines():
        code, _, comment = line.partition("  # ")
        if comment.startswith("("):
            assert repr(eval(code, names)) == comment
        else:
            exec(code, names)
    assert 0.1 <= names["fitted"].transform.window.per_window.smoothing <= 1.0


def test_every_link_of_the_page_leads_somewhere(text):
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in text.splitlines() if "#" in line
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, part = target.partition("#")
        assert (PAGE.parent / path).exists(), target
        assert not part or part in headings, target


def test_the_table_of_what_each_stage_is_worth_has_the_figures_of_the_text(text):
    table = text.split("<!-- steps -->")[1].split("<!-- end of steps -->")[0]
    measured = set(re.findall(r"\d+\.\d\d(?= /)", table))
    stated = re.findall(r"(\d+\.\d\d) becomes (\d+\.\d\d)", " ".join(text.split()))
    assert len(stated) > 5
    assert {figure for pair in stated for figure in pair} <= measured
