"""Downloads: who is asked, how often, and what is refused."""

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.sources.download import download
from recurra.sources.origin import origin_of
from recurra.sources.providers.contract import Bars, NoBarsError, NotInstalledError
from recurra.sources.providers.row import PROVIDERS
from recurra.sources.shares import share_of
from recurra.tables.dates.parsing import dates
from recurra.tables.files.reader import read_file
from recurra.tables.numbers.read import numbers

from .provider import OLD, Provider, closes_of, contents_of, facts_of, names_in


def test_a_first_call_asks_once_and_a_second_call_asks_nobody(baostock: Provider, tmp_path: Path) -> None:
    first = download("600519", start="2020-01-02", end="2020-01-03", adjust="hfq", cache=tmp_path)
    assert baostock.asked == [Bars(share_of("600519"), date(2020, 1, 2), date(2020, 1, 3), "hfq")]
    assert first.parent == tmp_path
    kept = contents_of(tmp_path)
    assert download("600519", start="2020-01-02", end="2020-01-03", adjust="hfq", cache=tmp_path) == first
    assert len(baostock.asked) == 1
    assert contents_of(tmp_path) == kept


def test_a_download_is_a_table_of_dates_and_numbers(baostock: Provider, tmp_path: Path) -> None:
    frame = read_file(download("600519", cache=tmp_path)).frame
    assert dates(frame, ["date"], "t").index.tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-03")]
    assert numbers(frame, "close", "t").tolist() == [1.0, 2.0]


def test_other_days_another_adjustment_and_another_provider_are_other_files(
    baostock: Provider, yfinance: Provider, tmp_path: Path
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
    assert (len(baostock.asked), len(yfinance.asked)) == (6, 1)


@pytest.mark.parametrize(
    ("symbol", "share", "order"),
    [
        ("600519", "sh600519", "baostock tencent sina eastmoney yfinance"),
        ("sh600519", "sh600519", "baostock tencent sina eastmoney yfinance"),
        ("sh.600519", "sh600519", "baostock tencent sina eastmoney yfinance"),
        ("600519.SS", "sh600519", "baostock tencent sina eastmoney yfinance"),
        ("688981.SH", "sh688981", "baostock tencent sina eastmoney yfinance"),
        ("000001.SZ", "sz000001", "baostock tencent sina eastmoney yfinance"),
        ("300750", "sz300750", "baostock tencent sina eastmoney yfinance"),
        ("510300", "sh510300", "baostock tencent sina eastmoney yfinance"),
        ("920992", "bj920992", "tencent eastmoney"),
        ("430047.BJ", "bj430047", "tencent eastmoney"),
        ("00700", "hk00700", "sina yfinance eastmoney"),
        ("0700.HK", "hk00700", "sina yfinance eastmoney"),
        ("hk00700", "hk00700", "sina yfinance eastmoney"),
        ("AAPL", "AAPL", "yfinance eastmoney"),
        ("BRK-B", "BRK-B", "yfinance eastmoney"),
        ("000300.SS", "000300.SS", "yfinance"),  # the index CSI 300, and no share of Shanghai
        ("sh000001", "SH000001", "yfinance"),
        ("005930.KS", "005930.KS", "yfinance"),
        ("M&M.NS", "M&M.NS", "yfinance"),
        ("^GSPC", "^GSPC", "yfinance"),
        ("EURUSD=X", "EURUSD=X", "yfinance"),
        ("RIO.L", "RIO.L", "yfinance"),
        ("6005190", "6005190", "yfinance"),
    ],
)
def test_a_share_is_asked_of_the_providers_of_its_exchange_in_order(
    symbol: str, share: str, order: str, row: dict[str, Provider], tmp_path: Path
) -> None:
    names = order.split()
    row[names[-1]].answers = [OLD]
    path = download(symbol, cache=tmp_path)
    assert [name for name, fake in row.items() if fake.asked] == [name for name in row if name in names]
    assert {str(bars.share) for fake in row.values() for bars in fake.asked} == {share}
    assert facts_of(path)["provider"] == names[-1]
    assert facts_of(path)["declined"] == dict.fromkeys(names[:-1], "no connection")


def test_the_note_says_who_answered_and_why_the_others_did_not(row: dict[str, Provider], tmp_path: Path) -> None:
    row["baostock"].answers = [ConnectionRefusedError(111, "Connection refused")]
    row["tencent"].answers = [NoBarsError("an empty answer")]
    row["sina"].answers = [OLD]
    origin = origin_of(download("600519", adjust="hfq", cache=tmp_path))
    assert origin is not None and origin.downloaded is not None
    assert origin.note == (
        f"daily bars from sina (hfq), downloaded on {origin.downloaded[:10]}; baostock did not answer: connection "
        "refused; tencent did not answer: an empty answer."
    )


def test_in_a_row_each_provider_is_asked_once_without_a_pause(row: dict[str, Provider], tmp_path: Path) -> None:
    pauses: list[float] = []
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, pause=pauses.append)
    assert str(error.value) == (
        "no daily bars of '600519' could be downloaded (baostock: no connection; tencent: no connection; "
        "sina: no connection; eastmoney: no connection; yfinance: no connection); check the symbol and the days, "
        "try later, or give a file with --data FILE."
    )
    assert [len(fake.asked) for fake in row.values()] == [1] * 5
    assert pauses == []


def test_five_long_reasons_leave_room_for_what_to_do(row: dict[str, Provider], tmp_path: Path) -> None:
    for fake in row.values():
        fake.answers = [KeyError("x" * 5000)]
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path)
    assert "an unreadable answer (KeyError: 'xx" in str(error.value)
    assert str(error.value).endswith("or give a file with --data FILE.")
    assert "yfinance: an unreadable answer" in str(error.value)


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_single_provider_has_three_tries_with_pauses_of_one_and_two_seconds(
    failures: int, baostock: Provider, tmp_path: Path
) -> None:
    baostock.answers = [*[ConnectionError("no route")] * failures, OLD]
    path = download("600519", provider="baostock", cache=tmp_path, pause=baostock.pauses.append)
    assert closes_of(path) == [1.0, 2.0]
    assert len(baostock.asked) == failures + 1
    assert baostock.pauses == [1.0, 2.0][:failures]


def test_after_three_tries_the_message_says_the_last_reason(
    row: dict[str, Provider], baostock: Provider, tmp_path: Path
) -> None:
    baostock.answers = [TimeoutError("one"), ValueError("two"), ConnectionError("no\n  route to host")]
    cache = tmp_path / "cache"
    with pytest.raises(InputError) as error:
        download("600519", provider="baostock", cache=cache, pause=baostock.pauses.append)
    assert str(error.value) == (
        "no daily bars of '600519' could be downloaded (baostock: no connection); check the symbol and the days, "
        "try later or another --provider, or give a file with --data FILE."
    )
    assert baostock.pauses == [1.0, 2.0]
    assert not cache.exists()
    assert [len(fake.asked) for fake in row.values()] == [3, 0, 0, 0, 0]


def test_packages_that_are_not_installed_are_named_at_once_and_the_next_provider_is_asked(
    row: dict[str, Provider], tmp_path: Path
) -> None:
    missing = NotInstalledError("a download needs baostock: pip install 'recurra[market]', or …")
    row["baostock"].answers, row["tencent"].answers = [missing], [OLD]
    path = download("600519", cache=tmp_path)
    assert facts_of(path)["declined"] == {"baostock": "not installed"}
    for fake in row.values():
        fake.answers = [missing]
    pauses: list[float] = []
    with pytest.raises(InputError, match=r"^a download needs baostock: pip install 'recurra\[market\]'"):
        download("600518", cache=tmp_path, pause=pauses.append)
    assert pauses == []


@pytest.mark.parametrize(
    ("symbol", "call", "message"),
    [
        ("AAPL", {"provider": "sina"}, "sina has no bars of AAPL; expected provider auto or yfinance, eastmoney."),
        ("920992", {"provider": "baostock"}, "baostock has no bars of bj920992; expected provider auto or tencent, "),
        ("600519", {"provider": "akshare"}, "provider is 'akshare'; expected auto, baostock, tencent, sina, "),
        ("^GSPC", {"adjust": "hfq"}, "yfinance has no prices of ^GSPC adjusted to the first day (hfq); expected adjus"),
    ],
)
def test_a_provider_without_such_bars_is_refused_before_anybody_is_asked(
    symbol: str, call: dict[str, Any], message: str, row: dict[str, Provider], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        download(symbol, cache=tmp_path, **call)
    assert message in str(error.value)
    assert not any(fake.asked for fake in row.values())


def test_for_hfq_yahoo_is_left_out_of_the_row(row: dict[str, Provider], tmp_path: Path) -> None:
    row["eastmoney"].answers = [OLD]
    path = download("AAPL", adjust="hfq", cache=tmp_path)
    assert (facts_of(path)["provider"], facts_of(path)["declined"]) == ("eastmoney", {})
    assert row["yfinance"].asked == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_while_asking_is_not_taken_for_a_failed_try(
    interruption: type[BaseException], row: dict[str, Provider], baostock: Provider, tmp_path: Path
) -> None:
    baostock.answers = [interruption()]
    with pytest.raises(interruption):
        download("600519", cache=tmp_path)
    assert ([len(fake.asked) for fake in row.values()], names_in(tmp_path)) == ([1, 0, 0, 0, 0], [])


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
@pytest.mark.parametrize("provider", ["auto", "sina", "yfinance"])
def test_what_is_no_symbol_is_an_error_before_anybody_is_asked(
    symbol: str, provider: Any, baostock: Provider, yfinance: Provider, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        download(symbol, provider=provider, cache=tmp_path / "cache")
    assert str(error.value) == f"{symbol!r} is not a share symbol; expected one such as 600519, 00700.HK or AAPL."
    assert (baostock.asked, yfinance.asked, names_in(tmp_path)) == ([], [], [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abAB01.-^=_", min_size=1, max_size=5), min_size=2, max_size=2))
@example(["BRK.B", "BRK-B"])
@example(["BRK.B", "brk.b"])
def test_two_symbols_have_one_file_only_if_they_differ_in_case_alone(symbols: list[str]) -> None:
    assume(all(any(c.isalnum() or c == "_" for c in symbol) for symbol in symbols))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setitem(PROVIDERS, "yfinance", replace(PROVIDERS["yfinance"], ask=Provider()))
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
def test_a_day_that_is_none_is_named(name: str, text: str, baostock: Provider, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, **{name: text})  # type: ignore[arg-type]
    assert str(error.value) == f"{name} is {text!r}; expected a day such as 2010-04-26."
    assert baostock.asked == []


def test_a_first_day_after_the_last_is_an_error_and_one_day_is_none(baostock: Provider, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the first day, 2020-01-03, is after the last, 2020-01-02"):
        download("600519", start="2020-01-03", end="2020-01-02", cache=tmp_path)
    assert baostock.asked == []
    download("600519", start="2020-01-02", end="2020-01-02", cache=tmp_path)
    assert baostock.asked == [Bars(share_of("600519"), date(2020, 1, 2), date(2020, 1, 2), "qfq")]
