"""The options of Keras layers: which have no effect here, and which values they may have."""

from collections.abc import Callable
from typing import Any

# Options that have no effect on predictions, or on training that continues from the weights.
WITHOUT_EFFECT = {
    "name",
    "trainable",  # applied to the layer as a whole
    "dtype",  # applied to the network as a whole
    "seed",
    "unroll",
    "units",
    "use_cudnn",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "embeddings_initializer",
}
COMMON = {
    "activation",
    "bias",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "dropout",
    "recurrent_dropout",
}

FLAGS = {
    "go_backwards",
    "mask_zero",
    "reset_after",
    "return_sequences",
    "return_state",
    "stateful",
    "trainable",
    "unit_forget_bias",
    "use_bias",
}
LARGEST_SIZE = 2**28  # of one dimension: no product of some sizes overflows


def is_size(value: Any) -> bool:
    """Tell whether a value is a number of units, features or tokens."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_SIZE


def is_rate(value: Any) -> bool:
    """Tell whether a value is the fraction of a dropout."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def is_flag(value: Any) -> bool:
    """Tell whether a value is true or false; Keras also writes the numbers that a user has given instead."""
    return isinstance(value, int) and value in (0, 1)


SIZE = f"a whole number from 1 to {LARGEST_SIZE:,}"
VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {  # option → which values are valid
    **dict.fromkeys(("units", "input_dim", "output_dim"), (is_size, SIZE)),
    **dict.fromkeys(("dropout", "recurrent_dropout", "rate"), (is_rate, "a number from 0 to 1")),
    **dict.fromkeys(FLAGS, (is_flag, "true or false")),
}


def fault_of(option: str, value: Any) -> str | None:
    """Return which values were expected for an option, None if it has one of them."""
    is_valid, expected = VALUES.get(option, (None, None))
    return expected if is_valid is not None and not is_valid(value) else None
