"""The READMEs: what they show is so, and the two languages show the same."""

import re
from pathlib import Path

import pytest

from recurra.cases.catalog import built_in_cases

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
    names: dict[str, object] = {}
    exec(code_blocks(readme, "python")[1], names)
    assert [tuple(names[name].shape) for name in ("y", "h", "c_reverse")] == [(8, 20, 32), (8, 16), (8, 16)]
    exec(next(line for line in code_blocks(readme, "python")[2].splitlines() if "import" in line), names)
    exec(code_blocks(readme, "python")[2].splitlines()[-1], names)


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_names_every_case_and_every_link_leads_somewhere(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    for case in built_in_cases():
        assert f"`{case.name}`" in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / target).exists(), target
