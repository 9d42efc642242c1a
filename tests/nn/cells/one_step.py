"""A cell as a module of one step, and the sigmoid by hand."""

import math

from recurra.nn import OneStep


def step_of(make, input_size, hidden_size, **options):
    return OneStep(make(**options), input_size, hidden_size)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))
