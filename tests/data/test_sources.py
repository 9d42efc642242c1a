"""Bundled bars against the known splits and dividends of their shares; downloads, their cache, tries and messages."""

import errno
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.data import sources
from recurra.data.dates import dates
from recurra.data.market import Bars, NoBarsError
from recurra.data.numbers import numbers
from recurra.data.reader import read_frame
from recurra.data.sources import Adjust, bundled, bundled_symbols, download

ADJUSTED: list[Adjust] = ["qfq", "hfq"]
ADJUSTMENTS: list[Adjust] = [*ADJUSTED, "none"]
PRICES = ["open", "high", "low", "close"]

needs_posix = pytest.mark.skipif(os.name == "nt", reason="resource limits are POSIX's")


def _bars(*closes: float) -> pd.DataFrame:
    days = pd.bdate_range("2020-01-02", periods=len(closes)).strftime("%Y-%m-%d")
    prices = {name: list(closes) for name in PRICES}
    return pd.DataFrame({"date": days, **prices, "volume": [100] * len(closes)})


OLD, NEW = _bars(1.0, 2.0), _bars(1.0, 2.0, 3.0)


@dataclass
class Provider:
    """Answers in the given order, the last one for ever, and keeps what was asked and how long was waited."""

    answers: list[pd.DataFrame | Exception] = field(default_factory=lambda: [OLD])
    asked: list[Bars] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __call__(self, bars: Bars) -> pd.DataFrame:
        self.asked.append(bars)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        pytest.fail("a test was about to use the network")  # no Exception, so that nothing swallows it

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.fixture
def akshare(monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider()
    monkeypatch.setitem(sources.PROVIDERS, "akshare", provider)
    return provider


@pytest.fixture
def yfinance(monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider()
    monkeypatch.setitem(sources.PROVIDERS, "yfinance", provider)
    return provider


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("RECURRA_CACHE", raising=False)
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _facts(path: Path) -> Any:
    return json.loads(path.with_suffix(".json").read_text("utf-8"))


def _closes(path: Path) -> list[float]:
    return pd.read_csv(path)["close"].tolist()


def _close(frame: pd.DataFrame, day: str) -> float:
    return float(frame.set_index("date")["close"][pd.Timestamp(day)])


def test_two_shares_are_bundled_with_every_session_from_march_2000_to_march_2013() -> None:
    assert bundled_symbols() == ("AAPL", "MSFT")
    sessions = pd.DatetimeIndex(bundled("AAPL")["date"])
    assert sessions.equals(pd.DatetimeIndex(bundled("MSFT")["date"]))
    assert (len(sessions), str(sessions[0].date()), str(sessions[-1].date())) == (3270, "2000-03-01", "2013-03-01")
    assert sessions.is_monotonic_increasing and sessions.is_unique
    # of the week after the eleventh of September the exchange had only the next Monday
    week = pd.date_range("2001-09-11", "2001-09-17")
    assert week.intersection(sessions).equals(pd.DatetimeIndex(["2001-09-17"]))


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_every_bundled_bar_is_whole(symbol: str, adjust: Adjust) -> None:
    frame = bundled(symbol, adjust)
    assert list(frame.columns) == ["date", *PRICES, "volume"]
    assert frame.notna().all(axis=None)
    assert (frame[[*PRICES, "volume"]] > 0).all(axis=None)
    slack = 1e-9 * frame["close"]
    assert (frame["low"] <= frame[PRICES].min(axis=1) + slack).all()
    assert (frame["high"] >= frame[PRICES].max(axis=1) - slack).all()


@pytest.mark.parametrize(
    ("symbol", "before", "day", "paid"),
    [
        ("AAPL", "2000-06-20", "2000-06-21", (101.25, 55.63)),
        ("AAPL", "2005-02-25", "2005-02-28", (88.99, 44.86)),
        ("MSFT", "2003-02-14", "2003-02-18", (48.30, 24.96)),
    ],
)
def test_a_split_in_two_halves_the_price_as_traded_and_no_adjusted_one(
    symbol: str, before: str, day: str, paid: tuple[float, float]
) -> None:
    traded = bundled(symbol, "none")
    assert (_close(traded, before), _close(traded, day)) == paid
    for adjust in ADJUSTED:
        adjusted = bundled(symbol, adjust)
        change = _close(adjusted, day) / _close(adjusted, before)
        assert change == pytest.approx(2 * paid[1] / paid[0], rel=1e-12)


@pytest.mark.parametrize(
    ("symbol", "before", "day", "paid", "dividend"),
    [
        ("MSFT", "2004-11-12", "2004-11-15", (29.97, 27.39), 3.08),  # three dollars once, and eight cents as usual
        ("AAPL", "2012-08-08", "2012-08-09", (619.86, 620.73), 2.65),
        ("AAPL", "2013-02-06", "2013-02-07", (457.35, 468.22), 2.65),
    ],
)
def test_who_held_a_share_over_a_dividend_has_the_dividend_in_adjusted_prices(
    symbol: str, before: str, day: str, paid: tuple[float, float], dividend: float
) -> None:
    for adjust in ADJUSTMENTS:
        frame, had = bundled(symbol, adjust), 0 if adjust == "none" else dividend
        assert _close(frame, day) / _close(frame, before) == pytest.approx((paid[1] + had) / paid[0])


def test_with_qfq_the_last_prices_are_those_that_were_paid_and_with_hfq_the_first() -> None:
    for symbol in bundled_symbols():
        traded = bundled(symbol, "none")
        pd.testing.assert_series_equal(bundled(symbol, "qfq").iloc[-1], traded.iloc[-1])
        pd.testing.assert_series_equal(bundled(symbol, "hfq").iloc[0], traded.iloc[0])
    assert bundled("AAPL").iloc[-1][PRICES].tolist() == [438.0, 438.1799, 429.98, 430.47]
    assert bundled("AAPL", "hfq").iloc[0][PRICES].tolist() == [118.56, 132.06, 118.5, 130.31]


def test_a_share_of_apple_of_2000_became_four_and_was_paid_three_dividends() -> None:
    # 130.31 dollars; halved twice; 2.65 dollars each were paid when it closed at 620.73, 558.0019 and 468.22
    kept = 620.73 / (620.73 + 2.65) * 558.0019 / (558.0019 + 2.65) * 468.22 / (468.22 + 2.65)
    assert bundled("AAPL")["close"].iloc[0] == pytest.approx(130.31 / 4 * kept, rel=1e-9)
    assert bundled("AAPL", "hfq")["close"].iloc[-1] == pytest.approx(430.47 * 4 / kept, rel=1e-9)


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_the_money_that_changed_hands_is_the_same_under_every_adjustment(symbol: str) -> None:
    traded = bundled(symbol, "none")
    money = traded[PRICES].mul(traded["volume"], axis=0)
    for adjust in ADJUSTED:
        frame = bundled(symbol, adjust)
        np.testing.assert_allclose(frame[PRICES].mul(frame["volume"], axis=0), money, rtol=1e-12)


def test_a_first_call_asks_once_and_a_second_call_asks_nobody(akshare: Provider, tmp_path: Path) -> None:
    first = download("600519", start="2020-01-02", end="2020-01-03", adjust="hfq", cache=tmp_path)
    assert akshare.asked == [Bars("600519", date(2020, 1, 2), date(2020, 1, 3), "hfq")]
    assert first.parent == tmp_path
    kept = _contents(tmp_path)
    assert download("600519", start="2020-01-02", end="2020-01-03", adjust="hfq", cache=tmp_path) == first
    assert len(akshare.asked) == 1
    assert _contents(tmp_path) == kept


def test_a_download_is_a_table_of_dates_and_numbers(akshare: Provider, tmp_path: Path) -> None:
    frame = read_frame(download("600519", cache=tmp_path))
    assert dates(frame, "date", "t").tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-03")]
    assert numbers(frame, "close", "t").tolist() == [1.0, 2.0]


def test_the_facts_of_a_download_stand_beside_it(akshare: Provider, tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    path = download("600519", start="2020-01-02", adjust="none", cache=tmp_path)
    facts = _facts(path)
    downloaded = datetime.fromisoformat(facts.pop("downloaded"))
    assert downloaded.utcoffset() is not None and before <= downloaded <= datetime.now(UTC)
    expected = {"provider": "akshare", "symbol": "600519", "adjust": "none", "start": "2020-01-02", "end": None}
    assert facts | expected == facts
    assert len(_names(tmp_path)) == 2


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


def test_one_day_written_in_two_ways_is_one_file(akshare: Provider, tmp_path: Path) -> None:
    paths = {download("600519", start=start, cache=tmp_path) for start in ("2020-01-02", "20200102")}
    assert len(paths) == len(akshare.asked) == 1


def test_refresh_asks_anew_and_puts_the_new_bars_in_the_same_file(akshare: Provider, tmp_path: Path) -> None:
    akshare.answers = [OLD, NEW]
    first = download("600519", cache=tmp_path)
    assert _closes(first) == [1.0, 2.0]
    facts = first.with_suffix(".json")
    facts.write_text("{}")
    assert download("600519", cache=tmp_path, refresh=True) == first
    assert _closes(first) == [1.0, 2.0, 3.0]
    assert _facts(first)["symbol"] == "600519"
    assert len(_names(tmp_path)) == 2


@pytest.mark.parametrize("failure", [OSError("no route"), NoBarsError("an empty answer"), InputError("not there")])
def test_a_refresh_that_fails_leaves_the_old_files_as_they_are(
    failure: Exception, akshare: Provider, tmp_path: Path
) -> None:
    path = download("600519", cache=tmp_path)
    kept = _contents(tmp_path)
    akshare.answers = [failure]
    with pytest.raises(InputError):
        download("600519", cache=tmp_path, refresh=True, pause=akshare.pauses.append)
    assert _contents(tmp_path) == kept
    assert download("600519", cache=tmp_path) == path


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
    assert _closes(path) == [1.0, 2.0]
    assert len(akshare.asked) == failures + 1
    assert akshare.pauses == [1.0, 2.0][:failures]


def test_after_three_tries_the_message_says_why_and_offers_a_file(akshare: Provider, tmp_path: Path) -> None:
    akshare.answers = [TimeoutError("one"), ValueError("two"), ConnectionError("no\n  route to host")]
    cache = tmp_path / "cache"
    with pytest.raises(InputError) as error:
        download("600519", cache=cache, pause=akshare.pauses.append)
    assert str(error.value) == (
        "akshare could not be asked for '600519' in 3 tries (ConnectionError: no route to host); "
        "try later, or give a file with --data FILE."
    )
    assert akshare.pauses == [1.0, 2.0]
    assert not cache.exists()


def test_a_long_reason_is_cut(akshare: Provider, tmp_path: Path) -> None:
    akshare.answers = [OSError("x" * 5000)]
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, pause=akshare.pauses.append)
    assert len(str(error.value)) < 400


def test_the_message_offers_the_newest_copy_of_the_same_share(
    akshare: Provider, yfinance: Provider, tmp_path: Path
) -> None:
    day = datetime(2024, 5, 17, 12, tzinfo=UTC).timestamp()
    for age, start in enumerate(["2020-01-04", "2020-01-02", "2020-01-03"]):
        path = download("600519", start=start, cache=tmp_path)
        os.utime(path, (day - 86400 * age, day - 86400 * age))
    newest = download("600519", start="2020-01-04", cache=tmp_path)
    download("600518", cache=tmp_path)
    download("600519", adjust="hfq", cache=tmp_path)
    download("600519", provider="yfinance", cache=tmp_path)
    download("6005190", provider="akshare", cache=tmp_path)
    akshare.answers = [OSError("no route")]
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, pause=akshare.pauses.append)
    message = str(error.value)
    assert message.endswith(f"or give a file with --data FILE; a copy of 2024-05-17 is there: --data {newest}.")


def test_where_there_are_no_bars_one_try_is_enough_and_a_copy_is_offered(akshare: Provider, tmp_path: Path) -> None:
    akshare.answers = [NoBarsError("an empty answer")]
    with pytest.raises(InputError) as error:
        download("999999", cache=tmp_path, pause=akshare.pauses.append)
    assert str(error.value) == (
        "akshare has no bars of '999999' for these days (an empty answer); "
        "check symbol and days, or give a file with --data FILE."
    )
    assert (len(akshare.asked), akshare.pauses) == (1, [])
    akshare.answers = [OLD]
    copy = download("999999", cache=tmp_path)
    akshare.answers = [NoBarsError("an empty answer")]
    with pytest.raises(InputError) as error:
        download("999999", start="2030-01-01", cache=tmp_path)
    assert f"--data {copy}" in str(error.value)


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

    monkeypatch.setitem(sources.PROVIDERS, "akshare", ask)
    with pytest.raises(interruption):
        download("600519", cache=tmp_path)
    assert (len(asked), _names(tmp_path)) == (1, [])


@pytest.mark.parametrize("file", [1, 2])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_first_download_that_cannot_be_written_to_its_end_is_not_there(
    file: int, failure: BaseException, akshare: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _fails_at(file, failure))
        with pytest.raises((InputError, KeyboardInterrupt)):
            download("600519", cache=tmp_path)
    assert [path for path in tmp_path.iterdir() if path.suffix not in {".csv", ".json"}] == []
    for path in tmp_path.glob("*.json"):
        assert json.loads(path.read_text("utf-8"))["symbol"] == "600519"
    path = download("600519", cache=tmp_path)
    assert _closes(path) == [1.0, 2.0]
    assert _facts(path)["symbol"] == "600519"


def test_facts_never_tell_of_a_later_download_than_the_table_is_of(
    akshare: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = download("600519", cache=tmp_path)
    facts = {"downloaded": "2024-05-17T12:00:00+00:00"}
    path.with_suffix(".json").write_text(json.dumps(facts))
    akshare.answers = [NEW]
    for file, closes in ((1, [1.0, 2.0]), (2, [1.0, 2.0, 3.0])):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", _fails_at(file, OSError(errno.ENOSPC, "No space left on device")))
            with pytest.raises(InputError):
                download("600519", cache=tmp_path, refresh=True)
        assert (_closes(path), _facts(path)) == (closes, facts)


@pytest.mark.parametrize(("end", "said"), [(None, True), ("2024-05-17", True), ("2024-05-16", False)])
def test_an_old_copy_says_how_old_it_is_where_days_may_have_come_since(
    end: str | None, said: bool, akshare: Provider, tmp_path: Path
) -> None:
    path = download("600519", end=end, cache=tmp_path)
    path.with_suffix(".json").write_text(json.dumps({"downloaded": "2024-05-17T12:00:00+00:00"}))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert download("600519", end=end, cache=tmp_path) == path
    notes = [str(warning.message) for warning in caught]
    assert notes == ["600519: the bars are as of 2024-05-17; --refresh asks for newer ones."] * said


@pytest.mark.parametrize("file", [1, 2])
def test_a_refresh_that_cannot_be_written_leaves_each_file_whole(
    file: int, akshare: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = download("600519", cache=tmp_path)
    kept = _contents(tmp_path)
    akshare.answers = [NEW]
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _fails_at(file, OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
            download("600519", cache=tmp_path, refresh=True)
    assert _contents(tmp_path).keys() == kept.keys()
    assert _closes(path) in ([1.0, 2.0], [1.0, 2.0, 3.0])
    assert _facts(path)["symbol"] == "600519"


def _fails_at(file: int, failure: BaseException) -> Callable[[Path, Path], Path]:
    """A rename that works but for the given one."""
    renamed: list[Path] = []
    rename = Path.replace

    def replace(path: Path, target: Path) -> Path:
        renamed.append(target)
        if len(renamed) == file:
            raise failure
        return rename(path, target)

    return replace


@needs_posix
def test_a_disk_that_cuts_the_table_off_leaves_the_old_one(akshare: Provider, tmp_path: Path) -> None:
    path = download("600519", cache=tmp_path)
    old, names = path.read_bytes(), _names(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource, signal, sys; from pathlib import Path; import pandas as pd\n"
            "from recurra import InputError; from recurra.data import sources\n"
            "frame = pd.read_csv(sys.argv[1])\n"
            "sources.PROVIDERS['akshare'] = lambda bars: pd.concat([frame] * 500)\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
            "try: sources.download('600519', cache=Path(sys.argv[1]).parent, refresh=True)\n"
            "except InputError as error: print(error)",
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"{path}: cannot be written (File too large); what was there before is unchanged." in done.stdout, (
        done.stderr
    )
    assert (path.read_bytes(), _names(tmp_path)) == (old, names)


def test_a_cache_that_cannot_be_made_says_how_to_choose_another(akshare: Provider, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for cache in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(InputError) as error:
            download("600519", cache=cache)
        assert str(error.value).startswith(f"{cache}: cannot be made (")
        assert str(error.value).endswith("); set RECURRA_CACHE to another folder.")
    assert _contents(tmp_path) == {"file": b""}


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
    assert str(error.value) == f"{symbol!r} is no symbol of a share; expected one such as 600519, AAPL or 0700.HK."
    assert (akshare.asked, yfinance.asked, _names(tmp_path)) == ([], [], [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abAB01.-^=_", min_size=1, max_size=5), min_size=2, max_size=2))
@example(["BRK.B", "BRK-B"])
@example(["BRK.B", "brk.b"])
def test_two_symbols_have_one_file_only_if_they_differ_in_case_alone(symbols: list[str]) -> None:
    assume(all(any(c.isalnum() or c == "_" for c in symbol) for symbol in symbols))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setitem(sources.PROVIDERS, "yfinance", Provider())
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


def test_the_cache_is_where_the_environment_says(
    akshare: Provider, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert download("600519").parent == home / ".cache" / "recurra"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert download("600519").parent == tmp_path / "xdg" / "recurra"
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "own"))
    assert download("600519").parent == tmp_path / "own"
    assert download("600519", cache=tmp_path / "given").parent == tmp_path / "given"
    monkeypatch.setenv("RECURRA_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert download("600519").parent == home / ".cache" / "recurra"
    assert len(akshare.asked) == 4


def test_a_given_cache_leaves_the_home_alone(akshare: Provider, home: Path, tmp_path: Path) -> None:
    download("600519", cache=tmp_path)
    assert _names(home) == []


def test_two_downloads_at_once_end_with_one_of_their_answers_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = threading.Barrier(2)
    answers = iter([OLD, NEW])

    def ask(_: Bars) -> pd.DataFrame:
        both.wait(timeout=30)
        return next(answers)

    monkeypatch.setitem(sources.PROVIDERS, "akshare", ask)
    threads = [threading.Thread(target=download, args=("600519",), kwargs={"cache": tmp_path}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = download("600519", cache=tmp_path)
    assert _closes(path) in ([1.0, 2.0], [1.0, 2.0, 3.0])
    assert _names(tmp_path) == sorted([path.name, path.with_suffix(".json").name])
