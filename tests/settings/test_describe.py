"""What the command line and constructors take from a settings class."""

import inspect
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from pydantic import Field

from recurra import Forecaster, LanguageModel
from recurra.settings.base import Settings
from recurra.settings.cases import LettersSettings, SeriesSettings
from recurra.settings.describe import Setting, describe, documentation_of, signature_of


@dataclass(frozen=True, kw_only=True)
class Drink(Settings):
    """The general one."""

    volume: Annotated[float, Field(gt=0.0)] | None = None
    """Litres, if
    anybody measured."""
    cup: Literal["glass", "mug"]
    """Where it is."""


@dataclass(frozen=True, kw_only=True)
class Tea(Drink):
    """The particular one."""

    minutes: int = 3
    """How long it draws."""
    cup: Literal["glass", "mug"] = "mug"
    label: str = ""


def test_settings_come_with_plain_type_default_and_sentence_the_particular_ones_first() -> None:
    assert describe(Tea) == [
        Setting("minutes", int, 3, "How long it draws.", True),
        Setting("volume", float | None, None, "Litres, if anybody measured.", True),
        Setting("cup", Literal["glass", "mug"], "mug", "Where it is.", True),
        Setting("label", str, "", "", True),
    ]


def test_a_setting_without_a_default_has_to_be_given() -> None:
    assert describe(Drink)[1].default is inspect.Parameter.empty


def test_a_signature_has_plain_types() -> None:
    expected = "(self, *, minutes: int = 3, volume: float | None = None, cup: Literal['glass', 'mug'] = 'mug', "
    assert str(signature_of(Tea)) == expected + "label: str = '') -> None"


def test_documentation_is_an_args_section_in_google_style() -> None:
    assert documentation_of(Drink).splitlines() == [
        "Args:",
        "    volume: Litres, if anybody measured.",
        "    cup: Where it is.",
    ]


def test_a_class_whose_source_is_not_there_has_no_sentences() -> None:
    names: dict[str, type[Settings]] = {"Settings": Settings, "dataclass": dataclass}  # type: ignore[dict-item]
    source = 'class Typed(Settings):\n    x: int = 1\n    """A sentence."""\n'
    exec(f"@dataclass(frozen=True, kw_only=True)\n{source}", names)
    assert [(setting.name, setting.sentence) for setting in describe(names["Typed"])] == [("x", "")]


@pytest.mark.parametrize("kind", [LettersSettings, SeriesSettings])
def test_every_setting_that_a_user_makes_has_a_sentence(kind: type[Settings]) -> None:
    assert {setting.name for setting in describe(kind) if not setting.sentence} == {"kind", "description"}


@pytest.mark.parametrize("kind", [LanguageModel, Forecaster])
def test_the_documentation_of_a_model_has_every_parameter_before_what_fit_learns(kind: type) -> None:
    text = inspect.getdoc(kind)
    assert text is not None
    summary, rest = text.split("\n\nArgs:\n")
    arguments, attributes = rest.split("\n\nAttributes:\n")
    assert summary.startswith("Recurrent network that predicts the next ")
    assert attributes.splitlines()[0].startswith("    ")
    names = [line.split(":")[0].strip() for line in arguments.splitlines() if not line.startswith(" " * 8)]
    assert names == list(inspect.signature(kind).parameters)
    assert "    units: Number of hidden units of each recurrent layer, from input to output." in arguments.splitlines()
    assert max(map(len, arguments.splitlines())) <= 120


def test_the_signature_of_a_forecaster_reads_well_and_its_target_is_positional() -> None:
    text = str(inspect.signature(Forecaster))
    assert text.startswith("(target: str | None = None, *, horizon: int = 1, window: int | None = None, ")
    assert "Annotated" not in text
    assert "units: int | collections.abc.Sequence[int] = 32" in text
    assert Forecaster("open").target == "open"
