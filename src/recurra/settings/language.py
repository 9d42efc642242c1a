"""Settings of a network that predicts the next symbol."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from recurra.settings.base import Count
from recurra.settings.network import CellChoice, NetworkSettings, Units
from recurra.settings.training import LearningRate


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings(NetworkSettings):
    """A network that predicts the next symbol."""

    encoding: Literal["onehot", "embedding"] = "onehot"
    """Encoding of the input symbols: one-hot vectors or a learned embedding."""
    embedding_dim: Count = 8
    """Size of the embedding vectors; used with the embedding encoding only."""
    window: Count = 1
    """Number of consecutive symbols from which the next one is predicted."""
    targets: Literal["last", "every"] = "last"
    """Symbols to predict in training: the one after the window (last), or the one after every step of it (every)."""
    order: Literal["first-seen", "sorted"] = "first-seen"
    """Order in which symbols are assigned ids: by first occurrence in the training part, or sorted."""
    unknown: Annotated[str, Field(min_length=1)] | None = None
    """Symbol that replaces symbols absent from the training part; if not set, such symbols are an error."""
    cell: CellChoice = "rnn"
    units: Units = 3
    learning_rate: LearningRate = 0.01
