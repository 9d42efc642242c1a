"""Recurrent layers: a cell run over whole sequences, in one direction or both, with the semantics of Keras."""

from collections.abc import Callable
from typing import TypedDict, Unpack

import torch
from torch import Tensor

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import check_device, check_flags, check_memory, check_rate, check_tensor, shown
from recurra.nn.backends.backend import Backend, Call
from recurra.nn.cells import CELLS, Cell, GRUCell, LSTMCell, SimpleRNNCell, State
from recurra.nn.cells.cell import is_normalized
from recurra.nn.recurrent_module import RecurrentModule
from recurra.nn.scan import as_backend, scan
from recurra.nn.stepper import Stepper
from recurra.nn.variational_dropout import drop_features
from recurra.settings.network import CellName, NamedCell

Outputs = Tensor | tuple[Tensor, ...]
LARGE = 2**28  # elements from which the memory of an output is checked


class LayerOptions(TypedDict, total=False):
    """The options that every recurrent layer takes; `RecurrentLayer` describes them."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    dropout: float
    recurrent_dropout: float
    weight_dropout: float
    bidirectional: bool
    backend: str | Backend


class RecurrentLayer(RecurrentModule):
    """A recurrent layer: runs any cell over a batch of sequences.

    The cell declares the parameters. A bidirectional layer has a second set, whose names end in `_reverse`.

    Args:
        cell: the equations of one time step, with their options.
        input_size: number of features per time step, I.
        hidden_size: number of hidden units, H.
        return_sequences: return the output of every step, [B, T, H], instead of the output of the last step, [B, H].
        return_state: also return the last state, in a flat tuple (output, h) or (output, h, c); if bidirectional,
            (output, h, c, h_reverse, c_reverse).
        go_backwards: process the sequence from its end; outputs are in the order in which they are computed.
        stateful: use the last state of a call as the initial state of the next one, until `reset_state()`.
        dropout: fraction of the input features to drop in training, the same ones at all steps.
        recurrent_dropout: fraction of the units of h to drop in training where the gates read h, the same ones at all
            steps (Gal and Ghahramani, 2016).
        weight_dropout: fraction of the recurrent weights, `weight_hh`, to drop in training, the same ones at all steps
            and in all sequences of a call (DropConnect; Merity et al., 2018).
        bidirectional: also process the sequence from its end, with a second set of parameters. The outputs of both
            directions at each step are concatenated, [B, T, 2H]; without `return_sequences`, the last output of each
            direction, [B, 2H].
        backend: "auto" uses the fastest backend that supports the call; "native", "torch", "reference" or a backend
            object uses that one. See `recurra.nn.scan`.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: an option is out of its range, two options exclude each other, or the parameters do not fit into
            memory.

    Example:
        >>> layer = RecurrentLayer(GRUCell(), input_size=3, hidden_size=5, return_sequences=True)
        >>> layer(torch.zeros(2, 7, 3)).shape
        torch.Size([2, 7, 5])
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        bidirectional: bool = False,
        backend: str | Backend = "auto",
    ) -> None:
        super().__init__(cell, input_size, hidden_size)
        name = self.kind
        check_flags(
            name,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            bidirectional=bidirectional,
        )
        self.dropout = check_rate(name, "dropout", dropout)
        self.recurrent_dropout = check_rate(name, "recurrent_dropout", recurrent_dropout)
        self.weight_dropout = check_rate(name, "weight_dropout", weight_dropout)
        if weight_dropout and "weight_hh" not in self.direction():
            raise InputError(f"{name}: weight_dropout is {weight_dropout}; this cell has no weight_hh to drop from.")
        if recurrent_dropout and not cell.gates_read_h:
            raise InputError(
                f"{name}: recurrent_dropout is {recurrent_dropout}; the gates of this cell do not read h, "
                "so there is nothing to drop."
            )
        if go_backwards and bidirectional:
            raise InputError(
                f"{name}: go_backwards and bidirectional exclude each other; "
                "a bidirectional layer already reads both ways."
            )
        if not isinstance(backend, str) or backend != "auto":
            as_backend(backend)
        self.bidirectional = bidirectional
        if bidirectional:
            self._add_direction("_reverse")
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful = go_backwards, stateful
        self.backend = backend
        self._carried: State | None = None

    @property
    def output_size(self) -> int:
        """The number of output features: H, or 2H if bidirectional."""
        return self.hidden_size * (2 if self.bidirectional else 1)

    def reset_state(self) -> None:
        """Reset the state that a stateful layer keeps between calls."""
        self._carried = None

    def stepper(self, *, sequences: int | None = None) -> Stepper:
        """Create a `Stepper`, which runs this layer one time step per call.

        Args:
            sequences: number of sequences that it reads side by side, N; None for a single one, without the dimension
                N.

        Returns:
            A stepper with copies of the current weights.

        Raises:
            InputError: the layer reads sequences from their end, or its backend does not support the cell.
        """
        if self.bidirectional or self.go_backwards:
            raise InputError(f"{self.kind}: a layer that reads sequences from their end cannot run step by step.")
        return Stepper(
            self.cell,
            self.input_size,
            self.hidden_size,
            self.direction(),
            sequences=sequences,
            backend=self.backend,
        )

    def forward(
        self,
        x: Tensor,
        initial_state: Tensor | State | None = None,
        mask: Tensor | None = None,
        *,
        return_state: bool | None = None,
        output_dropout: float = 0.0,
    ) -> Outputs:
        """Run the layer over a batch of sequences.

        Args:
            x: inputs, [B, T, I].
            initial_state: the initial state: h, or the flat tuple of states that `return_state` returns after the
                output; zeros if None.
            mask: [B, T], True at unmasked steps. A masked step leaves the state unchanged and repeats the output of
                the previous step; a bidirectional layer that returns sequences returns zeros there.
            return_state: whether this call returns the states; None for the option of the layer.
            output_dropout: fraction of the output to drop in this call, as a `torch.nn.Dropout` behind the layer does
                in training, but faster. The states stay whole.

        Returns:
            The output, [B, T, output_size] or [B, output_size]. With `return_state`, a flat tuple of the output and the
            states, each [B, H].

        Raises:
            InputTypeError: an argument is no tensor.
            InputError: a shape, dtype or device does not match the layer, a rate is out of its range, or the output
                would not fit into memory.
        """
        self._check_input(x, mask)
        if output_dropout:
            check_rate(self.kind, "output_dropout", output_dropout)
        state = self._initial_state(x, initial_state)
        if mask is not None:
            mask = mask.bool()

        S = len(self.cell.states)
        if self.bidirectional:
            y, last = self._run(x, state and state[:S], mask, output_dropout, reverse=False, suffix="")
            y_reverse, last_reverse = self._run(
                x, state and state[S:], mask, output_dropout, reverse=True, suffix="_reverse"
            )
            output = torch.cat([y, y_reverse], dim=-1)
            if self.return_sequences and mask is not None:
                output = torch.where(mask[:, :, None], output, 0.0)
            state = last + last_reverse
        else:
            output, state = self._run(x, state, mask, output_dropout, reverse=self.go_backwards, suffix="")
            if self.return_sequences and self.go_backwards:
                output = output.flip(1)
        if self.stateful:
            self._carried = tuple(s.detach() for s in state)
        return (output, *state) if (self.return_state if return_state is None else return_state) else output

    def _run(
        self, x: Tensor, state: State | None, mask: Tensor | None, output_dropout: float, *, reverse: bool, suffix: str
    ) -> tuple[Tensor, State]:
        """Return the output of one direction, [B, T, H] in the order of the input or [B, H], and the last state."""
        if self.training and self.dropout > 0.0:
            x = drop_features(x, self.dropout)
        dropout_mask = None
        if self.training and self.recurrent_dropout > 0.0:
            dropout_mask = torch.nn.functional.dropout(x.new_ones(x.shape[0], self.hidden_size), self.recurrent_dropout)
        parameters = self.direction(suffix)
        if self.training and self.weight_dropout > 0.0:
            parameters["weight_hh"] = torch.nn.functional.dropout(parameters["weight_hh"], self.weight_dropout)
        call = Call(
            cell=self.cell,
            hidden_size=self.hidden_size,
            parameters=parameters,
            x=x,
            state=state,
            mask=mask,
            dropout_mask=dropout_mask,
            reverse=reverse,
            sequences=self.return_sequences,
            output_dropout=output_dropout if self.return_sequences else 0.0,
        )
        y, last = scan(call, self.backend)
        if self.return_sequences:
            assert y is not None
            return y, last
        # zeros if all steps are masked
        output = last[0] if mask is None else torch.where(mask.any(dim=1, keepdim=True), last[0], 0.0)
        return torch.nn.functional.dropout(output, output_dropout) if output_dropout > 0.0 else output, last

    def _check_input(self, x: Tensor, mask: Tensor | None) -> None:
        name = self.kind
        check_tensor(name, "input", x)
        if x.dim() != 3 or x.shape[2] != self.input_size:
            raise InputError(
                f"{name}: the input has shape {tuple(x.shape)}; "
                f"expected (batch, time, features) with {self.input_size} features."
            )
        self._check_kind(x)
        if x.shape[1] == 0:
            raise InputError(f"{name}: the input has no time steps, shape {tuple(x.shape)}; at least one is needed.")
        # a bound of the size of the output, to a factor of 2; what compiles or exports knows no sizes
        if not torch.compiler.is_compiling() and x.numel() * self.hidden_size > LARGE:
            every_step = self.return_sequences or torch.is_grad_enabled()  # gradients need the states of all steps
            outputs = (*x.shape[: 2 if every_step else 1], self.output_size)
            check_memory(
                name, f"the output for a batch of {x.shape[0]} sequences of {x.shape[1]} steps", outputs, like=x
            )
        if mask is None:
            return
        check_tensor(name, "mask", mask)
        check_device(name, "mask", mask, "input", x)
        if mask.shape != x.shape[:2]:
            raise InputError(
                f"{name}: the mask has shape {tuple(mask.shape)}; "
                f"expected (batch, time) = {tuple(x.shape[:2])}, True at unmasked steps."
            )

    def _initial_state(self, x: Tensor, given: Tensor | State | None) -> State | None:
        name = self.kind
        count = len(self.cell.states) * (2 if self.bidirectional else 1)
        shape = (x.shape[0], self.hidden_size)
        if given is not None:
            return self._checked_state(x, given, count)
        if self._carried is not None:
            if self._carried[0].shape != shape:
                raise InputError(
                    f"{name}: the state of the previous call is for a batch of {self._carried[0].shape[0]}, "
                    f"this batch has {shape[0]}; call reset_state() before changing the batch size."
                )
            # autograd does not accept a tensor that was created under inference_mode
            return tuple((s.clone() if s.is_inference() else s).to(x) for s in self._carried)
        return None

    def extra_repr(self) -> str:
        options = ("return_sequences", "return_state", "bidirectional", "go_backwards", "stateful")
        on = [f"{name}=True" for name in options if getattr(self, name)]
        on += ["layer_norm=True"] * is_normalized(self.cell)
        rates = ("dropout", "recurrent_dropout", "weight_dropout")
        on += [f"{name}={rate:g}" for name in rates if (rate := getattr(self, name))]
        return ", ".join([super().extra_repr(), *on])


class SimpleRNN(RecurrentLayer):
    """A simple (Elman) recurrent layer: `h_t = activation(W_ih x_t + b + W_hh h_{t-1})`.

    Args:
        input_size: number of features per time step, I.
        hidden_size: number of hidden units, H.
        activation: "tanh", "relu", "sigmoid", "hard_sigmoid" or "linear".
        bias: whether to add a bias.
        layer_norm: whether to normalize the products with the weights (Ba, Kiros and Hinton, 2016); see
            `recurra.nn.cells.SimpleRNNCell`.
        **options: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `dropout`, `recurrent_dropout`,
            `weight_dropout`, `bidirectional` and `backend`; see `RecurrentLayer`.

    Example:
        >>> layer = SimpleRNN(3, 5)
        >>> layer(torch.zeros(2, 7, 3)).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        bias: bool = True,
        layer_norm: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = SimpleRNNCell(activation, bias=bias, layer_norm=layer_norm)
        super().__init__(cell, input_size, hidden_size, **options)


class GRU(RecurrentLayer):
    """A layer of gated recurrent units; see `recurra.nn.cells.GRUCell` for the equations.

    Args:
        input_size: number of features per time step, I.
        hidden_size: number of hidden units, H.
        activation: activation of the candidate; see `SimpleRNN`.
        recurrent_activation: activation of the gates; see `SimpleRNN`.
        bias: whether to add biases.
        reset_after: whether the reset gate is applied after the product with the recurrent weights, as in torch, or
            before it.
        layer_norm: whether to normalize the products with the weights (Ba, Kiros and Hinton, 2016).
        **options: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `dropout`, `recurrent_dropout`,
            `weight_dropout`, `bidirectional` and `backend`; see `RecurrentLayer`.

    Example:
        >>> layer = GRU(3, 5, return_sequences=True, return_state=True)
        >>> output, h = layer(torch.zeros(2, 7, 3))
        >>> output.shape, h.shape
        (torch.Size([2, 7, 5]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        bias: bool = True,
        reset_after: bool = True,
        layer_norm: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = GRUCell(activation, recurrent_activation, reset_after, bias=bias, layer_norm=layer_norm)
        super().__init__(cell, input_size, hidden_size, **options)


class LSTM(RecurrentLayer):
    """A long short-term memory layer; see `recurra.nn.cells.LSTMCell` for the equations.

    Args:
        input_size: number of features per time step, I.
        hidden_size: number of hidden units, H.
        activation: activation of the candidate and of the cell state; see `SimpleRNN`.
        recurrent_activation: activation of the gates; see `SimpleRNN`.
        bias: whether to add a bias.
        unit_forget_bias: whether to initialize the bias of the forget gate with 1.
        layer_norm: whether to normalize the products with the weights and the cell state where it is output (Ba, Kiros
            and Hinton, 2016).
        **options: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `dropout`, `recurrent_dropout`,
            `weight_dropout`, `bidirectional` and `backend`; see `RecurrentLayer`.

    Example:
        >>> layer = LSTM(3, 5, bidirectional=True)
        >>> layer(torch.zeros(2, 7, 3)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        bias: bool = True,
        unit_forget_bias: bool = True,
        layer_norm: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = LSTMCell(activation, recurrent_activation, unit_forget_bias, bias=bias, layer_norm=layer_norm)
        super().__init__(cell, input_size, hidden_size, **options)


LAYERS: dict[str, Callable[..., RecurrentLayer]] = {  # of the cells that have a class of layers of their own
    "rnn": SimpleRNN,
    "gru": GRU,
    "lstm": LSTM,
}


def layer_of(
    cell: CellName | NamedCell,
    input_size: int,
    hidden_size: int,
    *,
    layer_norm: bool = False,
    **options: Unpack[LayerOptions],
) -> RecurrentLayer:
    """Create the layer of a cell.

    Args:
        cell: the name of a built-in cell, or any `Cell`.
        input_size: number of features per time step, I.
        hidden_size: number of hidden units, H.
        layer_norm: whether to normalize within a cell that is given by its name.
        **options: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `dropout`, `recurrent_dropout`,
            `weight_dropout`, `bidirectional` and `backend`; see `RecurrentLayer`.

    Raises:
        InputTypeError: `cell` is neither a name nor a `Cell`.
        InputError: there is no cell of this name, or `layer_norm` is given with a `Cell`, whose own option it is.
    """
    if isinstance(cell, str) and cell in LAYERS:
        return LAYERS[cell](input_size, hidden_size, layer_norm=layer_norm, **options)
    known = CELLS[cell]() if isinstance(cell, str) and cell in CELLS else cell
    if not isinstance(known, Cell):
        error = InputError if isinstance(cell, str) else InputTypeError
        raise error(f"cell is {shown(cell)}; expected one of {', '.join(CELLS)}.")
    if layer_norm:
        raise InputError(
            f"layer_norm is True and cell is {shown(cell)}; layer_norm is for the cells {', '.join(LAYERS)}, given by "
            "name."
        )
    return RecurrentLayer(known, input_size, hidden_size, **options)
