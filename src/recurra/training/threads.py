"""One thread for small networks: sharing a step of some microseconds among threads costs more than the step."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

# Floating-point operations of a step below which it is not shared. A calm machine gains nothing by more threads there;
# on a busy one, threads that wait for each other at every operation make the same step twenty times slower.
WORTH_SHARING = 5e7


def work_of_step(network: nn.Module, inputs: Tensor, batch_size: int) -> float:
    """Roughly the floating-point operations of a forward pass over one batch: 2 × parameters × batch × time steps.

    Args:
        network: the module.
        inputs: all samples, [N, time, …] or [N, features].
        batch_size: samples a step.
    """
    parameters = sum(parameter.numel() for parameter in network.parameters())
    time_steps = inputs.shape[1] if inputs.dim() > 1 else 1
    return 2.0 * parameters * min(batch_size, len(inputs)) * time_steps


@contextmanager
def threads_for(work: float) -> Iterator[None]:
    """Let torch use one thread inside, if the work of a step is too little to be shared; its own setting otherwise."""
    threads = torch.get_num_threads()
    if work >= WORTH_SHARING or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
