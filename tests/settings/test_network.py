"""Settings of the recurrent network that both models have."""

from typing import Any, get_args

import numpy as np
import pytest

from recurra.nn.cells import CELLS
from recurra.settings.check import check
from recurra.settings.language import LanguageModelSettings
from recurra.settings.network import CellName, NetworkSettings, units_of_layers


def test_the_names_of_cells_are_those_that_have_one() -> None:
    assert get_args(CellName) == tuple(CELLS)


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("cell", "grru", "expected 'rnn', 'gru', 'lstm' or 'mingru'"),
        ("units", [], "expected at least one layer, each of at least 1 unit"),
        ("units", [0], "expected at least one layer, each of at least 1 unit"),
        ("units", [3, 0], "expected at least one layer, each of at least 1 unit"),
        ("units", "many", "expected a whole number, or a list of one for each layer"),
        ("units", 1.0, "expected a whole number, or a list of one for each layer"),
        ("dropout", 1.0, "expected a number below 1"),
        ("dropout", -0.1, "expected a number of at least 0"),
    ],
)
def test_a_value_out_of_bounds_is_refused(refused: Any, field: str, found: Any, expected: str) -> None:
    refused(NetworkSettings, field, found, expected, {"cell": "rnn", "units": 1})


@pytest.mark.parametrize("units", [5, [5], (5,), np.int64(5), [np.int64(5)]])
def test_units_are_a_list_with_one_number_for_each_layer(units: Any) -> None:
    settings = check(LanguageModelSettings, {"units": units}, "test")
    assert settings.units == [5]
    assert units_of_layers(settings) == [5]


def test_units_of_settings_that_are_not_checked_yet_are_a_list_too() -> None:
    assert units_of_layers(LanguageModelSettings(units=5)) == [5]
    assert units_of_layers(LanguageModelSettings(units=(80, 100))) == [80, 100]
