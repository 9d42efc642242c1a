"""Find a case, built in or in a TOML file, and make its settings. Imports no torch."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.errors import InputError, shown
from recurra.settings.cases import CaseSettings, LettersSettings, SeriesSettings, TextSettings
from recurra.settings.check import check, near_miss

FOLDER = Path(__file__).parent
LONGEST, MOST_DOTS = 1_000_000, 100  # characters of a file; dots of a key
ALIASES = {"letters": "letters-onehot"}
SETTINGS: dict[str, type[CaseSettings]] = {
    "letters": LettersSettings,
    "text": TextSettings,
    "series": SeriesSettings,
}  # by the case's kind


@dataclass(frozen=True)
class Case:
    """A case before its settings are checked: what its TOML file says."""

    name: str
    source: str  # for messages
    values: Mapping[str, Any]

    @property
    def settings_type(self) -> type[CaseSettings]:
        kind = self.values.get("kind")
        if not isinstance(kind, str) or kind not in SETTINGS:
            raise InputError(f"{self.source}: kind is {shown(kind)}; a case says kind = one of {', '.join(SETTINGS)}.")
        return SETTINGS[kind]

    def settings(self, overrides: Mapping[str, Any]) -> CaseSettings:
        """The case's settings with `overrides` over them, checked once; epochs take the place of the case's steps."""
        values = dict(self.values)
        if "epochs" in overrides:
            values.pop("steps", None)
        return check(self.settings_type, {**values, **overrides}, self.source, flags=overrides.keys())


def built_in_cases() -> list[Case]:
    """All built-in cases, by name."""
    return [find_case(path.stem) for path in sorted(FOLDER.glob("*.toml"))]


def find_case(name: str) -> Case:
    """The built-in case of this name, or the case in this TOML file.

    Raises:
        InputError: there is none; the message names the nearest one.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"{path}: there is no such file.")
    else:
        path = FOLDER / f"{ALIASES.get(name, name)}.toml"
        known = [*ALIASES, *sorted(file.stem for file in FOLDER.glob("*.toml"))]
        if name not in known:
            raise InputError(f"there is no case {shown(name)}{near_miss(name, known)}")
    try:
        values = _parse(path.read_text("utf-8-sig"))
    except RecursionError:
        raise InputError(f"{path} is not valid TOML (nested too deeply).") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not valid TOML ({error}).") from error
    return Case(path.stem, name if name.endswith(".toml") else f"case {path.stem}", values)


def _parse(text: str) -> dict[str, Any]:
    """Parse TOML; a ValueError if it is none, or so large or with keys of so many parts that it would take long."""
    if len(text) > LONGEST or any(part.count(".") > MOST_DOTS for part in re.split(r"[\n=,{}\[\]]", text)):
        raise ValueError(f"more than {LONGEST} characters, or {MOST_DOTS} dots in a key")
    return tomllib.loads(text)
