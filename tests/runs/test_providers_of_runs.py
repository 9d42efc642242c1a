"""A run on downloaded bars keeps their provider and adjustment, and newer bars are of the same kind."""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError, load
from recurra.cases.catalog import find_case
from recurra.cli import run
from recurra.runs.train import train_case
from recurra.sources.download import download
from recurra.sources.providers.contract import Bars, answered
from recurra.sources.providers.row import PROVIDERS
from recurra.training import Run

pytestmark = pytest.mark.usefixtures("empty_pictures")

DAYS = 160
QUICK: dict[str, Any] = {"symbol": "600519", "epochs": 1, "units": [2], "window": 10, "test": 20, "levels": []}
QUICK |= {"schedule": "constant"}  # with which a resumed run may have more epochs
COLUMNS = {name: name for name in ("date", "open", "high", "low", "close", "volume")}

Answer = Callable[[Bars], pd.DataFrame]


def market(days: int = DAYS) -> Answer:
    """Return a provider whose prices rise by a hundredth a session."""

    def ask(bars: Bars) -> pd.DataFrame:
        price = 100 * 1.01 ** np.arange(days)
        frame = pd.DataFrame(
            {"date": pd.bdate_range("2020-01-01", periods=days), "open": price, "close": price * 1.001}
        )
        frame["high"], frame["low"] = price * 1.002, price * 0.999
        frame["volume"] = 1000 + np.arange(days) % 7
        return answered(frame, COLUMNS, bars)

    return ask


def silent(_: Bars) -> pd.DataFrame:
    raise ConnectionRefusedError(111, "Connection refused")


def let(patched: pytest.MonkeyPatch, cache: Path, **asks: Answer) -> None:
    """Let the named providers answer, and no other one."""
    patched.setenv("RECURRA_CACHE", str(cache))
    for name in PROVIDERS:
        patched.setitem(PROVIDERS, name, replace(PROVIDERS[name], ask=asks.get(name, silent)))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    def answer(**asks: Answer) -> None:
        let(monkeypatch, tmp_path / "cache", **asks)

    answer()
    return answer


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on bars from Tencent, since baostock does not answer."""
    folder = tmp_path_factory.mktemp("trained")
    with (
        pytest.MonkeyPatch.context() as patched,
        pytest.warns(UserWarning, match=r"bars from tencent \(qfq\).*; baostock did not answer: connection refused"),
    ):
        let(patched, folder / "cache", tencent=market())
        train_case(find_case("stock"), QUICK, folder / "run")
    return folder / "run"


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_the_run_and_its_model_keep_provider_and_adjustment(folder: Path) -> None:
    info = Run(folder).info
    assert (info["provider"], info["adjust"]) == ("tencent", "qfq")
    model = load(folder)
    assert isinstance(model, Forecaster)
    assert (model.context_.form.provider, model.context_.form.adjust) == ("tencent", "qfq")


def test_a_resumed_run_on_bars_of_another_provider_is_refused_with_the_flag_that_mends_it(
    folder: Path, answers: Callable[..., None]
) -> None:
    answers(baostock=market(), tencent=market())
    with pytest.warns(UserWarning, match="bars from baostock"), pytest.raises(InputError) as error:
        train_case(find_case("stock"), {**QUICK, "epochs": 2}, folder, mode="resume")
    assert "began with bars from 'tencent', not from baostock; resume it with --provider tencent" in str(error.value)
    with pytest.warns(UserWarning, match="daily bars from tencent"):
        train_case(find_case("stock"), {**QUICK, "epochs": 2, "provider": "tencent"}, folder, mode="resume")


def test_predict_refresh_asks_the_provider_of_the_run_alone(
    folder: Path, answers: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    answers(baostock=market(DAYS + 9), tencent=market(DAYS + 5))
    assert run(["predict", str(folder), "--refresh"]) == 0
    expected = pd.bdate_range("2020-01-01", periods=DAYS + 6)[-1]
    assert capsys.readouterr().out.splitlines()[1].split()[0] == str(expected.date())


def test_a_provider_that_is_silent_is_replaced_by_another_only_if_that_is_allowed(
    folder: Path, answers: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(download.__kwdefaults__, "pause", lambda _: None)
    answers(sina=market(DAYS + 5))
    assert run(["predict", str(folder), "--refresh"]) == 2
    said = capsys.readouterr().err
    assert "no daily bars of '600519' could be downloaded (tencent: connection refused)" in said
    assert "allow them with --any-source." in said
    assert run(["predict", str(folder), "--refresh", "--any-source"]) == 0
    assert run(["evaluate", str(folder), "--refresh", "--any-source"]) == 0


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ({"provider": "sina"}, "holds bars from sina (qfq), and the model was trained on bars from tencent (qfq)"),
        ({"adjust": "hfq"}, "holds bars from tencent (hfq), and the model was trained on bars from tencent (qfq)"),
    ],
)
def test_newer_bars_of_another_kind_are_refused_unless_they_are_allowed(
    call: dict[str, Any], found: str, folder: Path, answers: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    answers(tencent=market(DAYS + 5), sina=market(DAYS + 5))
    data = download("600519", start="2020-01-01", **call)
    for command in ("predict", "evaluate"):
        assert run([command, str(folder), "--data", str(data)]) == 2
        said = capsys.readouterr().err
        assert found in said and "allow others with --any-source" in said
        assert run([command, str(folder), "--data", str(data), "--any-source"]) == 0
        capsys.readouterr()
    model = load(folder)
    assert isinstance(model, Forecaster)
    for newer in (model.predict, model.evaluate, model.update_context):
        with pytest.raises(InputError, match="any_source=True"):
            newer(data)
        newer(data, any_source=True)
    assert model.context_.form.provider == "tencent"  # that of the training rows


def test_a_file_without_an_origin_is_taken_as_it_is(folder: Path, answers: Callable[..., None], tmp_path: Path) -> None:
    answers(sina=market(DAYS + 5))
    pd.read_csv(download("600519", provider="sina")).to_csv(tmp_path / "mine.csv", index=False)
    assert run(["predict", str(folder), "--data", str(tmp_path / "mine.csv")]) == 0


def test_bundled_bars_are_not_continued_by_a_providers(
    answers: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train_case(find_case("stock"), {**QUICK, "symbol": "AAPL"}, tmp_path / "run")
    assert Run(tmp_path / "run").info["provider"] == "bundled"
    assert run(["predict", str(tmp_path / "run"), "--refresh"]) == 2
    assert "was trained on bundled bars" in capsys.readouterr().err


def test_a_named_provider_is_asked_even_for_a_bundled_share(answers: Callable[..., None], tmp_path: Path) -> None:
    answers(eastmoney=market())
    with pytest.warns(UserWarning, match="daily bars from eastmoney"):
        train_case(find_case("stock"), {**QUICK, "symbol": "AAPL", "provider": "eastmoney"}, tmp_path / "run")
    assert Run(tmp_path / "run").info["provider"] == "eastmoney"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--refresh", "--data", "x.csv"], "--data and --refresh are mutually exclusive"),
        (["--any-source"], "--any-source requires newer rows; give --data FILE or --refresh"),
    ],
)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_flags_that_exclude_each_other_are_refused(
    command: str, flags: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, str(folder), *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_run_on_a_file_has_nothing_to_download(
    answers: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market()(Bars(None, None, None, "qfq")).to_csv(tmp_path / "mine.csv", index=False)  # type: ignore[arg-type]
    train_case(find_case("stock"), {**QUICK, "symbol": None, "data": str(tmp_path / "mine.csv")}, tmp_path / "run")
    assert run(["predict", str(tmp_path / "run"), "--refresh"]) == 2
    assert "was trained on a file, of which nothing can be downloaded; give --data FILE" in capsys.readouterr().err
    assert Run(tmp_path / "run").info["provider"] is None


def test_forecast_takes_a_symbol_in_place_of_a_file(
    answers: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers(sina=market())
    flags = ["--target", "close", "--epochs", "1", "--units", "2", "--quiet"]
    with pytest.warns(UserWarning, match="daily bars from sina"):
        assert run(["forecast", "--symbol=600519", *flags]) == 0
    assert Run(tmp_path / "runs" / "600519").info["provider"] == "sina"
