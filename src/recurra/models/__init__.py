"""The models: LanguageModel and Forecaster, with fit, predict, score, save and load."""

from typing import TYPE_CHECKING, Any

from recurra.models.language_model import LanguageModel
from recurra.models.load import load

if TYPE_CHECKING:
    from recurra.models.forecaster import Forecaster

__all__ = ["Forecaster", "LanguageModel", "load"]


def __getattr__(name: str) -> Any:
    if name == "Forecaster":  # imported on first use: pandas takes longer to import than a letter case takes to train
        from recurra.models.forecaster import Forecaster

        return Forecaster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
