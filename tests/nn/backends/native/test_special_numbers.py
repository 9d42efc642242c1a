"""Infinities, NaN, and tiny and huge numbers come out of the kernels as from torch's own operators."""

import pytest
import torch

from .calls import (
    EACH_CELL,
    EACH_NORMALIZED_CELL,
    EACH_PLAIN_CELL,
    EPSILON,
    assert_same_bits,
    call,
    draw_mask,
    problem,
    results,
)

SPECIAL = [float("inf"), float("-inf"), float("nan"), 1e30, -1e30, 200.0, -200.0, 88.5, -88.5, 1e-40, -1e-45]


@EACH_PLAIN_CELL
@pytest.mark.parametrize("name", ["x", "h0", "c0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"])
@pytest.mark.parametrize("value", SPECIAL, ids=str)
def test_a_special_number_comes_out_as_from_torchs_operator(cell, name, value):
    leaves = problem(cell, 9, 4, 3, 5)
    if name not in leaves:
        assert (name, cell != "lstm") == ("c0", True)
        leaves["x"][0, 0, 0] = value
    else:
        leaves[name].flatten()[3] = value
    found, expected = (results(cell, backend, leaves) for backend in ("native", "torch"))
    for ours, torchs in zip(found, expected, strict=True):
        for key, t in torchs.items():
            finite = t[t.isfinite()].abs()
            scale = max(1.0, finite.max().item()) if len(finite) else 1.0
            torch.testing.assert_close(ours[key], t, rtol=2e-5, atol=3e-5 * scale, equal_nan=True)


@EACH_PLAIN_CELL
@pytest.mark.parametrize("size", [0.0, 1e-44, 1e-39, 1e-30, 30.0, 1e4, 1e15])
def test_numbers_all_tiny_or_all_huge_come_out_as_from_torchs_operator(cell, size):
    leaves = problem(cell, 9, 4, 3, 5)
    leaves = leaves | {name: leaves[name] * size for name in ("x", "h0", "bias_ih", "bias_hh")}
    if cell == "lstm":
        leaves["c0"] *= size
    (found, found_gradients), (expected, gradients) = (results(cell, b, leaves) for b in ("native", "torch"))
    scale = size if cell == "relu" else 1.0
    for name, t in expected.items():
        torch.testing.assert_close(found[name], t, rtol=1e-5, atol=1e-6 * max(scale, 1.0, t.abs().max().item()))
    for name, t in gradients.items():
        atol = max(1e-4 * t.abs().max().item(), 1e-25)
        torch.testing.assert_close(found_gradients[name], t, rtol=1e-4, atol=atol)


@EACH_NORMALIZED_CELL
@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")], ids=str)
def test_what_has_no_mean_makes_its_own_sequence_nan_from_there_on(cell, value):
    leaves = problem(cell, 9, 4, 3, 5)
    whole = call(cell, "native", leaves)["y"]
    leaves["x"][2, 1, 0] = value
    found = call(cell, "native", leaves)["y"]
    assert found[2, 1:].isnan().all()
    found[2, 1:] = whole[2, 1:]
    assert torch.equal(found, whole)


@EACH_NORMALIZED_CELL
@pytest.mark.parametrize("name", ["x", "weight_ih", "weight_hh", "h0"])
def test_products_that_are_all_zero_stay_zero(cell, name):
    leaves = problem(cell, 9, 4, 3, 5)
    leaves[name] = torch.zeros_like(leaves[name])
    found, expected = results(cell, "native", leaves), results(cell, "reference", leaves, torch.float64)
    for ours, theirs in zip(found, expected, strict=True):
        for key, t in theirs.items():
            assert (ours[key] - t).abs().max() <= 1e-5 * t.abs().max(), key


@EACH_NORMALIZED_CELL
def test_products_that_are_all_equal_are_normalized_to_zeros(cell):
    leaves = problem(cell, 9, 4, 3, 5)
    equal, zero = dict(leaves), dict(leaves)
    for name in ("weight_ih", "weight_hh"):
        equal[name] = leaves[name][:1].repeat(len(leaves[name]), 1)
        zero[name] = torch.zeros_like(leaves[name])
    assert torch.equal(call(cell, "native", equal)["y"], call(cell, "native", zero)["y"])


def test_gates_and_candidates_are_exact_to_a_few_units_in_the_last_place_everywhere():
    x = torch.cat([torch.linspace(-100, 100, 40001), torch.logspace(-45, 0, 4001), -torch.logspace(-45, 0, 4001)])
    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    tanh = call("tanh", "native", {"x": x[:, None, None], "weight_ih": one, "weight_hh": zero})["h"]
    # an LSTM's memory c = f·c0 + i·g, with i = 0 and c0 = 1
    w, bias = torch.tensor([[0.0], [1.0], [0.0], [0.0]]), torch.tensor([-200.0, 0.0, 0.0, 0.0])
    start = {"h0": torch.zeros(len(x), 1), "c0": torch.ones(len(x), 1)}
    weights = {"weight_ih": w, "weight_hh": torch.zeros(4, 1), "bias_ih": bias}
    sigmoid = call("lstm", "native", {"x": x[:, None, None], **start, **weights})["c"]
    for found, exact in ((tanh, x.double().tanh()), (sigmoid, x.double().sigmoid())):
        allowed = 4 * EPSILON * exact.abs() + torch.finfo(torch.float32).tiny
        assert ((found[:, 0].double() - exact).abs() <= allowed).all()


def test_gates_shut_and_open_all_the_way():
    big = torch.tensor([-1e38, -1e30, -200.0, -120.0, 120.0, 200.0, 1e30, 1e38])
    weights = {"weight_ih": torch.tensor([[0.0], [1.0], [0.0], [0.0]]), "weight_hh": torch.zeros(4, 1)}
    start = {"h0": torch.zeros(8, 1), "c0": torch.full((8, 1), 1e30)}
    found = call("lstm", "native", {"x": big[:, None, None], **start, **weights})["c"][:, 0]
    assert (found / 1e30).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@EACH_CELL
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_wrong_with_one_sequence_stays_in_it(cell, value):
    leaves = problem(cell, 9, 4, 3, 5)
    expected, expected_gradients = results(cell, "native", leaves)
    leaves["x"][4, 1] = value
    found, gradients = results(cell, "native", leaves)
    others = torch.arange(9) != 4
    for name in found:
        assert_same_bits([{name: found[name][others]}], [{name: expected[name][others]}])
    for name in ("x", "h0"):
        assert_same_bits([{name: gradients[name][others]}], [{name: expected_gradients[name][others]}])
    assert not torch.equal(found["y"][4], expected["y"][4])


@EACH_CELL
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_outputs_do_not_see_what_stands_at_masked_steps(cell, value):
    leaves = problem(cell, 9, 6, 3, 5)
    mask = draw_mask("holes", 9, 6, torch.Generator().manual_seed(0))
    expected, _ = results(cell, "native", leaves, mask=mask)
    leaves["x"][~mask] = value
    outputs = call(cell, "native", leaves, mask=mask)
    assert_same_bits([outputs], [expected])
