"""`recurra` and `python -m recurra` are the command line. Ctrl-C is handled before anything of it is imported."""

import os
import signal
import sys

INTERRUPTED = 130  # exit status


def main() -> None:
    """Run the command given on the command line."""
    # an interrupted import ends in any error, or in a package that is half there
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a shell lets its background jobs ignore Ctrl-C
        signal.signal(signal.SIGINT, _end)
    from recurra.cli import main as run_command

    run_command()


def _end(*_: object) -> None:
    sys.stderr.write("\nrecurra: interrupted.\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
