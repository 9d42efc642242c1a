"""Fully connected layers: Dense, and TiedDense, which shares the weights of an embedding."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import (
    check_choice,
    check_device,
    check_flags,
    check_memory,
    check_size,
    check_tensor,
    is_cast,
    shown,
)
from recurra.nn.cells import ACTIVATIONS
from recurra.nn.encoders import Embedding

DENSE_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    **ACTIVATIONS,
    "softmax": lambda x: x.softmax(dim=-1),
    "log_softmax": lambda x: x.log_softmax(dim=-1),
    "softplus": F.softplus,
    "softsign": F.softsign,
    "exponential": torch.exp,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "relu6": F.relu6,
}


class Dense(nn.Linear):
    """A fully connected layer with an activation, `activation(W x + b)`: [..., I] → [..., O].

    As in Keras, the weights are initialized Glorot uniform and the bias with zeros.

    Args:
        input_size: number of input features, I.
        output_size: number of output features, O.
        activation: name of the activation, such as "linear", "relu" or "softmax"; see `DENSE_ACTIVATIONS`.
        bias: whether to add a bias.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: a size is less than 1, or the activation is unknown.

    Example:
        >>> dense = Dense(4, 3, activation="softmax")
        >>> dense(torch.zeros(2, 4)).sum(dim=-1)
        tensor([1., 1.], grad_fn=<SumBackward1>)
    """

    def __init__(self, input_size: int, output_size: int, *, activation: str = "linear", bias: bool = True) -> None:
        check_size("Dense", "input_size", input_size)
        check_size("Dense", "output_size", output_size)
        check_flags("Dense", bias=bias)
        check_choice("Dense", "activation", activation, DENSE_ACTIVATIONS)
        check_memory("Dense", "its parameters", (output_size, input_size))
        super().__init__(input_size, output_size, bias=bias)
        self.activation, self.output_size = activation, output_size
        nn.init.xavier_uniform_(self.weight)
        if bias:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        check_tensor("Dense", "input", x)
        try:
            y = super().forward(x)
        except RuntimeError:
            if x.shape[-1:] != (self.in_features,):
                raise InputError(
                    f"Dense: the input has shape {tuple(x.shape)}; "
                    f"expected (…, features) with {self.in_features} features."
                ) from None
            check_device("Dense", "input", x, "parameters", self.weight)
            if x.dtype != self.weight.dtype and not is_cast(x):
                raise InputError(
                    f"Dense: the input is {x.dtype}, the weights are {self.weight.dtype}; convert one with .to(dtype)."
                ) from None
            raise
        return DENSE_ACTIVATIONS[self.activation](y)


class TiedDense(nn.Module):
    """A layer of logits whose weights are the vectors of an embedding (Press and Wolf, 2017): [..., I] → [..., V].

    `E (W x) + b`, where E [V, D] are the vectors, which have one set of values for both layers. Without W if the input
    has the size of the vectors.

    Args:
        input_size: number of input features, I.
        embedding: the embedding, of V tokens and D dimensions. It is saved with its own layer alone.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: the size is less than 1.

    Example:
        >>> embedding = Embedding(5, 2)
        >>> TiedDense(4, embedding)(torch.zeros(3, 4)).shape
        torch.Size([3, 5])
    """

    def __init__(self, input_size: int, embedding: Embedding) -> None:
        super().__init__()
        check_size("TiedDense", "input_size", input_size)
        if not isinstance(embedding, Embedding):
            raise InputTypeError(f"TiedDense: embedding is {shown(embedding)}; expected an Embedding.")
        self.output_size, dimensions = embedding.num_embeddings, embedding.embedding_dim
        self._shared = (embedding,)  # in a tuple, it is no submodule, and its weights are not registered twice
        self.projection = None if input_size == dimensions else Dense(input_size, dimensions, bias=False)
        self.bias = nn.Parameter(torch.zeros(self.output_size))

    def forward(self, x: Tensor) -> Tensor:
        (embedding,) = self._shared
        return F.linear(x if self.projection is None else self.projection(x), embedding.weight, self.bias)
