"""Permutation importance as a plot and as text: which bar and line is whose."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from recurra.evaluation.importance import PermutationImportance
from recurra.report import importance
from recurra.report.importance import SHOWN_COVARIATES, importance_plot
from recurra.report.text import SHOWN_ROWS, importance_text

FOUND = PermutationImportance(("price", "noise", "a $x$"), 0.5, np.array([[0.1, 0.3], [-0.02, 0.0], [0.4, 0.4]]))


def many(count: int) -> PermutationImportance:
    return PermutationImportance(tuple(f"c{n}" for n in range(count)), 0.5, np.arange(count)[:, None] / 10.0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Figure]:
    figures: list[Figure] = []
    monkeypatch.setattr(importance, "save_png", lambda figure, path: figures.append(figure))
    return figures


def test_the_bars_are_the_means_with_the_largest_on_top(drawn: list[Figure], tmp_path: Path) -> None:
    importance_plot(FOUND, tmp_path / "importance.png", title="shop")
    (axes,) = drawn[0].axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a $x$", "price", "noise"]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [0.4, 0.2, -0.01])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # place 0 is on top
    (ends,) = (np.array(lines.get_segments())[:, :, 0] for lines in axes.collections)
    np.testing.assert_allclose(ends, [[0.4, 0.4], [0.1, 0.3], [-0.02, 0.0]], atol=1e-12)  # one standard deviation
    assert drawn[0].get_suptitle() == (
        "shop\nMean and standard deviation of 2 permutations. Not permuted, the error is 0.5000."
    )


def test_of_many_covariates_the_first_are_drawn(drawn: list[Figure], tmp_path: Path) -> None:
    importance_plot(many(45), tmp_path / "importance.png", title="shop")
    (axes,) = drawn[0].axes
    assert len(axes.patches) == SHOWN_COVARIATES
    assert axes.get_yticklabels()[0].get_text() == "c44"
    assert drawn[0].get_suptitle().endswith("The first 30 of 45 covariates.")


def test_the_png_is_written(tmp_path: Path) -> None:
    importance_plot(FOUND, tmp_path / "importance.png", title="shop")
    assert (tmp_path / "importance.png").read_bytes().startswith(b"\x89PNG")


def test_the_text_has_the_importances_with_the_digits_of_the_error() -> None:
    assert importance_text(FOUND.to_json()).splitlines() == [
        "Permuting a covariate adds to the mean absolute error of the validation part, 0.500 in scaled units:",
        "",
        "a $x$  +0.400  ± 0.000",
        "price  +0.200  ± 0.100",
        "noise  -0.010  ± 0.010",
    ]
    small = PermutationImportance(("price",), 0.00571, np.array([[0.00008]]))
    assert importance_text(small.to_json()).splitlines()[-1] == "price  +0.00008  ± 0.00000"
    exact = PermutationImportance(("price",), 0.0, np.array([[0.25]]))
    assert importance_text(exact.to_json()).splitlines()[-1] == "price  +0.250  ± 0.000"


def test_a_long_text_says_how_many_covariates_are_not_in_it() -> None:
    lines = importance_text(many(45).to_json()).splitlines()
    assert len(lines) == 2 + SHOWN_ROWS + 1
    assert lines[-1] == "… and 21 more"
