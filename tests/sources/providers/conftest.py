"""No network: the real libraries run, and only what sends bytes is replaced."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from curl_cffi import Curl
from curl_cffi import requests as curl_requests

from .servers import Asked, Web, Yahoo, to_bytes


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        pytest.fail("a test was about to use the network")  # no Exception, so that no library swallows it

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "connect_ex", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(Curl, "perform", refused)  # libcurl opens its sockets itself


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    server = Web()

    def send(_: object, request: requests.PreparedRequest, timeout: Any = None, **__: Any) -> requests.Response:
        return server.send(request, timeout)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return server


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Yahoo]:
    import yfinance
    from yfinance import base, cache, data

    server = Yahoo()

    def request(_: object, *, url: str, timeout: float, params: Any = None, **__: Any) -> curl_requests.Response:
        server.asked.append(Asked(url, dict(params or {}), timeout))
        response = curl_requests.Response()
        response.url = url
        response.status_code, body = server.answer(url, dict(params or {}))
        response.ok, response.content = response.status_code < 400, to_bytes(body)
        return response

    monkeypatch.setattr(curl_requests.Session, "request", request)
    monkeypatch.setattr(data.SingletonMeta, "_instances", {})  # cookie, crumb and answers of another test
    monkeypatch.setattr(base, "_tz_info_fetch_ctr", 0)
    for manager, kept in ((cache._TzCacheManager, "_tz_cache"), (cache._CookieCacheManager, "_Cookie_cache")):
        monkeypatch.setattr(manager, kept, None)
    folder = cache._TzDBManager.get_location()
    yfinance.set_tz_cache_location(str(tmp_path / "yfinance"))
    yield server
    yfinance.set_tz_cache_location(folder)
