"""Packed sequences: without padding, with states of a larger batch, and with one feature."""

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from recurra import accelerate

from .pairs import EACH_KIND, B, H, I, T, arguments, assert_same, leaf, pair


@EACH_KIND
def test_sequences_that_are_packed_for_nothing(kind, scans):
    theirs, ours = pair(kind, bidirectional=True)
    assert_same(theirs, ours, *arguments(theirs, "packed", True, lengths=[T] * B))
    rows = torch.randn(5, I, requires_grad=True)
    assert_same(theirs, ours, (PackedSequence(rows, torch.tensor([3, 2, 0])), None), [rows])
    assert len(scans) == 4


def test_states_of_a_larger_batch_are_chosen_from_as_torch_does():
    theirs, ours = pair("gru")
    (x, _), leaves = arguments(theirs, "packed unsorted", False)
    h = leaf(1, B + 2, H)
    assert_same(theirs, ours, (x, h), [*leaves, h])


def test_long_packed_sequences_of_one_feature_run_on_the_kernels(scans):
    module = nn.GRU(1, 320)
    accelerate(module)
    module(nn.utils.rnn.pack_sequence([torch.randn(3, 1), torch.randn(2, 1)]))
    assert len(scans) == 1
