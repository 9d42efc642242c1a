"""Our kernels inside any torch.nn.RNN, GRU or LSTM, in place: the same module, parameters and results.

A layer is replaced by giving it another class, a subclass of its own whose `forward` runs the scans of `native.py`.
Nothing is kept in the instance, so that copies and state dicts stay what they were; a pickle of the module
as a whole stays accelerated, and needs recurra where it is loaded. Whatever that forward
does not know for certain how to do, wrong arguments included, it hands to torch's own.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from types import NoneType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import PackedSequence

from recurra.errors import InputError
from recurra.nn import kernels, native
from recurra.nn.cells import Equations, State, Weights

KINDS: tuple[type[nn.RNNBase], ...] = (nn.RNN, nn.GRU, nn.LSTM)
MODES = ("RNN_TANH", "RNN_RELU", "GRU", "LSTM")  # as torch's layers call them
EQUATIONS: dict[str, Equations] = dict(zip(MODES, kernels.EQUATIONS, strict=True))
OURS = (  # a subclass that has one of these of its own computes or checks or pickles something else
    "forward",
    "check_input",
    "check_forward_args",
    "check_hidden_size",
    "get_expected_hidden_size",
    "permute_hidden",
    "__reduce__",
    "__reduce_ex__",
)
_CLASSES: dict[type, type] = {}  # a class, and what it is when accelerated


def accelerate(model: nn.Module) -> "Report":
    """Let the torch.nn.RNN, GRU and LSTM layers of a model run on recurra's kernels, in place.

    Outputs and gradients are torch's to float32 rounding. Parameters, state dict, hooks and `isinstance` checks stay
    what they were. A model that was accelerated before, or the copy of one, may be given again, to have a report.

    What the kernels cannot do stays torch's, silently: a layer as a whole, which the report then names with the
    reason, or a single call (on another device, in another precision, under autocast, torch.func or torch.jit.trace).
    torch.compile goes round torch.nn's recurrent layers, accelerated or not, unless `torch._dynamo.config.allow_rnn` is
    set. What looks for torch's exact classes, as `torch.ao.quantization.quantize_dynamic` does, needs `undo()` first.

    Args:
        model: a torch module, which may itself be such a layer. It is changed in place.

    Returns:
        What was replaced and what was left; its `undo()` gives the layers back to torch.

    Raises:
        InputError: `model` is not a torch module.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"accelerate takes a torch.nn.Module; got {type(model).__name__}.")
    report = Report()
    for name, module in model.named_modules():
        if isinstance(module, KINDS):
            report._add(name, module, None if isinstance(module, _Accelerated) else _reason_to_leave(module))
    return report


class Report:
    """What `accelerate` did to the recurrent layers of a model; printed, it has a line for each.

    Attributes:
        replaced: the layers that run on our kernels, each name with torch's class.
        left: the layers that stay torch's, each name with the reason.
    """

    def __init__(self) -> None:
        self.replaced: dict[str, type[nn.Module]] = {}
        self.left: dict[str, str] = {}
        self._lines: list[str] = []
        self._modules: list[nn.Module] = []  # the ones that undo() has to give back

    def _add(self, name: str, module: nn.RNNBase, reason: str | None) -> None:
        line = f"{name or '(the model itself)'}: {type(module).__name__}({module.extra_repr()})"
        if reason is None:
            self.replaced[name] = _without(type(module))
            self._modules.append(module)
            if not isinstance(module, _Accelerated):
                module.__class__ = accelerated(type(module))
        else:
            self.left[name] = reason
            line += f" left as it is: {reason}"
        self._lines.append(line)

    def undo(self) -> None:
        """Give the replaced layers back to torch; a second call changes nothing."""
        while self._modules:
            module = self._modules.pop()
            module.__class__ = _without(type(module))

    def __str__(self) -> str:
        total = len(self._lines)
        if total == 0:
            return "accelerate: there is no torch.nn.RNN, GRU or LSTM in this model"
        head = f"accelerate: {len(self.replaced)} of {total} recurrent layers on recurra's kernels"
        if kernels.isa() is not None:
            head += f" ({kernels.isa()})"
        if self.replaced and not self._modules:
            head += ", undone"
        return "\n  ".join([head, *self._lines])

    __repr__ = __str__


def _reason_to_leave(module: nn.RNNBase) -> str | None:
    """Why a layer stays as it is; None if it can be replaced."""
    cls = type(module)
    if kernels.MISSING is not None:
        return f"recurra cannot do {kernels.MISSING}"
    if module.proj_size:
        return f"proj_size={module.proj_size}"
    if parametrize.is_parametrized(module):
        return "its weights are parametrized"
    kind = next(kind for kind in KINDS if isinstance(module, kind))
    for name in OURS:
        if getattr(cls, name) is not getattr(kind, name) or name in vars(module):
            return f"{cls.__name__} has a {name} of its own"
    for tensor in module.parameters():
        if tensor.dtype is not torch.float32 or not tensor.is_cpu:
            return f"{tensor.dtype} parameters on {tensor.device}"
    return None


def accelerated(base: type) -> type:
    """The subclass of a torch layer's class that runs on our kernels.

    It goes by the name and module of its base, by which torch.fx and people who print a model know torch's layers.
    """
    if base not in _CLASSES:
        names = {"__module__": base.__module__, "__qualname__": f"Accelerated{base.__name__}", "__doc__": base.__doc__}
        _CLASSES[base] = type(base.__name__, (_Accelerated, base), names)
    return _CLASSES[base]


def _without(cls: type) -> type:
    """The class as it would be without our part, which may lie below that of others, such as a parametrization."""
    if not issubclass(cls, _Accelerated):
        return cls
    if _Accelerated in cls.__bases__:
        return cls.__bases__[1]
    names = {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
    return type(cls.__name__, tuple(map(_without, cls.__bases__)), names)


def _rebuild(base: type[nn.RNNBase]) -> nn.RNNBase:
    """An accelerated layer without content, for pickle and copy."""
    return cast(nn.RNNBase, object.__new__(accelerated(base)))


class _Accelerated(nn.RNNBase):
    """What is put before torch's class: a forward on our kernels.

    B batch, T time steps, I input features, H hidden units, L layers, D directions.
    """

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> Any:
        """What torch's forward takes and returns.

        Raises:
            InputError: somebody has given the layer weights that do not fit it; torch's may read past their end.
        """
        found = None
        if isinstance(input, PackedSequence):
            if not torch.compiler.is_compiling() and not _is_recorded(input.data):
                found = self._run_packed(input, hx)
        elif not _is_recorded(input):
            found = self._run(input, hx)
        return super().forward(input, hx) if found is None else found

    def _run(self, x: Tensor, hx: Any) -> Any:
        """The forward of a tensor; None if torch's own has to do it."""
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
        if weights is None or self._has_obstacle(x, hx, weights):
            return None
        outputs, last = self._scan(x, hx, weights, self.batch_first)
        if dim == 2:
            outputs, last = outputs.squeeze(batch_dim), tuple([s.squeeze(1) for s in last])
        return outputs, (last if len(last) == 2 else last[0])

    def _run_packed(self, packed: PackedSequence, hx: Any) -> Any:
        """The forward of a packed sequence; None if torch's own has to do it."""
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
            hx = _permuted(hx, sorted_indices)
        weights = self._weights()
        if weights is None or self._has_obstacle(data, hx, weights):
            return None
        padding = _Padding(batch_sizes, sizes[0])
        outputs, last = self._scan(padding.pad(data), hx, weights, True, padding)
        last = _permuted(last, unsorted_indices)
        result = PackedSequence(padding.pack(outputs), batch_sizes, sorted_indices, unsorted_indices)
        return result, (last if len(last) == 2 else last[0])

    def _weights(self) -> list[Weights] | None:
        """The parameters of each layer and direction, as they are now; None if one is missing."""
        parameters = self._parameters
        try:
            flat: list[Any] = [parameters[name] for name in self._flat_weights_names]
        except KeyError:  # some are plain tensors: in replicas, under parametrizations
            self._update_flat_weights()
            flat = self._flat_weights
        if NoneType in map(type, flat):
            return None
        step, H = 4 if self.bias else 2, self.hidden_size
        found = [Weights(*flat[start : start + step]) for start in range(0, len(flat), step)]
        for w in found:
            if w.weight_hh.dim() != 2 or w.weight_hh.shape[1] != H:  # all else the kernels see to
                raise InputError(f"weight_hh has shape {tuple(w.weight_hh.shape)}; expected {H} columns for {H} units.")
        return found

    def _states(self, hx: Any, B: int, unbatched: bool) -> State | None:
        """The initial states, each [L·D, B, H]; None if they do not fit."""
        states = hx if self.mode == "LSTM" else (hx,)
        shape = (self.num_layers * (2 if self.bidirectional else 1), B, self.hidden_size)
        if not isinstance(states, tuple | list) or len(states) != (2 if self.mode == "LSTM" else 1):
            return None
        if unbatched:
            states = [s.unsqueeze(1) for s in states]
        return tuple(states) if all(s.shape == shape for s in states) else None

    def _is_slower_than_torch(self, B: int, T: int) -> bool:
        """Whether the kernels would be, in the layer that has most to do."""
        H, I = self.hidden_size, self.input_size
        if self.num_layers > 1:
            I = max(I, 2 * H if self.bidirectional else H)
        return native.is_slower_than_torch(EQUATIONS[self.mode], B, T, I, H)

    def _has_obstacle(self, x: Tensor, states: State | None, weights: list[Weights]) -> bool:
        """Whether there is something in this call that the kernels cannot do."""
        if kernels.MISSING is not None:
            return True
        return native.obstacle_of_call((x, *(states or ()), *chain.from_iterable(weights))) is not None

    def _scan(
        self,
        x: Tensor,
        states: State | None,
        weights: list[Weights],
        batch_first: bool,
        padding: "_Padding | None" = None,
    ) -> tuple[Tensor, State]:
        """Run all layers and directions.

        Args:
            x: inputs, [B, T, I].
            states: the initial states, each [L·D, B, H].
            weights: the parameters of each layer and direction.
            batch_first: whether the outputs are [B, T, D·H]; else they are [T, B, D·H].
            padding: which of the steps count; all if None.

        Returns:
            The outputs of the last layer, and the last states, each [L·D, B, H].
        """
        equations, directions = EQUATIONS[self.mode], 2 if self.bidirectional else 1
        mask = None if padding is None else padding.mask
        if len(weights) == 1:  # the ordinary case, in which every microsecond counts
            y, last = native.scan(equations, x, states, weights[0], mask=mask, time_major=not batch_first, layered=True)
            return _join([cast(Tensor, y)], batch_first), last
        first = None if states is None else list(zip(*(s.unbind(0) for s in states), strict=True))
        ends: list[State] = []
        dropout = self.dropout if self.training else 0.0
        top = len(weights) - directions
        for layer in range(0, len(weights), directions):
            found: list[Tensor] = []
            for index in range(layer, layer + directions):
                state = None if first is None else first[index]
                y, state = native.scan(
                    equations,
                    x,
                    state,
                    weights[index],
                    mask=mask,
                    reverse=index > layer,
                    time_major=layer == top and not batch_first,
                )
                found.append(cast(Tensor, y))
                ends.append(state)
            if layer == top:
                x = _join(found, batch_first)
            elif dropout == 0.0:
                x = _join(found, True)
            elif padding is None:  # in torch's order, for the same random numbers
                x = F.dropout(_join(found, False), dropout).transpose(0, 1)
            else:
                x = padding.pad(F.dropout(padding.pack(_join(found, True)), dropout))
        return x, tuple([torch.stack(s) for s in zip(*ends, strict=True)])

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., Any], tuple[Any, ...], Any]:
        return _rebuild, (_without(type(self)),), self.__getstate__()  # type: ignore[no-untyped-call]

    def __prepare_scriptable__(self) -> nn.RNNBase:
        """Torch's own layer with the same content, for torch.jit.script, which can read no other."""
        plain = cast(nn.RNNBase, object.__new__(_without(type(self))))
        plain.__dict__ = dict(self.__dict__)
        return plain


def _is_recorded(x: Tensor) -> bool:
    """Whether somebody records torch's operators who would not find ours, or would not know them."""
    if torch.compiler.is_compiling():
        return torch.onnx.is_in_onnx_export()
    return torch._C._get_tracing_state() is not None or (type(x) is Tensor and torch._C._len_torch_dispatch_stack() > 0)


with suppress(AttributeError):  # of torch's own parts; nothing but speed depends on it
    # torch.compile breaks its graph at an LSTM unless allow_rnn is set. Then the forward runs as it is: to compile the
    # small functions that it calls one by one would take seconds, and be slower.
    _frames = torch._C._dynamo.eval_frame
    _frames.set_code_exec_strategy(
        _Accelerated.forward.__code__, _frames._FrameExecStrategy(_frames._FrameAction.SKIP, _frames._FrameAction.SKIP)
    )


class _Padding:
    """Where the rows of packed data, step after step, stand in a padded batch [B, T, …].

    Attributes:
        mask: [B, T], True where one stands.
    """

    def __init__(self, batch_sizes: Tensor, B: int) -> None:
        counts = torch.arange(B) < batch_sizes[:, None]  # [T, B]
        self.mask = counts.transpose(0, 1)
        t, b = counts.nonzero().unbind(1)
        T = len(batch_sizes)
        self._places, self._size = b * T + t, (B, T)

    def pad(self, data: Tensor) -> Tensor:
        """[rows, features] → [B, T, features]; zeros where there is no row."""
        B, T = self._size
        return data.new_zeros(B * T, data.shape[1]).index_copy(0, self._places, data).view(B, T, -1)

    def pack(self, padded: Tensor) -> Tensor:
        """[B, T, features] → [rows, features]."""
        return padded.flatten(0, 1).index_select(0, self._places)


def _permuted(states: State, order: Tensor | None) -> State:
    """The states [L·D, B, H] with their sequences in another order."""
    return states if order is None else tuple([s.index_select(1, order) for s in states])


def _join(outputs: list[Tensor], batch_first: bool) -> Tensor:
    """The outputs [B, T, H] of all directions in one contiguous tensor, [B, T, D·H] or [T, B, D·H]."""
    if not batch_first:
        outputs = [y.transpose(0, 1) for y in outputs]
    return torch.cat(outputs, dim=2) if len(outputs) > 1 else outputs[0].contiguous()
