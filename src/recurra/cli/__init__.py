"""The command line: parse arguments, call the library, print. Each command imports the heavy modules that it needs."""

from recurra.cli.commands import app
from recurra.cli.entry import main, run

__all__ = ["app", "main", "run"]
