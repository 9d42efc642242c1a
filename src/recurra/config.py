"""Every setting a user can make, checked once, each with the sentence that `--help` shows."""

import difflib
import inspect
import numbers
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from recurra.errors import InputError

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


def _units_of_each_layer(units: list[int]) -> list[int]:
    if not units or min(units) < 1:
        raise ValueError("expected at least one layer, each of at least 1 unit")
    return units


Units = Annotated[
    list[int],
    BeforeValidator(lambda value: [value] if isinstance(value, numbers.Integral) else value),
    AfterValidator(_units_of_each_layer),
]


class Settings(BaseModel):
    """What all groups of settings share: no field that is not known, nothing changed once it is checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def flags(cls) -> dict[str, FieldInfo]:
        """The settings that the command line has a flag for, the most particular ones first."""
        fields: dict[str, FieldInfo] = {}
        for owner in cls.__mro__:
            own = inspect.get_annotations(owner)
            fields |= {name: f for name, f in cls.model_fields.items() if name in own and f.description is not None}
        return fields


class TrainingSettings(Settings):
    """How weights are found."""

    epochs: PositiveInt = 100
    """Passes over the training data."""
    batch_size: PositiveInt = 32
    """Samples a step."""
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """The rule by which gradients change the weights."""
    learning_rate: Annotated[float, Field(gt=0.0, le=1e37)] = 0.01
    """The step size at the start."""
    schedule: Literal["constant", "cosine", "exponential"] = "constant"
    """How the learning rate falls from epoch to epoch."""
    clip_norm: Annotated[float, Field(gt=0.0)] | None = None
    """The largest norm of all gradients together."""
    shuffle: bool = True
    """Draw a new order of the samples each epoch."""
    validation: Share | Annotated[int, Field(ge=0)] = 0
    """The last part of the data, kept from training to pick the best weights: a share, or a count."""
    patience: PositiveInt | None = None
    """Stop after so many epochs without a better loss."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    """Of the initial weights, the order of samples and dropout."""
    device: str = "cpu"
    """Where tensors live: cpu, or cuda."""


class LanguageModelSettings(TrainingSettings):
    """A network that predicts the next symbol."""

    cell: Literal["rnn", "gru", "lstm"] = "rnn"
    """The recurrent cell."""
    units: Units = [3]
    """Memory units of each recurrent layer, from the input to the output."""
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
    dropout: Share = 0.0
    """The share dropped after each recurrent layer while training."""


class LettersSettings(LanguageModelSettings):
    """A case on the letters of an alphabet."""

    kind: Literal["letters"] = "letters"
    description: str = ""
    alphabet: Annotated[str, Field(min_length=2)]
    """The letters, in the order to be learnt."""
    ring: bool = True
    """After the last letter comes the first again."""
    save_every_seconds: Annotated[float, Field(ge=0.0)] = 1.0
    """The state is written at most so often while training."""

    @model_validator(mode="after")
    def _alphabet_is_long_enough(self) -> "LettersSettings":
        if not self.ring and len(self.alphabet) <= self.window:
            raise ValueError(
                f"alphabet {self.alphabet!r} has {len(self.alphabet)} letters; "
                f"a window of {self.window} needs at least {self.window + 1}"
            )
        return self


S = TypeVar("S", bound=Settings)


def check(settings: type[S], values: Mapping[str, Any], source: str) -> S:
    """Make settings from plain values.

    Args:
        settings: which settings.
        values: field → value.
        source: where the values come from, for messages.

    Raises:
        InputError: in one line: which field, what was found, what was expected; for a field that is not known the
            nearest one that is.
    """
    try:
        return settings.model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        # a misspelt name is the likelier fault than the one that is therefore missing
        first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        raise InputError(f"{source}: {_in_one_line(first, list(settings.model_fields))}") from None


def _in_one_line(error: Any, known: list[str]) -> str:
    field, *inside = error["loc"] or ("",)
    place = ".".join([field, *(str(part) for part in inside if isinstance(part, int))])  # the others name kinds
    if error["type"] == "extra_forbidden":
        return f"there is no setting {place!r}{near_miss(place, known)}"
    if error["type"] == "missing":
        return f"the setting {place!r} is missing."
    message = error["msg"].removeprefix("Value error, ")
    if not place:
        return f"{message}."
    message = message.replace("Input should be", "expected").replace("input should be", "expected")
    return f"{place} is {error['input']!r}; {message}."


def near_miss(word: str, known: list[str]) -> str:
    """The end of a sentence: `; did you mean 'units'?` if something known is near, else what is known."""
    nearest = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {', '.join(known)}."
