"""Checks of arguments: sizes, rates, flags, choices, tensors, and the memory that a size would take."""

import operator
import os
from collections.abc import Collection
from math import prod
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recurra.errors import InputError, InputTypeError
from recurra.errors import shown as shown_in_one_line

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def check_size(where: str, name: str, value: Any) -> int:
    """Return a size as an int.

    Args:
        where: the layer or function, for the message.
        name: the name of the argument.
        value: its value: an integer of at least 1.

    Raises:
        InputTypeError: the value is no integer; True and 3.0 are none.
        InputError: the value is less than 1, or too large for any tensor.
    """
    wrong = InputTypeError(f"{where}: {name} is {shown(value)}; expected an integer, at least 1.")
    if isinstance(value, bool | Tensor):
        raise wrong
    try:
        size = operator.index(value)
    except TypeError:
        raise wrong from None
    if size < 1:
        raise InputError(f"{where}: {name} is {shown(size)}; it must be at least 1.")
    if size >= 2**63:
        raise InputError(f"{where}: {name} is {shown(size)}; no tensor is that large, expected less than 2**63.")
    return size


def check_rate(where: str, name: str, value: Any) -> float:
    """Return a fraction to drop: a number of at least 0 and less than 1.

    Raises:
        InputTypeError: the value is no number.
        InputError: the value is out of this range, or NaN.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number:
        raise InputTypeError(f"{where}: {name} is {shown(value)}; expected a number, at least 0 and less than 1.")
    if not 0.0 <= value < 1.0:
        raise InputError(f"{where}: {name} is {shown(value)}; it must be at least 0 and less than 1.")
    return float(value)


def check_flags(where: str, **flags: Any) -> None:
    """Check that options are True or False.

    Raises:
        InputTypeError: one is not.
    """
    for name, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise InputTypeError(f"{where}: {name} is {shown(value)}; expected True or False.")


def check_choice(where: str, name: str, value: Any, choices: Collection[str]) -> None:
    """Check that an option is one of some names.

    Raises:
        InputTypeError: the value is no str.
        InputError: there is no such name.
    """
    if not isinstance(value, str) or value not in choices:
        error = InputError if isinstance(value, str) else InputTypeError
        raise error(f"{where}: {name} is {shown(value)}; expected one of {', '.join(choices)}.")


def check_tensor(where: str, name: str, value: Any) -> None:
    """Check that an argument is a dense tensor.

    Raises:
        InputTypeError: it is no tensor.
        InputError: it is a sparse or nested tensor.
    """
    what = f"{where}: the {name} {'are' if name.endswith('s') else 'is'} a"
    if not isinstance(value, Tensor):
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        raise InputTypeError(f"{what} {kind}; expected a torch.Tensor: torch.as_tensor makes one.")
    if value.layout is not torch.strided or value.is_nested:
        kind = "nested" if value.is_nested else "sparse"
        raise InputError(f"{what} {kind} tensor; expected a dense one, padded if lengths differ.")


def check_device(where: str, name: str, value: Tensor, other: str, there: Tensor) -> None:
    """Check that two tensors, of which messages have the names, are on the same device.

    Raises:
        InputError: they are not.
    """
    if value.device != there.device:
        first, second = (f"the {what} {'are' if what.endswith('s') else 'is'} on" for what in (name, other))
        raise InputError(f"{where}: {first} {value.device}, {second} {there.device}; move one with .to(device).")


def is_cast(x: Tensor) -> bool:
    """Whether operators convert the dtype of an input by themselves, under autocast."""
    return x.is_floating_point() and not x.is_meta and torch.is_autocast_enabled(x.device.type)


def check_memory(where: str, what: str, *shapes: tuple[int, ...], like: Tensor | None = None) -> None:
    """Check that tensors fit into the memory of this machine, before any of them is made.

    What fits is the physical memory and, on Linux, the swap space. Nothing is checked on other devices, whose memory is
    not known here, nor for fake tensors, which have none.

    Args:
        where: the layer, for the message.
        what: what the tensors are, such as "its parameters".
        *shapes: their shapes.
        like: a tensor of their dtype and device; torch's defaults if None.

    Raises:
        InputError: they do not fit.
    """
    like = torch.empty(0) if like is None else like
    needed, memory = sum(map(prod, shapes)) * like.element_size(), memory_of_machine()
    if memory is not None and needed > memory and like.is_cpu and type(like) is Tensor:
        raise InputError(
            f"{where}: {what} would take {format_bytes(needed)}; this machine has {format_bytes(memory)} of memory. "
            "Choose smaller sizes."
        )


def allocate(where: str, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor for parameters, not yet initialized.

    Raises:
        InputError: torch cannot allocate the memory.
    """
    try:
        return torch.empty(shape)
    except (RuntimeError, TypeError):  # a TypeError for products of sizes beyond 64 bits
        size = format_bytes(prod(shape) * torch.empty(0).element_size())
        raise InputError(f"{where}: torch cannot allocate {size} for parameters; choose smaller sizes.") from None


def memory_of_machine() -> int | None:
    """Return the bytes of physical memory and, on Linux, swap space; None if this system does not say."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return memory + sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("SwapTotal:"))
    except (OSError, ValueError):
        return memory


def format_bytes(count: int) -> str:
    """Format a number of bytes: 2_500_000 → "2.5 MB"."""
    power = min((len(str(count)) - 1) // 3, len(UNITS) - 1)
    return f"{count / 1000**power:.3g} {UNITS[power]}"


def shown(value: Any) -> str:
    """Return a short text of a value, in one line, whatever the value."""
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else shown_in_one_line(value)
