"""Encoders of tokens: OneHot and Embedding, token ids [B, T] → vectors [B, T, D]."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import check_device, check_flags, check_memory, check_size, check_tensor
from recurra.nn.torch_internals import transforms_are_active

LARGEST_TABLE = 1_024  # tokens of which all codes are kept


class OneHot(nn.Module):
    """One-hot encoding of tokens: token ids [B, T] → codes [B, T, V].

    Args:
        vocabulary_size: number of tokens, V.

    Example:
        >>> OneHot(3)(torch.tensor([[2, 0]]))
        tensor([[[0., 0., 1.],
                 [1., 0., 0.]]])
    """

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.output_size = check_size("OneHot", "vocabulary_size", vocabulary_size)
        # all codes in a table are fast to look up; of a large vocabulary they would take much memory
        self.codes: Tensor
        size = vocabulary_size if vocabulary_size <= LARGEST_TABLE else 0
        # not torch.eye, which on the meta device, where models are loaded, would import torch's compiler
        self.register_buffer("codes", torch.zeros(size, size).fill_diagonal_(1.0), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        return _looked_up("OneHot", ids, self.codes, self.output_size, self._codes_of)

    def _codes_of(self, ids: Tensor) -> Tensor:
        if len(self.codes):
            return F.embedding(ids, self.codes)
        shape = (*ids.shape, self.output_size)
        if not torch.compiler.is_compiling():
            check_memory("OneHot", f"the codes of {ids.numel()} tokens", shape, like=self.codes)
        codes, places = self.codes.new_zeros(shape), ids.long().unsqueeze(-1)
        try:
            # a transform such as vmap may have a batch of `places` for each code
            return codes.scatter(-1, places, 1.0) if transforms_are_active() else codes.scatter_(-1, places, 1.0)
        except RuntimeError as error:
            if "out of bounds" in str(error):
                raise IndexError from error
            raise


class Embedding(nn.Embedding):
    """Learned embedding vectors of tokens: token ids [B, T] → vectors [B, T, D].

    The weights are initialized uniformly in ±0.05, as in Keras.

    Args:
        vocabulary_size: number of tokens, V.
        dimensions: size of each embedding vector, D.
        mask_zero: whether id 0 is padding. If so, the recurrent layers of a `Network` skip the steps with id 0.

    Example:
        >>> embedding = Embedding(5, 2)
        >>> embedding(torch.tensor([[4, 0, 1]])).shape
        torch.Size([1, 3, 2])
    """

    def __init__(self, vocabulary_size: int, dimensions: int, *, mask_zero: bool = False) -> None:
        check_size("Embedding", "vocabulary_size", vocabulary_size)
        check_size("Embedding", "dimensions", dimensions)
        check_flags("Embedding", mask_zero=mask_zero)
        check_memory("Embedding", "its vectors", (vocabulary_size, dimensions))
        super().__init__(vocabulary_size, dimensions)
        self.mask_zero, self.output_size = mask_zero, dimensions
        nn.init.uniform_(self.weight, -0.05, 0.05)

    def reset_parameters(self) -> None:
        """Draw torch's initial weights; not on the meta device, where that would import torch's compiler."""
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, ids: Tensor) -> Tensor:
        return _looked_up("Embedding", ids, self.weight, self.num_embeddings, super().forward)


def _looked_up(where: str, ids: Tensor, table: Tensor, tokens: int, look_up: Callable[[Tensor], Tensor]) -> Tensor:
    """Look up the vector of each token id in a table, of so many tokens.

    Raises:
        InputTypeError: the ids are no tensor, or none of integers.
        InputError: an id is out of range, or the ids are on another device.
    """
    check_tensor(where, "ids", ids)
    if ids.dtype not in {torch.int64, torch.int32}:
        raise InputTypeError(f"{where}: the ids are {ids.dtype}; expected torch.int64 or torch.int32.")
    check_device(where, "ids", ids, "parameters", table)
    try:
        if ids.is_cuda and not _are_tokens(ids, tokens):
            raise IndexError
        return look_up(ids)
    except IndexError:
        found = f"{int(ids.min())} to {int(ids.max())}"
        raise InputError(f"{where}: the ids are {found}; expected 0 to {tokens - 1}.") from None


def _are_tokens(ids: Tensor, tokens: int) -> bool:
    """Whether all ids on a CUDA device are tokens: others make it unusable for the rest of the process.

    True where that cannot be known: in what is compiled, transformed or captured as a graph.
    """
    if torch.compiler.is_compiling() or transforms_are_active() or torch.cuda.is_current_stream_capturing():
        return True
    return not bool(((ids < 0) | (ids >= tokens)).any())
