"""The names of the state files in a run folder: one, or one for each network of an ensemble."""

import re

STATE = "state.safetensors"
STATE_NAME = re.compile(r"state(-[0-9]+)?\.safetensors")


def state_name(member: int) -> str:
    """Return the name of the state of a network: state.safetensors, or state-2.safetensors in an ensemble."""
    return f"state-{member}.safetensors" if member else STATE


def state_names(count: int) -> list[str]:
    """Return the names of the states of a run with so many networks."""
    return [state_name(number + 1) for number in range(count)] if count > 1 else [STATE]
