"""Outputs, states and gradients of the layers for many shapes, options and backends, as digests of their bits.

Prints a JSON object: name → the tensor's sum and the SHA-256 of its bytes, or `refused`.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from recurra import InputError, accelerate
from recurra.nn import GRU, LSTM, SimpleRNN, from_torch

LAYERS = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
TORCH: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
BACKENDS = ("auto", "native", "torch", "reference")
SHAPES = [  # (B, T, I, H)
    (5, 1, 5, 3),
    (1, 20, 16, 64),
    (7, 12, 9, 17),
    (33, 6, 200, 50),
    (64, 10, 1, 80),
    (2, 12, 65, 130),
    (3, 4, 16, 400),
]
SEQUENCES = {"return_sequences": True}
OPTIONS: dict[str, dict[str, Any]] = {  # what is not the layer's own is said to `call`
    "plain": {},
    "sequences": SEQUENCES,
    "state": {**SEQUENCES, "return_state": True},
    "no bias": {"bias": False},
    "backwards": {**SEQUENCES, "go_backwards": True},
    "both ways": {"bidirectional": True},
    "both ways, state, masked": {**SEQUENCES, "bidirectional": True, "return_state": True, "mask": True},
    "masked": {"mask": True},
    "masked sequences": {**SEQUENCES, "mask": True},
    "initial state": {"return_state": True, "initial": True},
    "initial state, masked": {**SEQUENCES, "initial": True, "mask": True},
    "stateful": {"stateful": True, "calls": 2},
    "dropout": {"dropout": 0.2},
    "recurrent dropout": {**SEQUENCES, "recurrent_dropout": 0.3},
    "recurrent dropout, both ways": {"recurrent_dropout": 0.3, "bidirectional": True, "initial": True},
    "double precision": {**SEQUENCES, "dtype": torch.float64},
}
OWN_OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "rnn": {"relu": {"activation": "relu"}},
    "gru": {"reset before": {"reset_after": False}, "relu": {"activation": "relu"}},
    "lstm": {"no forget bias": {"unit_forget_bias": False}, "relu": {"activation": "relu"}},
}
TORCH_OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "time first": {"batch_first": False},
    "two layers": {"num_layers": 2},
    "two layers, dropout": {"num_layers": 2, "dropout": 0.3},
    "both ways": {"bidirectional": True, "num_layers": 2},
    "no bias": {"bias": False},
}
Found = Iterator[tuple[str, Tensor]]


def gradients(outputs: list[Tensor], leaves: dict[str, Tensor]) -> Found:
    """Gradients of a random sum of the outputs."""
    total = torch.stack([(output * torch.randn_like(output)).sum() for output in outputs]).sum()
    found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    for name, gradient in zip(leaves, found, strict=True):
        if gradient is not None:
            yield f"gradient of {name}", gradient


def call(cell: str, shape: tuple[int, ...], options: dict[str, Any], backend: str) -> Found:
    batch, steps, inputs, hidden = shape
    own = {key: value for key, value in options.items() if key not in {"mask", "initial", "calls", "dtype"}}
    dtype = options.get("dtype", torch.float32)
    layer = LAYERS[cell](inputs, hidden, backend=backend, **own).to(dtype)
    x = torch.randn(batch, steps, inputs, dtype=dtype, requires_grad=True)
    mask = torch.rand(batch, steps) < 0.7 if options.get("mask") else None
    state = None
    if options.get("initial"):
        count = (2 if cell == "lstm" else 1) * (2 if options.get("bidirectional") else 1)
        state = tuple(torch.randn(batch, hidden, dtype=dtype, requires_grad=True) for _ in range(count))
    for _ in range(options.get("calls", 1)):
        output = layer(x, state, mask)
    outputs = [output] if isinstance(output, Tensor) else list(output)
    yield from ((f"output {number}", tensor) for number, tensor in enumerate(outputs))
    leaves = {
        "x": x,
        **{f"state {number}": s for number, s in enumerate(state or ())},
        **dict(layer.named_parameters()),
    }
    yield from gradients(outputs, leaves)
    with torch.no_grad():
        inferred = layer.eval()(x, state, mask)
    yield "inference", inferred if isinstance(inferred, Tensor) else inferred[0]


def second_derivative(cell: str, backend: str) -> Found:
    layer = LAYERS[cell](4, 6, backend=backend)
    x = torch.randn(3, 5, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    yield from gradients([slope], {"x": x, **dict(layer.named_parameters())})


def stepper(cell: str, shape: tuple[int, ...], backend: str) -> Found:
    step = LAYERS[cell](shape[2], shape[3], backend=backend).stepper()
    yield "outputs", torch.stack([step(torch.randn(shape[2])).clone() for _ in range(10)])
    yield "state", torch.cat(step.state)


def in_torch(cell: str, shape: tuple[int, ...], options: dict[str, Any], way: str) -> Found:
    """A layer of torch's after `accelerate`, with packed sequences or without, or converted by `from_torch`."""
    batch, steps, inputs, hidden = shape
    module: nn.Module = TORCH[cell](inputs, hidden, **{"batch_first": True, **options})
    x = torch.randn(batch, steps, inputs, requires_grad=True)
    if way == "from_torch":
        module = from_torch(module)  # type: ignore[arg-type]
        outputs = [module(x)]
    else:
        accelerate(module)
        given: Any = x
        if way == "packed":
            first = options.get("batch_first", True)
            lengths = torch.randint(1, (steps if first else batch) + 1, (batch if first else steps,))
            given = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
        output, state = module(given)
        outputs = [output if isinstance(output, Tensor) else output.data, *([state] if cell != "lstm" else state)]
    yield from ((f"output {number}", tensor) for number, tensor in enumerate(outputs))
    yield from gradients(outputs, {"x": x, **dict(module.named_parameters())})


def everything() -> Iterator[tuple[str, Found]]:
    for cell in LAYERS:
        for backend in BACKENDS:
            yield f"{cell}, {backend}, second derivative", second_derivative(cell, backend)
            for shape in SHAPES:
                where = f"{cell}, {backend}, {shape}"
                yield f"{where}, stepper", stepper(cell, shape, backend)
                for name, options in {**OPTIONS, **OWN_OPTIONS[cell]}.items():
                    yield f"{where}, {name}", call(cell, shape, options, backend)
        for shape in SHAPES:
            for way in ("accelerate", "packed", "from_torch"):
                for name, options in TORCH_OPTIONS.items():
                    yield f"{cell}, {way}, {shape}, {name}", in_torch(cell, shape, options, way)


def main() -> None:
    record: dict[str, str] = {}
    for case, found in everything():
        torch.manual_seed(7)
        try:
            for name, tensor in found:
                bits = tensor.detach().contiguous().numpy()
                digest = hashlib.sha256(bits.tobytes()).hexdigest()
                record[f"{case}: {name}"] = f"sum {float(bits.sum())}, SHA-256 {digest}"
        except InputError:
            record[case] = "refused"
    json.dump(record, sys.stdout)


if __name__ == "__main__":
    main()
