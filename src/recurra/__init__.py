"""Recurrent neural networks for sequences. The public names are imported lazily: `import recurra` imports no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recurra.errors import InputError

if TYPE_CHECKING:
    from recurra.forecasting.forecaster import Forecaster
    from recurra.language.language_model import LanguageModel
    from recurra.nn.accelerate.report import accelerate
    from recurra.runs.load import load

PLACES = {  # module of each public name that is imported on first use
    "Forecaster": "recurra.forecasting.forecaster",
    "LanguageModel": "recurra.language.language_model",
    "accelerate": "recurra.nn",
    "load": "recurra.runs.load",
}
__all__ = ["Forecaster", "InputError", "LanguageModel", "accelerate", "load"]


def __getattr__(name: str) -> Any:
    if name in PLACES:
        return getattr(import_module(PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
