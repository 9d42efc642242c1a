"""Settings of the choice of the next symbol of a text."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from recurra.settings.base import Count, Settings
from recurra.settings.training import Seed


@dataclass(frozen=True, kw_only=True)
class SamplingSettings(Settings):
    """How the next symbol is chosen from its probabilities; the limits apply one after the other, in this order."""

    temperature: Annotated[float, Field(ge=0.0, le=100.0)] = 1.0
    """What the logits are divided by: less than 1 favors probable symbols, and 0 always takes the most probable one."""
    top_k: Count | None = None
    """Choose among this many of the most probable symbols only."""
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    """Choose only among the fewest most probable symbols whose probabilities sum to at least this value."""
    min_p: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Choose only among symbols whose probability is at least this fraction of that of the most probable one."""
    seed: Seed = 0
    """Random seed; the same one gives the same text."""
