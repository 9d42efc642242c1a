"""The READMEs: what they show is so, and the two languages show the same."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra.cases.catalog import built_in_cases
from recurra.cli import run

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh-CN.md"]


def code_blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.DOTALL)


def without_comments(block: str) -> list[str]:
    return [line.split("#")[0].rstrip() for line in block.splitlines() if line.split("#")[0].strip()]


@pytest.mark.parametrize("language", ["sh", "python"])
def test_both_readmes_show_the_same_code(language: str) -> None:
    english, chinese = ([without_comments(block) for block in code_blocks(readme, language)] for readme in READMES)
    assert english == chinese


@pytest.mark.parametrize("readme", READMES)
def test_the_python_of_a_model_gives_what_its_comments_say(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    checked = 0
    for line in code_blocks(readme, "python")[0].splitlines():
        code, _, comment = line.partition("#")
        if not comment:
            exec(code, names)
        elif stated := re.match(r"\s*('\w+'|1\.0)", comment):
            assert repr(eval(code.strip(), names)) == stated.group(1)
            checked += 1
        else:
            probabilities = eval(code, names)
            for symbol, probability in re.findall(r"'(\w)': ([\d.]+)", comment):
                assert f"{probabilities[symbol]:.2f}" == probability
                checked += 1
    assert checked == 6


@pytest.mark.parametrize("readme", READMES)
def test_the_python_of_the_layers_runs(readme: str) -> None:
    names: dict[str, Any] = {}
    exec(code_blocks(readme, "python")[2], names)
    assert [tuple(names[name].shape) for name in ("y", "h", "c_reverse")] == [(8, 20, 32), (8, 16), (8, 16)]
    exec(code_blocks(readme, "python")[3], names)
    assert names["h"].shape == (64,)
    assert list(names["report"].replaced) == ["0"]
    exec(next(line for line in code_blocks(readme, "python")[4].splitlines() if "import" in line), names)
    exec(code_blocks(readme, "python")[4].splitlines()[-1], names)


def prices(rows: int) -> pd.DataFrame:
    """Daily bars whose every open is about the close before."""
    rng = np.random.default_rng(0)
    close = 100 * np.exp(rng.normal(0, 0.02, rows).cumsum())
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.004, rows))
    columns = {"open": opened, "close": close, "high": close * 1.01, "low": close * 0.99}
    return pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=rows), **columns, "volume": rng.random(rows)})


@pytest.mark.parametrize("readme", READMES)
def test_the_python_of_a_forecaster_gives_what_its_comments_say(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prices(260).to_csv("prices.csv", index=False)
    prices(300).tail(45).to_csv("newer.csv", index=False)
    names: dict[str, Any] = {}
    block = code_blocks(readme, "python")[1]
    exec(block.replace("fc.predict(levels=[90])", "following = fc.predict(levels=[90])"), names)
    assert list(names["following"].columns) == ["ds", "forecast", "lo-90", "hi-90"]
    assert names["result"].verdict.startswith("the network is no better than yesterday's close (p = ")
    assert {"persistence", "seasonal naive", "drift"} < set(names["result"].scores.index)
    assert {"rmse", "mae", "smape", "mase"} < set(names["result"].scores.columns)
    (importances,) = (line for line in block.splitlines() if "permutation_importance" in line)
    assert len(eval(importances, names)) == 4
    assert eval(block.splitlines()[-1], names)["ds"][0] == prices(301)["date"].iloc[-1]


@pytest.mark.filterwarnings("ignore:no 95 % interval")
def test_the_commands_on_a_table_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    months = pd.date_range("2005-01-01", periods=200, freq="MS").strftime("%Y-%m")
    t, noise = np.arange(200), np.random.default_rng(0).normal(0, 3, 200)
    sales = pd.DataFrame({"month": months, "sales": 200 + t + 40 * np.sin(2 * np.pi * t / 12) + noise})
    sales[:180].to_csv("sales.csv", index=False)
    sales[150:].to_csv("newer.csv", index=False)
    commands = next(block for block in code_blocks("README.md", "sh") if "recurra forecast" in block).splitlines()
    assert len(commands) == 4
    for command in commands:
        assert run(shlex.split(command, comments=True)[1:]) == 0, command
    assert "\n2021-09-01 " in capsys.readouterr().out  # what follows on the newer rows
    assert len(pd.read_csv("next.csv")) == 12


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_names_every_case_and_every_link_leads_somewhere(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    for case in built_in_cases():
        assert f"`{case.name}`" in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / target).exists(), target
