"""baostock: daily bars of shares and funds of Shanghai and Shenzhen, by a protocol of its own."""

import contextlib
import io
import socket
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pandas as pd

from recurra.sources.providers.contract import SECONDS, Bars, NoBarsError, Provider, RefusalError, answered, imported

SHARES_PER_LOGIN = 200  # then the server begins to refuse
FIRST = "1990-12-19"
ADJUSTMENTS = {"hfq": "1", "qfq": "2", "none": "3"}
COLUMNS = {name: name for name in ("date", "open", "high", "low", "close", "volume", "amount")}
SUCCESS = "0"
UNKNOWN = {"10004011", "10004013", "10004014", "10004015"}  # codes of errors: no such share, or no such days
ERRORS = {
    "10001004": "baostock is too old: pip install -U baostock",
    "10001005": "too many logins",
    "10002007": "an unreadable answer",
    "10001011": "it has blacklisted this address",
}


class Connection:
    """A connection to the server, in place of baostock's own.

    That one has no timeout, swallows why it failed, and reads for ever once the server has closed it.

    Attributes:
        failure: why it broke off, if it did.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=SECONDS)
        self.failure: Exception | None = None

    def send(self, message: bytes) -> None:
        try:
            self._socket.sendall(message)
        except OSError as error:
            self.failure = error
            raise

    def recv(self, size: int) -> bytes:
        try:
            if received := self._socket.recv(size):
                return received
            raise ConnectionError("the server closed the connection")
        except OSError as error:
            self.failure = error
            raise

    def close(self) -> None:
        self._socket.close()


@dataclass
class Session:
    """The login of this process; baostock keeps one.

    Attributes:
        connection: its connection; None before the first login.
        left: number of shares that may be asked for before the next login.
    """

    connection: Connection | None = None
    left: int = 0

    def rows(self, code: str, days: tuple[str, str], adjust: str) -> pd.DataFrame:
        """Return the bars of a share, in the kept login if it still works, otherwise in a new one."""
        if self.left:
            with contextlib.suppress(OSError, RefusalError):  # the server closes idle connections
                return self._asked(code, days, adjust)
        self._log_in()
        return self._asked(code, days, adjust)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close()
        self.connection, self.left = None, 0

    def _log_in(self) -> None:
        import baostock
        from baostock.common import contants as constants
        from baostock.common import context
        from baostock.util.socketutil import SocketUtil

        def connect(api_key: str) -> None:
            vip = api_key.startswith("bs-")
            host = constants.BAOSTOCK_VIP_SERVER_IP if vip else constants.BAOSTOCK_SERVER_IP
            self.connection = context.default_socket = Connection((host, constants.BAOSTOCK_SERVER_PORT))

        self.close()
        sockets = SocketUtil()  # the only one, by which baostock connects
        sockets.connect = connect
        try:
            self._check(baostock.login())
        finally:
            del sockets.connect
        self.left = SHARES_PER_LOGIN

    def _asked(self, code: str, days: tuple[str, str], adjust: str) -> pd.DataFrame:
        """Ask for the bars of a share, page by page."""
        import baostock
        from baostock.common.contants import BAOSTOCK_PER_PAGE_COUNT

        self.left -= 1
        fields = ",".join([*COLUMNS, "tradestatus"])
        result = baostock.query_history_k_data_plus(code, fields, *days, frequency="d", adjustflag=adjust)
        rows = []
        while result.error_code == SUCCESS and result.next():
            rows.append(result.get_row_data())
        self._check(result)
        if len(result.data) == BAOSTOCK_PER_PAGE_COUNT:  # a full page, and the one after it did not come
            raise self._failure or ConnectionError("no next page")
        return pd.DataFrame(rows, columns=result.fields)

    @property
    def _failure(self) -> Exception | None:
        return None if self.connection is None else self.connection.failure

    def _check(self, result: Any) -> None:
        """Raise the error that an answer is, if it is one."""
        if result.error_code == SUCCESS:
            return
        if result.error_code in UNKNOWN:
            raise NoBarsError("unknown share or days")
        raise self._failure or RefusalError(ERRORS.get(result.error_code, f"its error {result.error_code}"))


SESSION, LOCK = Session(), Lock()


def baostock_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars; see `Provider.ask`."""
    with imported("baostock"):
        import baostock  # noqa: F401
    days = (bars.start.isoformat() if bars.start else FIRST), (bars.end.isoformat() if bars.end else "")
    request = f"{bars.share.exchange}.{bars.share.code}", days, ADJUSTMENTS[bars.adjust]
    with LOCK, contextlib.redirect_stdout(io.StringIO()):  # baostock prints
        try:
            rows = SESSION.rows(*request)
        except NoBarsError:
            raise
        except BaseException:  # also Ctrl-C, after which the next answer would be the rest of this one
            SESSION.close()
            raise
    # without the days on which trading was suspended, which repeat the last close
    return answered(rows[rows["tradestatus"] == "1"], COLUMNS, bars)


BAOSTOCK = Provider("baostock", frozenset({"qfq", "hfq", "none"}), baostock_bars)
