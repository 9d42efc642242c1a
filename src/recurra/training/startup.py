"""A second less before the first epoch of a short process."""

import inspect
import sys

import torch
from torch.optim import SGD, Adam, Optimizer, RMSprop


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
