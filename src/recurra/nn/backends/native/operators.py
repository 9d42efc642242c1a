"""The kernels as operators of torch.library: `recurra::scan` and its gradient, with the shapes of their results.

They serve torch.compile, torch.export and fake tensors, which trace a call without running it. An operator can return
only tensors; instead of None it returns an empty tensor.

The operators are defined by their schemas, because `torch.library.custom_op` wraps each call in Python code that takes
four times as long as the dispatch.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from recurra.nn.backends.native import kernels
from recurra.nn.backends.native.kernels import KernelCall, Tensors

_Scanned = tuple[Tensor, Tensor, Tensor, Tensor]  # y, h, c, tape

_TENSORS = (
    "Tensor? mask, Tensor x, Tensor? h0, Tensor? c0, "
    "Tensor weight_ih, Tensor weight_hh, Tensor? bias_ih, Tensor? bias_hh, "
    "Tensor? norm_ih, Tensor? norm_hh, Tensor? norm_c, Tensor? bias_c"
)
_CALL = "str kernel, bool reverse, bool sequences, bool time_major, bool layered"
_OPTIONS = _CALL.count(",") + 1  # the first ones of KernelCall: an operator drops nothing
torch.library.define(
    "recurra::scan", f"({_TENSORS}, {_CALL}, bool keep_tape) -> (Tensor y, Tensor h, Tensor c, Tensor tape)"
)
torch.library.define(
    "recurra::scan_backward",
    f"({_TENSORS}, {_CALL}, Tensor tape, Tensor? dy, Tensor? dh, Tensor? dc, bool[] wanted) -> Tensor[]",
)


class _Arguments(NamedTuple):
    """The arguments of an operator; both operators begin with the tensors and the options of a call."""

    tensors: Tensors
    call: KernelCall
    rest: tuple[Any, ...]

    @classmethod
    def of(cls, arguments: tuple[Any, ...]) -> "_Arguments":
        tensors, options = len(Tensors._fields), len(Tensors._fields) + _OPTIONS
        return cls(Tensors(*arguments[:tensors]), KernelCall(*arguments[tensors:options]), arguments[options:])


@torch.library.impl("recurra::scan", "CPU")
def _scan(*arguments: Any) -> _Scanned:
    tensors, call, (keep_tape,) = _Arguments.of(arguments)
    y, h, c, tape = (_or_empty(found, tensors) for found in kernels.forward(call, keep_tape, tensors))
    return y, h, c, tape


@torch.library.register_fake("recurra::scan")  # type: ignore[untyped-decorator]
def _scan_shapes(*arguments: Any) -> _Scanned:
    tensors, call, (keep_tape,) = _Arguments.of(arguments)
    x, H = tensors.x, tensors.weight_hh.shape[1]
    return (
        call.outputs(x, H) if call.sequences else x.new_empty(0),
        call.last(x, H),
        call.last(x, H) if call.has_c else x.new_empty(0),
        call.tape(x, int(H)) if keep_tape else x.new_empty(0),
    )


@torch.library.impl("recurra::scan_backward", "CPU")
def _scan_backward(*arguments: Any) -> list[Tensor]:
    tensors, call, (tape, dy, dh, dc, wanted) = _Arguments.of(arguments)
    tape = tape.clone()  # an operator must not change its arguments
    return [_or_empty(found, tensors) for found in kernels.backward(call, (dy, dh, dc), wanted, tape, tensors)]


@torch.library.register_fake("recurra::scan_backward")  # type: ignore[untyped-decorator]
def _scan_backward_shapes(*arguments: Any) -> list[Tensor]:
    tensors, _, (_, _, _, _, wanted) = _Arguments.of(arguments)
    found = [
        torch.empty_like(leaf, memory_format=torch.contiguous_format) if want and leaf is not None else None
        for want, leaf in zip(wanted, tensors.leaves, strict=True)
    ]
    return [_or_empty(gradient, tensors) for gradient in found]


def _or_empty(found: Tensor | None, tensors: Tensors) -> Tensor:
    return tensors.x.new_empty(0) if found is None else found


def _save_for_backward(ctx: Any, inputs: tuple[Any, ...], output: _Scanned) -> None:
    tensors, ctx.call, _ = _Arguments.of(inputs)
    ctx.save_for_backward(*tensors, output[3])
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, dy: Any, dh: Any, dc: Any, _: Any) -> tuple[Any, ...]:
    *tensors, tape = ctx.saved_tensors
    wanted = list(ctx.needs_input_grad[1 : len(Tensors._fields)])  # all but the mask, which is first
    dy = dy if ctx.call.sequences else None
    dc = dc if ctx.call.has_c else None
    found = torch.ops.recurra.scan_backward(*tensors, *ctx.call[:_OPTIONS], tape, dy, dh, dc, wanted)
    others = _OPTIONS + 1
    return None, *(d if want else None for want, d in zip(wanted, found, strict=True)), *[None] * others


torch.library.register_autograd("recurra::scan", _backward, setup_context=_save_for_backward)


def _no_second_derivative(ctx: Any, *_: Any) -> None:
    raise NotImplementedError(
        "recurra::scan has no second derivative under torch.compile, torch.export and fake tensors; "
        'in eager code it has, and backend="reference" has it everywhere.'
    )


torch.library.register_autograd("recurra::scan_backward", _no_second_derivative)


def scan(tensors: Tensors, call: KernelCall, keep_tape: bool) -> Any:
    """Run a call without dropout; see `kernels.forward`."""
    return torch.ops.recurra.scan(*tensors, *call[:_OPTIONS], keep_tape)
