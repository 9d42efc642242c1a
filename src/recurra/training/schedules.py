"""How the learning rate changes in the course of a training."""

import math
from collections.abc import Callable

from recurra.errors import InputError
from recurra.settings.training import ScheduleName

Schedule = Callable[[float], float]  # share of the training that is over, 0 to 1 → factor of the learning rate


def constant(passed: float) -> float:
    """The same learning rate throughout."""
    return 1.0


def cosine(passed: float) -> float:
    """Along half a cosine from 1 to 0 (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * passed)) / 2


def exponential(passed: float) -> float:
    """By equal factors from 1 to 0.01."""
    return math.pow(0.01, passed)


SCHEDULES: dict[ScheduleName, Schedule] = {"constant": constant, "cosine": cosine, "exponential": exponential}


def schedule_of(name: ScheduleName) -> Schedule:
    """The schedule of this name; InputError if there is none."""
    if name not in SCHEDULES:
        raise InputError(f"schedule is {name!r}; known are {', '.join(SCHEDULES)}.")
    return SCHEDULES[name]
