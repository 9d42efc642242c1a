"""torch's private names: everything that recurra asks of torch beyond its public interface, in this one file.

Each has a careful default for a torch that lacks the name: somebody may be recording, a transform may be active. Then
torch's own operators or the reference run instead of the kernels; only speed is lost.
"""

from collections.abc import Mapping
from contextlib import suppress
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

COMPILER, TRACER, ONNX, MODE = "torch.compile", "torch.jit.trace", "torch.onnx.export", "a dispatch mode"
UNKNOWN = "a torch of which it is unknown whether it records operators"


def _private(path: str) -> Any:
    """What a private name of torch stands for; None if this torch lacks it."""
    found: Any = torch
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


_get_tracing_state = _private("_C._get_tracing_state")
_are_functorch_transforms_active = _private("_C._are_functorch_transforms_active")
_len_torch_dispatch_stack = _private("_C._len_torch_dispatch_stack")
_is_legacy_batchedtensor = _private("_C._functorch.is_legacy_batchedtensor")


def recorder() -> str | None:
    """Say who records torch's operators at this moment instead of only running them; None if nobody does.

    Returns:
        `COMPILER` (torch.compile and torch.export), `ONNX` (torch.onnx.export), `TRACER` (torch.jit.trace), or `MODE`
        (a dispatch mode, such as that of fake tensors); `UNKNOWN` if this torch does not tell.
    """
    if torch.compiler.is_compiling():
        return ONNX if torch.onnx.is_in_onnx_export() else COMPILER
    if _get_tracing_state is None or _len_torch_dispatch_stack is None:
        return UNKNOWN
    if _get_tracing_state() is not None:
        return TRACER
    if _len_torch_dispatch_stack() > 0:
        return MODE
    return None


def transforms_are_active() -> bool:
    """Whether vmap, grad or another transform of torch.func, or forward-mode differentiation, is active."""
    if _are_functorch_transforms_active is None or _are_functorch_transforms_active():
        return True
    return bool(getattr(forward_ad, "_current_level", 0) >= 0)


def is_batched(gradient: Tensor) -> bool:
    """Whether many gradients come as one, as `torch.autograd.grad(..., is_grads_batched=True)` sends them."""
    return _is_legacy_batchedtensor is None or bool(_is_legacy_batchedtensor(gradient))


def apply_of(function: type[torch.autograd.Function]) -> Any:
    """`function.apply` without its care for transforms of torch.func, where the caller has excluded them."""
    return getattr(super(torch.autograd.Function, function), "apply", function.apply)


def parameters_of(module: nn.Module) -> Mapping[str, Tensor | None]:
    """The parameters of a module itself by name: a look that is ten times faster than an attribute of a module.

    Those that are computed at each look (under parametrizations), or are plain tensors (in replicas), are not among
    them.
    """
    found: Mapping[str, Tensor | None] = getattr(module, "_parameters", {})
    return found


def flat_weights(module: nn.RNNBase) -> list[Tensor | None]:
    """The weights of a torch.nn.RNN, GRU or LSTM in torch's order, layer by layer and direction by direction.

    They are read as they are at this moment, even where they are plain tensors instead of parameters (in replicas, or
    under parametrizations).
    """
    names = getattr(module, "_flat_weights_names", None)
    if names is None:
        return [weight for weights in module.all_weights for weight in weights]
    parameters = parameters_of(module)
    try:
        return [parameters[name] for name in names]
    except KeyError:
        return [getattr(module, name, None) for name in names]


def skip_in_compiler(code: CodeType) -> None:
    """Have torch.compile run a function as it is, instead of compiling the small functions that it calls one by one."""
    with suppress(AttributeError):
        frames = torch._C._dynamo.eval_frame
        frames.set_code_exec_strategy(
            code, frames._FrameExecStrategy(frames._FrameAction.SKIP, frames._FrameAction.SKIP)
        )
