"""The gradients of the kernels in torch's autograd: retained graphs, second derivatives, checkpoints, saved tensors."""

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from recurra.nn import GRU

from .calls import (
    EACH_CELL,
    LAYERS,
    PLAIN,
    RELU,
    assert_same_bits,
    call,
    draw_mask,
    problem,
    require_gradients,
    results,
    upstream,
)


@EACH_CELL
def test_going_back_through_a_retained_graph_gives_the_same_bits_again(cell):
    leaves = problem(cell, 9, 12, 9, 16)
    expected = results(cell, "native", leaves)[1]
    leaves = require_gradients(leaves)
    outputs = call(cell, "native", leaves)
    came = list(upstream(outputs).values())
    for _ in range(3):
        found = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, retain_graph=True)
        assert_same_bits([dict(zip(leaves, found, strict=True))], [expected])
    for name in reversed(leaves):
        (found,) = torch.autograd.grad(list(outputs.values()), leaves[name], came, retain_graph=True)
        assert_same_bits([{name: found}], [{name: expected[name]}])


def test_a_graph_that_was_not_retained_is_gone():
    layer = GRU(2, 3, backend="native")
    loss = layer(torch.ones(1, 4, 2)).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()


def second_order(cell, backend, leaves, make=call, **options):
    """The gradients, and those of the sum of their squares."""
    leaves = require_gradients(leaves)
    outputs = make(cell, backend, leaves, **options)
    came = [d.requires_grad_() for d in upstream(outputs).values()]
    used = {"materialize_grads": True}  # zeros for a leaf that had no part
    first = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, create_graph=True, **used)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), [*leaves.values(), *came], **used)
    return first, second


@EACH_CELL
@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"mask": True}, {"sequences": False}], ids=str)
def test_gradients_of_gradients_are_those_of_the_reference(cell, options):
    leaves = problem(cell, 4, 5, 3, 6)
    if "mask" in options:
        options = {"mask": draw_mask("holes", 4, 5, torch.Generator().manual_seed(0))}

    def without_y(cell, backend, leaves, **options):
        outputs = call(cell, backend, leaves, **options)
        return {name: t for name, t in outputs.items() if name != "y" or options.get("sequences", True)}

    found, expected = (second_order(cell, b, leaves, without_y, **options) for b in ("native", "reference"))
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=2e-5)


@EACH_CELL
def test_gradients_of_gradients_are_the_slopes_of_the_gradients(cell):
    directions = problem(cell, 4, 5, 3, 6, seed=7)
    step = 1e-2 if cell in PLAIN and cell not in RELU else 1e-3
    for seed in range(20):
        leaves = problem(cell, 4, 5, 3, 6, seed=seed)
        ahead, behind = (
            results(cell, "native", {name: t + shift * directions[name] for name, t in leaves.items()})
            for shift in (step, -step)
        )
        if cell not in RELU or torch.equal(ahead[0]["y"] > 0, behind[0]["y"] > 0):  # no kink between them
            break
    else:
        pytest.fail("a kink between all twenty pairs")
    inputs = require_gradients(leaves)
    outputs = call(cell, "native", inputs)
    first = torch.autograd.grad(
        list(outputs.values()), list(inputs.values()), list(upstream(outputs).values()), create_graph=True
    )
    along = sum((g * directions[name]).sum() for g, name in zip(first, inputs, strict=True))
    found = torch.autograd.grad(along, list(inputs.values()))
    for name, g in zip(inputs, found, strict=True):
        slope = (ahead[1][name] - behind[1][name]) / (2 * step)
        torch.testing.assert_close(g, slope, rtol=1e-2, atol=1e-2 * slope.abs().max().item())


def stack_with_the_same_weights(cell, backend, leaves, **options):
    first = call(cell, backend, leaves)
    return call(cell, backend, leaves | {"x": first["y"]})


def state_made_of_the_input(cell, backend, leaves, **options):
    return call(cell, backend, leaves | {"h0": leaves["x"][:, 0].tanh()})


def one_tensor_for_two_states(cell, backend, leaves, **options):
    return call(cell, backend, leaves | {name: leaves["x"][:, -1].tanh() for name in ("h0", "c0") if name in leaves})


def one_tensor_for_two_biases(cell, backend, leaves, **options):
    return call(cell, backend, leaves | {"bias_hh": leaves["bias_ih"]})


@EACH_CELL
@pytest.mark.parametrize(
    "make", [stack_with_the_same_weights, state_made_of_the_input, one_tensor_for_two_states, one_tensor_for_two_biases]
)
def test_gradients_of_gradients_count_each_way_once_where_arguments_hang_together(cell, make):
    leaves = problem(cell, 4, 5, 6, 6)
    found, expected = (second_order(cell, backend, leaves, make) for backend in ("native", "reference"))
    for mine, theirs in zip(sum(found, ()), sum(expected, ()), strict=True):
        largest = 1.0 if cell in PLAIN else max(1.0, theirs.abs().max().item())  # some of them are thousands
        torch.testing.assert_close(mine, theirs, rtol=2e-5, atol=2e-5 * largest)


@EACH_CELL
def test_an_input_that_is_a_parameter_has_the_same_gradients_and_gradients_of_gradients(cell):
    def with_parameter(cell, backend, leaves):
        leaves["x"] = torch.nn.Parameter(leaves["x"].detach())
        return call(cell, backend, leaves)

    leaves = problem(cell, 4, 5, 3, 6)
    expected = second_order(cell, "reference", leaves)
    torch.testing.assert_close(second_order(cell, "native", leaves, with_parameter), expected, rtol=2e-5, atol=2e-5)


@EACH_CELL
def test_many_gradients_at_once_are_those_one_by_one(cell):
    leaves = require_gradients(problem(cell, 4, 5, 3, 6))
    outputs = call(cell, "auto", leaves)
    came = torch.randn(3, *outputs["y"].shape)
    together = torch.autograd.grad(
        outputs["y"], list(leaves.values()), came, retain_graph=True, is_grads_batched=True, allow_unused=True
    )
    for index, d in enumerate(came):
        alone = torch.autograd.grad(outputs["y"], list(leaves.values()), d, retain_graph=True, allow_unused=True)
        torch.testing.assert_close([g[index] for g in together], list(alone), rtol=1e-5, atol=1e-5)


def trained(layer, x, run):
    """The output, and the gradients of x and the parameters."""
    x = x.clone().requires_grad_()
    y = run(layer, x)
    return {"y": y.detach()}, dict(enumerate(torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])))


@EACH_CELL
@pytest.mark.parametrize(
    "run",
    [
        lambda layer, x: checkpoint(layer, x, use_reentrant=False),
        lambda layer, x: checkpoint(layer, x * 1, use_reentrant=False),
    ],
    ids=["a leaf", "not a leaf"],
)
def test_a_checkpoint_gives_the_same_bits(cell, run, kernel_calls):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    x = torch.randn(4, 6, 3)
    expected = trained(layer, x, lambda layer, x: layer(x))
    assert kernel_calls == ["forward", "backward"]
    assert_same_bits(trained(layer, x, run), expected)
    assert kernel_calls[2:] == ["forward", "forward", "backward"]


@EACH_CELL
def test_a_reentrant_checkpoint_gives_the_same_bits(cell):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    x = torch.randn(4, 6, 3, requires_grad=True)
    found = []
    for run in (layer, lambda x: checkpoint(layer, x, use_reentrant=True)):
        layer.zero_grad()
        x.grad = None
        run(x).square().sum().backward()
        found.append({"x": x.grad, **{name: p.grad for name, p in layer.named_parameters()}})
    assert_same_bits(found[:1], found[1:])


@EACH_CELL
def test_tensors_saved_elsewhere_give_the_same_bits(cell):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    x = torch.randn(4, 6, 3)
    expected = trained(layer, x, lambda layer, x: layer(x))
    with torch.autograd.graph.save_on_cpu():
        assert_same_bits(trained(layer, x, lambda layer, x: layer(x)), expected)
    packed = []

    def pack(tensor):
        packed.append(tensor)
        return tensor.numpy(force=True).copy()

    with torch.autograd.graph.saved_tensors_hooks(pack, torch.from_numpy):
        assert_same_bits(trained(layer, x, lambda layer, x: layer(x)), expected)
    assert len(packed) > 3


@EACH_CELL
def test_inference_mode_and_no_grad_give_the_same_bits_and_no_graph(cell, kernel_calls):
    leaves = require_gradients(problem(cell, 7, 5, 3, 9))
    expected = call(cell, "native", leaves)
    assert all(t.requires_grad for t in expected.values())
    for mode in (torch.inference_mode, torch.no_grad):
        with mode():
            found = call(cell, "native", leaves)
        assert not any(t.requires_grad for t in found.values())
        assert_same_bits([found], [{name: t.detach() for name, t in expected.items()}])
    assert kernel_calls == ["forward"] * 3


@EACH_CELL
@pytest.mark.parametrize("name", ["x", "h0", "weight_ih", "weight_hh", "mask"])
def test_an_argument_changed_in_place_before_backward_is_an_error(cell, name):
    leaves = require_gradients(problem(cell, 4, 5, 3, 6))
    mask = torch.ones(4, 5, dtype=torch.bool)
    outputs = call(cell, "native", leaves, mask=mask)
    with torch.no_grad():
        (mask if name == "mask" else leaves[name]).zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs["y"].sum().backward()


@EACH_CELL
def test_an_output_may_be_changed_in_place(cell):
    found = []
    for backend in ("native", "reference"):
        leaves = require_gradients(problem(cell, 4, 5, 3, 6))
        outputs = call(cell, backend, leaves)
        y = outputs["y"].mul_(2.0) if backend == "native" else outputs["y"] * 2.0
        found.append(torch.autograd.grad(y.square().sum() + outputs["h"].sum(), list(leaves.values())))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


@EACH_CELL
def test_vmap_over_the_gradient_is_the_jacobian(cell):
    leaves = require_gradients(problem(cell, 2, 3, 4, 5))
    y = call(cell, "native", leaves)["y"].flatten()
    jacobian = torch.vmap(lambda v: torch.autograd.grad(y, leaves["x"], v, retain_graph=True)[0])(torch.eye(len(y)))
    for row, output in zip(jacobian, y, strict=True):
        torch.testing.assert_close(row, torch.autograd.grad(output, leaves["x"], retain_graph=True)[0])


class NoGradient(torch.autograd.Function):
    """Lets nothing back."""

    @staticmethod
    def forward(ctx, y):
        return y.clone()

    @staticmethod
    def backward(ctx, d):
        return None


@EACH_CELL
@pytest.mark.parametrize("create_graph", [False, True])
def test_where_no_gradient_comes_none_goes_on(cell, create_graph):
    leaves = require_gradients(problem(cell, 2, 3, 4, 2))
    y = NoGradient.apply(call(cell, "native", leaves)["y"])
    found = torch.autograd.grad(y.sum(), leaves["x"], create_graph=create_graph, allow_unused=True)[0]
    assert found is None or not found.any()
