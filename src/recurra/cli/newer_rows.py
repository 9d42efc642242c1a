"""Flags of the commands that take newer rows."""

from typing import Annotated

from cyclopts import Parameter

from recurra.cli.flags import flags_of
from recurra.settings.reading import ReadingSettings

Switch = Annotated[bool, Parameter(negative=())]
READING_FLAGS = flags_of(ReadingSettings)
