"""What recurrent layers answer: outputs and gradients, with inputs and weights that a formula gives."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from recurra import accelerate
from recurra.nn import GRU, LSTM, SimpleRNN, from_torch

B, T, I, H = 3, 5, 4, 3  # batch, time steps, inputs, units
LAYERS = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
OPTIONS: dict[str, dict[str, object]] = {
    "last": {},
    "sequences": {"return_sequences": True},
    "state": {"return_state": True},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "bidirectional": {"bidirectional": True, "return_sequences": True, "return_state": True},
    "bidirectional-last": {"bidirectional": True},
    "no-bias": {"bias": False, "return_sequences": True},
    "relu": {"activation": "relu"},
    "stateful": {"stateful": True, "return_sequences": True},
}
OF_ONE = {
    "gru-reset-before": (GRU, {"reset_after": False, "return_sequences": True}),
    "gru-hard-sigmoid": (GRU, {"recurrent_activation": "hard_sigmoid"}),
    "lstm-hard-sigmoid": (LSTM, {"recurrent_activation": "hard_sigmoid"}),
}
TORCH = {
    "rnn": nn.RNN(I, H, num_layers=2, batch_first=True),
    "gru": nn.GRU(I, H, bidirectional=True, batch_first=True),
    "lstm": nn.LSTM(I, H, num_layers=2, bidirectional=True, batch_first=True),
}


def answers(backend: str) -> dict[str, dict[str, Tensor]]:
    """For each layer with its options: output, states and gradients by name."""
    found = {}
    for name, layer, call in _calls(backend):
        found[name] = _answer(layer, call)
    return found


def _calls(backend: str) -> Iterator[tuple[str, nn.Module, dict[str, Tensor | tuple[Tensor, ...]]]]:
    mask = torch.arange(T) < torch.tensor([[5], [3], [0]])
    for cell, kind in LAYERS.items():
        for option, values in OPTIONS.items():
            yield f"{cell}-{option}", kind(I, H, **values, backend=backend), {}
        states = tuple(wave(B, H, start=90 + i) for i in range(2 if cell == "lstm" else 1))
        yield f"{cell}-initial-state", kind(I, H, backend=backend), {"initial_state": states}
        for option in ("sequences", "last", "bidirectional"):
            yield f"{cell}-{option}-masked", kind(I, H, **OPTIONS[option], backend=backend), {"mask": mask}
    for name, (kind, values) in OF_ONE.items():
        yield name, kind(I, H, **values, backend=backend), {}


def torch_answers() -> dict[str, dict[str, Tensor]]:
    """Torch's own layers, converted, accelerated, and as streams."""
    found = {}
    for cell, module in TORCH.items():
        fill(module)
        found[f"from-torch-{cell}"] = _answer(from_torch(module), {}, filled=True)
        report = accelerate(module)
        found[f"accelerated-{cell}"] = _answer(module, {}, filled=True)
        report.undo()
    for cell, kind in LAYERS.items():
        layer = kind(I, H)
        fill(layer)
        step = layer.stepper()
        found[f"stepper-{cell}"] = {"output": torch.stack([step(x_t).clone() for x_t in wave(T, I)])}
    return found


def _answer(
    layer: nn.Module, call: dict[str, Tensor | tuple[Tensor, ...]], *, filled: bool = False
) -> dict[str, Tensor]:
    if not filled:
        fill(layer)
    layer.zero_grad()
    x = wave(B, T, I).requires_grad_()
    outputs = _flat(layer(x, **call))
    if getattr(layer, "stateful", False):
        outputs += _flat(layer(x, **call))
    sum((output * wave(*output.shape, start=7)).sum() for output in outputs).backward()
    gradients = {f"gradient.{name}": p.grad for name, p in layer.named_parameters() if p.grad is not None}
    named = {f"output.{index}": output.detach().clone() for index, output in enumerate(outputs)}
    return {"gradient.x": x.grad} | named | gradients


def _flat(outputs: Tensor | tuple[Tensor | tuple[Tensor, ...], ...]) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    return [tensor for output in outputs for tensor in _flat(output)]


def fill(module: nn.Module) -> None:
    """Give every parameter values that no generator of random numbers has a part in."""
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            parameter.copy_(0.6 * wave(*parameter.shape, start=100 * index))


def wave(*shape: int, start: int = 0) -> Tensor:
    """Values between -1 and 1, irregular and the same everywhere."""
    k = torch.arange(start, start + torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1.7 * k + 0.3 * torch.cos(2.9 * k)).float().reshape(shape)
