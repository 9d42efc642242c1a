"""What recurra says: help, errors, and what Python expressions give, word for word as recorded."""

import contextlib
import shutil
from pathlib import Path

import pytest
import torch

from .comparison import assert_same_text
from .expressions import names
from .faults import write_files
from .terminal import Command, Expression, evaluate, expressions_from_text, from_text, run, run_apart, to_text

pytestmark = pytest.mark.filterwarnings("ignore::recurra.json_objects.MissingDigestWarning")  # recorded before digests
GOLDEN = Path(__file__).parent
HELP, FAULTS = (from_text((GOLDEN / "texts" / f"{name}.txt").read_text("utf-8")) for name in ("help", "faults"))
ERRORS, CONSTANTS, VALUES = (
    expressions_from_text((GOLDEN / "texts" / f"{name}.txt").read_text("utf-8"))
    for name in ("errors", "constants", "values")
)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the faulty commands name."""
    folder = tmp_path_factory.mktemp("faulty")
    write_files(folder, GOLDEN / "data", GOLDEN / "runs")
    return folder


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A folder with the small tables."""
    shutil.copytree(GOLDEN / "data", tmp_path, dirs_exist_ok=True)
    (tmp_path / "documents").mkdir()
    return tmp_path


@pytest.mark.parametrize("recorded", HELP, ids=lambda command: command.line)
def test_help_is_what_was_recorded(recorded: Command, tmp_path: Path) -> None:
    assert to_text([run_apart(recorded.line, tmp_path)]) == to_text([recorded])


@pytest.mark.parametrize("recorded", FAULTS, ids=lambda command: command.line)
def test_a_faulty_command_says_what_was_recorded(recorded: Command, faulty: Path) -> None:
    assert to_text([run(recorded.line, faulty)]) == to_text([recorded])


@pytest.mark.parametrize("recorded", [*ERRORS, *CONSTANTS], ids=lambda expression: expression.line)
def test_an_expression_gives_what_was_recorded(recorded: Expression, tables: Path) -> None:
    with contextlib.chdir(tables):
        assert evaluate(recorded.line, names()) == recorded


@pytest.mark.parametrize("recorded", VALUES, ids=lambda expression: expression.line)
def test_an_expression_that_trains_gives_what_was_recorded(recorded: Expression, tables: Path) -> None:
    torch.manual_seed(0)
    with contextlib.chdir(tables):
        assert_same_text(evaluate(recorded.line, names()).answer, recorded.answer)
