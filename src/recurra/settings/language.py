"""Settings of a network that predicts the next symbol."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from recurra.settings.network import CellChoice, NetworkSettings, Units


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings(NetworkSettings):
    """A network that predicts the next symbol."""

    encoding: Literal["onehot", "embedding"] = "onehot"
    """How a symbol enters the network."""
    embedding_dim: PositiveInt = 8
    """Numbers that stand for a symbol, with encoding = embedding."""
    window: PositiveInt = 1
    """Symbols that the network sees before it predicts the next one."""
    targets: Literal["last", "every"] = "last"
    """Learn the symbol after the window, or the one after every step of it."""
    order: Literal["first-seen", "sorted"] = "first-seen"
    """The order of the symbols' ids."""
    unknown: Annotated[str, Field(min_length=1)] | None = None
    """A symbol that stands for all that the training part does not have; without it those are an error."""
    cell: CellChoice = "rnn"
    units: Units = 3
    learning_rate: Annotated[float, Field(gt=0.0, le=1e37)] = 0.01
