"""One call of a torch.nn.RNN, GRU or LSTM on the kernels, or the reason why torch must run it.

B batch, T time steps, I input features, H hidden units, L layers, D directions.
"""

from types import NoneType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from recurra.errors import InputError
from recurra.nn import torch_internals
from recurra.nn.accelerate.packing import Padding, join, permuted
from recurra.nn.backends.native import autograd, kernels
from recurra.nn.backends.native.backend import is_slower_than_torch, unsupported_tensors
from recurra.nn.backends.native.kernels import KernelCall, Weights
from recurra.nn.cells import State

PLAIN = (Tensor, nn.Parameter, NoneType)
UNFIT = "arguments that do not fit the layer"
EMPTY = "an empty batch"
SLOWER = "sizes for which torch is faster"
NO_WEIGHT = "a missing weight"
NO_KERNELS = "missing kernels"


def run(layer: nn.RNNBase, input: Tensor | PackedSequence, hx: Any, recorder: str | None) -> tuple[Any, Any] | str:
    """Run a layer on the kernels, if they support the call.

    Args:
        layer: the torch layer.
        input: its input, as torch's `forward` takes it.
        hx: its initial states, as torch's `forward` takes them.
        recorder: what records the call; see `torch_internals.recorder`.

    Returns:
        The outputs and the last states, as torch's `forward` returns them; or, if torch must run this call, the reason,
        such as "autocast". In that case no operator has been called on a tensor of a subclass.

    Raises:
        InputError: the shapes of the weights do not match the layer; torch might read past their end.
    """
    if kernels.MISSING is not None:
        return NO_KERNELS
    if recorder is not None and recorder != torch_internals.COMPILER:
        return recorder
    states = () if hx is None else hx if layer.mode == "LSTM" else (hx,)
    if not isinstance(states, tuple | list):
        return UNFIT
    x = input.data if isinstance(input, PackedSequence) else input
    flat: list[Any] = torch_internals.flat_weights(layer)
    tensors = (x, *states, *flat)
    if recorder is None and not kernels.extension.are_plain(tensors):  # before any operator sees them
        return f"arguments of type {next(type(t).__name__ for t in tensors if type(t) not in PLAIN)}"
    if NoneType in map(type, tensors):
        return NO_WEIGHT if NoneType in map(type, flat) else UNFIT
    reason = unsupported_tensors(tensors, recorder)
    if reason is not None:
        return reason
    if hx is not None and len(states) != (2 if layer.mode == "LSTM" else 1):
        return UNFIT
    given = None if hx is None else tuple(states)
    if isinstance(input, PackedSequence):
        return _run_packed(layer, input, given, _weights(layer, flat), recorder)
    return _run_padded(layer, x, given, _weights(layer, flat), recorder)


def _run_padded(
    layer: nn.RNNBase, x: Tensor, states: State | None, weights: list[Weights], recorder: str | None
) -> tuple[Tensor, Any] | str:
    batch_dim, dim = 0 if layer.batch_first else 1, x.dim()
    if dim == 2:
        x = x.unsqueeze(batch_dim)
    elif dim != 3:
        return UNFIT
    if batch_dim == 1:
        x = x.transpose(0, 1)
    B, T, I = x.shape
    if layer.input_size != I or not _fit(layer, states, (B,) if dim == 3 else ()):
        return UNFIT
    if B == 0 or T == 0:
        return EMPTY
    if _is_slower_than_torch(layer, B, T):
        return SLOWER
    if states is not None and dim == 2:
        states = tuple([s.unsqueeze(1) for s in states])
    outputs, last = _scan(layer, x, states, weights, layer.batch_first, recorder)
    if dim == 2:
        outputs, last = outputs.squeeze(batch_dim), tuple([s.squeeze(1) for s in last])
    return outputs, (last if len(last) == 2 else last[0])


def _run_packed(
    layer: nn.RNNBase, packed: PackedSequence, states: State | None, weights: list[Weights], recorder: str | None
) -> tuple[PackedSequence, Any] | str:
    data, batch_sizes, sorted_indices, unsorted_indices = packed
    if data.dim() != 2 or data.shape[1] != layer.input_size or len(data) == 0:
        return UNFIT
    if not isinstance(batch_sizes, Tensor) or batch_sizes.dtype != torch.int64 or batch_sizes.dim() != 1:
        return UNFIT
    sizes = batch_sizes.tolist()
    if sum(sizes) != len(data) or sizes != sorted(sizes, reverse=True) or sizes[-1] < 0:
        return UNFIT
    if not _fit(layer, states, (sizes[0],)):
        return UNFIT
    if _is_slower_than_torch(layer, sizes[0], len(sizes)):
        return SLOWER
    padding = Padding(batch_sizes, sizes[0])
    given = None if states is None else permuted(states, sorted_indices)
    outputs, last = _scan(layer, padding.pad(data), given, weights, True, recorder, padding)
    last = permuted(last, unsorted_indices)
    result = PackedSequence(padding.pack(outputs), batch_sizes, sorted_indices, unsorted_indices)
    return result, (last if len(last) == 2 else last[0])


def _weights(layer: nn.RNNBase, flat: list[Tensor]) -> list[Weights]:
    """Return the parameters of each layer and direction."""
    step, H = 4 if layer.bias else 2, layer.hidden_size
    found = [Weights(*flat[start : start + step]) for start in range(0, len(flat), step)]
    for w in found:
        if w.weight_hh.dim() != 2 or w.weight_hh.shape[1] != H:  # the kernels check everything else
            raise InputError(f"weight_hh has shape {tuple(w.weight_hh.shape)}; expected {H} columns for {H} units.")
    return found


def _fit(layer: nn.RNNBase, states: State | None, batch: tuple[int, ...]) -> bool:
    """Whether the initial states, each [L·D, *batch, H], have the shape that the layer expects."""
    if states is None:
        return True
    shape = (layer.num_layers * (2 if layer.bidirectional else 1), *batch, layer.hidden_size)
    return all(s.shape == shape for s in states)


def _is_slower_than_torch(layer: nn.RNNBase, B: int, T: int) -> bool:
    """Whether the kernels would be slower than torch in the largest of the layers."""
    H, I = layer.hidden_size, layer.input_size
    if layer.num_layers > 1:
        I = max(I, 2 * H if layer.bidirectional else H)
    return is_slower_than_torch(layer.mode.lower(), B, T, I, H)


def _scan(
    layer: nn.RNNBase,
    x: Tensor,
    states: State | None,
    weights: list[Weights],
    batch_first: bool,
    recorder: str | None,
    padding: Padding | None = None,
) -> tuple[Tensor, State]:
    """Run all layers and directions.

    Args:
        layer: the torch layer, which holds the options.
        x: inputs, [B, T, I].
        states: the initial states, each [L·D, B, H].
        weights: the parameters of each layer and direction.
        batch_first: whether the outputs are [B, T, D·H] instead of [T, B, D·H].
        recorder: what records the call; see `torch_internals.recorder`.
        padding: the padding of a packed sequence; no padding if None.

    Returns:
        The outputs of the top layer, and the last states, each [L·D, B, H].
    """
    kernel, directions = layer.mode.lower(), 2 if layer.bidirectional else 1
    mask = None if padding is None else padding.mask
    if len(weights) == 1:  # the most frequent case, in which microseconds matter
        call = KernelCall(kernel, reverse=False, sequences=True, time_major=not batch_first, layered=True)
        y, last = autograd.run(call, x, states, weights[0], mask, recorder)
        return join([cast(Tensor, y)], batch_first), last
    first = None if states is None else list(zip(*(s.unbind(0) for s in states), strict=True))
    ends: list[State] = []
    dropout = layer.dropout if layer.training else 0.0
    top = len(weights) - directions
    for start in range(0, len(weights), directions):
        found: list[Tensor] = []
        for index in range(start, start + directions):
            state = None if first is None else first[index]
            call = KernelCall(kernel, index > start, sequences=True, time_major=start == top and not batch_first)
            y, state = autograd.run(call, x, state, weights[index], mask, recorder)
            found.append(cast(Tensor, y))
            ends.append(state)
        if start == top:
            x = join(found, batch_first)
        elif dropout == 0.0:
            x = join(found, True)
        elif padding is None:  # in torch's memory order, for the same random numbers
            x = F.dropout(join(found, False), dropout).transpose(0, 1)
        else:
            x = padding.pad(F.dropout(padding.pack(join(found, True)), dropout))
    return x, tuple([torch.stack(s) for s in zip(*ends, strict=True)])
