"""All tests: one thread, since threads that wait for each other make small networks crawl on a busy machine."""

import signal
from collections.abc import Iterator

import pytest
import torch

torch.set_num_threads(1)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a background job
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def empty_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are saved without being drawn, which takes longer than a short training; tests/report draws them."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda self, file, **_: file.write(b"\x89PNG"))


@pytest.fixture(autouse=True)
def ctrl_c_is_not_ignored() -> Iterator[None]:
    """Tests that start processes to interrupt them need it: a child ignores what its parent ignores."""
    yield
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
