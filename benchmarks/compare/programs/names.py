"""The names of settings in the build that runs this: a commit before a renaming has the old ones."""

from inspect import signature
from typing import Any

from recurra import Forecaster

OLD_NAMES = {"past_covariates": "covariates", "future_covariates": "known", "ensemble_size": "members"}  # present → old
OLD_FLAGS = {f"--{new.replace('_', '-')}": [f"--{old}"] for new, old in OLD_NAMES.items()}
OLD_FLAGS["--no-restore-best"] = ["--keep", "last"]
IS_OLD = "past_covariates" not in signature(Forecaster).parameters


def settings(**present: Any) -> dict[str, Any]:
    """Settings under the names of this build."""
    return {OLD_NAMES.get(name, name): value for name, value in present.items()} if IS_OLD else present


def flags(present: list[str]) -> list[str]:
    """The arguments of a command with the flags of this build."""
    if not IS_OLD:
        return present
    return [word for argument in present for word in OLD_FLAGS.get(argument, [argument])]
