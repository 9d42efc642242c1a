"""Learning rate schedules by name."""

import math
from collections.abc import Callable

from recurra.errors import InputError
from recurra.settings.training import ScheduleName

Schedule = Callable[[float], float]  # fraction of the epochs done, 0 to 1 → factor of the learning rate


def constant(passed: float) -> float:
    """Return 1: a constant learning rate."""
    return 1.0


def cosine(passed: float) -> float:
    """Return a factor that decays from 1 to 0 along half a cosine (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * passed)) / 2


def exponential(passed: float) -> float:
    """Return a factor that decays exponentially from 1 to 0.01."""
    return math.pow(0.01, passed)


SCHEDULES: dict[ScheduleName, Schedule] = {"constant": constant, "cosine": cosine, "exponential": exponential}


def schedule_of(name: ScheduleName) -> Schedule:
    """Return the schedule of this name; raise InputError if there is none."""
    if name not in SCHEDULES:
        raise InputError(f"schedule is {name!r}; known are {', '.join(SCHEDULES)}.")
    return SCHEDULES[name]
