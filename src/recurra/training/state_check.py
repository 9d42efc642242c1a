"""Whether a saved state fits the network and the optimizer that go on from it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from recurra.errors import InputError, reason
from recurra.settings.training import TrainingOptions
from recurra.training.optimizers import make_optimizer
from recurra.training.state import TrainingState


@contextmanager
def restoring(state: TrainingState) -> Iterator[None]:
    """Turn the errors of what does not fit a state into an InputError that names its file."""
    try:
        yield
    except InputError:
        raise
    except (IndexError, KeyError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        why = reason(error, 200)
        if state.source:
            how = f"{state.source} is damaged, or of another network ({why}); start over with --overwrite."
        else:
            how = f"the state is that of another network or of other options ({why}); train without it."
        raise InputError(how) from error


def check_fits(state: TrainingState, network: nn.Module, options: TrainingOptions) -> None:
    """Check the tensors of a state against a network and its optimizer.

    Raises:
        ValueError: if a tensor is missing or unknown, or has another shape or dtype.
    """
    expected = network.state_dict()
    for kind in ("model", "best", "average"):
        own = state.weights(kind)
        if kind == "model" or own:
            _check_same(kind, own, expected)
    _check_optimizer(state.weights("optimizer"), [p for p in network.parameters() if p.requires_grad], options)
    _check_sums(state.weights("sums"))


def _check_same(kind: str, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    if found.keys() != expected.keys():
        odd = sorted(found.keys() ^ expected.keys())[0]
        raise ValueError(f"{kind}.{odd} is {'unknown' if odd in found else 'missing'}")
    for name, tensor in found.items():
        if tensor.shape != expected[name].shape or tensor.dtype != expected[name].dtype:
            raise ValueError(f"{kind}.{name} is {list(tensor.shape)} of {tensor.dtype}")


def _check_optimizer(found: Mapping[str, Tensor], parameters: Sequence[Tensor], options: TrainingOptions) -> None:
    slots = _slots_of(options)
    if slots is None:
        return
    indices = {name.split(".", 1)[0] for name in found}
    known = {str(index): parameter for index, parameter in enumerate(parameters)}
    expected = {f"{index}.{slot}" for index in indices & known.keys() for slot in slots}
    if found.keys() != expected:
        odd = min(found.keys() ^ expected)
        raise ValueError(f"optimizer.{odd} is {'unknown' if odd in found else 'missing'}")
    for name, tensor in found.items():
        index, slot = name.split(".", 1)
        shape = known[index].shape if slots[slot] else ()
        if tensor.shape != shape or not tensor.is_floating_point():
            raise ValueError(f"optimizer.{name} is {list(tensor.shape)} of {tensor.dtype}")


def _slots_of(options: TrainingOptions) -> dict[str, bool] | None:
    """Return what an optimizer keeps for a parameter, by name: whether it has the parameter's shape, or is a scalar.

    A step on a small parameter shows it. None: the optimizer is a user-defined one, which may keep anything.
    """
    if not isinstance(options.optimizer, str):
        return None
    small = nn.Linear(2, 3, bias=False)
    small.weight.grad = torch.zeros(3, 2)
    optimizer = make_optimizer(small, options)
    optimizer.step()
    slots: Mapping[str, Tensor | None] = optimizer.state_dict()["state"].get(0, {})
    return {name: tensor.dim() > 0 for name, tensor in slots.items() if tensor is not None}


def _check_sums(sums: Mapping[str, Tensor]) -> None:
    """Check what was summed of the record that the training was in."""
    for name, tensor in sums.items():
        value = tensor.item() if tensor.dim() == 0 else math.nan
        kind, _, metric = name.partition(".")
        fits = {"sum": "count", "count": "sum"}.get(kind)
        complete = name == "seconds" or (fits is not None and f"{fits}.{metric}" in sums)
        if not complete or not math.isfinite(value) or (kind == "count" and (value < 1 or tensor.is_floating_point())):
            raise ValueError(f"sums.{name} is {value}")
    if float(sums.get("seconds", 0.0)) < 0.0:
        raise ValueError("sums.seconds is negative")
