"""No network, a home of its own, and providers that answer as told."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from recurra.sources.providers.row import PROVIDERS

from .provider import OLD, Provider


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        pytest.fail("a test was about to use the network")  # no Exception, so that nothing swallows it

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.fixture(autouse=True)
def row(monkeypatch: pytest.MonkeyPatch) -> dict[str, Provider]:
    """All providers, none of which answers."""
    fakes = {name: Provider([ConnectionError("no route")]) for name in PROVIDERS}
    for name, fake in fakes.items():
        monkeypatch.setitem(PROVIDERS, name, replace(PROVIDERS[name], ask=fake))
    return fakes


@pytest.fixture
def baostock(row: dict[str, Provider]) -> Provider:
    """The first provider of Chinese shares, which answers."""
    row["baostock"].answers = [OLD]
    return row["baostock"]


@pytest.fixture
def yfinance(row: dict[str, Provider]) -> Provider:
    """The first provider of American shares, which answers."""
    row["yfinance"].answers = [OLD]
    return row["yfinance"]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("RECURRA_CACHE", raising=False)
    return folder
