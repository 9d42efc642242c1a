"""The examples in the docstrings of data, evaluation and report give what they show."""

import doctest
import importlib
import pkgutil

import pytest

import recurra.data
import recurra.evaluation
import recurra.report

MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (recurra.data, recurra.evaluation, recurra.report)
    for module in pkgutil.iter_modules(package.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_windows_splits_tables_and_scores_have_examples() -> None:
    finder = doctest.DocTestFinder()
    with_examples = {
        test.name for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples
    }
    assert with_examples >= {
        "recurra.data.windows.Windows",
        "recurra.data.split.Split",
        "recurra.data.symbols.Vocabulary",
        "recurra.data.scaling.Affine",
        "recurra.data.frequency.Frequency",
        "recurra.data.table_builder.make_table",
        "recurra.evaluation.conformal.Calibration",
        "recurra.evaluation.significance.diebold_mariano",
    }
