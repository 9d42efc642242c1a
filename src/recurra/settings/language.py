"""Settings of a network that predicts the next symbol."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from recurra.settings.base import Count
from recurra.settings.network import CellChoice, NetworkSettings, Units
from recurra.settings.training import LearningRate

TokensName = Literal["characters", "words", "bpe"]


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings(NetworkSettings):
    """A network that predicts the next symbol."""

    encoding: Literal["onehot", "embedding"] = "onehot"
    """Encoding of the input symbols: one-hot vectors or a learned embedding."""
    embedding_dim: Count = 8
    """Size of the embedding vectors; used with the embedding encoding only."""
    mode: Literal["windows", "stream"] = "windows"
    """How the network reads: windows of symbols, each on its own, or a text as a stream, where the state at the end of
    one stretch is the state at the beginning of the next."""
    window: Count = 1
    """Number of consecutive symbols from which the next one is predicted; in a stream, number of steps through which
    gradients flow before each update of the weights."""
    tokens: TokensName = "characters"
    """What a symbol of a text is: a character, a word, or a byte-pair code."""
    vocabulary_size: Count | None = None
    """Number of symbols of a text, the most frequent ones of its training part; by default all of them, and 1,000
    byte-pair codes."""
    residual: bool = False
    """Whether to add the input of a recurrent layer to its output, where both have the same size."""
    tied: bool = False
    """Whether the output layer shares the vectors of the embedding."""
    tokenizer: str | None = None
    """File with byte-pair codes, the tokenizer.json of Hugging Face; by default they are learned from the text."""
    targets: Literal["last", "every"] = "last"
    """Symbols to predict in training: the one after the window (last), or the one after every step of it (every)."""
    order: Literal["first-seen", "sorted"] = "first-seen"
    """Order in which symbols are assigned ids: by first occurrence in the training part, or sorted."""
    unknown: Annotated[str, Field(min_length=1)] | None = None
    """Symbol that replaces symbols absent from the training part; if not set, such symbols are an error."""
    cell: CellChoice = "rnn"
    units: Units = 3
    learning_rate: LearningRate = 0.01
