"""The class of accelerated torch.nn.RNN, GRU and LSTM layers.

To accelerate a layer, its class is changed to a subclass whose `forward` runs the kernels. The instance stores nothing
else, so copies and state dicts do not change; a pickle of the whole module stays accelerated and needs recurra when it
is loaded. Calls that this `forward` does not support, including those with invalid arguments, run torch's `forward`.
"""

from collections.abc import Callable
from itertools import chain
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

KINDS: tuple[type[nn.RNNBase], ...] = (nn.RNN, nn.GRU, nn.LSTM)
_CLASSES: dict[type, type] = {}  # class of a torch layer → its accelerated subclass


def accelerated_class(base: type) -> type:
    """Return the subclass of a torch layer's class that runs on the kernels.

    It has the name and module of its base class, by which torch.fx identifies torch's layers and which a printed model
    shows.
    """
    if base not in _CLASSES:
        names = {"__module__": base.__module__, "__qualname__": f"Accelerated{base.__name__}", "__doc__": base.__doc__}
        _CLASSES[base] = type(base.__name__, (Accelerated, base), names)
    return _CLASSES[base]


def class_without(cls: type) -> type:
    """Return a class without `Accelerated`, which may be below other classes, such as that of a parametrization."""
    if not issubclass(cls, Accelerated):
        return cls
    if Accelerated in cls.__bases__:
        return cls.__bases__[1]
    names = {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
    return type(cls.__name__, tuple(map(class_without, cls.__bases__)), names)


def _rebuild(base: type[nn.RNNBase]) -> nn.RNNBase:
    """Create an accelerated layer without attributes, for pickle and copy."""
    return cast(nn.RNNBase, object.__new__(accelerated_class(base)))


class Accelerated(nn.RNNBase):
    """Overrides the `forward` of a torch.nn.RNN, GRU or LSTM with one that runs the kernels.

    B batch, T time steps, I input features, H hidden units, L layers, D directions.
    """

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> Any:
        """Run the layer; arguments and results are those of torch's `forward`.

        Raises:
            InputError: the shapes of the weights do not match the layer; torch might read past their end.
        """
        found, recorder = None, torch_internals.recorder()
        if recorder is None or _records_our_operators(recorder, input):
            if isinstance(input, PackedSequence):
                found = self._run_packed(input, hx, recorder)
            else:
                found = self._run(input, hx, recorder)
        return super().forward(input, hx) if found is None else found

    def _run(self, x: Tensor, hx: Any, recorder: str | None) -> Any:
        """Run the layer on a tensor; return None if torch must run this call."""
        batch_dim, dim = 0 if self.batch_first else 1, x.dim()
        if dim == 2:
            x = x.unsqueeze(batch_dim)
        elif dim != 3:
            return None
        if batch_dim == 1:
            x = x.transpose(0, 1)
        B, T, I = x.shape
        if self.input_size != I or B == 0 or T == 0 or self._is_slower_than_torch(B, T):
            return None
        if hx is not None:
            hx = self._states(hx, B, unbatched=dim == 2)
            if hx is None:
                return None
        weights = self._weights()
        if weights is None or self._is_unsupported(x, hx, weights, recorder):
            return None
        outputs, last = self._scan(x, hx, weights, self.batch_first, recorder)
        if dim == 2:
            outputs, last = outputs.squeeze(batch_dim), tuple([s.squeeze(1) for s in last])
        return outputs, (last if len(last) == 2 else last[0])

    def _run_packed(self, packed: PackedSequence, hx: Any, recorder: str | None) -> Any:
        """Run the layer on a packed sequence; return None if torch must run this call."""
        data, batch_sizes, sorted_indices, unsorted_indices = packed
        if data.dim() != 2 or data.shape[1] != self.input_size or len(data) == 0:
            return None
        sizes = batch_sizes.tolist()
        if sum(sizes) != len(data) or sizes != sorted(sizes, reverse=True) or sizes[-1] < 0:
            return None
        if self._is_slower_than_torch(sizes[0], len(sizes)):
            return None
        if hx is not None:
            hx = self._states(hx, sizes[0], unbatched=False)
            if hx is None:
                return None
            hx = permuted(hx, sorted_indices)
        weights = self._weights()
        if weights is None or self._is_unsupported(data, hx, weights, recorder):
            return None
        padding = Padding(batch_sizes, sizes[0])
        outputs, last = self._scan(padding.pad(data), hx, weights, True, recorder, padding)
        last = permuted(last, unsorted_indices)
        result = PackedSequence(padding.pack(outputs), batch_sizes, sorted_indices, unsorted_indices)
        return result, (last if len(last) == 2 else last[0])

    def _weights(self) -> list[Weights] | None:
        """Return the current parameters of each layer and direction; None if one is missing."""
        flat: list[Any] = torch_internals.flat_weights(self)
        if NoneType in map(type, flat):
            return None
        step, H = 4 if self.bias else 2, self.hidden_size
        found = [Weights(*flat[start : start + step]) for start in range(0, len(flat), step)]
        for w in found:
            if w.weight_hh.dim() != 2 or w.weight_hh.shape[1] != H:  # the kernels check everything else
                raise InputError(f"weight_hh has shape {tuple(w.weight_hh.shape)}; expected {H} columns for {H} units.")
        return found

    def _states(self, hx: Any, B: int, unbatched: bool) -> State | None:
        """Return the initial states, each [L·D, B, H]; None if their shapes do not match."""
        states = hx if self.mode == "LSTM" else (hx,)
        shape = (self.num_layers * (2 if self.bidirectional else 1), B, self.hidden_size)
        if not isinstance(states, tuple | list) or len(states) != (2 if self.mode == "LSTM" else 1):
            return None
        if unbatched:
            states = [s.unsqueeze(1) for s in states]
        return tuple(states) if all(s.shape == shape for s in states) else None

    def _is_slower_than_torch(self, B: int, T: int) -> bool:
        """Whether the kernels would be slower than torch in the largest of the layers."""
        H, I = self.hidden_size, self.input_size
        if self.num_layers > 1:
            I = max(I, 2 * H if self.bidirectional else H)
        return is_slower_than_torch(self.mode.lower(), B, T, I, H)

    def _is_unsupported(self, x: Tensor, states: State | None, weights: list[Weights], recorder: str | None) -> bool:
        """Whether the kernels do not support this call."""
        if kernels.MISSING is not None:
            return True
        return unsupported_tensors((x, *(states or ()), *chain.from_iterable(weights)), recorder) is not None

    def _scan(
        self,
        x: Tensor,
        states: State | None,
        weights: list[Weights],
        batch_first: bool,
        recorder: str | None,
        padding: "Padding | None" = None,
    ) -> tuple[Tensor, State]:
        """Run all layers and directions.

        Args:
            x: inputs, [B, T, I].
            states: the initial states, each [L·D, B, H].
            weights: the parameters of each layer and direction.
            batch_first: whether the outputs are [B, T, D·H] instead of [T, B, D·H].
            recorder: what records the call; see `torch_internals.recorder`.
            padding: the padding of a packed sequence; no padding if None.

        Returns:
            The outputs of the top layer, and the last states, each [L·D, B, H].
        """
        kernel, directions = self.mode.lower(), 2 if self.bidirectional else 1
        mask = None if padding is None else padding.mask
        if len(weights) == 1:  # the most frequent case, in which microseconds matter
            call = KernelCall(kernel, reverse=False, sequences=True, time_major=not batch_first, layered=True)
            y, last = autograd.run(call, x, states, weights[0], mask, recorder)
            return join([cast(Tensor, y)], batch_first), last
        first = None if states is None else list(zip(*(s.unbind(0) for s in states), strict=True))
        ends: list[State] = []
        dropout = self.dropout if self.training else 0.0
        top = len(weights) - directions
        for layer in range(0, len(weights), directions):
            found: list[Tensor] = []
            for index in range(layer, layer + directions):
                state = None if first is None else first[index]
                call = KernelCall(kernel, index > layer, sequences=True, time_major=layer == top and not batch_first)
                y, state = autograd.run(call, x, state, weights[index], mask, recorder)
                found.append(cast(Tensor, y))
                ends.append(state)
            if layer == top:
                x = join(found, batch_first)
            elif dropout == 0.0:
                x = join(found, True)
            elif padding is None:  # in torch's memory order, for the same random numbers
                x = F.dropout(join(found, False), dropout).transpose(0, 1)
            else:
                x = padding.pad(F.dropout(padding.pack(join(found, True)), dropout))
        return x, tuple([torch.stack(s) for s in zip(*ends, strict=True)])

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., Any], tuple[Any, ...], Any]:
        return _rebuild, (class_without(type(self)),), self.__getstate__()  # type: ignore[no-untyped-call]

    def __prepare_scriptable__(self) -> nn.RNNBase:
        """Return the layer with its class in torch, the only one that torch.jit.script can compile."""
        plain = cast(nn.RNNBase, object.__new__(class_without(type(self))))
        plain.__dict__ = dict(self.__dict__)
        return plain


def _records_our_operators(recorder: str, input: Tensor | PackedSequence) -> bool:
    """Whether what records torch's operators also records and handles those of recurra."""
    if isinstance(input, PackedSequence):
        return recorder == torch_internals.MODE and type(input.data) is not Tensor
    if recorder == torch_internals.MODE:
        return type(input) is not Tensor
    return recorder == torch_internals.COMPILER


# torch.compile breaks its graph at a recurrent layer unless allow_rnn is set. At a graph break `forward` runs eagerly:
# to compile the small functions that it calls, one by one, would take seconds and make it slower.
torch_internals.skip_in_compiler(Accelerated.forward.__code__)
