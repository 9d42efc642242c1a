"""The base class of models, by the conventions of scikit-learn: constructor parameters, fitted attributes in `_`."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

from recurra.errors import InputError, InputTypeError
from recurra.settings.base import Settings
from recurra.settings.check import names_of, near_miss
from recurra.settings.describe import documentation_of, signature_of

if TYPE_CHECKING:
    from sklearn.utils import Tags


class NotFittedError(InputError):
    """Raised if a model is used before it is fitted or loaded."""


class Estimator:
    """Base class of models. The constructor stores its arguments unchanged, and `fit` validates them.

    `class Model(Estimator, ModelSettings)` takes the settings as constructor arguments, with their documentation and
    signature.
    """

    # Settings are immutable and compare by value; a model is mutable and compares by identity.
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for settings in cls.__bases__:
            if issubclass(settings, Estimator) or not issubclass(settings, Settings):
                continue
            settings.__init__ = _with_known_names(settings)  # type: ignore[method-assign]
            if cls.__doc__ is not None:
                text, heading, attributes = inspect.cleandoc(cls.__doc__).partition("\n\nAttributes:")
                cls.__doc__ = f"{text}\n\n{documentation_of(settings)}{heading}{attributes}"

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor arguments. `deep` exists for compatibility with scikit-learn and has no effect."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments.

        Raises:
            InputError: if there is no such parameter.
        """
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                raise InputError(f"{type(self).__name__} has no parameter {name!r}{near_miss(name, known)}")
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> "Tags":
        """Describe the model to scikit-learn, which calls this; recurra itself does not need scikit-learn."""
        from sklearn.utils import InputTags, Tags, TargetTags

        tabular = InputTags(one_d_array=True, two_d_array=False, string=True)
        return Tags(estimator_type=None, target_tags=TargetTags(required=False), input_tags=tabular, requires_fit=True)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"this {name} is not fitted yet; call fit, or recurra.load a saved one.")

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        shown = {name: repr(value) for name, value in self.get_params().items()}  # arrays do not compare to one truth
        changed = [f"{name}={text}" for name, text in shown.items() if text != repr(defaults[name])]
        return f"{type(self).__name__}({', '.join(changed)})"


def _with_known_names(settings: type[Settings]) -> Callable[..., None]:
    """Return the constructor of settings with its signature, which names the nearest argument to an unknown one."""
    constructor = settings.__init__

    @wraps(constructor)
    def checked(self: Settings, *values: Any, **named: Any) -> None:
        known = names_of(settings)
        if unknown := next((name for name in named if name not in known), None):
            raise InputTypeError(f"{type(self).__name__} has no argument {unknown!r}{near_miss(unknown, known)}")
        constructor(self, *values, **named)

    checked.__signature__ = signature_of(settings)  # type: ignore[attr-defined]
    return checked
