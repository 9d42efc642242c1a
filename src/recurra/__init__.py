"""Recurrent neural networks for sequences. The public names are imported lazily: `import recurra` imports no torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recurra.errors import InputError

if TYPE_CHECKING:
    from recurra.models import Forecaster, LanguageModel, load
    from recurra.nn import accelerate

__all__ = ["Forecaster", "InputError", "LanguageModel", "accelerate", "load"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("recurra.nn" if name == "accelerate" else "recurra.models"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
