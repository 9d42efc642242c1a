"""Downloads: who is asked, how often, and what is refused."""

import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.sources.download import PROVIDERS, download
from recurra.sources.providers import Bars
from recurra.tables.dates.parsing import dates
from recurra.tables.files.reader import read_file
from recurra.tables.numbers import numbers

from .provider import OLD, Provider, closes_of, contents_of, names_in


def test_a_first_call_asks_once_and_a_second_call_asks_nobody(akshare: Provider, tmp_path: Path) -> None:
    first = download("600519", start="2020-01-02", end="2020-01-03", adjust="hfq", cache=tmp_path)
    assert akshare.asked == [Bars("600519", date(2020, 1, 2), date(2020, 1, 3), "hfq")]
    assert first.parent == tmp_path
    kept = contents_of(tmp_path)
    assert download("600519", start="2020-01-02", end="2020-01-03", adjust="hfq", cache=tmp_path) == first
    assert len(akshare.asked) == 1
    assert contents_of(tmp_path) == kept


def test_a_download_is_a_table_of_dates_and_numbers(akshare: Provider, tmp_path: Path) -> None:
    frame = read_file(download("600519", cache=tmp_path)).frame
    assert dates(frame, "date", "t").tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-03")]
    assert numbers(frame, "close", "t").tolist() == [1.0, 2.0]


def test_other_days_another_adjustment_and_another_provider_are_other_files(
    akshare: Provider, yfinance: Provider, tmp_path: Path
) -> None:
    calls: list[dict[str, Any]] = [
        {},
        {"adjust": "hfq"},
        {"adjust": "none"},
        {"start": "2020-01-02"},
        {"end": "2020-01-02"},
        {"start": "2020-01-02", "end": "2020-01-02"},
        {"provider": "yfinance"},
    ]
    assert len({download("600519", cache=tmp_path, **call) for call in calls}) == len(calls)
    assert (len(akshare.asked), len(yfinance.asked)) == (6, 1)


@pytest.mark.parametrize("symbol", ["600519", "000001", "300750", "688981", "920992"])
def test_six_digits_are_asked_of_akshare(symbol: str, akshare: Provider, yfinance: Provider, tmp_path: Path) -> None:
    download(symbol, cache=tmp_path)
    assert ([bars.symbol for bars in akshare.asked], yfinance.asked) == ([symbol], [])


@pytest.mark.parametrize(
    "symbol", ["AAPL", "0700.HK", "005930.KS", "600519.SS", "M&M.NS", "^GSPC", "EURUSD=X", "BRK-B", "60051"]
)
def test_every_other_symbol_is_asked_of_yfinance(
    symbol: str, akshare: Provider, yfinance: Provider, tmp_path: Path
) -> None:
    download(symbol, cache=tmp_path)
    assert (akshare.asked, [bars.symbol for bars in yfinance.asked]) == ([], [symbol])


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_there_are_three_tries_with_pauses_of_one_and_two_seconds(
    failures: int, akshare: Provider, tmp_path: Path
) -> None:
    akshare.answers = [*[ConnectionError("no route")] * failures, OLD]
    path = download("600519", cache=tmp_path, pause=akshare.pauses.append)
    assert closes_of(path) == [1.0, 2.0]
    assert len(akshare.asked) == failures + 1
    assert akshare.pauses == [1.0, 2.0][:failures]


def test_after_three_tries_the_message_says_why_and_offers_a_file(akshare: Provider, tmp_path: Path) -> None:
    akshare.answers = [TimeoutError("one"), ValueError("two"), ConnectionError("no\n  route to host")]
    cache = tmp_path / "cache"
    with pytest.raises(InputError) as error:
        download("600519", cache=cache, pause=akshare.pauses.append)
    assert str(error.value) == (
        "3 requests to akshare for '600519' failed (ConnectionError: no route to host); "
        "try later, or give a file with --data FILE."
    )
    assert akshare.pauses == [1.0, 2.0]
    assert not cache.exists()


def test_a_long_reason_is_cut(akshare: Provider, tmp_path: Path) -> None:
    akshare.answers = [OSError("x" * 5000)]
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, pause=akshare.pauses.append)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(("symbol", "name"), [("600519", "akshare"), ("AAPL", "yfinance")])
def test_a_package_that_is_not_installed_is_named_at_once_and_not_tried_again(
    symbol: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in (name, "akshare.stock_feature.stock_hist_em"):
        monkeypatch.setitem(sys.modules, module, None)
    pauses: list[float] = []
    with pytest.raises(InputError, match=rf"a download needs {name}: pip install 'recurra\[market\]'"):
        download(symbol, cache=tmp_path, pause=pauses.append)
    assert pauses == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_while_asking_is_not_taken_for_a_failed_try(
    interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Bars] = []

    def ask(bars: Bars) -> pd.DataFrame:
        asked.append(bars)
        raise interruption

    monkeypatch.setitem(PROVIDERS, "akshare", ask)
    with pytest.raises(interruption):
        download("600519", cache=tmp_path)
    assert (len(asked), names_in(tmp_path)) == (1, [])


@pytest.mark.parametrize(
    "symbol",
    [
        "../x",
        "a/b",
        "/etc/x",
        "..",
        ".",
        "",
        "-",
        "^",
        "a\\b",
        "C:x",
        "a\0b",
        "A B",
        "A\n",
        "BRK%2eB",
        "~",
        "x" * 33,
        "６００５１９",
    ],
)
@pytest.mark.parametrize("provider", ["auto", "akshare", "yfinance"])
def test_what_is_no_symbol_is_an_error_before_anybody_is_asked(
    symbol: str, provider: Any, akshare: Provider, yfinance: Provider, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        download(symbol, provider=provider, cache=tmp_path / "cache")
    assert str(error.value) == f"{symbol!r} is not a share symbol; expected one such as 600519, AAPL or 0700.HK."
    assert (akshare.asked, yfinance.asked, names_in(tmp_path)) == ([], [], [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abAB01.-^=_", min_size=1, max_size=5), min_size=2, max_size=2))
@example(["BRK.B", "BRK-B"])
@example(["BRK.B", "brk.b"])
def test_two_symbols_have_one_file_only_if_they_differ_in_case_alone(symbols: list[str]) -> None:
    assume(all(any(c.isalnum() or c == "_" for c in symbol) for symbol in symbols))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setitem(PROVIDERS, "yfinance", Provider())
        paths = [download(symbol, provider="yfinance", cache=Path(folder)) for symbol in symbols]
        assert all(path.parent == Path(folder) and path.is_file() for path in paths)
        # names that differ in case alone are one file on some disks
        names = {path.name.casefold() for path in paths}
        assert (len(names) == 1) == (symbols[0].upper() == symbols[1].upper())


def test_upper_and_lower_case_are_one_share(yfinance: Provider, tmp_path: Path) -> None:
    assert download("aapl", cache=tmp_path) == download("AAPL", cache=tmp_path)
    assert len(yfinance.asked) == 1


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize(
    "text", ["2020-02-30", "yesterday", "2020/01/02", "02.01.2020", "2020-01", "2020-01-02T00:00", ""]
)
def test_a_day_that_is_none_is_named(name: str, text: str, akshare: Provider, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, **{name: text})  # type: ignore[arg-type]
    assert str(error.value) == f"{name} is {text!r}; expected a day such as 2010-04-26."
    assert akshare.asked == []


def test_a_first_day_after_the_last_is_an_error_and_one_day_is_none(akshare: Provider, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="start 2020-01-03 is later than end 2020-01-02"):
        download("600519", start="2020-01-03", end="2020-01-02", cache=tmp_path)
    assert akshare.asked == []
    download("600519", start="2020-01-02", end="2020-01-02", cache=tmp_path)
    assert akshare.asked == [Bars("600519", date(2020, 1, 2), date(2020, 1, 2), "qfq")]


def test_yahoo_has_no_hfq_and_is_not_asked_for_it(yfinance: Provider, akshare: Provider, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        download("AAPL", adjust="hfq", cache=tmp_path)
    assert str(error.value) == ("yfinance has no prices adjusted to the first day (hfq); expected adjust qfq or none.")
    assert yfinance.asked == []
    download("600519", adjust="hfq", cache=tmp_path)
    assert akshare.asked[0].adjust == "hfq"
