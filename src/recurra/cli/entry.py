"""Run a command: streams, Ctrl-C, and the exit status. What is wrong with the input is one line."""

import io
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from cyclopts import CycloptsError

from recurra.cli.commands import app
from recurra.cli.output import complain, note
from recurra.errors import InputError
from recurra.stages import watched

# exit statuses; Python itself exits with 1 after a traceback, which is a bug in recurra
DONE, INPUT_AT_FAULT, INTERRUPTED = 0, 2, 130
SECONDS_TO_END = 3.0  # after Ctrl-C; another one interrupts a command that has not ended by then


def main() -> None:
    """Run the command given on the command line."""
    said: set[str] = set()

    def show_once(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            note(str(message))

    for stream in ("stdout", "stderr"):  # None where it is closed
        if getattr(sys, stream) is None:
            setattr(sys, stream, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(getattr(sys, stream), io.TextIOWrapper):
            getattr(sys, stream).reconfigure(errors="backslashreplace")  # not all encodings have all characters
    warnings.showwarning = show_once
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _Interrupt.receive)
    status = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is done
    sys.exit(status)


def _joined(tokens: list[str]) -> list[str]:
    """Join `--data -` to `--data=-`: to cyclopts a dash alone, which is standard input, looks like another flag."""
    found: list[str] = []
    for token in tokens:
        if token == "-" and found[-1:] == ["--data"]:
            found[-1] = "--data=-"
        else:
            found.append(token)
    return found


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C. An import that it interrupts may turn it into any other error, so that it is also remembered."""

    received: float | None = None  # when, in seconds

    @classmethod
    def receive(cls, *_: object) -> None:
        """Raise the interrupt, unless the last one is still ending the program; some code swallows any error."""
        now = time.monotonic()
        if cls.received is None or now - cls.received > SECONDS_TO_END:
            cls.received = now
            raise cls


def run(tokens: list[str]) -> int:
    """Run one command and return the exit status: 0 for success, 2 for invalid input, 130 if interrupted."""
    try:
        with watched(sys.stderr):
            app(_joined(tokens), exit_on_error=False, print_error=False, result_action="return_none")
        sys.stdout.flush()  # here, where a closed pipe is handled, rather than at exit
    except InputError as error:
        for known in getattr(error, "__notes__", ()):  # which may explain it
            note(known)
        complain(str(error))
        return INPUT_AT_FAULT
    except CycloptsError as error:
        from recurra.cli.faults import in_our_words

        complain(in_our_words(error, app))
        return INPUT_AT_FAULT
    except BrokenPipeError:  # the reader closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # a full disk, an unreadable path
        complain(str(error))
        return INPUT_AT_FAULT
    except MemoryError:
        complain("this needs more memory than there is; choose smaller settings.")
        return INPUT_AT_FAULT
    except BaseException as error:
        if _Interrupt.received is None and not isinstance(error, KeyboardInterrupt):
            raise
        trains = tokens[:1] in (["train"], ["forecast"])
        hint = "; continue training from its last save with --resume" if trains else ""
        print(f"\nrecurra: interrupted{hint}.", file=sys.stderr)
        return INTERRUPTED
    return DONE
