"""What records calls instead of making them (export, compile, vmap) sees no checks of sizes."""

from typing import Any

import pytest
import torch
from torch.export import Dim

from recurra.nn import GRU, LSTM, Dense, Network, OneHot

IDS = torch.arange(12).reshape(3, 4)


@pytest.mark.parametrize("kind", [GRU, LSTM])
@pytest.mark.parametrize("dynamic", [{0: Dim("B")}, {1: Dim("T")}, {0: Dim.AUTO, 1: Dim.AUTO}], ids=str)
def test_a_layer_is_exported_for_any_batch_and_length(kind: Any, dynamic: Any) -> None:
    layer = kind(8, 16, return_sequences=True)
    exported = torch.export.export(layer, (torch.zeros(3, 10, 8),), dynamic_shapes=(dynamic,)).module()
    x = torch.randn(7 if 0 in dynamic else 3, 21 if 1 in dynamic else 10, 8)
    torch.testing.assert_close(exported(x), layer(x))


@pytest.mark.parametrize("tokens", [1_000, 5_000])
def test_one_hot_codes_are_exported_compiled_and_mapped(tokens: int) -> None:
    network = Network([OneHot(tokens), Dense(tokens, 2)])
    expected = network(IDS)
    exported = torch.export.export(network, (IDS,), dynamic_shapes=({0: Dim("B")},), strict=False).module()
    torch.testing.assert_close(exported(IDS), expected)
    compiled: Any = torch.compile(network, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(IDS), expected)
    assert torch.equal(torch.vmap(OneHot(tokens))(IDS), OneHot(tokens)(IDS))


def test_a_large_batch_is_compiled() -> None:
    layer = GRU(256, 256)
    x = torch.zeros(64, 65, 256)
    torch.testing.assert_close(torch.compile(layer, fullgraph=True, backend="eager")(x), layer(x))
