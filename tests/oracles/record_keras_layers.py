"""Record what real Keras layers compute, so that the tests need no Keras to compare with it.

Run by hand, with the `dev` extra installed, when cases are added or Keras changes what it computes:

    python tests/oracles/record_keras_layers.py

It prints the version of Keras and replaces, beside itself:

- `keras_layers.json`: inputs, random weights, outputs, states and gradients of single layers; what `model.summary()`
  prints; the predictions of the three letter networks. Numbers are float32, written so that they read back the same.
- `letters_*.keras`: the three letter networks, with random weights.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
os.environ["COLUMNS"] = "160"  # room for the table of `model.summary()`

import keras
import numpy as np
import torch
from keras import layers

HERE = Path(__file__).parent
BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 3
MASK = [
    [True, False, True, True, False],  # holes
    [False, False, True, True, True],  # masked at the start
    [False, False, False, False, False],  # nothing counts
]
KINDS = {  # name of the weights: class, options that belong to them
    "SimpleRNN": ("SimpleRNN", {}),
    "GRU": ("GRU", {}),
    "GRU reset_after=False": ("GRU", {"reset_after": False}),
    "LSTM": ("LSTM", {}),
}

rng = np.random.default_rng(20)


def random(*shape: int, scale: float = 1.0) -> np.ndarray[Any, Any]:
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def numbers(array: Any) -> Any:
    """Nested lists whose numbers are as short as float32 allows."""
    array = array.detach().numpy() if isinstance(array, torch.Tensor) else np.asarray(array)
    if array.ndim:
        return [numbers(part) for part in array]
    return float(str(array[()]))


def cases() -> list[dict[str, Any]]:
    """Each case: a layer, its options, and calls of it. A call names its input, and says what goes with it."""
    plain, masked = {"x": "x"}, {"x": "x", "mask": True}
    both = {"return_sequences": True, "return_state": True}
    found = []

    def add(what: str, kind: str, *calls: dict[str, Any], bidirectional: bool = False, **options: Any) -> None:
        layer, own = KINDS[kind]
        found.append(
            {
                "name": f"{kind}: {what}",
                "weights": kind + (" bidirectional" if bidirectional else ""),
                "layer": layer,
                "bidirectional": bidirectional,
                "options": own | options,
                "calls": [dict(call) for call in calls],
            }
        )

    for kind in KINDS:
        add("sequences and state", kind, plain, **both)
        add("last step", kind, plain)
        add("no bias", kind, plain, use_bias=False, **both)
        add("one time step", kind, {"x": "x_one_step"}, **both)
        for activation in ("relu", "sigmoid", "linear", "hard_sigmoid"):
            add(f"activation {activation}", kind, plain, activation=activation, **both)
        if kind != "SimpleRNN":
            for activation in ("hard_sigmoid", "tanh"):
                add(f"recurrent_activation {activation}", kind, plain, recurrent_activation=activation, **both)
        for backwards in (False, True):
            way = {"go_backwards": True} if backwards else {}
            name = "backwards, " if backwards else ""
            add(f"{name}mask", kind, masked, **both, **way)
            add(f"{name}mask, last step", kind, masked, **way)
            add(f"{name}initial state", kind, plain | {"state": True, "gradients": True}, **both, **way)
            add(f"{name}mask, initial state", kind, masked | {"state": True, "gradients": True}, **both, **way)
            add(f"{name}mask, initial state, last step", kind, masked | {"state": True}, return_state=True, **way)
        for sequences in (False, True):
            for call in (plain, masked):
                for state in ({}, {"state": True}):
                    name = ", ".join(
                        [
                            "bidirectional",
                            "sequences" if sequences else "last step",
                            *(["mask"] if call is masked else []),
                            *(["initial state"] if state else []),
                        ]
                    )
                    gradients = {"gradients": True} if call is masked and state else {}
                    options = {"return_sequences": sequences, "return_state": True}
                    add(name, kind, call | state | gradients, bidirectional=True, **options)
        calls = (plain, {"x": "x_later", "mask": True}, plain | {"reset": True}, {"x": "x_later"})
        add("stateful", kind, *calls, stateful=True, **both)
        add("stateful, bidirectional", kind, *calls, bidirectional=True, stateful=True, **both)
    return found


def make_weights(case: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    layer = build_layer(case | {"options": case["options"] | {"use_bias": True}})
    return [random(*variable.shape, scale=0.5) for variable in layer.trainable_variables]


def build_layer(case: dict[str, Any]) -> Any:
    layer = getattr(layers, case["layer"])(UNITS, **case["options"])
    if case["bidirectional"]:
        layer = layers.Bidirectional(layer)
    layer.build((BATCH, TIME, FEATURES))
    return layer


def run(case: dict[str, Any], inputs: dict[str, Any], weights: list[np.ndarray[Any, Any]]) -> None:
    """Add to each call of the case its outputs, and gradients of the sum of their squares where asked for."""
    layer = build_layer(case)
    if not case["options"].get("use_bias", True):
        weights = [array for index, array in enumerate(weights) if index % 3 != 2]
    for variable, array in zip(layer.trainable_variables, weights, strict=True):
        variable.assign(array)
    for call in case["calls"]:
        if call.get("reset"):
            layer.reset_state()
        x = torch.tensor(inputs[call["x"]], requires_grad=True)
        arguments: dict[str, Any] = {}
        if call.get("mask"):
            arguments["mask"] = torch.tensor(MASK)
        if call.get("state"):
            count = (2 if case["layer"] == "LSTM" else 1) * (2 if case["bidirectional"] else 1)
            arguments["initial_state"] = [torch.tensor(s, requires_grad=True) for s in inputs["state"][:count]]
        # Keras 3.15 fails in Bidirectional.compute_mask with return_state and a mask; `call` does not go through it
        outputs = layer.call(x, **arguments) if case["bidirectional"] else layer(x, **arguments)
        outputs = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        call["outputs"] = [numbers(output) for output in outputs]
        if call.get("gradients"):
            sum(output.square().sum() for output in outputs).backward()
            call["gradients"] = {
                "x": numbers(x.grad),
                "state": [numbers(state.grad) for state in arguments.get("initial_state", [])],
                "weights": [numbers(variable.value.grad) for variable in layer.trainable_variables],
            }


def summaries() -> dict[str, Any]:
    networks: dict[str, list[Any]] = {}
    for cell in ("SimpleRNN", "GRU", "LSTM"):
        make = getattr(layers, cell)
        networks[f"stock {cell}"] = [
            keras.Input((60, 1)),
            make(80, return_sequences=True),
            layers.Dropout(0.2),
            make(100),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
        networks[f"letters {cell}"] = [
            keras.Input((4,)),
            layers.Embedding(26, 8),
            make(10),
            layers.Dense(26, activation="softmax"),
        ]
    networks["bidirectional"] = [
        keras.Input((7, 3)),
        layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
        layers.Dense(5),
        layers.Bidirectional(layers.GRU(4)),
        layers.Dense(2, use_bias=False),
    ]
    networks["every step"] = [
        keras.Input((7,)),
        layers.Embedding(11, 3),
        layers.GRU(6, return_sequences=True, reset_after=False),
        layers.SimpleRNN(5, return_sequences=True, use_bias=False),
        layers.Dense(11),
    ]
    return {name: summary(stack) for name, stack in networks.items()}


def sequential(stack: list[Any]) -> keras.Sequential:
    """A model whose layers are named as in a fresh process, without the numbers that earlier models used up."""
    counts: dict[str, int] = {}
    for layer in stack[1:]:
        stem = re.sub(r"_\d+$", "", layer.name)
        layer.name = f"{stem}_{counts[stem]}" if stem in counts else stem
        counts[stem] = counts.get(stem, 0) + 1
    return keras.Sequential(stack)


def summary(stack: list[Any]) -> dict[str, Any]:
    """What Keras prints: name, output shape and number of parameters of each layer, and the total."""
    lines: list[str] = []
    sequential(stack).summary(line_length=120, print_fn=lambda text, **_: lines.append(text))
    text = "\n".join(lines)
    rows = re.findall(r"│ (\w+) \(\w+\) +│ \((.+?)\) +│ +([\d,]+) │", text)
    total = re.search(r"Total params: ([\d,]+)", text)
    assert total is not None
    assert len(rows) == len(stack) - 1, text
    return {
        "rows": [
            [name, [None if size == "None" else int(size) for size in shape.split(", ")], int(count.replace(",", ""))]
            for name, shape, count in rows
        ],
        "total": int(total[1].replace(",", "")),
    }


def letter_networks() -> dict[str, Any]:
    """The tutorial's three networks for letters, with weights that a fresh layer would not have."""
    ids = np.arange(5)
    networks = {
        "letters_onehot": (
            [keras.Input((1, 5)), layers.SimpleRNN(3), layers.Dense(5, activation="softmax")],
            np.eye(5, dtype=np.float32)[ids][:, None],
        ),
        "letters_embedding": (
            [keras.Input((1,)), layers.Embedding(5, 2), layers.SimpleRNN(3), layers.Dense(5, activation="softmax")],
            ids[:, None],
        ),
        "letters_window": (
            [keras.Input((3,)), layers.Embedding(11, 3), layers.SimpleRNN(10), layers.Dense(11, activation="softmax")],
            np.arange(8)[:, None] + np.arange(3),
        ),
    }
    recorded = {}
    for name, (stack, x) in networks.items():
        model = sequential(stack)
        for variable in model.trainable_variables:
            variable.assign(random(*variable.shape))
        model.save(HERE / f"{name}.keras")
        recorded[name] = {"x": x.tolist(), "predictions": numbers(model(x))}
    return recorded


def main() -> None:
    inputs = {
        "x": random(BATCH, TIME, FEATURES),
        "x_later": random(BATCH, TIME, FEATURES),
        "x_one_step": random(BATCH, 1, FEATURES),
        "state": random(4, BATCH, UNITS, scale=0.5),
    }
    weights: dict[str, list[np.ndarray[Any, Any]]] = {}
    recorded = cases()
    for case in recorded:
        if case["weights"] not in weights:
            weights[case["weights"]] = make_weights(case)
        run(case, inputs, weights[case["weights"]])
    parts = {
        "keras": keras.__version__,
        "inputs": {name: numbers(array) for name, array in inputs.items()},
        "mask": MASK,
        "weights": {name: [numbers(array) for array in arrays] for name, arrays in weights.items()},
        "summaries": summaries(),
        "letters": letter_networks(),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(part)}" for key, part in parts.items()]
    lines.append('"cases": [\n' + ",\n".join(json.dumps(case) for case in recorded) + "\n]")
    path = HERE / "keras_layers.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"Keras {keras.__version__}: {len(recorded)} cases, {path.stat().st_size:,} bytes in {path.name}")


if __name__ == "__main__":
    main()
