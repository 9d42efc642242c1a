"""The three scores of a text, against the definition with torch, and against a network that knows only frequencies."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from recurra.language import scores
from recurra.nn import Embedding, build_network


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = build_network(
        encoder=Embedding(7, 5), cell="gru", units=[6, 6], outputs=7, dropout=0.5, return_sequences=True, residual=True
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3.0)
    return network


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(0).integers(0, 7, 1500).astype(np.uint8)


def nats(network, ids):
    x = torch.from_numpy(ids.astype(np.int64))
    with torch.no_grad():
        return F.cross_entropy(network.eval()(x[None, :-1])[0], x[1:]).item()


def test_carried_scores_read_the_text_in_one_go(network, ids):
    found = scores.carried(network.train(), ids)
    assert found.symbols == 1499
    assert found.nats == pytest.approx(nats(network, ids), rel=1e-6)
    assert found.perplexity == pytest.approx(math.exp(found.nats))
    assert scores.losses(network, ids).mean().item() == pytest.approx(found.nats, rel=1e-6)


def test_cold_scores_read_windows_of_256_each_from_zeros(network, ids):
    windows = [ids[begin : begin + 257] for begin in range(0, 1499, 256)]
    expected = sum(nats(network, window) * (len(window) - 1) for window in windows) / 1499
    assert scores.cold(network, ids) == (1499, pytest.approx(expected, rel=1e-6))


def test_dynamic_evaluation_learns_only_from_what_was_predicted_before(network, ids):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = scores.dynamic(network, ids, steps=50, learning_rate=0.1)
    assert all(tensor.equal(before[name]) for name, tensor in network.state_dict().items())
    changed = ids.copy()
    changed[1000:] = 0
    one, other = (scores.dynamic(network, each[:1001], steps=50, learning_rate=0.1) for each in (ids, changed))
    assert one.nats != other.nats  # the last symbol differs
    assert scores.dynamic(network, ids[:1000], steps=50, learning_rate=0.1) == scores.dynamic(
        network, changed[:1000], steps=50, learning_rate=0.1
    )
    assert scores.dynamic(network, ids, steps=50, learning_rate=0.0).nats == pytest.approx(nats(network, ids), rel=1e-6)
    assert found.nats < nats(network, ids)  # the text has no order: its frequencies are learned


def test_frequencies_are_those_of_the_training_part():
    counts, text = np.array([3, 1, 0]), np.array([1, 0, 2, 1], np.uint8)
    expected = -(math.log(4 / 7) + math.log(1 / 7) + math.log(2 / 7)) / 3
    assert scores.frequencies(counts, text) == (3, pytest.approx(expected))


def test_scores_of_longer_symbols_are_also_given_by_character():
    found = scores.TextScore(10, 2.0).to_json(40)
    assert found["nats_per_character"] == 0.5
    assert found["bits_per_character"] == pytest.approx(0.5 / math.log(2))


def test_the_accuracy_and_the_next_logits_carry_the_state(network, ids):
    x = torch.from_numpy(ids.astype(np.int64))
    with torch.no_grad():
        logits = network.eval()(x[None])[0]
    assert scores.accuracy(network, ids) == pytest.approx((logits[:-1].argmax(-1) == x[1:]).float().mean().item())
    assert torch.allclose(scores.logits_after(network, ids), logits[-1], atol=1e-5)
