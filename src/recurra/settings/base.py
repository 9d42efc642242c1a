"""What all groups of settings share: only known names, and no change once they are made."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, GetPydanticSchema

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
ShareOrCount = Share | Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A group of settings.

    A subclass is a dataclass whose fields have their bounds in `Annotated` types and a sentence in the docstring under
    them. Its constructor stores the values as they are; `recurra.settings.check.check` validates them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)


def checked_as(kind: Any) -> GetPydanticSchema:
    """Part of an `Annotated` type: let `check` make a value of this type, whatever else the constructor takes."""
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(kind))
