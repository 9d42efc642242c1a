"""Every gate, state and output of every time step of a network, by name, and gradients with respect to them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.nn.backends.backend import Call
from recurra.nn.backends.reference import run_steps
from recurra.nn.cells import Gates, State
from recurra.nn.cells.cell import snake_case
from recurra.nn.layers import RecurrentLayer
from recurra.nn.network import Network

Values = dict[str, Tensor]  # name → [B, T, H], or [B, T, I] for "input"


@dataclass(frozen=True)
class Trace:
    """What happened in a network while it read a batch; `trace` makes it.

    Of a recurrent layer it has by name: `input` [B, T, I], the gates and states of its cell, and `output`, each
    [B, T, H], every step at its own place. Names of the second direction of a bidirectional layer end in `_reverse`. At
    a masked step the state is the one carried over, and gates are NaN, as none is computed. Of other layers it has
    their `output`.

    Attributes:
        output: what the network returned.
        values: layer → name → values.
        gradients: layer → name → gradients of the chosen output with respect to the `input` and the states of each step
            of the recurrent layers; empty if no output was chosen.
    """

    output: Tensor
    values: Mapping[str, Values]
    gradients: Mapping[str, Values] = field(default_factory=dict)

    def __getitem__(self, layer: str) -> Values:
        """The values of one layer by name.

        Raises:
            KeyError: there is no layer of this name.
        """
        if layer not in self.values:
            raise KeyError(f"{layer!r} is none of the layers {', '.join(self.values)}")
        return self.values[layer]


def trace(
    network: nn.Module, x: Tensor, mask: Tensor | None = None, *, gradient_of: int | tuple[int, ...] | None = None
) -> Trace:
    """Run a network and keep every gate, state and output of every time step.

    The equations run in a Python loop, which gives what the kernels compute but for rounding. The network is left as it
    was, its carried states included. Dropout applies if the network is in training mode; `eval()` turns it off.

    Args:
        network: a `Network`, a recurrent layer, or any module with recurrent layers of `recurra.nn`.
        x: its input, such as symbol ids [B, T] or numbers [B, T, I].
        mask: [B, T], True for the steps to process.
        gradient_of: the index, after the batch axis, of the output to differentiate: k for [B, O], (t, k) for
            [B, T, O].

    Raises:
        InputError: there is no recurrent layer of `recurra.nn`, or no output of this index.

    Example:
        >>> from recurra.nn import build_network
        >>> network = build_network(encoder=None, input_size=3, cell="lstm", units=[5], outputs=2)
        >>> seen = trace(network, torch.zeros(4, 7, 3), gradient_of=0)
        >>> sorted(seen["lstm"])
        ['c', 'f', 'g', 'h', 'i', 'input', 'o', 'output']
        >>> seen["lstm"]["f"].shape, seen.gradients["lstm"]["h"].shape
        (torch.Size([4, 7, 5]), torch.Size([4, 7, 5]))
    """
    tensors = chain(network.parameters(), network.buffers())
    watched = copy.deepcopy(
        network, {id(tensor): tensor for tensor in tensors}
    )  # a structure of its own, on shared tensors
    recorders: dict[str, _Recorder] = {}
    outputs: dict[str, Values] = {}
    for path, module in watched.named_modules():
        name = _name_of(watched, path, module)
        if isinstance(module, RecurrentLayer):
            recorders[name] = _Recorder(module, differentiable=gradient_of is not None)
        elif next(module.children(), None) is None:
            module.register_forward_hook(_keep_output(outputs.setdefault(name, {})))
    if not recorders:
        raise InputError(
            f"trace: this {type(network).__name__} has no recurrent layer of recurra.nn; "
            "from_torch converts torch.nn's layers."
        )
    with torch.set_grad_enabled(gradient_of is not None):
        found = watched(x) if mask is None else watched(x, mask=mask)
        output = found[0] if isinstance(found, tuple) else found
        gradients = {} if gradient_of is None else _gradients(_chosen(output, gradient_of), recorders)
    values = {name: recorder.values() for name, recorder in recorders.items()} | outputs
    order = [_name_of(watched, path, module) for path, module in watched.named_modules()]
    return Trace(output.detach(), {name: values[name] for name in order if values.get(name)}, gradients)


class _Recorder:
    """A backend that runs the equations of one layer and keeps what they compute."""

    name = "trace"

    def __init__(self, layer: RecurrentLayer, *, differentiable: bool) -> None:
        self.differentiable, self.bidirectional = differentiable, layer.bidirectional
        self.input: Tensor | None = None
        self.states: dict[str, list[Tensor]] = {}  # name → one tensor [B, H] for each step
        self.others: dict[str, list[Tensor]] = {}  # gates and outputs
        layer.backend = self
        layer.register_forward_pre_hook(self._take_input, with_kwargs=True)

    def _take_input(
        self, layer: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor | None]
    ) -> tuple[tuple[Tensor, ...], dict[str, Tensor | None]]:
        x = args[0]
        if self.differentiable and not x.requires_grad:
            x = x.detach().requires_grad_()
        self.input = x
        return (x, *args[1:]), kwargs

    def unsupported(self, call: Call) -> None:
        return None

    def worth_it(self, call: Call) -> bool:
        return True

    def scan(self, call: Call) -> tuple[Tensor, State]:
        suffix = "_reverse" if self.bidirectional and call.reverse else ""
        steps: list[tuple[int, Tensor, State, Gates]] = []
        a = call.cell.input_part(call.x, call.parameters)
        found = run_steps(call, a, lambda *step: steps.append(step))
        steps.sort(key=lambda step: step[0])
        processed = None if call.mask is None else call.mask.unbind(dim=1)
        for t, output, state, gates in steps:
            for name, tensor in zip(call.cell.states, state, strict=True):
                self.states.setdefault(name + suffix, []).append(tensor)
            for name, tensor in gates.items():
                seen = tensor if processed is None else tensor.where(processed[t][:, None], torch.nan)
                self.others.setdefault(name + suffix, []).append(seen)
            self.others.setdefault("output" + suffix, []).append(output)
        return found

    def values(self) -> Values:
        """What was kept, by name; empty if the layer was not called."""
        if self.input is None:
            return {}
        kept = {name: torch.stack(tensors, dim=1).detach() for name, tensors in (self.states | self.others).items()}
        return {"input": self.input.detach(), **kept}


def _gradients(chosen: Tensor, recorders: dict[str, _Recorder]) -> dict[str, Values]:
    """Gradients of a number with respect to the inputs and states of all steps; zeros where it depends on none."""
    called = {name: recorder for name, recorder in recorders.items() if recorder.input is not None}
    leaves = [
        leaf
        for recorder in called.values()
        for leaf in (recorder.input, *chain.from_iterable(recorder.states.values()))
        if leaf is not None
    ]
    found = iter(torch.autograd.grad(chosen, leaves, allow_unused=True, materialize_grads=True))
    return {
        name: {"input": next(found)}
        | {state: torch.stack([next(found) for _ in steps], dim=1) for state, steps in recorder.states.items()}
        for name, recorder in called.items()
    }


def _chosen(output: Tensor, index: int | tuple[int, ...]) -> Tensor:
    """The sum over the batch of one output: its gradient has that of each sequence apart."""
    place = (index,) if isinstance(index, int) else tuple(index)
    sizes = tuple(output.shape[1:])
    if len(place) != len(sizes) or not all(-size <= i < size for i, size in zip(place, sizes, strict=True)):
        raise InputError(
            f"trace: gradient_of is {index}; the output has shape {tuple(output.shape)}, so expected "
            f"{len(sizes)} indices after the batch axis, below {sizes}."
        )
    for i in place:
        output = output.select(1, i)
    return output.sum()


def _keep_output(values: Values) -> Callable[[nn.Module, Any, Any], None]:
    def hook(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            values["output"] = output.detach()

    return hook


def _name_of(network: nn.Module, path: str, module: nn.Module) -> str:
    """A layer's name in a trace: as in `Network.layers`, else its path in the module."""
    if not path:
        return snake_case(module.kind if isinstance(module, RecurrentLayer) else type(module).__name__)
    return path.removeprefix("layers.") if isinstance(network, Network) else path
