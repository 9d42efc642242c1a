"""What is said about how newer rows are read: in Python by arguments, on the command line by the same flags."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.cli import run

from .tables import SMALL

DAYS = pd.date_range("2024-01-01", periods=40)
TEXTS: dict[str, tuple[str, dict[str, Any], list[str], str]] = {  # rows, argument, flag, what is refused without
    "dayfirst": ("date;v\n02/03/2024;1\n", {"dayfirst": True}, ["--dayfirst"], "--dayfirst"),
    "monthfirst": ("date;v\n02/10/2024;1\n", {"dayfirst": False}, ["--no-dayfirst"], "--dayfirst"),
    "decimal": ("date;v\n2024-02-10;1.234\n", {"decimal": "."}, ["--decimal", "."], "--decimal"),
    "thousands": ("date;v\n2024-02-10;1.234\n", {"thousands": "."}, ["--thousands", "."], "--thousands"),
    "missing": (
        "date,v\n2024-02-10,1\n" + "".join(f"2024-02-{11 + i},\n" for i in range(9)) + "2024-02-20,2\n",
        {"missing": "ffill"}, ["--missing", "ffill"], "--missing ffill",
    ),
}  # fmt: skip


def rows() -> pd.DataFrame:
    return pd.DataFrame({"date": DAYS, "v": np.arange(40) % 4 + 1000})


@pytest.fixture(scope="module")
def model() -> Forecaster:
    return Forecaster(**SMALL).fit(rows())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    rows().to_csv(folder / "rows.csv", index=False)
    flags = ["--window", "6", "--units", "4", "--epochs", "2", "--test", "0", "--validation", "0", "--quiet"]
    assert run(["forecast", str(folder / "rows.csv"), *flags, "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("method", ["predict", "update_context"])
def test_the_argument_that_a_refusal_names_is_one_of_the_method(
    name: str, method: str, model: Forecaster, tmp_path: Path
) -> None:
    text, argument, _, refused = TEXTS[name]
    (tmp_path / "newer.csv").write_text(text)
    ask: Callable[..., Any] = getattr(Forecaster(**SMALL).fit(rows()) if method == "update_context" else model, method)
    with pytest.raises(InputError, match=refused):
        ask(tmp_path / "newer.csv")
    ask(tmp_path / "newer.csv", **argument)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_the_flag_that_a_refusal_names_is_one_of_the_command(
    name: str, command: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, _, flag, refused = TEXTS[name]
    (tmp_path / "newer.csv").write_text(text)
    ask = [command, str(trained), "--data", str(tmp_path / "newer.csv")]
    capsys.readouterr()
    assert run(ask) == 2
    assert refused in capsys.readouterr().err
    assert run([*ask, *flag]) == 0


@pytest.mark.filterwarnings("ignore")
def test_what_is_said_decides(model: Forecaster, tmp_path: Path) -> None:
    (tmp_path / "newer.csv").write_text("date;v\n02/10/2024;1\n")
    for says, next_day in ((True, "2024-10-03"), (False, "2024-02-11")):
        assert model.predict(tmp_path / "newer.csv", dayfirst=says)["ds"][0] == pd.Timestamp(next_day)
    (tmp_path / "newer.csv").write_text("date;v\n2024-02-10;1.234\n")
    arguments: dict[str, float] = {"decimal": 1.234, "thousands": 1234.0}
    for name, value in arguments.items():
        asked = Forecaster(**SMALL).fit(rows()).update_context(tmp_path / "newer.csv", **{name: "."})
        assert asked.context_.series[0].values[-1, 0] == value


@pytest.mark.filterwarnings("ignore:.*the file is read as cp1252")
def test_an_encoding_may_be_another_than_that_of_the_fit(tmp_path: Path) -> None:
    table = pd.DataFrame({"date": DAYS, "größe": np.arange(40.0) % 4})
    table.to_csv(tmp_path / "old.csv", index=False, encoding="cp1252")
    table.assign(date=DAYS + pd.Timedelta(days=40)).to_csv(tmp_path / "new.csv", index=False, encoding="utf-8")
    model = Forecaster(encoding="cp1252", **SMALL).fit(tmp_path / "old.csv")
    assert len(model.evaluate(tmp_path / "new.csv", encoding="utf-8").predictions) == 40


@pytest.mark.parametrize(
    ("argument", "message", "kind"),
    [
        ({"dayfrist": True}, r"there is no argument 'dayfrist'; did you mean 'dayfirst'\?", TypeError),
        ({"decimal": ";"}, "decimal is ';'; expected '.' or ','", InputError),
        ({"encoding": 3}, "encoding is 3", TypeError),
        ({"decimal": ",", "thousands": ","}, "decimal and thousands are both ','; expected two marks", InputError),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(
    argument: dict[str, Any], message: str, kind: type[Exception], model: Forecaster
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        model.predict(rows(), **argument)
    assert isinstance(caught.value, kind)


def test_flags_of_newer_rows_need_newer_rows(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("predict", "evaluate"):
        for flag in ("--dayfirst", "--max-unpacked=3", "--any-source"):
            capsys.readouterr()
            assert run([command, str(trained), flag]) == 2
            name = flag.partition("=")[0]
            assert capsys.readouterr().err == f"recurra: {name} requires newer rows; give --data FILE or --refresh.\n"
