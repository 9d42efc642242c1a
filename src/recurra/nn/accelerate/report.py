"""`accelerate(model)`, which runs the recurrent layers of a model on the kernels, and the report that can undo it."""

from types import FunctionType

import torch
from torch import nn
from torch.nn.utils import parametrize

from recurra.errors import InputTypeError, printable
from recurra.nn.accelerate.calls import Calls
from recurra.nn.accelerate.layers import CALLS, KINDS, Accelerated, accelerated_class, class_without
from recurra.nn.backends.native import kernels

# Methods of torch's layers that their `forward` does not call, and `flatten_parameters`, which it calls for CUDA alone.
# A subclass that overrides any other computes, checks or prepares something else, which an accelerated `forward` would
# skip.
NOT_NEEDED = {
    "__init__",
    "__getstate__",
    "__setattr__",
    "__setstate__",
    "_apply",
    "_replicate_for_data_parallel",
    "extra_repr",
    "flatten_parameters",
    "reset_parameters",
}
ONE_STEP = "it runs one step at a time; the kernels run whole sequences"


def accelerate(model: nn.Module) -> "Report":
    """Run the torch.nn.RNN, GRU and LSTM layers of a model on recurra's kernels, in place.

    Outputs and gradients equal those of torch to float32 rounding. Parameters, state dicts, hooks and `isinstance`
    checks do not change. A model that is already accelerated, or a copy of one, may be passed again to get a report.

    Whatever the kernels do not support runs in torch, without a warning: a whole layer, which the report lists with the
    reason, or a single call (on another device, in another precision, under autocast, torch.func or torch.jit.trace, or
    with a subclass of torch.Tensor), which the report counts by reason. A subclass of a torch layer with methods of its
    own is replaced only if torch's `forward` calls none of them. torch.compile skips the recurrent layers of torch.nn,
    accelerated or not, unless `torch._dynamo.config.allow_rnn` is set. Call `undo()` before using tools that look for
    the exact classes of torch, such as `torch.ao.quantization.quantize_dynamic`.

    Args:
        model: a torch module, which may itself be a recurrent layer. It is changed in place.

    Returns:
        A report of the layers that were replaced and those that were not, and of their calls from now on; its `undo()`
        restores the model.

    Raises:
        InputTypeError: `model` is not a torch module.

    Example:
        >>> model = nn.Sequential(nn.Embedding(50, 8), nn.GRU(8, 16, batch_first=True))
        >>> report = accelerate(model)
        >>> output, h = model(torch.tensor([[3, 1, 4]]))
        >>> output.shape
        torch.Size([1, 3, 16])
        >>> report.undo()
    """
    if not isinstance(model, nn.Module):
        raise InputTypeError(f"accelerate takes a torch.nn.Module; got {type(model).__name__}.")
    report = Report()
    for name, module in model.named_modules():
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            report._add(name, module, None if isinstance(module, Accelerated) else _reason_to_leave(module))
    return report


class Report:
    """The result of `accelerate`; printing it shows one line per recurrent layer of the model.

    Attributes:
        replaced: the layers that run on the kernels: name → class in torch.
        left: the layers and cells that were not replaced: name → reason.
        calls: the calls of each replaced layer since it was accelerated: name → numbers of those that ran on the
            kernels and, by reason, in torch. Calls inside a graph of torch.compile are not counted.

    Example:
        >>> model = nn.ModuleDict({"rnn": nn.LSTM(4, 3, proj_size=2), "head": nn.Linear(2, 1)})
        >>> report = accelerate(model)
        >>> report.left
        {'rnn': 'proj_size=2'}
        >>> report.replaced
        {}
        >>> gru = nn.GRU(4, 3)
        >>> report = accelerate(gru)
        >>> _ = gru(torch.zeros(5, 1, 4)), gru.double()(torch.zeros(5, 1, 4).double())
        >>> print(report.calls[""])
        1 on the kernels, 1 in torch (torch.float64 tensors on cpu)
    """

    def __init__(self) -> None:
        self.replaced: dict[str, type[nn.Module]] = {}
        self.left: dict[str, str] = {}
        self.calls: dict[str, Calls] = {}
        self._lines: dict[str, str] = {}
        self._modules: list[nn.Module] = []  # the layers that undo() restores

    def _add(self, name: str, module: nn.RNNBase | nn.RNNCellBase, reason: str | None) -> None:
        self._lines[name] = f"{printable(name) or '(the model itself)'}: {type(module).__name__}({module.extra_repr()})"
        if reason is not None:
            self.left[name] = reason
            self._lines[name] += f" left as it is: {reason}"
            return
        self.replaced[name] = class_without(type(module))
        self.calls[name] = vars(module).setdefault(CALLS, Calls())
        self._modules.append(module)
        if not isinstance(module, Accelerated):
            module.__class__ = accelerated_class(type(module))

    def undo(self) -> None:
        """Restore the classes of the replaced layers; a second call has no effect."""
        while self._modules:
            module = self._modules.pop()
            module.__class__ = class_without(type(module))
            vars(module).pop(CALLS, None)

    def __str__(self) -> str:
        total = len(self._lines)
        if total == 0:
            return "accelerate: there is no torch.nn.RNN, GRU or LSTM in this model"
        counted = {name: f"; calls: {calls}" for name, calls in self.calls.items() if str(calls)}
        head = f"accelerate: {len(self.replaced)} of {total} recurrent layers on recurra's kernels"
        if kernels.isa() is not None:
            head += f" ({kernels.isa()})"
        if self.replaced and not self._modules:
            head += ", undone"
        return "\n  ".join([head, *(line + counted.get(name, "") for name, line in self._lines.items())])

    __repr__ = __str__


def _reason_to_leave(module: nn.RNNBase | nn.RNNCellBase) -> str | None:
    """Return why a layer cannot be replaced; None if it can."""
    cls = type(module)
    if isinstance(module, nn.RNNCellBase):
        return ONE_STEP
    if not isinstance(module, KINDS):
        return f"{cls.__name__} is no torch.nn.RNN, GRU or LSTM"
    if kernels.MISSING is not None:
        return f"recurra does not support {kernels.MISSING}"
    if module.proj_size:
        return f"proj_size={module.proj_size}"
    if parametrize.is_parametrized(module):
        return "its weights are parametrized"
    name = _overridden(module)
    if name is not None:
        return f"{cls.__name__} overrides {name}"
    try:
        accelerated_class(cls)
    except TypeError as error:
        return f"{cls.__name__} cannot have a subclass: {error}"
    for tensor in module.parameters():
        if tensor.dtype is not torch.float32 or not tensor.is_cpu:
            return f"{tensor.dtype} parameters on {tensor.device}"
    return None


def _overridden(module: nn.RNNBase) -> str | None:
    """Return a method that torch calls in `forward`, in copies or in pickles, and that a layer overrides, if any."""
    kind = next(kind for kind in KINDS if isinstance(module, kind))
    defined = {**vars(nn.RNNBase), **vars(kind), **vars(Accelerated)}
    methods = {name for name, value in defined.items() if isinstance(value, FunctionType | property)}
    methods |= {"__reduce__", "__getattr__", "__getattribute__"}
    for name in sorted(methods - NOT_NEEDED, key=lambda name: (name != "forward", name)):
        if getattr(type(module), name, None) is not getattr(kind, name, None) or name in vars(module):
            return name
    return None
