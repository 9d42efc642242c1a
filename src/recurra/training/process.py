"""Process-wide settings of training: random seeds, threads and imports, restored afterwards."""

import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer, RMSprop

from recurra.threads import one_thread

# Floating-point operations of a step below which it is not shared among threads. A calm machine gains nothing by more
# threads there; on a busy one, threads that wait for each other at every operation make it twenty times slower.
WORTH_SHARING = 5e7

_ALONE = threading.RLock()  # torch has one default generator for the whole process


@contextmanager
def seeded(seed: int, cuda: list[torch.device]) -> Iterator[None]:
    """Context manager that seeds torch's default generators and restores their state afterwards.

    Only one Python thread at a time can be inside.

    Args:
        seed: the seed.
        cuda: CUDA devices whose generators are seeded in addition to that of the CPU.
    """
    with _ALONE, torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        for device in cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def work_of_step(network: nn.Module, batch: Tensor) -> float:
    """Estimate the floating-point operations of a forward pass: 2 × parameters × samples × time steps.

    Args:
        network: the module.
        batch: its inputs, [B, time, …] or [B, features].
    """
    parameters = sum(parameter.numel() for parameter in network.parameters())
    time_steps = batch.shape[1] if batch.dim() > 1 else 1
    return 2.0 * parameters * len(batch) * time_steps


def threads_for(work: float) -> AbstractContextManager[None]:
    """Return a context manager that limits torch and the kernels to one thread if a step has little work for several.

    Args:
        work: floating-point operations of a step; see `work_of_step`.
    """
    return one_thread(kernels=True) if work < WORTH_SHARING else nullcontext()


def skip_compiler_import() -> None:
    """Keep torch's optimizers from importing torch.compile's machinery, about a second, at their first use.

    It is for processes that never call torch.compile: the command line and the demo. What the optimizers compute stays
    the same: their methods are called without the wrappers that only tell the compiler what to leave alone. Where
    torch changes those wrappers, the import happens again and nothing else.
    """
    if "torch._dynamo" in sys.modules:
        return
    for optimizer in (Adam, SGD, RMSprop):
        optimizer.step = torch.no_grad()(inspect.unwrap(optimizer.step))  # type: ignore[method-assign]
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        setattr(Optimizer, name, inspect.unwrap(getattr(Optimizer, name)))
