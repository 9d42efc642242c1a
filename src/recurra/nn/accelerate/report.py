"""`accelerate(model)`, which runs the recurrent layers of a model on the kernels, and the report that can undo it."""

import torch
from torch import nn
from torch.nn.utils import parametrize

from recurra.errors import InputError
from recurra.nn.accelerate.layers import KINDS, Accelerated, accelerated_class, class_without
from recurra.nn.backends.native import kernels

# A subclass of a torch layer that overrides one of these methods may compute, check or pickle something else.
MUST_NOT_OVERRIDE = (
    "forward",
    "check_input",
    "check_forward_args",
    "check_hidden_size",
    "get_expected_hidden_size",
    "permute_hidden",
    "__reduce__",
    "__reduce_ex__",
)


def accelerate(model: nn.Module) -> "Report":
    """Run the torch.nn.RNN, GRU and LSTM layers of a model on recurra's kernels, in place.

    Outputs and gradients equal those of torch to float32 rounding. Parameters, state dicts, hooks and `isinstance`
    checks do not change. A model that is already accelerated, or a copy of one, may be passed again to get a report.

    Whatever the kernels do not support runs in torch, without a warning: a whole layer, which the report lists with the
    reason, or a single call (on another device, in another precision, under autocast, torch.func or torch.jit.trace).
    torch.compile skips the recurrent layers of torch.nn, accelerated or not, unless `torch._dynamo.config.allow_rnn` is
    set. Call `undo()` before using tools that look for the exact classes of torch, such as
    `torch.ao.quantization.quantize_dynamic`.

    Args:
        model: a torch module, which may itself be a recurrent layer. It is changed in place.

    Returns:
        A report of the layers that were replaced and those that were not; its `undo()` restores the model.

    Raises:
        InputError: `model` is not a torch module.

    Example:
        >>> model = nn.Sequential(nn.Embedding(50, 8), nn.GRU(8, 16, batch_first=True))
        >>> report = accelerate(model)
        >>> output, h = model(torch.tensor([[3, 1, 4]]))
        >>> output.shape
        torch.Size([1, 3, 16])
        >>> report.undo()
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"accelerate takes a torch.nn.Module; got {type(model).__name__}.")
    report = Report()
    for name, module in model.named_modules():
        if isinstance(module, KINDS):
            report._add(name, module, None if isinstance(module, Accelerated) else _reason_to_leave(module))
    return report


class Report:
    """The result of `accelerate`; printing it shows one line per recurrent layer of the model.

    Attributes:
        replaced: the layers that run on the kernels: name → class in torch.
        left: the layers that were not replaced: name → reason.

    Example:
        >>> model = nn.ModuleDict({"rnn": nn.LSTM(4, 3, proj_size=2), "head": nn.Linear(2, 1)})
        >>> report = accelerate(model)
        >>> report.left
        {'rnn': 'proj_size=2'}
        >>> report.replaced
        {}
    """

    def __init__(self) -> None:
        self.replaced: dict[str, type[nn.Module]] = {}
        self.left: dict[str, str] = {}
        self._lines: list[str] = []
        self._modules: list[nn.Module] = []  # the layers that undo() restores

    def _add(self, name: str, module: nn.RNNBase, reason: str | None) -> None:
        line = f"{name or '(the model itself)'}: {type(module).__name__}({module.extra_repr()})"
        if reason is None:
            self.replaced[name] = class_without(type(module))
            self._modules.append(module)
            if not isinstance(module, Accelerated):
                module.__class__ = accelerated_class(type(module))
        else:
            self.left[name] = reason
            line += f" left as it is: {reason}"
        self._lines.append(line)

    def undo(self) -> None:
        """Restore the classes of the replaced layers; a second call has no effect."""
        while self._modules:
            module = self._modules.pop()
            module.__class__ = class_without(type(module))

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
    """Return why a layer cannot be replaced; None if it can."""
    cls = type(module)
    if kernels.MISSING is not None:
        return f"recurra does not support {kernels.MISSING}"
    if module.proj_size:
        return f"proj_size={module.proj_size}"
    if parametrize.is_parametrized(module):
        return "its weights are parametrized"
    kind = next(kind for kind in KINDS if isinstance(module, kind))
    for name in MUST_NOT_OVERRIDE:
        if getattr(cls, name) is not getattr(kind, name) or name in vars(module):
            return f"{cls.__name__} overrides {name}"
    for tensor in module.parameters():
        if tensor.dtype is not torch.float32 or not tensor.is_cpu:
            return f"{tensor.dtype} parameters on {tensor.device}"
    return None
