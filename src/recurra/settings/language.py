"""Settings of a network that predicts the next symbol."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from recurra.settings.base import Count, Share
from recurra.settings.network import CellChoice, NetworkSettings, Units
from recurra.settings.training import LearningRate

TokensName = Literal["characters", "words", "bpe"]
NOT_OF_MINGRU = {
    "layer_norm": "which has no layer normalization",
    "recurrent_dropout": "whose gates do not read the state",
    "weight_dropout": "which has no recurrent weights",
}


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings(NetworkSettings):
    """A network that predicts the next symbol."""

    mode: Literal["windows", "stream"] = "windows"
    """How the network reads: windows of symbols, each on its own, or a text as a stream, where the state at the end of
    one stretch is the state at the beginning of the next."""
    tokens: TokensName = "characters"
    """What a symbol of a stream is: a character, a word, or a byte-pair code."""
    vocabulary_size: Count | None = None
    """Number of symbols of a stream, the most frequent ones of its training part; by default all of them, and 1,000
    byte-pair codes."""
    tokenizer: str | None = None
    """File with byte-pair codes, the tokenizer.json of Hugging Face; by default they are learned from the training
    part."""
    encoding: Literal["onehot", "embedding"] = "onehot"
    """Encoding of the input symbols: one-hot vectors or a learned embedding."""
    embedding_dim: Count = 8
    """Size of the embedding vectors; used with the embedding encoding only."""
    tied: bool = False
    """Whether the output layer shares the vectors of the embedding."""
    residual: bool = False
    """Whether to add the input of a recurrent layer to its output, where both have the same size."""
    variational: bool = False
    """Whether dropout leaves out the same units at all steps of a window, instead of others at each step."""
    recurrent_dropout: Share = 0.0
    """Fraction of units that the gates of a recurrent layer do not see during training, the same ones at all steps of
    a window."""
    weight_dropout: Share = 0.0
    """Fraction of the recurrent weights dropped during training, the same ones at all steps of a window."""
    layer_norm: bool = False
    """Whether to normalize within the recurrent layers: the products with their weights, and in an LSTM the cell state
    that is output."""
    window: Count = 1
    """Number of consecutive symbols from which the next one is predicted; in a stream, number of steps through which
    gradients flow before each update of the weights."""
    targets: Literal["last", "every"] = "last"
    """Symbols to predict in training: the one after the window (last), or the one after every step of it (every), as in
    a stream."""
    order: Literal["first-seen", "sorted"] = "first-seen"
    """Order in which symbols are assigned ids: by first occurrence in the training part, or sorted."""
    unknown: Annotated[str, Field(min_length=1)] | None = None
    """Symbol that replaces symbols absent from the training part; if not set, such symbols are an error."""
    cell: CellChoice = "rnn"
    units: Units = 3
    learning_rate: LearningRate = 0.01

    @model_validator(mode="after")
    def _settings_fit_each_other(self) -> "LanguageModelSettings":
        if self.tied and self.encoding != "embedding":
            raise ValueError(f"tied is True and encoding is {self.encoding!r}; tied needs encoding 'embedding'")
        if self.variational and self.dropout == 0.0:
            raise ValueError("variational is True and dropout is 0.0, so that nothing is dropped; set dropout too")
        if self.cell == "mingru":
            for name, reason in NOT_OF_MINGRU.items():
                if value := getattr(self, name):
                    flag = name.replace("_", "-")
                    off = f"False, --no-{flag}" if value is True else f"0, --{flag} 0"
                    raise ValueError(f"{name} is {value} and cell is 'mingru', {reason}; set {name} to {off}")
        if self.tokenizer is not None and self.tokens != "bpe":
            raise ValueError(f"tokenizer is given and tokens is {self.tokens!r}; a tokenizer needs tokens 'bpe'")
        if self.tokens != "characters" and self.mode != "stream":
            raise ValueError(
                f"tokens is {self.tokens!r} and mode is {self.mode!r}; windows are of characters or listed symbols"
            )
        return self
