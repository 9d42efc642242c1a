"""`accelerate(model)`: which recurrent layers of a model run on the kernels, and the report that can undo it."""

import torch
from torch import nn
from torch.nn.utils import parametrize

from recurra.errors import InputError
from recurra.nn.accelerate.layers import KINDS, Accelerated, accelerated_class, class_without
from recurra.nn.backends.native import kernels

OVERRIDDEN = (  # a subclass that overrides one of these computes, checks or pickles something else
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
            report._add(name, module, None if isinstance(module, Accelerated) else _reason_to_leave(module))
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
            self.replaced[name] = class_without(type(module))
            self._modules.append(module)
            if not isinstance(module, Accelerated):
                module.__class__ = accelerated_class(type(module))
        else:
            self.left[name] = reason
            line += f" left as it is: {reason}"
        self._lines.append(line)

    def undo(self) -> None:
        """Give the replaced layers back to torch; a second call changes nothing."""
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
    """Why a layer stays as it is; None if it can be replaced."""
    cls = type(module)
    if kernels.MISSING is not None:
        return f"recurra cannot do {kernels.MISSING}"
    if module.proj_size:
        return f"proj_size={module.proj_size}"
    if parametrize.is_parametrized(module):
        return "its weights are parametrized"
    kind = next(kind for kind in KINDS if isinstance(module, kind))
    for name in OVERRIDDEN:
        if getattr(cls, name) is not getattr(kind, name) or name in vars(module):
            return f"{cls.__name__} has a {name} of its own"
    for tensor in module.parameters():
        if tensor.dtype is not torch.float32 or not tensor.is_cpu:
            return f"{tensor.dtype} parameters on {tensor.device}"
    return None
