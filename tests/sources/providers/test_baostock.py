"""Daily bars from baostock: the real library runs, and only its connection is replaced."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd
import pytest

from recurra.sources.providers import baostock as adapter
from recurra.sources.providers.baostock import SHARES_PER_LOGIN, Session, baostock_bars
from recurra.sources.providers.contract import Adjust, Bars, NoBarsError, reason_of
from recurra.sources.shares import share_of

from .baostock_server import Baostock, reply
from .expected_bars import moutai

ROWS = [
    ["2020-01-02", "1128.0000", "1145.0600", "1116.0000", "1130.0000", "14809916", "16696836850.0000", "1"],
    ["2020-01-03", "1117.0000", "1117.0000", "1076.9000", "1078.5600", "13031878", "14266382000.0000", "1"],
    ["2020-01-06", "1078.5600", "1078.5600", "1078.5600", "1078.5600", "", "", "0"],
]
MOUTAI = Bars(share_of("600519"), date(2020, 1, 2), date(2020, 1, 6), "none")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Baostock]:
    server = Baostock(ROWS)
    monkeypatch.setattr(adapter.socket, "create_connection", server.connect)
    monkeypatch.setattr(adapter, "SESSION", Session())
    yield server
    adapter.SESSION.close()


@pytest.mark.parametrize(
    ("symbol", "code", "adjust", "flag"),
    [("600519", "sh.600519", "none", "3"), ("000001", "sz.000001", "qfq", "2"), ("510300", "sh.510300", "hfq", "1")],
)
def test_baostock_is_asked_for_the_share_the_days_and_the_adjustment(
    symbol: str, code: str, adjust: Adjust, flag: str, server: Baostock
) -> None:
    baostock_bars(Bars(share_of(symbol), date(2020, 1, 2), date(2020, 1, 6), adjust))
    assert [message.kind for message in server.asked] == ["00", "95"]
    assert server.asked[0].fields == ["login", "anonymous", "123456", "0"]
    method, _, page, _, share, _, *rest = server.asked[1].fields
    assert (method, page, share) == ("query_history_k_data_plus", "1", code)
    assert rest == ["2020-01-02", "2020-01-06", "d", flag]
    assert server.connected == [(("public-api.baostock.com", 10030), 10)]


def test_without_days_all_are_asked_for_and_not_those_from_2015_alone(server: Baostock) -> None:
    baostock_bars(Bars(share_of("600519"), None, None, "qfq"))
    assert server.asked[1].fields[6] == "1990-12-19"


def test_its_bars_come_by_our_names_without_days_of_suspended_trading(
    server: Baostock, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = moutai([14809916, 13031878], [16696836850.0, 14266382000.0])
    pd.testing.assert_frame_equal(baostock_bars(MOUTAI), expected)
    assert capsys.readouterr().out == ""  # baostock prints "login success!"


@pytest.mark.parametrize("count", [1999, 2000, 2001, 4000, 4001])
def test_all_pages_are_read(count: int, server: Baostock) -> None:
    server.rows = rows_of(count)
    frame = baostock_bars(Bars(share_of("600519"), None, None, "none"))
    assert frame["volume"].tolist() == list(range(1, count + 1))


@pytest.mark.parametrize("broken", [b"", TimeoutError("timed out")])
def test_a_page_that_does_not_come_is_no_end_of_the_bars(broken: bytes | Exception, server: Baostock) -> None:
    server.rows = rows_of(2001)
    server.answers[3] = broken
    with pytest.raises(OSError) as error:  # either of two
        baostock_bars(Bars(share_of("600519"), None, None, "none"))
    assert reason_of(error.value) == ("no connection" if broken == b"" else "no answer within 10 s")


def test_a_login_serves_200_shares(server: Baostock) -> None:
    for _ in range(SHARES_PER_LOGIN):
        baostock_bars(MOUTAI)
    assert (SHARES_PER_LOGIN, server.logins(), len(server.connected)) == (200, 1, 1)
    baostock_bars(MOUTAI)
    assert (server.logins(), len(server.connected)) == (2, 2)


@pytest.mark.parametrize("answer", [b"", reply("96", ["10001001", "用户未登录"]), BrokenPipeError("broken")])
def test_a_login_that_the_server_has_forgotten_is_renewed_at_once(answer: bytes | Exception, server: Baostock) -> None:
    baostock_bars(MOUTAI)
    server.answers[3] = answer
    assert len(baostock_bars(MOUTAI)) == 2
    assert server.logins() == 2


def test_after_ctrl_c_the_rest_of_an_answer_is_not_taken_for_the_next_one(
    server: Baostock, monkeypatch: pytest.MonkeyPatch
) -> None:
    baostock_bars(MOUTAI)
    with monkeypatch.context() as patched:
        patched.setattr(adapter.Connection, "recv", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            baostock_bars(MOUTAI)
    assert len(baostock_bars(MOUTAI)) == 2
    assert server.logins() == 2


def _interrupt(*_: object) -> bytes:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (TimeoutError("timed out"), "no answer within 10 s"),
        (OSError(101, "Network is unreachable"), "no connection"),
    ],
)
def test_a_server_that_cannot_be_reached_says_why(refusal: Exception, reason: str, server: Baostock) -> None:
    server.refusal = refusal
    with pytest.raises(OSError) as error:  # one of several
        baostock_bars(MOUTAI)
    assert reason_of(error.value) == reason


@pytest.mark.parametrize(
    ("number", "answer", "reason"),
    [
        (1, reply("01", ["10001011", "黑名单用户，请与管理员联系"]), "it has blacklisted this address"),
        (1, reply("01", ["10001004", "客户端版本号过期"]), "baostock is too old: pip install -U"),
        (1, b"", "no connection"),
        (2, b"", "no connection"),
        (2, TimeoutError("timed out"), "no answer within 10 s"),
        (2, reply("96", ["10005001", "系统级别错误"]), "its error 10005001"),
        (2, reply("96", ["0", "success"]), "an unreadable answer (IndexError: "),
        (2, b"<html>not this protocol</html>\n<![CDATA[]]>\n", "an unreadable answer"),
    ],
)
def test_a_failed_answer_says_why_and_the_next_request_logs_in_anew(
    number: int, answer: bytes | Exception, reason: str, server: Baostock
) -> None:
    server.answers[number] = answer
    with pytest.raises(Exception) as error:  # each of its own type
        baostock_bars(MOUTAI)
    assert reason_of(error.value).startswith(reason)
    before = server.logins()
    assert len(baostock_bars(MOUTAI)) == 2
    assert server.logins() == before + 1


def test_a_share_that_it_does_not_know_and_days_without_bars_are_no_bars(server: Baostock) -> None:
    server.answers[2] = reply("96", ["10004011", "无效的证券代码"])
    with pytest.raises(NoBarsError, match="unknown share or days"):
        baostock_bars(MOUTAI)
    server.rows = []
    with pytest.raises(NoBarsError, match="an empty answer"):
        baostock_bars(MOUTAI)
    assert server.logins() == 1


def test_baostocks_own_way_to_connect_is_left_as_it_was(server: Baostock) -> None:
    from baostock.util.socketutil import SocketUtil

    baostock_bars(MOUTAI)
    assert SocketUtil().connect.__func__ is SocketUtil.connect


def rows_of(count: int) -> list[list[str]]:
    first = date(2000, 1, 1)
    return [
        [str(first + timedelta(days=day)), "1", "1", "1", "1", str(day + 1), str(day + 1), "1"] for day in range(count)
    ]
