"""How a test of a bound asks whether a value is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from recurra.errors import InputError, shown
from recurra.settings.base import Settings
from recurra.settings.check import check

Refused = Callable[..., None]


@pytest.fixture
def refused() -> Refused:
    """Assert that a value is refused in one line: the field, what was found, what was expected."""

    def assert_refused(
        kind: type[Settings], field: str, found: Any, expected: str, others: dict[str, Any] | None = None
    ) -> None:
        with pytest.raises(InputError) as error:
            check(kind, {**(others or {}), field: found}, "case.toml")
        message = str(error.value)
        assert message.startswith(f"case.toml: {field} is {shown(found, 120)}; "), message
        assert expected in message
        assert message.endswith(".")
        assert "\n" not in message
        assert "pydantic" not in message

    return assert_refused
