"""All attacks are slow tests, and those of a process share one sandbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    process = Sandbox()
    yield process
    process.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)
