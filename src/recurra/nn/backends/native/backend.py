"""The native backend: which calls the kernels support, when they are worth it, and how they run a call."""

import torch
from torch import Tensor

from recurra.nn import torch_internals
from recurra.nn.backends.backend import Call
from recurra.nn.backends.native import kernels
from recurra.nn.backends.native.autograd import run
from recurra.nn.backends.native.kernels import KernelCall, Weights, kernel_of
from recurra.nn.backends.torch import differs_in_equations
from recurra.nn.cells import State
from recurra.nn.cells.cell import is_normalized


class Native:
    """Runs the compiled kernels: SimpleRNN with tanh or relu, GRU with reset_after, and LSTM, in float32 on the CPU.

    All of them with layer normalization or without.
    """

    name = "native"

    def unsupported(self, call: Call) -> str | None:
        if kernels.MISSING is not None:
            return kernels.MISSING
        difference = differs_in_equations(call.cell)
        if difference is not None:
            return difference
        if call.dropout_mask is not None:
            return "recurrent dropout"
        tensors = (call.x, *(call.state or ()), *call.parameters.values())
        return unsupported_tensors(tensors, torch_internals.recorder())

    def worth_it(self, call: Call) -> bool:
        B, T, I = call.x.shape
        if is_normalized(call.cell):  # torch has no operator for it
            return True
        return not is_slower_than_torch(kernel_of(call.cell), B, T, I, call.hidden_size)

    def can_drop(self, call: Call) -> bool:
        """Whether the outputs of a supported call are dropped in `scan`, where it does not become an operator.

        A recording would repeat the seed of an operator in each call.
        """
        tensors = (call.mask, call.x, *(call.state or ()), *call.parameters.values())
        return torch_internals.recorder() is None and kernels.extension.are_plain(tensors)

    def scan(self, call: Call) -> tuple[Tensor | None, State]:
        kernel = KernelCall(kernel_of(call.cell), call.reverse, call.sequences)
        if call.output_dropout > 0.0:
            seed = int(torch.empty((), dtype=torch.int64, device="cpu").random_())
            kernel = kernel._replace(dropout=call.output_dropout, seed=seed)
        recorder = torch_internals.recorder()
        return run(kernel, call.x, call.state, Weights.of(call.parameters), call.mask, recorder)


def unsupported_tensors(tensors: tuple[Tensor, ...], recorder: str | None) -> str | None:
    """Return what the kernels do not support in the tensors of a call or in the current mode of torch.

    Args:
        tensors: the tensors of a call.
        recorder: what records the call; see `torch_internals.recorder`.

    Returns:
        What is unsupported, such as "autocast"; None if everything is supported.
    """
    compiling = recorder == torch_internals.COMPILER
    if compiling or not kernels.extension.are_plain_floats(tensors):
        for tensor in tensors:
            if tensor.layout is not torch.strided:
                return "sparse tensors"
            if tensor.is_nested:
                return "nested tensors"
            if not (tensor.dtype is torch.float32 and tensor.is_cpu):
                return f"{tensor.dtype} tensors on {tensor.device}"
    if torch.is_autocast_enabled("cpu"):
        return "autocast"
    if compiling:
        return None
    # autograd does not save tensors of inference mode; which ones torch needs to save differs from what we do
    inference = torch.is_grad_enabled() and True in map(Tensor.is_inference, tensors)
    if inference and any(tensor.requires_grad for tensor in tensors):
        return "gradients with tensors of inference mode"
    if recorder is not None and recorder != torch_internals.MODE:
        return recorder
    if torch_internals.transforms_are_active():
        return "transforms of torch.func"
    return None


def is_slower_than_torch(kernel: str, B: int, T: int, I: int, H: int) -> bool:
    """Whether torch's operators are faster than the kernels.

    They are if the weights exceed the L2 cache and have too little reuse. The kernels pack the weights, which does not
    pay off in one or two steps of a SimpleRNN or GRU; and they split the batch among threads, whereas torch splits the
    weights of an LSTM. The limits were measured with two threads by benchmarks/layers.py --grid. In `one_thread`, which
    the estimators use, the shapes alone decide.

    Args:
        kernel: the name of the kernel.
        B: batch size.
        T: number of time steps.
        I: number of input features.
        H: number of hidden units.
    """
    if torch_internals.recorder() == torch_internals.COMPILER:  # the number of threads is not that of the run
        return False
    size = H * (I + H)
    if kernel == "lstm":
        return size > 150_000 and 4 * torch.get_num_threads() > B
    if T == 1:
        return size > (60_000 if kernel == "gru" else 100_000)
    return T == 2 and size > 200_000
