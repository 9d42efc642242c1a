"""Progress on a terminal and elsewhere; early stopping."""

import io
import os
import pty
from types import SimpleNamespace

import pytest

from recurra.training import EarlyStopping, Progress, TrainingState


def epochs(progress: Progress, losses: list[float]) -> None:
    state = TrainingState()
    progress.on_train_begin(state, len(losses))
    for loss in losses:
        progress.on_step_end(state, 1, 2)
        state.epoch += 1
        state.history.append({"epoch": state.epoch, "loss": loss, "learning_rate": 0.1, "seconds": 0.5})
        progress.on_epoch_end(state)
    progress.on_train_end(state)


def all_of(leader: int) -> str:
    """What the other end of the terminal wrote before it closed."""
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:
        pass  # Linux's way to say that the other end has closed
    os.close(leader)
    return shown.decode()


def test_without_a_terminal_each_epoch_of_a_short_training_is_a_plain_line() -> None:
    stream = io.StringIO()
    epochs(Progress(stream), [0.5, 0.25])
    assert stream.getvalue() == "epoch 1/2  loss 0.5000\nepoch 2/2  loss 0.2500\n"


def test_of_a_long_training_some_twenty_lines_are_printed_with_the_first_and_the_last() -> None:
    stream = io.StringIO()
    epochs(Progress(stream), [1.0] * 1001)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("epoch 1/1001 ")
    assert lines[-1].startswith("epoch 1001/1001 ")
    assert len(lines) <= 22


def test_on_a_terminal_one_line_is_drawn_again_and_again() -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        epochs(Progress(terminal), [0.5, 0.25, 0.125])
    shown = all_of(leader)
    assert "\x1b[?25l" in shown and "\x1b[?25h" in shown  # the cursor is hidden, and shown again
    assert "epoch 3/3  loss 0.1250" in shown
    assert shown.count("\n") == 1  # one line stays


def test_on_a_terminal_the_time_that_is_left_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0, 30.0, 30.0])  # at the beginning; a quarter of four epochs takes 30 s
    monkeypatch.setattr("recurra.training.callbacks.time", SimpleNamespace(monotonic=lambda: next(clock)))
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        progress = Progress(terminal)
        progress.on_train_begin(TrainingState(), 4)
        progress.on_step_end(TrainingState(), 5, 5)
        progress.on_train_abort(TrainingState())
    assert "1 min 30 s left" in all_of(leader)


def test_targets_with_a_unit_are_counted_a_second_in_plain_lines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0, 30.0, 120.0, 120.0])
    monkeypatch.setattr("recurra.training.callbacks.time", SimpleNamespace(monotonic=lambda: next(clock)))
    stream, state = io.StringIO(), TrainingState()
    progress = Progress(stream, unit="symbols")
    progress.on_train_begin(state, 4)
    for epoch in (1, 4):
        state.epoch, state.seen = epoch, 60_000 * epoch
        state.history = [{"epoch": epoch, "loss": 0.5}]
        progress.on_epoch_end(state)
    assert stream.getvalue().splitlines() == [
        "epoch 1/4  loss 0.5000  2,000 symbols/s  1 min 30 s left",
        "epoch 4/4  loss 0.5000  2,000 symbols/s",
    ]


def test_an_abort_gives_the_terminal_its_cursor_back() -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        progress = Progress(terminal)
        progress.on_train_begin(TrainingState(), 3)
        progress.on_train_abort(TrainingState())
    shown = all_of(leader)
    assert shown.rstrip().endswith("\x1b[?25h")


def test_early_stopping_says_why_it_stopped_and_stays_stopped_when_resumed() -> None:
    state = TrainingState(epoch=4, best_epoch=2)
    stopping = EarlyStopping(patience=3)
    stopping.on_epoch_end(state)
    assert state.stop == ""
    state.epoch = 5
    stopping.on_epoch_end(state)
    assert state.stop == "no better loss for 3 epochs"

    resumed = TrainingState(epoch=5, best_epoch=2)
    EarlyStopping(patience=3).on_train_begin(resumed, 10)
    assert resumed.stop == "no better loss for 3 epochs"


def test_the_reason_of_a_stop_is_printed() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress.on_train_begin(TrainingState(), 3)
    progress.on_train_end(TrainingState(epoch=2, stop="no better loss for 1 epoch"))
    assert stream.getvalue() == "stopped after epoch 2: no better loss for 1 epoch\n"


def test_a_training_goes_on_when_nobody_reads_its_progress_any_more() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    epochs(Progress(Closed()), [0.5, 0.25])
