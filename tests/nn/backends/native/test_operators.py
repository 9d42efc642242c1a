"""The kernels as operators of torch.library: under torch.compile, torch.export and fake tensors; torch's own rules."""

import warnings

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from recurra.errors import InputError
from recurra.nn.backends.native.kernels import Weights, kernel_of

from .calls import CELLS, EACH_CELL, LAYERS, draw_mask, problem

COMPILED = {  # layer options; whether a mask, whether a state is given
    "plain": ({"return_sequences": True}, False, False),
    "last": ({"return_state": True, "go_backwards": True}, False, True),
    "both ways, masked": ({"return_sequences": True, "bidirectional": True}, True, True),
    "without bias": ({"bias": False}, True, False),
}


def layer_call(layer, B, T, masked, given):
    """A layer's arguments."""
    count = len(layer.cell.states) * (2 if layer.bidirectional else 1)
    state = tuple(torch.randn(B, layer.hidden_size, requires_grad=True) for _ in range(count)) if given else None
    mask = draw_mask("holes", B, T, torch.Generator().manual_seed(0)) if masked else None
    return torch.randn(B, T, layer.input_size, requires_grad=True), state, mask


def outputs_and_gradients(function, layer, args):
    outputs = function(*args)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    leaves = [args[0], *(args[1] or ()), *layer.parameters()]
    return outputs, torch.autograd.grad(sum(o.square().sum() for o in outputs), leaves)


@EACH_CELL
@pytest.mark.parametrize(("options", "masked", "given"), COMPILED.values(), ids=COMPILED)
def test_a_compiled_layer_trains_alike_and_in_one_graph(cell, options, masked, given, kernel_calls, fresh_compiler):
    layer = LAYERS[cell](3, 5, backend="native", **options)
    args = layer_call(layer, 4, 6, masked, given)
    expected = outputs_and_gradients(layer, layer, args)
    eager = list(kernel_calls)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(outputs_and_gradients(compiled, layer, args), expected, rtol=1e-6, atol=1e-6)
    assert sorted(kernel_calls) == sorted(2 * eager)


@pytest.mark.slow
@EACH_CELL
def test_a_compiled_layer_takes_other_sizes_without_compiling_anew(cell, fresh_compiler):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph

    compiled = torch.compile(layer, backend=count, fullgraph=True, dynamic=True)
    for B, T in ((4, 6), (7, 9), (2, 30)):
        args = layer_call(layer, B, T, True, True)
        torch.testing.assert_close(compiled(*args), layer(*args), rtol=1e-6, atol=1e-6)
    assert len(graphs) == 1
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True, dynamic=True)
    for B, T in ((4, 6), (7, 9)):
        args = layer_call(layer, B, T, True, True)
        found, expected = (outputs_and_gradients(f, layer, args) for f in (compiled, layer))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@EACH_CELL
def test_inductor_compiles_a_layer_that_trains_alike(cell, fresh_compiler):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    args = layer_call(layer, 4, 6, True, True)
    expected = outputs_and_gradients(layer, layer, args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = outputs_and_gradients(torch.compile(layer, fullgraph=True), layer, args)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@EACH_CELL
def test_an_exported_layer_takes_any_batch_and_time(cell):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True).eval()
    batch, steps = torch.export.Dim("batch"), torch.export.Dim("steps")
    x, mask = torch.randn(4, 6, 3), torch.ones(4, 6, dtype=torch.bool)
    exported = torch.export.export(
        layer, (x, None, mask), dynamic_shapes=({0: batch, 1: steps}, None, {0: batch, 1: steps})
    )
    assert any(node.target is torch.ops.recurra.scan.default for node in exported.graph.nodes)
    for B, T in ((4, 6), (2, 31), (9, 2)):
        x, mask = torch.randn(B, T, 3), draw_mask("holes", B, T, torch.Generator().manual_seed(0))
        torch.testing.assert_close(exported.module()(x, None, mask), layer(x, None, mask), rtol=0, atol=0)


@EACH_CELL
def test_fake_tensors_have_the_shapes_of_real_ones(cell, kernel_calls):
    with FakeTensorMode():
        layer = LAYERS[cell](3, 5, backend="native", return_sequences=True, return_state=True)
        x = torch.randn(4, 6, 3, requires_grad=True)
        outputs = layer(x)
        assert [tuple(o.shape) for o in outputs] == [(4, 6, 5)] + [(4, 5)] * len(layer.cell.states)
        gradients = torch.autograd.grad(outputs[0].sum(), [x, *layer.parameters()])
        assert [g.shape for g in gradients] == [x.shape, *(p.shape for p in layer.parameters())]
    assert kernel_calls == []


@EACH_CELL
def test_a_recorded_graph_holds_the_whole_computation(cell):
    layer = LAYERS[cell](3, 5).requires_grad_(False)
    graph = make_fx(layer)(torch.randn(4, 6, 3))
    x = torch.randn(4, 6, 3)
    torch.testing.assert_close(graph(x), layer(x), rtol=1e-6, atol=1e-6)


def operator_arguments(operator, cell, sequences=True, given=True, wanted=None, **tensors):
    """The operator's arguments by name; flags that are not named here are off."""
    leaves = problem(cell, 4, 5, 3, 6) | tensors
    leaves |= {"mask": draw_mask("holes", 4, 5, torch.Generator().manual_seed(0))}
    if not given:
        leaves = {name: t for name, t in leaves.items() if name not in {"h0", "c0"}}
    leaves |= {"kernel": kernel_of(CELLS[cell]), "sequences": sequences, "keep_tape": True, "wanted": wanted}
    arguments = {}
    for argument in operator.default._schema.arguments:
        is_flag = str(argument.type) == "bool"
        arguments[argument.name] = leaves.get(argument.name, False if is_flag else None)
    return arguments


@pytest.fixture
def nothing_uninitialized(monkeypatch):
    """The tape has floats that nobody writes or reads; opcheck compares them all the same."""
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda self, *size, **options: self.new_zeros(*size, **options))


@EACH_CELL
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch 2.14's own check
@pytest.mark.parametrize("case", [{}, {"sequences": False}, {"given": False}], ids=str)
def test_the_operator_keeps_torchs_rules(cell, case, nothing_uninitialized):
    arguments = operator_arguments(torch.ops.recurra.scan, cell, **case)
    for t in arguments.values():
        if isinstance(t, torch.Tensor) and t.is_floating_point():
            t.requires_grad_()
    torch.library.opcheck(torch.ops.recurra.scan.default, (), arguments)


@EACH_CELL
def test_the_backward_operator_keeps_torchs_rules(cell, nothing_uninitialized):
    forward = operator_arguments(torch.ops.recurra.scan, cell)
    y, h, c, tape = torch.ops.recurra.scan(**forward)
    came = {"dy": torch.randn_like(y), "dh": torch.randn_like(h), "dc": torch.randn_like(c) if c.numel() else None}
    wanted = [forward[name] is not None for name in ("x", "h0", "c0", *Weights._fields)]
    arguments = operator_arguments(torch.ops.recurra.scan_backward, cell, tape=tape, wanted=wanted, **came)
    torch.library.opcheck(torch.ops.recurra.scan_backward.default, (), arguments)


@EACH_CELL
def test_the_operator_refuses_other_types_and_no_time_steps(cell):
    leaves = problem(cell, 3, 4, 5, 6)
    kernel = kernel_of(CELLS[cell])

    def operator(x, h0):
        w = [leaves.get(name) for name in Weights._fields]
        return torch.ops.recurra.scan(None, x, h0, leaves.get("c0"), *w, kernel, False, True, False, False, False)

    operator(leaves["x"], leaves["h0"])
    for x, h0 in ((leaves["x"].double(), leaves["h0"]), (leaves["x"], leaves["h0"].double())):
        with pytest.raises(
            InputError, match=r"were given a tensor of torch\.float64 on cpu; they compute in torch\.float32"
        ):
            operator(x, h0)
    with pytest.raises(InputError, match="the input has no time steps"):
        operator(leaves["x"][:, :0], leaves["h0"])
