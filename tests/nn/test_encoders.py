"""One-hot codes are those of torch, whether they are kept in a table or not."""

import pytest
import torch
from torch.nn import functional as F

from recurra import InputError
from recurra.nn import OneHot
from recurra.nn.encoders import LARGEST_TABLE


@pytest.mark.parametrize("tokens", [1, 5, LARGEST_TABLE, LARGEST_TABLE + 1, 5_000])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
def test_codes_are_those_of_torch(tokens: int, dtype: torch.dtype) -> None:
    ids = torch.randint(tokens, (3, 7), dtype=dtype)
    codes = OneHot(tokens)(ids)
    assert codes.dtype == torch.float32
    assert torch.equal(codes, F.one_hot(ids.long(), tokens).float())
    assert OneHot(tokens)(ids[:0]).shape == (0, 7, tokens)


@pytest.mark.parametrize("tokens", [5, 5_000])
@pytest.mark.parametrize("offset", [0, -5_001])
def test_an_id_out_of_range_is_named(tokens: int, offset: int) -> None:
    with pytest.raises(InputError, match="OneHot: the ids are "):
        OneHot(tokens)(torch.tensor([[0, tokens + offset]]))


def test_codes_of_a_large_vocabulary_follow_the_dtype_of_the_network() -> None:
    assert OneHot(5_000).double()(torch.tensor([[1]])).dtype == torch.float64
