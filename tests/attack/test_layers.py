"""Sizes and inputs that no machine has the memory for are refused before any memory is taken."""

import pytest

HUGE = [
    "GRU(1, 2**62)",
    "GRU(1, 2**62, bidirectional=True)",
    "LSTM(2**62, 1)",
    "SimpleRNN(1, 10**7)",
    "OneStep(GRUCell(), 1, 2**62)",
    "OneHot(2**40)(torch.zeros(2, 3, dtype=torch.int64))",
    "Embedding(2**62, 2)",
    "Dense(2**40, 2**40)",
    "FutureEffect(2**62, 1, 1)",
    'build_network(encoder=None, input_size=1, cell="lstm", units=[2, 2**62], outputs=1)',
    "GRU(4, 3)(torch.zeros(1, 1, 4).expand(2**40, 3, 4))",
    "GRU(4, 3, return_sequences=True)(torch.zeros(1, 1, 4).expand(2, 2**40, 4))",
    "trace(GRU(4, 3), torch.zeros(1, 1, 4).expand(2, 2**40, 4))",
]


@pytest.mark.parametrize("call", HUGE)
def test_what_no_machine_has_the_memory_for_is_refused_at_no_cost(sandbox, call):
    found = sandbox.run(f"import torch\nfrom recurra.nn import *\nfrom recurra.nn.cells import GRUCell\n{call}")
    assert found.end == "refused", found
    assert found.fault(seconds=0.5, megabytes=20) is None
    assert " would take " in found.text


def test_what_torch_cannot_allocate_is_refused_where_the_machine_has_more_memory(sandbox):
    # the address space of a run ends at some 3 GB, below what most machines have
    found = sandbox.run("from recurra.nn import Embedding, GRU\nGRU(1, 18_000)")
    assert found.end == "refused", found
    assert found.fault(seconds=0.5, megabytes=20) is None
