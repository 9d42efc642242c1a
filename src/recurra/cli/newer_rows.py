"""Flags of the commands that take newer rows."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from recurra.cli.flags import flags_of
from recurra.settings.reading import ReadingSettings

DataFile = Annotated[Path | None, Parameter(allow_leading_hyphen=True)]
Switch = Annotated[bool, Parameter(negative=())]
READING_FLAGS = flags_of(ReadingSettings)
