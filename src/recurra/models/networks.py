"""Make the network of a model on its device, with initial weights or with those of a file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from recurra.errors import InputError, reason
from recurra.models.fitting import usable_device
from recurra.models.model_file import damaged, named
from recurra.settings.network import NetworkSettings

N = TypeVar("N", bound=nn.Module)


def made(make: Callable[[], N], settings: NetworkSettings) -> N:
    """Return a network on the device of its settings.

    Args:
        make: function that returns the network on the CPU.
        settings: settings of the network.

    Raises:
        InputError: if the network is too large to be made here, or the device cannot be used.
    """
    device = usable_device(settings.device)
    try:
        with torch.device("cpu"):  # where the seed determines the weights, whatever torch's default device is
            return make().to(device)
    except RuntimeError as error:
        sizes = {name: getattr(settings, name) for name in ("units", "embedding_dim") if hasattr(settings, name)}
        size = " and ".join(f"{name}={value}" for name, value in sizes.items())
        raise InputError(f"a network of {size} cannot be made here ({reason(error, 200)}); use fewer.") from None


def made_with_weights(path: Path, make: Callable[[], N], settings: NetworkSettings, weights: Mapping[str, Tensor]) -> N:
    """Return a network on the device of its settings, with the weights of a file.

    The network is first made without memory, so that a file whose weights have other shapes than its settings say costs
    none.

    Args:
        path: the file, for error messages.
        make: see `made`.
        settings: settings of the network.
        weights: the weights.

    Raises:
        InputError: see `made`; and if the weights do not fit the settings.
    """
    try:
        with torch.device("meta"):
            expected = make().state_dict()
    except (InputError, RuntimeError) as error:  # sizes beyond what can be counted
        raise _unfit(path, reason(error, 200)) from error
    if expected.keys() != weights.keys():
        name = min(expected.keys() ^ weights.keys())
        raise _unfit(path, f"{name} is {'missing' if name in expected else 'none of them'}")
    for name, tensor in weights.items():
        if tensor.shape != expected[name].shape or tensor.dtype != expected[name].dtype:
            found, wanted = (f"{list(t.shape)} of {t.dtype}" for t in (tensor, expected[name]))
            raise _unfit(path, f"{name} is {found}, expected {wanted}")
        if not bool(tensor.isfinite().all()):
            raise damaged(path, f"its weights {name} have NaN or infinity")
    with named(path):
        network = made(make, settings)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            tensor.copy_(weights[name])
    return network


def _unfit(path: Path, detail: str) -> InputError:
    return damaged(path, f"its weights do not fit its own configuration ({detail})")
