"""The optimizers by name."""

from collections.abc import Callable
from functools import partial

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from recurra.errors import InputError
from recurra.settings.training import OptimizerName, TrainingOptions

OPTIMIZERS: dict[OptimizerName, Callable[..., Optimizer]] = {
    "adam": partial(Adam, fused=True),  # one operator a step instead of a dozen for each parameter
    "adamw": partial(AdamW, fused=True),
    "sgd": SGD,
    "rmsprop": RMSprop,
}


def make_optimizer(network: nn.Module, options: TrainingOptions) -> Optimizer:
    """Return an optimizer of the trainable parameters, with the defaults of torch where the options set nothing.

    Raises:
        InputError: if there is no optimizer of this name.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    arguments = {"lr": options.learning_rate}
    if options.weight_decay is not None:
        arguments["weight_decay"] = options.weight_decay
    if callable(options.optimizer):
        optimizer: Optimizer = options.optimizer(parameters, **arguments)
        return optimizer
    if options.optimizer not in OPTIMIZERS:
        raise InputError(f"optimizer is {options.optimizer!r}; expected one of {', '.join(OPTIMIZERS)}.")
    return OPTIMIZERS[options.optimizer](parameters, **arguments)
