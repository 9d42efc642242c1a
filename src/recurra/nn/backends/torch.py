"""The torch backend: the recurrent operators of torch.nn, for the cells that they compute exactly."""

from typing import Any

import torch
from torch import Tensor

from recurra.nn import torch_internals
from recurra.nn.backends.backend import Call
from recurra.nn.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, State
from recurra.nn.cells.cell import is_normalized

# Name of each operator in torch → the cell that it computes. The kernels of these cells have the same names.
OPERATORS: dict[str, Cell] = {
    "rnn_tanh": SimpleRNNCell("tanh"),
    "rnn_relu": SimpleRNNCell("relu"),
    "gru": GRUCell(),
    "lstm": LSTMCell(),
}


def operator_of(cell: Cell) -> str:
    """Return the name of torch's operator for a cell; `differs_from_torch(cell)` must be None."""
    return f"rnn_{cell.activation}" if isinstance(cell, SimpleRNNCell) else cell.name


def differs_from_torch(cell: Cell) -> str | None:
    """Return what torch's operators do not support in a cell, such as an option; None if an operator computes it."""
    return differs_in_equations(cell) or ("layer_norm=True" if is_normalized(cell) else None)


def differs_in_equations(cell: Cell) -> str | None:
    """The same for a cell without its layer normalization, which the kernels have and torch's operators have not."""
    if type(cell) is SimpleRNNCell:
        return None if cell.activation in {"tanh", "relu"} else f"activation {cell.activation!r}"
    if type(cell) is not GRUCell and type(cell) is not LSTMCell:
        return type(cell).__name__
    if cell.activation != "tanh":
        return f"activation {cell.activation!r}"
    if cell.recurrent_activation != "sigmoid":
        return f"recurrent_activation {cell.recurrent_activation!r}"
    if isinstance(cell, GRUCell) and not cell.reset_after:
        return "reset_after=False"
    return None


class TorchOperators:
    """Runs torch.rnn_tanh, torch.rnn_relu, torch.gru and torch.lstm."""

    name = "torch"

    def unsupported(self, call: Call) -> str | None:
        if call.mask is not None:
            return "masks"
        if call.dropout_mask is not None:
            return "recurrent dropout"
        if call.x.shape[0] == 0:
            return "an empty batch"
        recorder = torch_internals.recorder()
        compiling = recorder in {torch_internals.COMPILER, torch_internals.ONNX}
        if not compiling and torch_internals.transforms_are_active():
            return "transforms of torch.func"
        if recorder == torch_internals.ONNX and isinstance(call.cell, SimpleRNNCell):
            return "a SimpleRNN in torch.onnx.export"  # the exporter does not support torch.rnn_tanh
        if isinstance(call.cell, LSTMCell):
            if recorder == torch_internals.COMPILER and torch.is_grad_enabled():
                return "an LSTM's gradients under torch.compile"  # the compiler cannot trace torch's fused operator
            if torch.is_autocast_enabled(call.x.device.type):
                return "an LSTM under autocast"  # on some processors torch lacks this operator in low precision
        return differs_from_torch(call.cell)

    def worth_it(self, call: Call) -> bool:
        return True

    def scan(self, call: Call) -> tuple[Tensor, State]:
        if call.reverse:
            outputs, last = self.scan(call._replace(x=call.x.flip(1), reverse=False))
            return outputs.flip(1), last
        p, operator = call.parameters, operator_of(call.cell)
        weights = [p["weight_ih"], p["weight_hh"]]
        bias_ih = p.get("bias", p.get("bias_ih"))
        if bias_ih is not None:
            # torch always has two biases; if the cell has one, the second is zero
            weights += [bias_ih, p["bias_hh"] if "bias_hh" in p else torch.zeros_like(bias_ih)]
        if call.x.is_cuda and torch_internals.recorder() is None:
            weights = _in_one_piece(weights)
        # flags: has biases, number of layers, dropout, training, bidirectional, batch first
        flags = (bias_ih is not None, 1, 0.0, torch.is_grad_enabled(), False, True)
        state = [s.unsqueeze(0) for s in call.initial_state()]  # [1, B, H]
        run: Any = getattr(torch, operator)
        outputs, *last = run(call.x, state if operator == "lstm" else state[0], weights, *flags)
        return outputs, tuple(s.squeeze(0) for s in last)


def _in_one_piece(weights: list[Tensor]) -> list[Tensor]:
    """Return copies of weights that follow each other in memory, as cuDNN wants them: it warns of others."""
    pieces = [weight.flatten() for weight in weights]
    if len(weights) == 2:
        pieces.append(weights[0].new_zeros(2 * len(weights[0])))  # cuDNN has room for biases in any case
    parts = torch.split(torch.cat(pieces), [piece.numel() for piece in pieces])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=False)]
