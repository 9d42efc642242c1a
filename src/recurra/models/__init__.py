"""What a user holds: models with fit, predict, score, save and load."""

from recurra.models.language_model import LanguageModel
from recurra.models.load import load

__all__ = ["LanguageModel", "load"]
