"""Run a network of tokens on one sequence, or on several side by side, a token of each per call."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.nn.cells import State
from recurra.nn.dense import Dense
from recurra.nn.encoders import Embedding, OneHot
from recurra.nn.layers import RecurrentLayer
from recurra.nn.stepper import Stepper

Step = Callable[[Tensor], Tensor]


class NetworkStepper:
    """Runs a network on sequences of tokens, one token of each per call, without gradients and without dropout.

    `Network.stepper()` creates one. The weights of the recurrent layers are copied: later changes to them have no
    effect.

    Args:
        layers: the layers of the network, an encoder of tokens first.
        residual: whether the input of a recurrent layer is added to its output, where both have the same size.
        sequences: number of sequences, N; None for a single one, without the dimension N. What is computed for a
            sequence does not depend on those beside it.

    Raises:
        InputError: the first layer is no encoder of tokens, or a layer cannot run step by step.

    Example:
        >>> from recurra.nn import build_network
        >>> network = build_network(encoder=Embedding(5, 2), cell="gru", units=[4], outputs=5, return_sequences=True)
        >>> stepper = network.stepper()
        >>> for token in [2, 0, 1]:
        ...     logits = stepper(token)
        >>> torch.allclose(logits, network(torch.tensor([[2, 0, 1]]))[0, -1], atol=1e-6)
        True
    """

    def __init__(self, layers: Sequence[nn.Module], *, residual: bool = False, sequences: int | None = None) -> None:
        encoder, *others = layers
        if not isinstance(encoder, Embedding | OneHot):
            raise InputError("a network runs step by step if its first layer is an Embedding or a OneHot.")
        device = next((p.device for layer in layers for p in layer.parameters()), None)
        with torch.no_grad():
            count = encoder.num_embeddings if isinstance(encoder, Embedding) else encoder.output_size
            tokens = torch.arange(count, device=device)
            self._vectors = encoder(tokens[None])[0]  # [V, D]
        self._steppers: list[Stepper] = []
        self._steps: list[Step] = []
        for layer in others:
            if isinstance(layer, RecurrentLayer):
                stepper = layer.stepper(sequences=sequences)
                self._steppers.append(stepper)
                self._steps.append(_plus_input(stepper) if residual and _keeps_size(layer) else stepper)
            elif isinstance(layer, Dense) and layer.activation == "linear" and layer.bias is not None:
                of_one = partial(torch.addmv, layer.bias, layer.weight)  # twice as fast as the layer
                self._steps.append(of_one if sequences is None else _one_by_one(of_one))
            elif not isinstance(layer, nn.Dropout):
                self._steps.append(layer if sequences is None else _one_by_one(layer))

    @torch.inference_mode()
    def __call__(self, token: int | Sequence[int]) -> Tensor:
        """Read a token, and return the output of the network, [O]; of several sequences a token of each, [N, O]."""
        x: Tensor = self._vectors[token]
        for step in self._steps:
            x = step(x)
        return x

    @property
    def state(self) -> tuple[State, ...]:
        """The state of each recurrent layer: copies."""
        return tuple(stepper.state for stepper in self._steppers)

    @state.setter
    def state(self, state: tuple[State, ...]) -> None:
        for stepper, own in zip(self._steppers, state, strict=True):
            stepper.state = own

    def reset(self) -> None:
        """Reset the states to zeros."""
        for stepper in self._steppers:
            stepper.reset()


def _keeps_size(layer: RecurrentLayer) -> bool:
    return layer.input_size == layer.output_size


def _one_by_one(step: Step) -> Step:
    """Return a step [N, I] → [N, O] from one [I] → [O]; one product for all would round a row by their number."""
    return lambda x: torch.stack([step(row) for row in x])


def _plus_input(step: Step) -> Step:
    return lambda x: step(x) + x
