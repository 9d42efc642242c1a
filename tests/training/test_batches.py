"""Sources of batches: each sample once an epoch, and a source goes on exactly where its state was taken."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recurra.training import TrainingOptions
from recurra.training.batches import Batch, Batches, RoundBatches, SampleBatches, TensorSamples, batches_of


def samples(count: int) -> TensorSamples:
    return TensorSamples(torch.arange(float(count))[:, None], torch.arange(count))


class Grouped(TensorSamples):
    def __init__(self, *counts: int) -> None:
        count = sum(counts)
        super().__init__(torch.arange(float(count))[:, None], torch.arange(count))
        self.groups = torch.tensor(counts)


@given(st.integers(1, 20), st.integers(1, 7), st.booleans(), st.integers(0, 2**31), st.integers(0, 30))
def test_an_epoch_has_each_sample_once_and_a_state_goes_on_exactly(
    count: int, batch_size: int, shuffle: bool, seed: int, drawn: int
) -> None:
    batches = SampleBatches(samples(count), batch_size, shuffle=shuffle, seed=seed)
    assert isinstance(batches, Batches)
    epoch = torch.cat([next(batches).target for _ in range(len(batches))])
    assert sorted(epoch.tolist()) == list(range(count))
    assert batches.position == 0
    if not shuffle:
        assert epoch.tolist() == list(range(count))

    for _ in range(drawn):
        next(batches)
    assert batches.position == drawn % len(batches)
    state = {name: tensor.clone() for name, tensor in batches.state_dict().items()}
    ahead = [next(batches).target.tolist() for _ in range(2 * len(batches))]
    other = SampleBatches(samples(count), batch_size, shuffle=shuffle, seed=0)
    other.load_state_dict(state)
    assert [next(other).target.tolist() for _ in range(2 * len(batches))] == ahead


def test_the_shuffling_is_torchs_permutation_of_a_generator_of_its_own() -> None:
    generator = torch.Generator().manual_seed(5)
    expected = [torch.randperm(6, generator=generator).tolist() for _ in range(2)]
    batches = SampleBatches(samples(6), 6, shuffle=True, seed=5)
    assert [next(batches).target.tolist() for _ in range(2)] == expected


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=50), st.integers(1, 9), st.integers(0, 2**31), st.integers(0, 9)
)
def test_a_round_has_one_sample_of_each_group_and_a_state_goes_on_exactly(
    counts: list[int], batch_size: int, seed: int, drawn: int
) -> None:
    batches = RoundBatches(Grouped(*counts), batch_size, seed=seed)
    assert isinstance(batches, Batches)
    assert len(batches) >= 16
    group_of = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    epoch = torch.cat([next(batches).target for _ in range(len(batches))])
    assert batches.position == 0
    for one in group_of[epoch].reshape(-1, len(counts)):
        assert sorted(one.tolist()) == list(range(len(counts)))

    for _ in range(drawn):
        next(batches)
    state = {name: tensor.clone() for name, tensor in batches.state_dict().items()}
    ahead = [next(batches).target.tolist() for _ in range(2 * len(batches))]
    other = RoundBatches(Grouped(*counts), batch_size, seed=0)
    other.load_state_dict(state)
    assert [next(other).target.tolist() for _ in range(2 * len(batches))] == ahead


def test_the_samples_of_a_group_are_drawn_alike() -> None:
    batches = RoundBatches(Grouped(2, 5), 100, seed=0)
    drawn = torch.cat([next(batches).target for _ in range(10 * len(batches))]).bincount()
    assert drawn[:2].sum() == drawn[2:].sum() == 8000
    np.testing.assert_allclose(drawn, [4000] * 2 + [1600] * 5, atol=200)


def test_steps_that_see_all_samples_shuffle_them_and_fewer_go_round_the_groups() -> None:
    def kind(*counts: int, **options: Any) -> type[Batches]:
        return type(batches_of(Grouped(*counts), TrainingOptions(batch_size=4, **options)))

    assert kind(10, 10, steps=5) is kind(20, steps=4) is kind(10, 10, steps=3, accumulate=2) is SampleBatches
    assert kind(10, 10, epochs=1) is kind(10, 10, steps=4, shuffle=False) is SampleBatches
    assert kind(10, 10, steps=4) is RoundBatches
    assert type(batches_of(samples(20), TrainingOptions(batch_size=4, steps=4))) is SampleBatches


def test_samples_and_pairs_of_tensors_become_batches_as_the_options_say() -> None:
    options = TrainingOptions(batch_size=4, shuffle=False)
    for data in (samples(6), (torch.arange(6.0)[:, None], torch.arange(6))):
        batches = batches_of(data, options)
        assert [next(batches).target.tolist() for _ in range(2)] == [[0, 1, 2, 3], [4, 5]]
    assert batches_of(batches, options) is batches


def test_the_named_inputs_of_a_batch_are_those_that_it_has() -> None:
    x, mask = torch.zeros(2, 3), torch.ones(2, 3).bool()
    assert Batch(x, x).inputs() == {}
    assert Batch(x, x, mask=mask).inputs().keys() == {"mask"}
    batch = TensorSamples(x, x, mask)[torch.tensor([1])]
    assert batch.mask is not None and batch.mask.shape == (1, 3)
    assert Batch(x, x, static=x, future=x).inputs().keys() == {"static", "future"}
    assert Batch(x, x, scale=x).inputs() == {}
    assert Batch(x, x, scale=x).of_loss().keys() == {"scale"}
    assert Batch(x, x, mask=mask).of_loss() == {}


@pytest.mark.parametrize("size", [1, 3])
def test_a_state_taken_between_two_epochs_has_no_position(size: int) -> None:
    batches = SampleBatches(samples(3), size, shuffle=True, seed=1)
    for _ in range(len(batches)):
        next(batches)
    assert int(batches.state_dict()["position"]) == 0
