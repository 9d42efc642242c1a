"""Steps that change rows: what each does is as its name says, and its inverse undoes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recurra import InputError
from recurra.forecasting.transforms.steps import (
    Difference,
    Early,
    Floor,
    Logarithm,
    Rows,
    RowScaling,
    RowScalingKind,
    center_and_scale,
)
from recurra.tables.arrays import Floats, Integers

KINDS: list[RowScalingKind] = ["none", "minmax", "standard", "robust"]
# no number so small that another one divided by it overflows
numbers = st.floats(-1e9, 1e9).map(lambda x: x if abs(x) > 1e-200 else 0.0)
NOTHING = np.zeros(2, dtype=np.bool_)
BOTH = ~NOTHING
FIRST = np.array([True, False])


def rows_of(*parts: Floats) -> Rows:
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    phases = np.concatenate([np.arange(len(part)) for part in parts])
    return Rows(np.concatenate(parts), starts.astype(np.int64), np.arange(len(parts)), phases)


def counts(*numbers: int) -> Integers:
    return np.array(numbers, dtype=np.int64)


def scaling(kind: RowScalingKind, series: int = 1, shared: Floats | None = None) -> RowScaling:
    shape = (series, 2)
    mask = NOTHING if shared is None else np.array(shared, dtype=np.bool_)
    return RowScaling(kind, kind, NOTHING, mask, np.zeros(shape), np.ones(shape))


@given(arrays(np.float64, st.tuples(st.integers(1, 30), st.just(2)), elements=numbers), st.sampled_from(KINDS))
def test_what_a_scaling_does_to_the_target_its_inverse_undoes(values: Floats, kind: RowScalingKind) -> None:
    rows = rows_of(values)
    step = scaling(kind).fit(rows, counts(len(values)))
    places = np.zeros(len(values), dtype=np.int64)
    restored = step.inverse(step.transform(rows).values[:, :1], places, np.empty(0), places)
    np.testing.assert_allclose(restored, values[:, :1], rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(values).max())))


def test_each_kind_gives_what_its_name_says() -> None:
    values = np.array([[1.0, 10.0], [2.0, 10.0], [3.0, 10.0], [6.0, 10.0]])
    scaled = {}
    for kind in KINDS:
        center, scale = center_and_scale(kind, values)
        scaled[kind] = (values - center) / scale
    np.testing.assert_allclose(scaled["minmax"][:, 0], [0, 0.2, 0.4, 1.0])
    np.testing.assert_allclose(scaled["standard"][:, 0], (values[:, 0] - 3.0) / np.sqrt((4 + 1 + 0 + 9) / 4))
    np.testing.assert_allclose(scaled["robust"][:, 0], (values[:, 0] - 2.5) / (3.75 - 1.75))
    assert np.array_equal(scaled["none"], values)
    for kind in KINDS[1:]:
        assert np.array_equal(scaled[kind][:, 1], np.zeros(4)), "a constant is only shifted"


def test_a_scaler_needs_a_row_to_be_fitted_on() -> None:
    with pytest.raises(InputError, match="no rows to fit a minmax scaler"):
        center_and_scale("minmax", np.empty((0, 2)))


def test_each_series_has_a_scale_of_its_own_from_its_training_rows() -> None:
    small, large = np.arange(8.0).reshape(4, 2), 100.0 * np.arange(10.0).reshape(5, 2)
    rows = rows_of(small, large)
    step = scaling("minmax", series=2).fit(rows, counts(3, 2))
    assert step.center.tolist() == [[0.0, 1.0], [0.0, 100.0]]
    assert step.scale.tolist() == [[4.0, 4.0], [200.0, 200.0]]
    assert step.transform(rows).values[:, 0].tolist() == [0.0, 0.5, 1.0, 1.5, 0.0, 1.0, 2.0, 3.0, 4.0]
    newer = Rows(large, counts(0, 5), counts(1), np.arange(5))  # the second series alone
    assert step.transform(newer).values[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_column_in_the_unit_of_the_target_shares_its_scale() -> None:
    values = np.array([[0.0, 5.0], [10.0, 6.0]])
    step = scaling("minmax", shared=[True, True]).fit(rows_of(values), counts(2))
    assert step.transform(rows_of(values)).values.tolist() == [[0.0, 0.5], [1.0, 0.6]]


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(10, 30)), elements=numbers), st.integers(1, 6))
def test_differences_are_summed_up_again_from_the_values_before(values: Floats, lag: int) -> None:
    for exact, rows in ((False, values), (True, np.round(values / 1e3))):  # whole numbers have no rounding
        step = Difference(lag, BOTH[:1])
        found = step.transform(rows_of(*(row[:, None] for row in rows)))
        differences = found.values.reshape(len(rows), -1)
        assert differences.shape[1] == rows.shape[1] - lag
        restored = step.inverse(differences, np.arange(len(rows)), rows[:, :lag], np.zeros(len(rows), dtype=np.int64))
        if exact:
            assert np.array_equal(restored, rows[:, lag:])
        np.testing.assert_allclose(restored, rows[:, lag:], atol=1e-4)  # 30 sums of up to 1e9


def test_differences_leave_other_columns_as_they_are_but_for_the_rows_that_are_lost() -> None:
    rows = rows_of(np.array([[1.0, 7.0], [4.0, 8.0], [9.0, 9.0]]), np.array([[5.0, 1.0], [5.5, 2.0]]))
    found = Difference(1, FIRST).transform(rows)
    assert found.values.tolist() == [[3.0, 8.0], [5.0, 9.0], [0.5, 2.0]]
    assert found.starts.tolist() == [0, 2, 3]


def test_logarithms_of_chosen_columns_leave_the_others_alone() -> None:
    rows = rows_of(np.array([[1.0, -5.0], [np.e, 7.0]]))
    step = Logarithm(FIRST, 0.0, np.ones(1))
    np.testing.assert_allclose(step.transform(rows).values, [[0.0, -5.0], [1.0, 7.0]])
    assert rows.values[1, 0] == np.e  # the rows of the table are left as they are
    np.testing.assert_allclose(step.inverse(np.array([[0.0, 1.0]]), counts(0), np.empty(0), counts(0)), [[1.0, np.e]])


def test_a_floor_is_the_smallest_training_value_or_a_part_of_it() -> None:
    training, later = np.array([[5.0, 2.0], [6.0, 3.0]]), np.array([[0.0, 0.0]])
    step = Floor(BOTH, np.array([1.0, 0.5]), np.zeros(2)).fit(rows_of(np.vstack([training, later])), counts(2))
    assert step.transform(rows_of(later)).values.tolist() == [[5.0, 1.0]]
    untouched = Floor(NOTHING, np.ones(2), np.zeros(2)).fit(rows_of(training), counts(2))
    assert untouched.transform(rows_of(later)).values.tolist() == [[0.0, 0.0]]


def test_columns_are_read_early_within_their_own_series() -> None:
    rows = rows_of(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]), np.array([[4.0, 4.0], [5.0, 5.0]]))
    found = Early(1, ~FIRST).transform(rows).values
    assert found[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    np.testing.assert_array_equal(found[:, 1], [2.0, 3.0, np.nan, 5.0, np.nan])
