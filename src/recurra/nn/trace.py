"""Every gate, state and output of every time step of a network, by name, and gradients with respect to them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import check_memory, check_tensor, shown
from recurra.nn.backends.backend import Call
from recurra.nn.backends.reference import run_steps
from recurra.nn.cells import Gates, State
from recurra.nn.cells.cell import snake_case
from recurra.nn.layers import RecurrentLayer
from recurra.nn.network import Network

Values = dict[str, Tensor]  # name → [B, T, H], or [B, T, I] for "input"


@dataclass(frozen=True)
class Trace:
    """The values that a network computed for one batch; returned by `trace`.

    For a recurrent layer it contains, by name, `input` [B, T, I], and the gates and states of the cell and `output`,
    each [B, T, H]; index t along the time axis is time step t. Names of the second direction of a bidirectional layer
    end in `_reverse`. At a masked step the state is that of the previous step and the gates are NaN. For other layers
    it contains `output`.

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
        """Return the values of one layer by name.

        Raises:
            KeyError: if there is no layer of this name.
        """
        if layer not in self.values:
            raise KeyError(f"there is no layer {layer!r}; the layers are {', '.join(self.values)}")
        return self.values[layer]


def trace(
    network: nn.Module, x: Tensor, mask: Tensor | None = None, *, gradient_of: int | tuple[int, ...] | None = None
) -> Trace:
    """Run a network and record every gate, state and output of every time step.

    The equations run in a Python loop; results equal those of the kernels up to rounding. The network, including the
    states of stateful layers, is not modified. Dropout applies if the network is in training mode; `eval()` turns it
    off.

    Args:
        network: a `Network`, a recurrent layer, or any module with recurrent layers of `recurra.nn`.
        x: its input, such as token ids [B, T] or features [B, T, I].
        mask: [B, T], True for the steps to process.
        gradient_of: the index, after the batch axis, of the output to differentiate: k for [B, O], (t, k) for
            [B, T, O].

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: there is no recurrent layer of `recurra.nn`, one is called twice, or the output has no such
            index.

    Example:
        >>> from recurra.nn import build_network
        >>> network = build_network(encoder=None, input_size=3, cell="lstm", units=[5], outputs=2)
        >>> seen = trace(network, torch.zeros(4, 7, 3), gradient_of=0)
        >>> sorted(seen["lstm"])
        ['c', 'f', 'g', 'h', 'i', 'input', 'o', 'output']
        >>> seen["lstm"]["f"].shape, seen.gradients["lstm"]["h"].shape
        (torch.Size([4, 7, 5]), torch.Size([4, 7, 5]))
    """
    if not isinstance(network, nn.Module):
        raise InputTypeError(f"trace: the network is {shown(network)}; expected a module, such as a `Network`.")
    check_tensor("trace", "input", x)
    check_memory("trace", "every step of this input", tuple(x.shape), like=x)
    tensors = chain(network.parameters(), network.buffers())
    # a copy of the modules, with the same tensors: the hooks stay off the caller's network
    watched = copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})
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
    """A backend that runs the equations of one layer and records what they compute."""

    name = "trace"

    def __init__(self, layer: RecurrentLayer, *, differentiable: bool) -> None:
        self.differentiable, self.bidirectional = differentiable, layer.bidirectional
        self.input: Tensor | None = None
        self.mask: Tensor | None = None
        self.states: dict[str, list[Tensor]] = {}  # name → one tensor [B, H] for each step
        self.computed: dict[str, list[Tensor]] = {}  # the same as the cell computed them, also at masked steps
        self.others: dict[str, list[Tensor]] = {}  # gates and outputs
        layer.backend = self
        layer.register_forward_pre_hook(self._take_input, with_kwargs=True)

    def _take_input(
        self, layer: RecurrentLayer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self.input is not None:
            raise InputError(f"trace: the network calls a {layer.kind} layer twice; expected one call of each layer.")
        x, *others = args or (kwargs.pop("x"),)
        if self.differentiable and not x.requires_grad:
            x = x.detach().requires_grad_()
        self.input = x
        return (x, *others), kwargs

    def unsupported(self, call: Call) -> None:
        return None

    def worth_it(self, call: Call) -> bool:
        return True

    def scan(self, call: Call) -> tuple[Tensor, State]:
        suffix = "_reverse" if self.bidirectional and call.reverse else ""
        steps: list[tuple[int, Tensor, State, State, Gates]] = []
        a = call.cell.input_part(call.x, call.parameters)
        found = run_steps(call, a, lambda *step: steps.append(step))
        steps.sort(key=lambda step: step[0])
        self.mask = call.mask
        processed = None if call.mask is None else call.mask.unbind(dim=1)
        for t, output, computed, state, gates in steps:
            for kept, tensors in ((self.computed, computed), (self.states, state)):
                for name, tensor in zip(call.cell.states, tensors, strict=True):
                    kept.setdefault(name + suffix, []).append(tensor)
            for name, tensor in gates.items():
                seen = tensor if processed is None else tensor.where(processed[t][:, None], torch.nan)
                self.others.setdefault(name + suffix, []).append(seen)
            self.others.setdefault("output" + suffix, []).append(output)
        return found

    def leaves(self) -> list[Tensor]:
        """Return the tensors to differentiate by: the input, then each state as computed and as carried over."""
        assert self.input is not None
        states = chain.from_iterable([*self.computed[name], *self.states[name]] for name in self.states)
        return [self.input, *states]

    def values(self) -> Values:
        """Return the recorded values by name; empty if the layer was not called."""
        if self.input is None:
            return {}
        kept = {name: torch.stack(tensors, dim=1).detach() for name, tensors in (self.states | self.others).items()}
        return {"input": self.input.detach(), **kept}


def _gradients(chosen: Tensor, recorders: dict[str, _Recorder]) -> dict[str, Values]:
    """Return the gradients of a number with respect to the inputs and states of all steps."""
    called = {name: recorder for name, recorder in recorders.items() if recorder.input is not None}
    leaves = [leaf for recorder in called.values() for leaf in recorder.leaves()]
    found = iter(torch.autograd.grad(chosen, leaves, allow_unused=True, materialize_grads=True))
    gradients: dict[str, Values] = {}
    for layer, recorder in called.items():
        gradients[layer] = {"input": next(found)}
        for name, steps in recorder.states.items():
            computed, carried = (torch.stack([next(found) for _ in steps], dim=1) for _ in range(2))
            # what the cell computes within the step depends on the new state, at a masked step on nothing of it
            mask = recorder.mask
            gradients[layer][name] = computed if mask is None else computed.where(mask[:, :, None], carried)
    return gradients


def _chosen(output: Tensor, index: int | tuple[int, ...]) -> Tensor:
    """Return one output, summed over the batch; its gradient at each sequence is that sequence's own."""
    place = index if isinstance(index, tuple) else (index,)
    if any(isinstance(i, bool) or not isinstance(i, int) for i in place):
        raise InputTypeError(f"trace: gradient_of is {shown(index)}; expected an integer or a tuple of integers.")
    sizes = tuple(output.shape[1:])
    if len(place) != len(sizes) or not all(-size <= i < size for i, size in zip(place, sizes, strict=True)):
        raise InputError(
            f"trace: gradient_of is {shown(index)}; the output has shape {tuple(output.shape)}, so expected "
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
    """Return the name of a layer in a trace: that in `Network.layers`, otherwise its path in the module."""
    if not path:
        return snake_case(module.kind if isinstance(module, RecurrentLayer) else type(module).__name__)
    return path.removeprefix("layers.") if isinstance(network, Network) else path
