"""The scaling of windows: by their own level, and the target as a correction."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recurra.forecasting.transforms.window import PerWindow, WindowScaling, WindowScalingKind
from recurra.forecasting.windows import Windows
from recurra.tables.arrays import Floats

KINDS: list[WindowScalingKind] = ["none", "subtract-last", "divide-last", "subtract-mean", "divide-mean"]
positive = st.floats(1e-6, 1e9)


def close(a: Floats, b: Floats) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(b).max()))))


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 9)), elements=positive), st.sampled_from(KINDS))
def test_what_is_done_to_a_window_is_undone_in_numpy_and_torch_alike(windows: Floats, kind: WindowScalingKind) -> None:
    scaler = PerWindow(kind)
    own = scaler.loc(windows)
    scaled = scaler.transform(windows, own)
    assert own.shape == (len(windows), 1)
    assert close(scaler.inverse(scaled, own), windows)
    tensors = torch.from_numpy(windows)
    np.testing.assert_allclose(scaler.transform(tensors, scaler.loc(tensors)).numpy(), scaled, rtol=1e-9, atol=1e-6)


def test_a_window_is_measured_from_its_last_value_or_its_mean() -> None:
    window = np.array([[2.0, 6.0, 4.0]])
    assert {kind: PerWindow(kind).transform(window, PerWindow(kind).loc(window)).tolist()[0] for kind in KINDS} == {
        "none": [2.0, 6.0, 4.0],
        "subtract-last": [-2.0, 2.0, 0.0],
        "divide-last": [0.5, 1.5, 1.0],
        "subtract-mean": [-2.0, 2.0, 0.0],
        "divide-mean": [0.5, 1.5, 1.0],
    }


def test_a_price_that_doubles_looks_the_same_to_a_window_as_one_that_does_not() -> None:
    window, scaler = np.array([[10.0, 11.0, 12.1]]), PerWindow("divide-last")
    np.testing.assert_allclose(
        scaler.transform(2 * window, scaler.loc(2 * window)), scaler.transform(window, scaler.loc(window))
    )


def scaled(kind: WindowScalingKind, windows: Windows, **options: object) -> WindowScaling:
    columns = windows.values.shape[1]
    masks = np.ones(columns, dtype=np.bool_), np.ones(columns, dtype=np.bool_)
    arguments = {"season": 2, "base": "last", "base_column": 0} | options
    return WindowScaling(PerWindow(kind), **arguments, shared=masks[0], windowed=masks[1], input_gain=np.ones(columns))  # type: ignore[arg-type]


def test_gains_divide_out_the_spread_of_the_windows_and_the_size_of_the_corrections() -> None:
    y = 100.0 * torch.randn(200, 1, generator=torch.Generator().manual_seed(0)).cumsum(dim=0)
    windows = Windows(y, torch.arange(5, 198), window=5, horizon=2)
    everything = torch.arange(len(windows))
    fitted = scaled("subtract-last", windows).fit(windows)
    assert float(fitted.inputs(windows, everything).std(correction=0)) == np.float32(1.0)
    assert abs(float(fitted.targets(windows, everything).square().mean()) - 1.0) < 1e-6
    without = scaled("subtract-last", windows)
    assert float(without.inputs(windows, everything).std(correction=0)) > 50.0
    flat = Windows(torch.zeros(20, 1), torch.arange(5, 18), window=5, horizon=2)
    constant = scaled("subtract-last", flat).fit(flat)
    assert (constant.input_gain.tolist(), constant.target_gain) == ([1.0], 1.0)


def test_the_target_is_a_correction_to_the_last_value_or_to_that_one_season_earlier() -> None:
    windows = Windows(torch.tensor([1.0, 2.0, 4.0, 7.0, 11.0, 16.0])[:, None], torch.tensor([3]), window=3, horizon=3)
    index = torch.tensor([0])
    for base, expected in (("none", [3.0, 7.0, 12.0]), ("last", [3.0, 7.0, 12.0]), ("seasonal", [5.0, 7.0, 14.0])):
        step = scaled("subtract-last", windows, base=base)
        assert step.targets(windows, index).tolist() == [expected], base  # seasonal: 7 - 2, 11 - 4, 16 - 2
        np.testing.assert_allclose(step.inverse(torch.tensor([expected]), windows, index), [[7.0, 11.0, 16.0]])
