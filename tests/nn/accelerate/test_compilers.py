"""Accelerated layers under torch.compile, torch.export and torch.onnx.export."""

import copy

import pytest
import torch

from recurra import accelerate
from recurra.nn.backends.native import autograd

from .pairs import FORMS, B, I, T, arguments, gradients, on_kernels, pair, tensors


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # the compiler looks at it
@pytest.mark.parametrize("fullgraph", [False, True])
def test_torch_compile(model, fullgraph, scans, monkeypatch):
    # without allow_rnn torch breaks the graph at any LSTM, ours too, and refuses fullgraph
    theirs, x = copy.deepcopy(model), torch.randn(T, B, I)
    accelerate(model)
    compiling, true_run = [], autograd.run

    def spy(*args):
        compiling.append(torch.compiler.is_compiling())
        return true_run(*args)

    monkeypatch.setattr(autograd, "run", spy)
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=fullgraph):
        compiled = torch.compile(model, backend="aot_eager", fullgraph=fullgraph)
        found, expected = on_kernels(scans, compiled, x), theirs(x)
        assert compiling == [fullgraph] * 6
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            gradients(found, list(model.parameters())),
            gradients(expected, list(theirs.parameters())),
            rtol=1e-5,
            atol=1e-5,
        )


def test_torch_compile_of_a_layer_with_states_and_packed_sequences(scans):
    theirs, ours = pair("lstm", num_layers=2)
    torch._dynamo.reset()
    compiled = torch.compile(ours, backend="aot_eager")
    with torch.no_grad():
        for form in FORMS:
            given, _ = arguments(theirs, form, True)
            torch.testing.assert_close(tensors(compiled(*given)), tensors(theirs(*given)), rtol=1e-5, atol=1e-5)
    assert len(scans) == 8


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_torch_export(model, strict):
    accelerate(model)
    x = torch.randn(T, B, I)
    shapes = ({0: torch.export.Dim("steps"), 1: torch.export.Dim("batch")},)
    exported = torch.export.export(model, (x,), dynamic_shapes=shapes, strict=strict)
    targets = [str(node.target) for node in exported.graph.nodes]
    assert targets.count("recurra.scan.default") == 6
    other = torch.randn(T + 3, B + 2, I)
    torch.testing.assert_close(exported.module()(other), model(other), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
def test_export_for_onnx_has_torchs_operators(model, monkeypatch):
    accelerate(model)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    exported = torch.export.export(model.eval(), (torch.randn(T, B, I),))
    targets = [str(node.target) for node in exported.graph.nodes]
    assert "aten.lstm.input" in targets
    assert "recurra.scan.default" not in targets
