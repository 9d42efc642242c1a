"""Finding cases, and their settings."""

from pathlib import Path

import pytest

from recurra.cases.catalog import built_in_cases, find_case
from recurra.errors import InputError
from recurra.settings.cases import SeriesSettings
from recurra.settings.check import check, to_json


def test_the_cases_are_built_in() -> None:
    letters = ["letters-embedding", "letters-onehot", "letters-window"]
    assert [case.name for case in built_in_cases()] == ["book", "forecast", *letters, "stock-tutorial", "stock", "text"]


def test_letters_is_short_for_the_first_one() -> None:
    assert find_case("letters").name == "letters-onehot"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("letters-onehot", {"alphabet": "abcde", "ring": True, "units": [3], "window": 1, "epochs": 100}),
        ("letters-embedding", {"alphabet": "abcde", "ring": True, "units": [3], "embedding_dim": 2}),
        ("letters-window", {"alphabet": "abcdefghijk", "ring": False, "units": [10], "window": 3, "epochs": 100}),
    ],
)
def test_the_built_in_cases_are_the_tutorials(name: str, expected: dict[str, object]) -> None:
    settings = to_json(find_case(name).settings({}))
    tutorial = {"cell": "rnn", "optimizer": "adam", "learning_rate": 0.01, "batch_size": 32, "seed": 7}
    assert settings | tutorial | expected == settings


def test_the_forecast_case_has_settings_that_suit_most_tables() -> None:
    settings = to_json(find_case("forecast").settings({"data": "mine.csv"}))
    expected = {"data": "mine.csv", "validation": 0.15, "scaling": ["auto"], "steps": "auto", "loss": "quantile"}
    assert settings | expected | {"refit": True, "levels": [80.0, 95.0]} == settings


def test_the_forecast_case_spells_the_defaults_of_every_series_case_but_for_its_parts() -> None:
    case, defaults = to_json(find_case("forecast").settings({})), to_json(check(SeriesSettings, {}, "test"))
    named = {name for name, value in case.items() if value != defaults[name]}
    assert named == {"description", "validation", "restore_best", "refit", "levels", "steps"}
    assert (case["steps"], defaults["steps"], defaults["epochs"]) == ("auto", None, None)  # which means auto


def test_a_case_file_says_none_where_gradients_are_not_clipped() -> None:
    case = find_case("stock-tutorial")
    assert case.values["clip_norm"] == "none"
    settings = case.settings({})
    assert isinstance(settings, SeriesSettings)
    assert settings.clip_norm is None


def test_epochs_that_are_given_take_the_place_of_the_steps_of_a_case() -> None:
    assert to_json(find_case("forecast").settings({"data": "mine.csv", "epochs": 7}))["steps"] is None
    settings = to_json(find_case("forecast").settings({"data": "mine.csv", "epochs": 7, "steps": 5}))
    assert (settings["epochs"], settings["steps"]) == (7, 5)


def test_a_misspelt_case_names_the_near_miss() -> None:
    with pytest.raises(InputError, match=r"there is no case 'leters'; did you mean 'letters'\?"):
        find_case("leters")


def test_a_case_that_is_like_none_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError, match="expected one of letters, book, forecast, letters-embedding, letters-onehot, "
    ):
        find_case("weather")


def a_file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_case_of_the_users_own_is_a_toml_file(tmp_path: Path) -> None:
    case = find_case(a_file(tmp_path, 'kind = "letters"\nalphabet = "春夏秋冬"\nunits = [4, 5]\n'))
    settings = case.settings({"epochs": 7})
    assert (case.name, settings.alphabet, settings.units, settings.epochs) == ("mine", "春夏秋冬", [4, 5], 7)


def test_a_byte_order_mark_before_a_case_is_passed_over(tmp_path: Path) -> None:
    case = find_case(a_file(tmp_path, '\ufeffkind = "letters"\nalphabet = "abc"\n'))
    assert case.values == {"kind": "letters", "alphabet": "abc"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'kind = "letters"\nalphabet = "ab"\nunit = 3',
            r"mine.toml: there is no setting 'unit'; did you mean 'units'\?",
        ),
        ('kind = "letters"', "mine.toml: the setting 'alphabet' is missing"),
        ('kind = "weather"', "mine.toml: kind is 'weather'; a case says kind = one of letters"),
        ('kind = ["letters"]', r"mine.toml: kind is \['letters'\]"),
        ("alphabet = 'ab'", "mine.toml: kind is None; a case says kind = one of letters"),
        ("kind = ", "mine.toml is not valid TOML"),
        ('kind = "letters"\nalphabet = "ab"\ncell = "rn"', "cell is 'rn'; expected 'rnn', 'gru', 'lstm' or 'mingru'"),
        ('kind = "letters"\nalphabet = "abc"\nwindow = 3\nring = false', "needs at least 4"),
    ],
)
def test_a_faulty_file_says_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_case(a_file(tmp_path, text)).settings({})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        find_case(str(tmp_path / "none.toml"))


def test_settings_are_checked_together_not_one_by_one() -> None:
    settings = find_case("letters-window").settings({"window": 12, "alphabet": "abcdefghijklmnopq"})
    assert settings.window == 12
