"""Layers compute the outputs and gradients that Keras recorded, and the numbers of Keras's own layer tests."""

import json
from pathlib import Path

import pytest
import torch

from recurra.nn import GRU, LSTM, SimpleRNN

from .each_layer import LAYERS

RECORDED = json.loads((Path(__file__).parents[1] / "oracles" / "keras_layers.json").read_text(encoding="utf-8"))
CASES = [pytest.param(case, id=case["name"]) for case in RECORDED["cases"]]


def named_as_ours(layer_name, arrays, bidirectional, bias=True):
    """Arrays in Keras's order and layout → our parameters by name. Written apart from keras_weights.py, to judge it."""
    found = {}
    count = 3 if bias else 2
    for direction in range(2 if bidirectional else 1):
        suffix = "_reverse" if direction else ""
        kernel, recurrent, *biases = [torch.tensor(a) for a in arrays[direction * count :][:count]]
        found["weight_ih" + suffix], found["weight_hh" + suffix] = kernel.T, recurrent.T
        for array in biases:
            if array.dim() == 2:  # a GRU with reset_after: the input's bias, the state's bias
                found["bias_ih" + suffix], found["bias_hh" + suffix] = array
            else:
                found["bias" + suffix] = array
    if layer_name == "GRU":  # gates z, r, h → r, z, n
        found = {name: torch.cat([array.chunk(3)[gate] for gate in (1, 0, 2)]) for name, array in found.items()}
    return found


def outputs_of(layer, *args, **kwargs):
    outputs = layer(*args, **kwargs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_computes_what_keras_recorded(case, dtype):
    def tensor(numbers, **options):
        return torch.tensor(numbers, dtype=dtype, **options)

    options = dict(case["options"])
    bias = options.setdefault("use_bias", True)
    options["bias"] = options.pop("use_bias")
    weights = RECORDED["weights"][case["weights"]]
    if not bias:
        weights = [array for index, array in enumerate(weights) if index % 3 != 2]
    layer = LAYERS[case["layer"]](4, 3, bidirectional=case["bidirectional"], **options).to(dtype)
    layer.load_state_dict(named_as_ours(case["layer"], weights, case["bidirectional"], bias))

    for call in case["calls"]:
        if call.get("reset"):
            layer.reset_state()
        x = tensor(RECORDED["inputs"][call["x"]], requires_grad=True)
        state, mask = None, None
        if call.get("state"):
            count = len(layer.cell.states) * (2 if case["bidirectional"] else 1)
            state = tuple(tensor(s, requires_grad=True) for s in RECORDED["inputs"]["state"][:count])
        if call.get("mask"):
            mask = torch.tensor(RECORDED["mask"])

        outputs = outputs_of(layer, x, state, mask)

        assert len(outputs) == len(call["outputs"])
        for output, expected in zip(outputs, call["outputs"], strict=True):
            torch.testing.assert_close(output, tensor(expected), rtol=1e-6, atol=1e-6)
        if "gradients" in call:
            sum(output.square().sum() for output in outputs).backward()
            expected = {
                "x": tensor(call["gradients"]["x"]),
                **{f"state {i}": tensor(g) for i, g in enumerate(call["gradients"]["state"])},
                **named_as_ours(case["layer"], call["gradients"]["weights"], case["bidirectional"], bias),
            }
            expected = {name: gradient.to(dtype) for name, gradient in expected.items()}
            found = {
                "x": x.grad,
                **{f"state {i}": s.grad for i, s in enumerate(state or ())},
                **{name: p.grad for name, p in layer.named_parameters()},
            }
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def constant(layer):
    """The weights of Keras's own layer tests; a fresh layer's forget bias stays."""
    with torch.no_grad():
        for name, p in layer.named_parameters():
            if name.startswith("weight_ih"):
                p.fill_(0.01)
            elif name.startswith("weight_hh"):
                p.fill_(0.02)
            else:
                p.fill_(0.03)
        if getattr(layer.cell, "unit_forget_bias", False) and layer.cell.bias:
            layer.bias[layer.hidden_size : 2 * layer.hidden_size] = 1.0
    return layer


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize(
    ("make", "options", "expected"),
    [
        (LSTM, {}, [0.6288687, 0.86899155, 0.9460773]),
        (LSTM, {"unit_forget_bias": False}, [0.57019705, 0.8661914, 0.9459622]),
        (LSTM, {"bias": False}, [0.54986924, 0.86226785, 0.9443936]),
        (GRU, {}, [0.5217289, 0.6371659, 0.39384964]),
        (GRU, {"go_backwards": True}, [0.24406259, 0.611516, 0.3928808]),
        (GRU, {"reset_after": False}, [0.51447755, 0.6426879, 0.40208298]),
        (GRU, {"bias": False}, [0.49988455, 0.64701194, 0.4103359]),
        (SimpleRNN, {}, [0.405432, 0.73605347]),
    ],
)
def test_gives_the_numbers_of_keras_own_layer_tests(make, options, expected, backend):
    if make is SimpleRNN:
        x, units = torch.arange(24.0).reshape(2, 3, 4), 4
    else:
        x, units = torch.arange(72.0).reshape(3, 6, 4), 3
    output = constant(make(4, units, backend=backend, **options))(x)
    # all units have the same weights, so every column is the recorded first one
    torch.testing.assert_close(output, torch.tensor(expected)[:, None].expand(-1, units), rtol=0, atol=1e-6)
