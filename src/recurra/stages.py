"""What a command is doing, shown on standard error where a stage of it takes longer than two seconds."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

SILENT = 2.0  # seconds


class Watcher:
    """Shows a long stage: on a terminal, as a line that disappears; otherwise, as one plain line."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._line: Any = None  # a rich status

    @property
    def is_busy(self) -> bool:
        """Whether a stage is under way."""
        return self._timer is not None

    def begin(self, stage: str) -> None:
        """Show a stage as soon as it takes long."""
        self._timer = threading.Timer(SILENT, self._show, [stage])
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Remove the stage that was begun."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._line is not None:
                self._line.stop()
            self._timer = self._line = None

    def _show(self, stage: str) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return  # the stage ended meanwhile
            if not self.stream.isatty():
                print(f"recurra: {stage} …", file=self.stream, flush=True)
                return
            from rich.console import Console
            from rich.text import Text

            self._line = Console(file=self.stream).status(Text(f"{stage} …"))
            self._line.start()


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(stream: TextIO | None) -> Iterator[None]:
    """Show the stages within the context that take long on a stream; None: show none."""
    before = _watcher.set(None if stream is None else Watcher(stream))
    try:
        yield
    finally:
        _watcher.reset(before)


@contextmanager
def stage(what: str) -> Iterator[None]:
    """Say what is done within the context to whoever watches; `what` is such as "reading prices.csv".

    A stage within another is a part of it, and is not said.
    """
    watcher = _watcher.get()
    if watcher is None or watcher.is_busy:
        yield
        return
    watcher.begin(what)
    try:
        yield
    finally:
        watcher.end()
