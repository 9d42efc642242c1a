"""The class of accelerated torch.nn.RNN, GRU and LSTM layers.

To accelerate a layer, its class is changed to a subclass whose `forward` runs the kernels. The instance stores nothing
else but the counts of its calls, so copies and state dicts do not change; a pickle of the whole module stays
accelerated and needs recurra when it is loaded. Calls that this `forward` does not support, including those with
invalid arguments, run torch's `forward`. The subclass adds no other names, so that it hides none of the base class.
"""

from collections.abc import Callable
from typing import Any, cast

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from recurra.nn import torch_internals
from recurra.nn.accelerate.calls import Calls
from recurra.nn.accelerate.run import run

KINDS: tuple[type[nn.RNNBase], ...] = (nn.RNN, nn.GRU, nn.LSTM)
CALLS = "_recurra_calls"  # the attribute of a layer that counts its calls
_CLASSES: dict[type, type] = {}  # class of a torch layer → its accelerated subclass


def accelerated_class(base: type) -> type:
    """Return the subclass of a torch layer's class that runs on the kernels.

    It has the name and module of its base class, by which torch.fx identifies torch's layers and which a printed model
    shows.
    """
    if base not in _CLASSES:
        names = {"__module__": base.__module__, "__qualname__": f"Accelerated{base.__name__}", "__doc__": base.__doc__}
        _CLASSES[base] = type(base.__name__, (Accelerated, base), names)
    return _CLASSES[base]


def class_without(cls: type) -> type:
    """Return a class without `Accelerated`, which may be below other classes, such as that of a parametrization."""
    if not issubclass(cls, Accelerated):
        return cls
    if Accelerated in cls.__bases__:
        return cls.__bases__[1]
    names = {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
    return type(cls.__name__, tuple(map(class_without, cls.__bases__)), names)


def _rebuild(base: type[nn.RNNBase]) -> nn.RNNBase:
    """Create an accelerated layer without attributes, for pickle and copy."""
    return cast(nn.RNNBase, object.__new__(accelerated_class(base)))


class Accelerated(nn.RNNBase):
    """Overrides the `forward` of a torch.nn.RNN, GRU or LSTM with one that runs the kernels."""

    _recurra_calls: Calls | None = None  # of a layer that `accelerate` has seen; copies of its pickle have it, too

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> Any:
        """Run the layer; arguments and results are those of torch's `forward`.

        Raises:
            InputError: the shapes of the weights do not match the layer; torch might read past their end.
        """
        recorder = torch_internals.recorder()
        found = run(self, input, hx, recorder)
        calls = None if recorder == torch_internals.COMPILER else self._recurra_calls
        if not isinstance(found, str):
            if calls is not None:
                calls.on_kernels += 1
            return found
        if calls is not None:
            calls.left_to_torch(found)
        return super().forward(input, hx)

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., Any], tuple[Any, ...], Any]:
        return _rebuild, (class_without(type(self)),), self.__getstate__()  # type: ignore[no-untyped-call]

    def __prepare_scriptable__(self) -> nn.RNNBase:
        """Return the layer with its class in torch, the only one that torch.jit.script can compile."""
        plain = cast(nn.RNNBase, object.__new__(class_without(type(self))))
        plain.__dict__ = {name: value for name, value in vars(self).items() if name != CALLS}
        return plain


# torch.compile breaks its graph at a recurrent layer unless allow_rnn is set. At a graph break `forward` runs eagerly:
# to compile the small functions that it calls, one by one, would take seconds and make it slower.
torch_internals.skip_in_compiler(Accelerated.forward.__code__)
