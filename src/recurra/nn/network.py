"""A network for sequences: an encoder for tokens or features, recurrent layers with dropout, and a dense layer."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from types import EllipsisType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError, printable
from recurra.nn import torch_internals
from recurra.nn.arguments import check_flags, check_rate, check_size, shown
from recurra.nn.cells import State
from recurra.nn.cells.cell import snake_case
from recurra.nn.dense import Dense, TiedDense
from recurra.nn.encoders import Embedding
from recurra.nn.future_effect import FutureEffect
from recurra.nn.layers import RecurrentLayer, layer_of
from recurra.nn.network_stepper import NetworkStepper
from recurra.nn.variational_dropout import VariationalDropout
from recurra.settings.network import CellName, NamedCell


class SummaryRow(NamedTuple):
    """One layer in the summary of a network."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]  # None: any size
    parameters: int  # number of parameters


class Network(nn.Module):
    """A sequence of layers; masks are passed from layer to layer, as in Keras.

    Args:
        layers: the layers in order: `OneHot`, `Embedding`, `SimpleRNN`, `GRU`, `LSTM`, `torch.nn.Dropout`,
            `VariationalDropout`, `Dense` or `TiedDense`, and after the last `Dense`, for features that are known in
            advance, a `FutureEffect`.
        names: a name for each layer. By default, layers are named by kind and number, as in Keras: `lstm`, `dense`,
            `dense_1`.
        residual: whether to add the input of a recurrent layer to its output, with its dropout, where both have the
            same shape.

    Example:
        >>> from recurra.nn import LSTM
        >>> network = Network([Embedding(5, 2), LSTM(2, 4), Dense(4, 5)])
        >>> network(torch.tensor([[0, 1, 2]])).shape
        torch.Size([1, 5])
        >>> print(network.summary(time_steps=3))
        Layer      Kind       Output shape  Parameters
        ----------------------------------------------
        embedding  Embedding  (None, 3, 2)          10
        lstm       LSTM       (None, 4)            112
        dense      Dense      (None, 5)             25
        ----------------------------------------------
        147 parameters
    """

    def __init__(
        self, layers: Iterable[nn.Module], names: Sequence[str] | None = None, *, residual: bool = False
    ) -> None:
        super().__init__()
        check_flags("Network", residual=residual)
        self.residual = residual
        self.layers = nn.ModuleDict()
        layers = _as_list("layers", layers)
        for layer in layers:
            if not isinstance(layer, nn.Module):
                raise InputTypeError(f"Network: a layer is {shown(layer)}; expected a module.")
        names = numbered_names(layers) if names is None else _as_list("names", names)
        for name in names:
            if not isinstance(name, str):
                raise InputTypeError(f"Network: a name is {shown(name)}; expected a str.")
        if len(names) != len(layers) or len(set(names)) != len(names):
            raise InputError(
                f"Network: names are {shown(names)}; expected {len(layers)}, one for each layer, all distinct."
            )
        for name, layer in zip(names, layers, strict=True):
            if not name or "." in name or hasattr(self.layers, name):
                raise InputError(f"Network: a layer cannot be named {shown(name)}; choose another name without dots.")
            self.layers[name] = layer

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        state: State | EllipsisType | None = ...,
        future: Tensor | None = None,
    ) -> Any:
        """Run all layers.

        Args:
            x: token ids, [B, T], if the first layer is `OneHot` or `Embedding`; otherwise features, [B, T, I].
            mask: [B, T], True at unmasked steps. An `Embedding` with `mask_zero` computes it from the ids.
            state: the states of all recurrent layers to start from, as an earlier call returned them, or None for
                zeros. If it is given, the call returns the output and the new states.
            future: features of the predicted steps that are known in advance, [B, H, F], for a `FutureEffect`.

        Returns:
            The output of the last layer: [B, O], or [B, T, O] if every recurrent layer returns sequences. With `state`,
            a tuple of the output and the states, [B, H] each.

        Raises:
            InputError: if the states or the future features do not fit the layers.
        """
        layers = list(self.layers.values())
        last = layers[-1] if layers else None
        given = None if state is ... or state is None else iter(self._states_of_layers(state))
        found: list[Tensor] = []
        read = x  # by the layer before
        if future is not None and not isinstance(last, FutureEffect):
            raise InputError("Network: future features were given, but its last layer is not a FutureEffect.")
        dropped = False  # whether the dropout that is next has been done with the recurrent layer before
        for layer, following in zip(layers, [*layers[1:], None], strict=True):
            if dropped:
                dropped = False
            elif isinstance(layer, RecurrentLayer):
                before = x
                options: dict[str, Any] = {"mask": mask}
                if rate := _rate_inside(layer, following):
                    dropped, options["output_dropout"] = True, rate
                if state is ...:
                    x = layer(x, **options) if layer is last else layer(x, **options, return_state=False)
                else:
                    x, *states = layer(x, None if given is None else next(given), **options, return_state=True)
                    found += states
                if self.residual and x.shape == before.shape:
                    if isinstance(following, nn.Dropout) and not dropped:
                        dropped, x = True, following(x)
                    x = x + before
                mask = mask if layer.return_sequences else None
            elif isinstance(layer, FutureEffect):
                x = x + layer(read, future)
            else:
                read = x
                if isinstance(layer, Embedding) and layer.mask_zero:
                    mask = x != 0
                x = layer(x)
        return x if state is ... else (x, tuple(found))

    def _states_of_layers(self, state: State) -> list[State]:
        """Split the states of the network into those of each recurrent layer."""
        layers = [layer for layer in self.layers.values() if isinstance(layer, RecurrentLayer)]
        counts = [len(layer.cell.states) * (2 if layer.bidirectional else 1) for layer in layers]
        if not isinstance(state, tuple | list):
            raise InputTypeError(f"Network: state is {shown(state)}; expected a tuple of {sum(counts)} tensors.")
        if len(state) != sum(counts):
            raise InputError(f"Network: {len(state)} states were given; its recurrent layers have {sum(counts)}.")
        ends = list(accumulate(counts))
        return [tuple(state[end - count : end]) for count, end in zip(counts, ends, strict=True)]

    def stepper(self, *, sequences: int | None = None) -> NetworkStepper:
        """Create a `NetworkStepper`, which runs this network one token per call.

        Args:
            sequences: number of sequences that it reads side by side, N; None for a single one, without the dimension
                N.

        Raises:
            InputError: its first layer is no encoder of tokens, or a layer reads sequences from their end.
        """
        return NetworkStepper(list(self.layers.values()), residual=self.residual, sequences=sequences)

    def reset_state(self) -> None:
        """Reset the states that stateful layers keep between calls."""
        for layer in self.layers.values():
            if isinstance(layer, RecurrentLayer):
                layer.reset_state()

    def summary_rows(self, time_steps: int | None = None) -> list[SummaryRow]:
        """Describe each layer by its name, kind, output shape and number of parameters.

        Args:
            time_steps: length of the sequences, if it is fixed.
        """
        if time_steps is not None:
            check_size("summary", "time_steps", time_steps)
        rows: list[SummaryRow] = []
        shape: tuple[int | None, ...] = (None, time_steps, self._input_size())
        for name, layer in self.layers.items():
            if isinstance(layer, RecurrentLayer) and not layer.return_sequences:
                shape = (None, layer.output_size)
            elif not isinstance(layer, nn.Dropout):
                shape = (*shape[:-1], getattr(layer, "output_size", None))
            count = sum(p.numel() for p in layer.parameters())
            rows.append(SummaryRow(name, kind_of(layer), shape, count))
        return rows

    def summary(self, time_steps: int | None = None) -> str:
        """Format the layers as a table of output shapes and parameter counts, which are the same as in Keras.

        Args:
            time_steps: length of the sequences, if it is fixed.
        """
        cells = [("Layer", "Kind", "Output shape", "Parameters")]
        cells += [
            (printable(r.name), r.kind, str(r.output_shape), f"{r.parameters:,}") for r in self.summary_rows(time_steps)
        ]
        widths = [max(len(cell[i]) for cell in cells) for i in range(4)]
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
    """Several networks trained apart for the same task; the prediction is the mean of their outputs.

    Args:
        members: the networks.
    """

    def __init__(self, members: Iterable[Network]) -> None:
        super().__init__()
        members = _as_list("members", members)
        if not members or not all(isinstance(member, nn.Module) for member in members):
            raise InputTypeError(f"Ensemble: members are {shown(members)}; expected at least one network.")
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor, mask: Tensor | None = None, future: Tensor | None = None) -> Tensor:
        return torch.stack([member(x, mask=mask, future=future) for member in self.members]).mean(dim=0)

    def summary(self, time_steps: int | None = None) -> str:
        """Format the layers of one of the networks as a table; see `Network.summary`."""
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
    variational: bool = False,
    recurrent_dropout: float = 0.0,
    weight_dropout: float = 0.0,
    return_sequences: bool = False,
    residual: bool = False,
    tied: bool = False,
    layer_norm: bool = False,
) -> Network:
    """Build a standard network: an encoder, recurrent layers with dropout after each, and a linear output layer.

    Args:
        encoder: `OneHot` or `Embedding` for tokens, None for features.
        input_size: number of features per time step, I; required if there is no encoder.
        cell: "rnn", "gru", "lstm" or "mingru", or any `Cell`.
        units: number of hidden units of each recurrent layer, from the input to the output.
        outputs: number of output features, O.
        dropout: fraction of the outputs of each recurrent layer to drop in training.
        variational: whether to drop the same outputs at all time steps; see `VariationalDropout`.
        recurrent_dropout: fraction of the units of h that the gates do not see in training; see `RecurrentLayer`.
        weight_dropout: fraction of the recurrent weights to drop in training; see `RecurrentLayer`.
        return_sequences: return the output of every time step, [B, T, O], instead of the last one, [B, O].
        residual: whether to add the input of a recurrent layer to its output, where both have the same shape.
        tied: whether the output layer shares the vectors of the encoder, an `Embedding` of O tokens.
        layer_norm: whether to normalize within the recurrent layers; for cells given by name.

    Returns:
        The network. It has no final activation: for a classification it returns logits.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: the cell is unknown, `units` is empty, neither an encoder nor an input size is given, `tied` has no
            `Embedding` of as many tokens as outputs, or `layer_norm` is given with a `Cell`.

    Example:
        >>> from recurra.nn import OneHot
        >>> network = build_network(encoder=OneHot(5), cell="gru", units=[8, 4], outputs=5, dropout=0.2)
        >>> list(network.layers)
        ['one_hot', 'gru', 'dropout', 'gru_1', 'dropout_1', 'dense']
        >>> network(torch.tensor([[0, 1, 2]])).shape
        torch.Size([1, 5])
    """
    units = _as_list("units", units)
    if not units:
        raise InputError("units is empty; a network needs at least one recurrent layer.")
    if encoder is None and input_size is None:
        raise InputError(
            "encoder and input_size are both None; give an encoder, or the number of features per time step."
        )
    check_rate("build_network", "dropout", dropout)
    check_flags(
        "build_network", variational=variational, return_sequences=return_sequences, tied=tied, layer_norm=layer_norm
    )
    if encoder is not None and not (isinstance(encoder, nn.Module) and hasattr(encoder, "output_size")):
        raise InputTypeError(f"encoder is {shown(encoder)}; expected None, OneHot or Embedding.")
    layers: list[nn.Module] = [] if encoder is None else [encoder]
    size = input_size if encoder is None else int(encoder.output_size)  # type: ignore[arg-type]
    assert size is not None
    for index, hidden_size in enumerate(units):
        is_last = index == len(units) - 1
        layers.append(
            layer_of(
                cell,
                size,
                hidden_size,
                layer_norm=layer_norm,
                return_sequences=return_sequences or not is_last,
                recurrent_dropout=recurrent_dropout,
                weight_dropout=weight_dropout,
            )
        )
        if dropout > 0.0:
            layers.append(VariationalDropout(dropout) if variational else nn.Dropout(dropout))
        size = hidden_size
    if not tied:
        return Network([*layers, Dense(size, outputs)], residual=residual)
    if not isinstance(encoder, Embedding) or encoder.num_embeddings != outputs:
        raise InputError(
            f"build_network: tied is True, and the encoder is {shown(encoder)}; "
            f"expected an Embedding of {outputs} tokens."
        )
    return Network([*layers, TiedDense(size, encoder)], residual=residual)


def _rate_inside(layer: RecurrentLayer, following: nn.Module | None) -> float:
    """Return the rate of the dropout behind a recurrent layer if the layer can do it unseen; otherwise 0."""
    if type(following) is not nn.Dropout or not following.training or not 0.0 < following.p < 1.0:
        return 0.0
    is_seen = type(layer).forward is not RecurrentLayer.forward or any(
        map(torch_internals.has_hooks, (layer, following))
    )
    return 0.0 if is_seen else following.p


def _as_list(name: str, values: Any) -> list[Any]:
    """Return some values as a list; a str or a single value is refused."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputTypeError(f"{name} is {shown(values)}; expected a list.")
    return list(values)


def kind_of(layer: nn.Module) -> str:
    """Return the kind of a layer as shown in tables and messages, such as "Dense" or "Bidirectional GRU"."""
    if not isinstance(layer, RecurrentLayer):
        return type(layer).__name__
    return f"Bidirectional {layer.kind}" if layer.bidirectional else layer.kind


def numbered_names(layers: Sequence[nn.Module]) -> list[str]:
    """Name layers as Keras names them, also in its weight files: `lstm`, `dense`, `dense_1`."""
    names: list[str] = []
    counts: dict[str, int] = {}
    for layer in layers:
        kind = kind_of(layer)
        stem = "bidirectional" if kind.startswith("Bidirectional ") else snake_case(kind)
        count = counts.get(stem, 0)
        names.append(f"{stem}_{count}" if count else stem)
        counts[stem] = count + 1
    return names
