"""Streams: every batch goes on where the one before ended, and a source stands where it was saved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.language.streams import StreamBatches
from recurra.training.batches import Batches


def epoch(batches):
    drawn = [next(batches) for _ in range(len(batches))]
    return np.concatenate([batch.x.numpy() for batch in drawn], 1), np.concatenate([b.target.numpy() for b in drawn], 1)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 200), st.booleans())
def test_each_stream_is_a_stretch_of_the_text_and_targets_are_one_later(streams, steps, more, shuffle):
    ids = np.arange(streams * steps + 1 + more, dtype=np.uint16)
    batches = StreamBatches(ids, streams, steps, shuffle=shuffle, seed=3)
    assert isinstance(batches, Batches)
    for _ in range(2):
        x, target = epoch(batches)
        assert (np.diff(x.ravel()) == 1).all()  # stream after stream, without a gap
        assert (target == x + 1).all()
        assert len(ids) - 1 - x.size < (2 if shuffle else 1) * streams * steps
        assert shuffle or x[0, 0] == 0


def test_epochs_of_a_shuffled_text_begin_at_different_places():
    batches = StreamBatches(np.arange(1000), 4, 16, shuffle=True, seed=0)
    assert len({int(epoch(batches)[0][0, 0]) for _ in range(20)}) > 5


@pytest.mark.parametrize("drawn", [0, 3, 15, 16])
def test_a_source_goes_on_from_its_state(drawn):
    def made():
        return StreamBatches(np.arange(1000), 4, 16, shuffle=True, seed=0)

    batches = made()
    for _ in range(drawn):
        next(batches)
    again = made()
    again.load_state_dict(batches.state_dict())
    for _ in range(20):
        assert next(again).x.equal(next(batches).x)
        assert again.position == batches.position


def test_a_text_shorter_than_a_batch_is_refused():
    with pytest.raises(InputError, match=r"has 64 symbols; 4 streams of 16 steps need at least 65"):
        StreamBatches(np.arange(64), 4, 16, shuffle=False, seed=0)
