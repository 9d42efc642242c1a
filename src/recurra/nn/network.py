"""A network for sequences: encoder (one-hot, embedding or numbers) → recurrent layers with dropout → dense head."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import InputError
from recurra.nn.cells import ACTIVATIONS
from recurra.nn.cells.cell import snake_case
from recurra.nn.layers import RecurrentLayer, layer_of
from recurra.settings.network import CellName, NamedCell

DENSE_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    **ACTIVATIONS,
    "softmax": lambda x: x.softmax(dim=-1),
    "log_softmax": lambda x: x.log_softmax(dim=-1),
    "softplus": F.softplus,
    "softsign": F.softsign,
    "exponential": torch.exp,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "relu6": F.relu6,
}


class OneHot(nn.Module):
    """Symbol ids [B, T] → one-hot codes [B, T, V]: as wide as the vocabulary, and knowing no similarity."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.output_size = vocabulary_size
        self.codes: Tensor
        self.register_buffer("codes", torch.eye(vocabulary_size), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.codes)


class Embedding(nn.Embedding):
    """Symbol ids [B, T] → a learned code [B, T, D] for each of V symbols. Starts uniform in ±0.05, as in Keras.

    With `mask_zero`, id 0 is padding: the recurrent layers that follow pass over its steps.
    """

    def __init__(self, vocabulary_size: int, dimensions: int, *, mask_zero: bool = False) -> None:
        super().__init__(vocabulary_size, dimensions)
        self.mask_zero, self.output_size = mask_zero, dimensions
        nn.init.uniform_(self.weight, -0.05, 0.05)


class Dense(nn.Linear):
    """A dense layer with its activation, [..., I] → [..., O]. Starts Glorot uniform with zero bias, as in Keras."""

    def __init__(self, input_size: int, output_size: int, *, activation: str = "linear", bias: bool = True) -> None:
        super().__init__(input_size, output_size, bias=bias)
        if activation not in DENSE_ACTIVATIONS:
            raise InputError(f"Dense: activation is {activation!r}; known are {', '.join(DENSE_ACTIVATIONS)}.")
        self.activation, self.output_size = activation, output_size
        nn.init.xavier_uniform_(self.weight)
        if bias:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return DENSE_ACTIVATIONS[self.activation](super().forward(x))


class StepMask(nn.Module):
    """Numbers [B, T, I + 1] → [B, T, I]: the last feature says which time steps count, and becomes the mask."""

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.output_size = input_size

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[..., :-1], x[..., -1] > 0.5


class SummaryRow(NamedTuple):
    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int


class Network(nn.Module):
    """Layers in a row, the mask handed along with the data as Keras does.

    Args:
        layers: `OneHot`, `Embedding` or `StepMask`, `SimpleRNN`, `GRU`, `LSTM`, `torch.nn.Dropout` and `Dense`, in
            order.
        names: a name for each layer; otherwise kind and number, as in Keras: `lstm`, `dense`, `dense_1`.
    """

    def __init__(self, layers: Iterable[nn.Module], names: Sequence[str] | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()
        layers = list(layers)
        for name, layer in zip(names or numbered_names(layers), layers, strict=True):
            self.layers[name] = layer

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
        """Predict.

        Args:
            x: symbol ids [B, T] if the first layer is an encoder of symbols, else numbers [B, T, I].
            mask: [B, T], True for the steps that count; an `Embedding` with mask_zero makes it from the ids.

        Returns:
            What the last layer returns: [B, O], or [B, T, O] if every recurrent layer returns sequences.
        """
        for layer in self.layers.values():
            if isinstance(layer, RecurrentLayer):
                x = layer(x, mask=mask)
                mask = mask if layer.return_sequences else None
            elif isinstance(layer, StepMask):
                x, mask = layer(x)
            else:
                if isinstance(layer, Embedding) and layer.mask_zero:
                    mask = x != 0
                x = layer(x)
        return x

    def reset_state(self) -> None:
        """Forget the states that stateful layers carry from call to call."""
        for layer in self.layers.values():
            if isinstance(layer, RecurrentLayer):
                layer.reset_state()

    def rows(self, time_steps: int | None = None) -> list[SummaryRow]:
        """Name, kind, output shape (None: any size) and number of parameters of each layer."""
        rows: list[SummaryRow] = []
        shape: tuple[int | None, ...] = (None, time_steps, self._input_size())
        for name, layer in self.layers.items():
            if isinstance(layer, RecurrentLayer) and not layer.return_sequences:
                shape = (None, layer.output_size)
            elif not isinstance(layer, nn.Dropout):
                shape = (*shape[:-1], int(layer.output_size))  # type: ignore[arg-type]
            count = sum(p.numel() for p in layer.parameters())
            rows.append(SummaryRow(name, kind_of(layer), shape, count))
        return rows

    def summary(self, time_steps: int | None = None) -> str:
        """The layers as a table: output shapes (None: any size) and numbers of parameters, which equal Keras's.

        Args:
            time_steps: the length of the sequences, if it is fixed.
        """
        cells = [("Layer", "Kind", "Output shape", "Parameters")]
        cells += [(r.name, r.kind, str(r.output_shape), f"{r.parameters:,}") for r in self.rows(time_steps)]
        widths = [max(len(row[i]) for row in cells) for i in range(4)]
        lines = [
            f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {shape:<{widths[2]}}  {count:>{widths[3]}}"
            for name, kind, shape, count in cells
        ]
        rule = "-" * len(lines[0])
        total = sum(p.numel() for p in self.parameters())
        return "\n".join([lines[0], rule, *lines[1:], rule, f"{total:,} parameters"])

    def _input_size(self) -> int | None:
        for layer in self.layers.values():
            if isinstance(layer, RecurrentLayer):
                return layer.input_size
        return None


class Ensemble(nn.Module):
    """Several networks for one task; their mean is the prediction.

    While training it returns every member's output, [members, B, O], and each member's gradients are those that it
    would have alone under the mean loss of all.
    """

    def __init__(self, members: Iterable[Network]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        outputs = torch.stack([member(x) for member in self.members])
        if not self.training:
            return outputs.mean(dim=0)
        if outputs.requires_grad:
            outputs.register_hook(lambda gradient: gradient * len(self.members))  # type: ignore[no-untyped-call]
        return outputs

    def summary(self, time_steps: int | None = None) -> str:
        """The layers of one member; see `Network.summary`."""
        first = self.members[0]
        assert isinstance(first, Network)
        return f"{len(self.members)} networks, each of:\n{first.summary(time_steps)}"


def build_network(
    *,
    encoder: nn.Module | None,
    input_size: int | None = None,
    cell: CellName | NamedCell,
    units: Sequence[int],
    outputs: int,
    dropout: float = 0.0,
    return_sequences: bool = False,
) -> Network:
    """Build the usual network: encoder → recurrent layers, a Dropout after each → dense head that gives logits.

    Args:
        encoder: `OneHot` or `Embedding` for symbols; `StepMask` for numbers with a mask; None for numbers.
        input_size: features per time step, where there is no encoder.
        cell: "rnn", "gru" or "lstm", or any `Cell`.
        units: memory units of each recurrent layer, from the input to the output.
        outputs: width of the head.
        dropout: the share dropped after each recurrent layer while training.
        return_sequences: an output at every time step instead of one at the last.

    Raises:
        InputError: the cell is unknown, there are no units, or neither an encoder nor an input size is given.
    """
    if not units:
        raise InputError("units is empty; a network needs at least one recurrent layer.")
    if encoder is None and input_size is None:
        raise InputError("give an encoder, or input_size, the number of features at each time step.")
    layers: list[nn.Module] = [] if encoder is None else [encoder]
    size = input_size if encoder is None else int(encoder.output_size)  # type: ignore[arg-type]
    assert size is not None
    for index, hidden_size in enumerate(units):
        is_last = index == len(units) - 1
        layers.append(layer_of(cell, size, hidden_size, return_sequences=return_sequences or not is_last))
        if dropout > 0.0:
            layers.append(nn.Dropout(dropout))
        size = hidden_size
    return Network([*layers, Dense(size, outputs)])


def kind_of(layer: nn.Module) -> str:
    """The name of a layer's kind for tables and messages."""
    if not isinstance(layer, RecurrentLayer):
        return type(layer).__name__
    return f"Bidirectional {layer.kind}" if layer.bidirectional else layer.kind


def numbered_names(layers: Sequence[nn.Module]) -> list[str]:
    """`lstm`, `dense`, `dense_1`: Keras's snake-case names, which its weight files use too."""
    names: list[str] = []
    counts: dict[str, int] = {}
    for layer in layers:
        kind = kind_of(layer)
        stem = "bidirectional" if kind.startswith("Bidirectional ") else snake_case(kind)
        count = counts.get(stem, 0)
        names.append(f"{stem}_{count}" if count else stem)
        counts[stem] = count + 1
    return names
