"""What all providers have in common."""

import sys

import pytest

from recurra.sources.providers.contract import Bars, NotInstalledError, reason_of
from recurra.sources.providers.row import ORDER, PROVIDERS
from recurra.sources.shares import share_of

PACKAGES = {"baostock": "baostock", "tencent": "akshare", "sina": "akshare", "eastmoney": "akshare"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_the_package_of_a_provider_the_error_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = PACKAGES.get(name, name)
    for module in {package, *(module for module in sys.modules if module.startswith(f"{package}."))}:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NotInstalledError) as error:
        PROVIDERS[name].ask(Bars(share_of("600519"), None, None, "qfq"))
    assert str(error.value) == (
        f"a download needs {package}: pip install 'recurra[market]', or give a file with --data FILE."
    )
    assert reason_of(error.value) == "not installed"


def test_every_provider_is_asked_for_some_exchange_and_every_exchange_has_one() -> None:
    assert {name for names in ORDER.values() for name in names} == PROVIDERS.keys()
    assert all(ORDER.values())
    for name in ("sh", "sz"):  # Eastmoney has refused many callers since 2025
        assert ORDER[name][-2:] == ("eastmoney", "yfinance")
