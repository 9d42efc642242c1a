"""Where a table of daily bars comes from: provider and adjustment, kept beside it so that prices are never mixed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from recurra.json_objects import DIGEST, checked, parse_json, with_digest

BUNDLED = "bundled"  # the provider of the bundled shares
LONGEST = 10_000  # bytes of a description


@dataclass(frozen=True)
class Origin:
    """Where daily bars come from.

    Attributes:
        provider: name of the provider, or BUNDLED.
        adjust: adjustment of the prices.
        downloaded: when, in ISO format; None for bundled bars.
        declined: why the providers that were asked before did not answer.
    """

    provider: str
    adjust: str
    downloaded: str | None = None
    declined: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.provider} ({self.adjust})"

    @property
    def note(self) -> str:
        """A sentence that says who answered, and why others did not."""
        day = f" on {datetime.fromisoformat(self.downloaded).date()}" if self.downloaded else ""
        others = "; ".join(f"{name} did not answer: {reason}" for name, reason in self.declined.items())
        return f"daily bars from {self}, downloaded{day}{others and f'; {others}'}."


def described(origin: Origin, table: bytes, **request: Any) -> bytes:
    """Return the description of a table for the JSON file beside it.

    Args:
        origin: where the table comes from.
        table: the bytes of the table.
        request: what was asked for.
    """
    return (json.dumps(with_digest({**request, **asdict(origin)}, [table]), indent=2) + "\n").encode()


def origin_of(path: Path) -> Origin | None:
    """Return where a downloaded CSV file comes from; None for any other file, and for one that has been changed."""
    if path.suffix != ".csv":
        return None
    beside = path.with_suffix(".json")
    try:
        if beside.stat().st_size > LONGEST:
            return None
        facts = parse_json(beside.read_text("utf-8"))
        if not isinstance(facts, dict) or not {DIGEST, "provider", "adjust", "downloaded"} <= facts.keys():
            return None
        facts = checked(beside, facts, [path.read_bytes()])
        datetime.fromisoformat(facts["downloaded"])
        declined = {str(name): str(reason) for name, reason in facts.get("declined", {}).items()}
        return Origin(str(facts["provider"]), str(facts["adjust"]), facts["downloaded"], declined)
    except (AttributeError, OSError, TypeError, ValueError):
        return None
