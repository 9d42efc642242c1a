"""Rename the settings that earlier versions saved."""

from collections.abc import Mapping
from typing import Any

RENAMED = {"covariates": "past_covariates", "known": "future_covariates", "members": "ensemble_size"}  # old → new


def migrated(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the settings that an earlier version saved in a run folder or a model file.

    Only saved settings are renamed; constructors, flags and case files take the present names alone.

    Args:
        saved: setting → value, of any kind of model or case.

    Returns:
        The settings under their present names; the rest is unchanged.
    """
    settings = {RENAMED.get(name, name): value for name, value in saved.items()}
    if "keep" in settings:  # "best" or "last", the epoch whose weights a forecaster keeps
        settings["restore_best"] = settings.pop("keep") == "best"
    return settings
