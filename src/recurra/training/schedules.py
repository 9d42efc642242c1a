"""Learning rate schedules by name."""

import math
from collections.abc import Callable

from recurra.errors import InputError
from recurra.settings.training import ScheduleName, TrainingOptions

Schedule = Callable[[float], float]  # fraction of the steps done, 0 to 1 → factor of the learning rate
RISE, FIRST, LAST = 0.3, 1 / 25, 1 / 25e4  # of one_cycle, as in torch: length of the rise, first and last factor


def constant(done: float) -> float:
    """Return 1: a constant learning rate."""
    return 1.0


def cosine(done: float) -> float:
    """Return a factor that decays from 1 to 0 along half a cosine (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * done)) / 2


def exponential(done: float) -> float:
    """Return a factor that decays exponentially from 1 to 0.01."""
    return math.pow(0.01, done)


def one_cycle(done: float) -> float:
    """Return a factor that rises from 1/25 to 1 in the first 30 %, then decays to nearly 0 (Smith and Topin 2018).

    Both parts are half cosines, as in `torch.optim.lr_scheduler.OneCycleLR`.
    """
    if done < RISE:
        return 1.0 + (FIRST - 1.0) * cosine(done / RISE)
    return LAST + (1.0 - LAST) * cosine((done - RISE) / (1.0 - RISE))


SCHEDULES: dict[ScheduleName, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
    "one-cycle": one_cycle,
}


def learning_rate_of(options: TrainingOptions, steps: int) -> Callable[[int], float]:
    """Return the learning rate as a function of the number of steps done.

    Args:
        options: learning rate, schedule and warmup.
        steps: number of steps of the whole training.

    Raises:
        InputError: if there is no schedule of this name.
    """
    if options.schedule not in SCHEDULES:
        raise InputError(f"schedule is {options.schedule!r}; expected one of {', '.join(SCHEDULES)}.")
    schedule = SCHEDULES[options.schedule]
    warmup = options.warmup if isinstance(options.warmup, int) else round(options.warmup * steps)

    def learning_rate(done: int) -> float:
        rate = options.learning_rate * schedule(done / steps)
        return rate * (done + 1) / (warmup + 1) if done < warmup else rate

    return learning_rate
