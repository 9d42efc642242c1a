"""All uses of torch's private interface.

Each has a safe default for versions of torch that lack the private name: it assumes that the call is recorded or that a
transform is active. Then torch's operators or the reference backend run instead of the kernels, which is only slower.
"""

from collections.abc import Mapping
from contextlib import suppress
from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

COMPILER, TRACER, ONNX = "torch.compile", "torch.jit.trace", "torch.onnx.export"
MODE, FUNCTIONS = "a dispatch mode", "a function mode"
UNKNOWN = "a version of torch that does not report whether it records operators"


def _private(path: str) -> Any:
    """Look up a private name of torch; None if this version lacks it."""
    found: Any = torch
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


_get_tracing_state = _private("_C._get_tracing_state")
_are_functorch_transforms_active = _private("_C._are_functorch_transforms_active")
_len_torch_dispatch_stack = _private("_C._len_torch_dispatch_stack")
_len_torch_function_stack = _private("_C._len_torch_function_stack")
_get_function_stack_at = _private("_C._get_function_stack_at")
_is_legacy_batchedtensor = _private("_C._functorch.is_legacy_batchedtensor")
_has_any_global_hook = _private("nn.modules.module._has_any_global_hook")


def recorder() -> str | None:
    """Return what records torch's operators at this moment, such as a compiler.

    Returns:
        `COMPILER` (torch.compile and torch.export), `ONNX` (torch.onnx.export), `TRACER` (torch.jit.trace), `FUNCTIONS`
        (a function mode, but for a default device) or `MODE` (a dispatch mode, such as that of fake tensors); `UNKNOWN`
        if this version of torch does not report it; None if operators are only run.
    """
    if torch.compiler.is_compiling():
        return ONNX if torch.onnx.is_in_onnx_export() else COMPILER
    if _get_tracing_state is None or _len_torch_dispatch_stack is None or _len_torch_function_stack is None:
        return UNKNOWN
    if _get_tracing_state() is not None:
        return TRACER
    if (depth := _len_torch_function_stack()) and not _are_default_devices(depth):
        return FUNCTIONS
    if _len_torch_dispatch_stack() > 0:
        return MODE
    return None


def _are_default_devices(depth: int) -> bool:
    """Whether all active function modes are default devices, such as that of `torch.set_default_device`."""
    if _get_function_stack_at is None:
        return False
    modes = [type(_get_function_stack_at(index)) for index in range(depth)]
    return all(mode.__module__ == "torch.utils._device" and mode.__name__ == "DeviceContext" for mode in modes)


def transforms_are_active() -> bool:
    """Whether a transform of torch.func, such as vmap or grad, or forward-mode differentiation is active."""
    if _are_functorch_transforms_active is None or _are_functorch_transforms_active():
        return True
    return bool(getattr(forward_ad, "_current_level", 0) >= 0)


def is_batched(gradient: Tensor) -> bool:
    """Whether a gradient is a batch of gradients, as in `torch.autograd.grad(..., is_grads_batched=True)`."""
    return _is_legacy_batchedtensor is None or bool(_is_legacy_batchedtensor(gradient))


def apply_of(function: type[torch.autograd.Function]) -> Any:
    """Return `function.apply` without its support for torch.func transforms; the caller excludes those."""
    return getattr(super(torch.autograd.Function, function), "apply", function.apply)


def has_hooks(module: nn.Module) -> bool:
    """Whether hooks, of a module or of all modules, see its calls or their gradients."""
    if _has_any_global_hook is None or _has_any_global_hook():
        return True
    kinds = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
    return any(getattr(module, kind, True) for kind in kinds)


def parameters_of(module: nn.Module) -> Mapping[str, Tensor | None]:
    """Return the parameters of a module by name, without those of its submodules.

    This is ten times faster than access to the attributes of a module. Parametrized parameters, which are computed at
    each access, and the plain tensors of replicas are not included.
    """
    found: Mapping[str, Tensor | None] = getattr(module, "_parameters", {})
    return found


def flat_weights(module: nn.RNNBase) -> list[Tensor | None]:
    """Return the weights of a torch.nn.RNN, GRU or LSTM in torch's order, layer by layer and direction by direction.

    Weights that are plain tensors instead of parameters (in replicas, or parametrized) are included.
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
    """Make torch.compile run a function eagerly, together with the functions that it calls."""
    with suppress(AttributeError):
        frames = torch._C._dynamo.eval_frame
        frames.set_code_exec_strategy(
            code, frames._FrameExecStrategy(frames._FrameAction.SKIP, frames._FrameAction.SKIP)
        )
