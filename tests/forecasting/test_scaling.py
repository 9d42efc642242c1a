"""Scalers: their inverses are exact, and they know nothing but what they were fitted on."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recurra import InputError
from recurra.forecasting.scaling import Affine, AffineKind, Compose, Differences, Log, PerWindow, WindowKind
from recurra.tables.arrays import Floats

KINDS: list[AffineKind] = ["none", "minmax", "standard", "robust"]
WINDOW_KINDS: list[WindowKind] = ["none", "subtract-last", "divide-last", "subtract-mean", "divide-mean"]
# no number so small that another one divided by it overflows
numbers = st.floats(-1e9, 1e9).map(lambda x: x if abs(x) > 1e-200 else 0.0)
positive = st.floats(1e-6, 1e9)


def tables(elements: st.SearchStrategy[float] = numbers) -> st.SearchStrategy[Floats]:
    shapes = st.tuples(st.integers(1, 30), st.integers(1, 4))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=elements))


def close(a: Floats, b: Floats) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(b).max()))))


@given(tables(), st.sampled_from(KINDS))
def test_what_an_affine_scaler_does_its_inverse_undoes(rows: Floats, kind: AffineKind) -> None:
    scaler = Affine(kind).fit(rows)
    assert close(scaler.inverse(scaler.transform(rows)), rows)


@given(tables(positive), st.sampled_from(KINDS))
def test_what_a_composition_does_its_inverse_undoes(rows: Floats, kind: AffineKind) -> None:
    scaler = Compose([Log(), Affine(kind)]).fit(rows)
    restored = scaler.inverse(scaler.transform(rows))
    np.testing.assert_allclose(restored, rows, rtol=1e-8)


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(10, 30)), elements=numbers), st.integers(1, 6))
def test_differences_are_summed_up_again_from_the_values_before(rows: Floats, lag: int) -> None:
    differences = Differences(lag).transform(rows.T).T
    assert differences.shape[1] == rows.shape[1] - lag
    restored = Differences(lag).inverse(differences, rows[:, :lag])
    np.testing.assert_allclose(restored, rows[:, lag:], atol=1e-4)  # 30 sums of up to 1e9
    exact = np.round(rows / 1e3)  # whole numbers have no rounding: the inverse is exact to the bit
    assert np.array_equal(
        Differences(lag).inverse(Differences(lag).transform(exact.T).T, exact[:, :lag]), exact[:, lag:]
    )


@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 9)), elements=positive),
    st.sampled_from(WINDOW_KINDS),
)
def test_what_is_done_to_a_window_is_undone_in_numpy_and_torch_alike(windows: Floats, kind: WindowKind) -> None:
    scaler = PerWindow(kind)
    level = scaler.loc(windows)
    scaled = scaler.transform(windows, level)
    assert level.shape == (len(windows), 1)
    assert close(scaler.inverse(scaled, level), windows)
    tensors = torch.from_numpy(windows)
    np.testing.assert_allclose(scaler.transform(tensors, scaler.loc(tensors)).numpy(), scaled, rtol=1e-9, atol=1e-6)


def test_each_kind_gives_what_its_name_says() -> None:
    rows = np.array([[1.0, 10.0], [2.0, 10.0], [3.0, 10.0], [6.0, 10.0]])
    np.testing.assert_allclose(Affine("minmax").fit(rows).transform(rows)[:, 0], [0, 0.2, 0.4, 1.0])
    np.testing.assert_allclose(
        Affine("standard").fit(rows).transform(rows)[:, 0], (rows[:, 0] - 3.0) / np.sqrt((4 + 1 + 0 + 9) / 4)
    )
    np.testing.assert_allclose(Affine("robust").fit(rows).transform(rows)[:, 0], (rows[:, 0] - 2.5) / (3.75 - 1.75))
    for kind in KINDS[1:]:
        assert np.array_equal(Affine(kind).fit(rows).transform(rows)[:, 1], np.zeros(4)), "a constant is only shifted"


def test_a_window_is_measured_from_its_last_value_or_its_mean() -> None:
    window = np.array([[2.0, 6.0, 4.0]])
    results = {
        kind: PerWindow(kind).transform(window, PerWindow(kind).loc(window)).tolist()[0] for kind in WINDOW_KINDS
    }
    assert results == {
        "none": [2.0, 6.0, 4.0],
        "subtract-last": [-2.0, 2.0, 0.0],
        "divide-last": [0.5, 1.5, 1.0],
        "subtract-mean": [-2.0, 2.0, 0.0],
        "divide-mean": [0.5, 1.5, 1.0],
    }


@given(tables(), tables(), st.sampled_from(KINDS))
def test_what_is_transformed_later_changes_nothing_of_what_was_fitted(
    training: Floats, later: Floats, kind: AffineKind
) -> None:
    scaler = Affine(kind).fit(training)
    before = scaler.transform(training)
    scaler.transform(np.resize(later, (len(later), training.shape[1])))
    assert np.array_equal(scaler.transform(training), before)


def test_a_price_that_doubles_looks_the_same_to_a_window_as_one_that_does_not() -> None:
    window = np.array([[10.0, 11.0, 12.1]])
    scaler = PerWindow("divide-last")
    np.testing.assert_allclose(
        scaler.transform(2 * window, scaler.loc(2 * window)), scaler.transform(window, scaler.loc(window))
    )


def test_logarithms_of_chosen_columns_leave_the_others_alone() -> None:
    rows = np.array([[1.0, -5.0], [np.e, 7.0]])
    scaler = Log(np.array([True, False]))
    np.testing.assert_allclose(scaler.transform(rows), [[0.0, -5.0], [1.0, 7.0]])
    np.testing.assert_allclose(scaler.inverse(scaler.transform(rows)), rows)


@pytest.mark.parametrize("value", [0.0, -1.5])
def test_a_logarithm_of_what_is_not_positive_names_the_value(value: float) -> None:
    with pytest.raises(InputError, match=f"the logarithm of {value:g} is undefined"):
        Log().transform(np.array([[1.0], [value]]))


def test_a_scaler_needs_a_row_to_be_fitted_on() -> None:
    with pytest.raises(InputError, match="no rows to fit a minmax scaler"):
        Affine("minmax").fit(np.empty((0, 2)))
