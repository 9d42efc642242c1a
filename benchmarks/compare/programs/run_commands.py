"""Run recurra's command line, one command after the other, and write down what each says.

    run_commands.py FOLDER < COMMANDS

COMMANDS is a JSON list of [name, arguments, standard input]. They run in FOLDER, in one process, because starting one
takes longer than most commands. Each command's texts go to FOLDER/texts/NAME.txt.
"""

import io
import json
import os
import sys
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path

from names import flags


def run(arguments: list[str], text: str) -> str:
    """The texts of one command, and its exit status."""
    (script,) = {entry.value: entry for entry in entry_points(group="console_scripts", name="recurra")}.values()
    main = script.load()
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    sys.argv, sys.stdin = ["recurra", *arguments], io.StringIO(text)
    with warnings.catch_warnings(), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
        except Exception:
            status = 1
            err.write(traceback.format_exc(limit=0))
    return f"$ recurra {' '.join(arguments)}\n{out.getvalue()}--- stderr\n{err.getvalue()}--- exit status {status}\n"


def main() -> None:
    os.chdir(sys.argv[1])
    commands = json.load(sys.stdin)
    texts = Path("texts")
    texts.mkdir()
    for name, arguments, text in commands:
        (texts / f"{name}.txt").write_text(run(flags(arguments), text), "utf-8")


if __name__ == "__main__":
    main()
