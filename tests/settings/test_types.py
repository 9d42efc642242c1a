"""What type checkers and editors know of the models' parameters: mypy is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # mypy reads torch-free parts of recurra and pydantic: half a minute
SOURCES = Path(__file__).parents[2] / "src"
REFUSED = {
    'Forecaster("open", nonsense=3)': 'Unexpected keyword argument "nonsense" for "Forecaster"',
    'Forecaster(epochs="x")': 'Argument "epochs" to "Forecaster" has incompatible type "str"; expected "int | None"',
    'Forecaster("open", "gru")': "Too many positional arguments",
    'Forecaster(units=("a",))': 'Argument "units" to "Forecaster" has incompatible type "tuple[str]"',
    'Forecaster(loss="rmse")': 'Argument "loss" to "Forecaster" has incompatible type "Literal[\'rmse\']"',
    'LanguageModel(cell="gruu")': 'Argument "cell" to "LanguageModel" has incompatible type "Literal[\'gruu\']"',
    'LanguageModel(optimizer="lion")': 'Argument "optimizer" to "LanguageModel" has incompatible type',
    "LanguageModel(horizon=2)": 'Unexpected keyword argument "horizon" for "LanguageModel"',
}
ACCEPTED = [
    'Forecaster("open", units=3)',
    "Forecaster(units=(80, 100), weight_decay=0.1)",
    'Forecaster(target="open", units=[80, 100], past_covariates="all", future_covariates=["holiday"])',
    'Forecaster(scaling="log", season=None, validation=0.2)',
    'Forecaster(scaling=("log", "standard"), validation=12)',
    'LanguageModel(cell="gru", units=3, optimizer="adamw", schedule="cosine", unknown="?")',
    'LanguageModel(units=[3, 4]).fit("abcabc").set_params(units=5).predict("a").upper()',
]
# what torch and pandas say of their own types takes mypy a minute, and is not asked here
CONFIGURATION = """
[mypy]
strict = true
follow_imports = silent
[mypy-torch.*,pandas.*,numpy.*,matplotlib.*,safetensors.*,rich.*,scipy.*,filelock.*]
follow_imports = skip
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of each line, "" if nothing."""
    folder = tmp_path_factory.mktemp("mypy")
    lines = ["from recurra import Forecaster, LanguageModel", *REFUSED, *ACCEPTED]
    (folder / "lines.py").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "mypy.ini").write_text(CONFIGURATION, "utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", "cache", "lines.py"]
    command += ["--no-error-summary", "--hide-error-context", "--no-pretty"]
    environment = {"MYPYPATH": str(SOURCES), "PATH": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    answers = dict.fromkeys(lines, "")
    for answer in done.stdout.splitlines():
        _, number, text = answer.split(":", 2)
        answers[lines[int(number) - 1]] += text
    return answers


@pytest.mark.parametrize("line", REFUSED)
def test_a_wrong_argument_is_refused(said: dict[str, str], line: str) -> None:
    assert REFUSED[line] in said[line]


@pytest.mark.parametrize("line", ACCEPTED)
def test_a_right_use_is_accepted(said: dict[str, str], line: str) -> None:
    assert said[line] == ""
