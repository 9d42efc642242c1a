"""The base class of all settings: immutable, and without unknown names."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, GetPydanticSchema
from pydantic_core import PydanticCustomError

T = TypeVar("T")
ListOf = Annotated[list[T], Field(fail_fast=True)]  # of any length: only the first fault is reported
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Count = Annotated[int, Field(gt=0, lt=2**31)]


def no_single_number(value: Any) -> Any:
    """Validator of lists of numbers, which says how to write a list of one."""
    if isinstance(value, int | float):
        raise PydanticCustomError("list_type", "expected a list, such as [{number}]", {"number": value})
    return value


def _share_below_one(value: Any) -> Any:
    if isinstance(value, float) and value >= 1.0:
        raise ValueError("expected a fraction less than 1, or a whole number without a decimal point")
    return value


ShareOrCount = Annotated[Share | Annotated[int, Field(ge=0, lt=2**31)], BeforeValidator(_share_below_one)]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A group of settings.

    A subclass is a dataclass. The `Annotated` type of a field states its bounds, and the docstring under it describes
    it in one sentence. The constructor stores values unchanged; `recurra.settings.check.check` validates them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)


def checked_as(kind: Any) -> GetPydanticSchema:
    """Part of an `Annotated` type: the type to which `check` converts the value."""
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(kind))
