"""Settings of cases."""

from typing import Any

import pytest

from recurra.errors import InputError
from recurra.settings.cases import LettersSettings, SeriesSettings
from recurra.settings.check import check, to_json


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("alphabet", "a", "expected to have at least 2 characters"),
        ("ring", "maybe", "expected True or False"),
        ("kind", "series", "expected 'letters'"),
        ("description", 1, "expected text"),
        ("save_every_seconds", -0.1, "expected a number of at least 0"),
    ],
)
def test_a_value_out_of_the_bounds_of_a_letters_case_is_refused(
    refused: Any, field: str, found: Any, expected: str
) -> None:
    refused(LettersSettings, field, found, expected, {"alphabet": "ab"})


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("kind", "letters", "expected 'series'"),
        ("data", 1, "expected text"),
        ("symbol", 1, "expected text"),
        ("start", 2010, "expected text"),
        ("end", 2010, "expected text"),
        ("adjust", "split", "expected 'qfq', 'hfq' or 'none'"),
        ("refresh", "maybe", "expected True or False"),
        ("provider", "akshare", "expected 'auto', 'baostock', 'tencent', 'sina', 'eastmoney' or 'yfinance'"),
        ("test", -1, "expected a number of at least 0"),
        ("test", 1.5, "expected a fraction less than 1"),
        ("test_windows_inside", "maybe", "expected True or False"),
        ("levels", 90, "expected a list, such as [90]"),
        ("statistical", "maybe", "expected True or False"),
        ("save_every_seconds", -0.1, "expected a number of at least 0"),
    ],
)
def test_a_value_out_of_the_bounds_of_a_series_case_is_refused(
    refused: Any, field: str, found: Any, expected: str
) -> None:
    refused(SeriesSettings, field, found, expected)


@pytest.mark.parametrize(("level", "expected"), [(0.9, "a number of at least 1"), (100.0, "a number below 100")])
def test_a_level_out_of_bounds_is_named_by_its_place(level: float, expected: str) -> None:
    with pytest.raises(InputError, match=rf"^x: levels\[1\] is {level}; expected {expected}\.$"):
        check(SeriesSettings, {"levels": [90, level]}, "x")


def test_a_case_on_series_alone_has_the_documented_defaults() -> None:
    defaults = {"data": None, "symbol": None, "start": None, "end": None, "adjust": "qfq", "test": 0.15}
    defaults |= {"test_windows_inside": False, "levels": [90.0], "statistical": False, "save_every_seconds": 1.0}
    settings = to_json(check(SeriesSettings, {}, "test"))
    assert settings | defaults == settings


def test_how_to_download_is_no_part_of_what_a_run_keeps() -> None:
    settings = to_json(check(SeriesSettings, {"refresh": True, "provider": "sina"}, "test"))
    assert settings.keys().isdisjoint({"refresh", "provider"})


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(InputError, match=r"^x: the setting 'alphabet' is missing\.$"):
        check(LettersSettings, {}, "x")


def test_a_check_of_several_fields_speaks_in_one_line_too() -> None:
    with pytest.raises(InputError) as error:
        check(LettersSettings, {"alphabet": "abc", "window": 3, "ring": False}, "x")
    assert str(error.value) == "x: alphabet 'abc' has 3 letters; a window of 3 needs at least 4."


def test_a_ring_may_be_shorter_than_the_window() -> None:
    assert check(LettersSettings, {"alphabet": "abc", "window": 5}, "x").window == 5
