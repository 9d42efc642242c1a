"""Dropout of the outputs inside the kernels: Philox's bits, the same whoever computes them, and their gradients."""

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

from recurra.errors import InputError
from recurra.nn import GRU
from recurra.nn.backends.native import kernels
from recurra.nn.backends.native.kernels import KernelCall

from .calls import (
    EACH_CELL,
    PLAIN,
    assert_same_bits,
    call,
    draw_mask,
    problem,
    python,
    require_gradients,
    results,
    upstream,
)

RATE = 0.3


def philox(counters, key):
    """Philox4x32-10 of counters [N, 4] and a key of two words."""
    x, key = np.array(counters, np.uint64).T, np.array(key, np.uint64)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        first, second = x[0] * np.uint64(0xD2511F53), x[2] * np.uint64(0xCD9E8D57)
        x = np.stack([second >> shift ^ x[1] ^ key[0], second & low, first >> shift ^ x[3] ^ key[1], first & low])
        key = key + np.array([0x9E3779B9, 0xBB67AE85], np.uint64) & low
    return x.T


def factors(rate, seed, B, T, H, reverse=False):
    """What outputs are multiplied by."""
    call = KernelCall("gru", reverse, True, dropout=rate, seed=seed)
    return kernels.dropout_factors(call, torch.zeros(B, T, 1), H)


def test_the_generator_below_gives_the_published_answers():
    # Random123's kat_vectors, philox4x32 with 10 rounds
    vectors = [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ]
    for counter, key, answer in vectors:
        words = [[int(word, 16) for word in text.split()] for text in (counter, key, answer)]
        assert philox([words[0]], words[1])[0].tolist() == words[2]


@pytest.mark.parametrize("H", [1, 5, 16, 17, 33, 80, 100, 131])
@pytest.mark.parametrize("rate", [1e-3, 0.2, 0.5, 0.99])
def test_the_units_that_dropout_keeps_are_those_that_philox_says(rate, H):
    B, T, seed = 3, 4, 0x0123456789ABCDEF
    unit, row = np.meshgrid(np.arange(H), np.arange(B * T))
    counters = np.stack([4 * (unit // 16) + unit % 4, 0 * unit, row, 0 * row], axis=-1)
    words = philox(counters.reshape(-1, 4), [seed & 0xFFFFFFFF, seed >> 32]).reshape(B * T, H, 4)
    word = np.take_along_axis(words, (unit % 16 // 4)[..., None], axis=-1)[..., 0]
    expected = torch.from_numpy(word >= np.uint64(round(rate * 2**32))).view(B, T, H) * torch.tensor(1 / (1 - rate))
    assert torch.equal(factors(rate, seed, B, T, H), expected.float())
    assert torch.equal(factors(rate, seed, B, T, H, reverse=True), expected.float().flip(1))


def test_every_instruction_set_drops_the_same_units():
    code = (
        "from recurra.nn.backends.native import kernels\n"
        "call = kernels.KernelCall('lstm', False, True, dropout=0.3, seed=7)\n"
        "kept = kernels.dropout_factors(call, torch.zeros(5, 6, 1), 77) != 0\n"
        "print(kept.flatten().tolist())"
    )
    done = [python(code, RECURRA_ISA=isa) for isa in kernels.extension.isas]
    assert {one.stdout for one in done} == {f"{(factors(RATE, 7, 5, 6, 77) != 0).flatten().tolist()}\n"}, done[0].stderr


def chi_square(kept, keep):
    """The statistic of the 16 patterns of four neighbours, and that of a fair draw: its mean and deviation."""
    patterns = (kept.view(-1, 4).int() * torch.tensor([8, 4, 2, 1])).sum(dim=1)
    ones = torch.tensor([bin(pattern).count("1") for pattern in range(16)])
    expected = len(patterns) * keep**ones * (1 - keep) ** (4 - ones)
    return ((patterns.bincount(minlength=16) - expected).square() / expected).sum().item()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_is_as_random_as_it_should_be(rate):
    B, T, H = 64, 48, 96
    kept = factors(rate, 20, B, T, H) != 0
    count, deviation = kept.numel(), (rate * (1 - rate)) ** 0.5
    assert kept.double().mean() == pytest.approx(1 - rate, abs=4 * deviation / count**0.5)
    for dims in [(0, 1), (0, 2), (1, 2)]:  # the rate of each unit, step and sequence
        means = kept.double().mean(dim=dims)
        assert (means - (1 - rate)).abs().max() < 5 * deviation / (count / len(means)) ** 0.5
    centered = kept.double() - (1 - rate)
    for dim, distance in [(0, 1), (1, 1), (2, 1), (2, 4), (2, 16), (2, 32)]:
        size = kept.shape[dim] - distance
        products = centered.narrow(dim, 0, size) * centered.narrow(dim, distance, size)
        assert abs(products.mean()) < 4 * deviation**2 / products.numel() ** 0.5, (dim, distance)
    for axes in [(0, 1, 2), (0, 2, 1), (1, 2, 0)]:  # neighbours are units, steps, sequences
        assert chi_square(kept.permute(axes).contiguous(), 1 - rate) < 15 + 4 * 30**0.5
    other = centered * ((factors(rate, 21, B, T, H) != 0).double() - (1 - rate))
    assert abs(other.mean()) < 4 * deviation**2 / count**0.5


def test_a_dropout_rate_next_to_zero_or_one_is_possible():
    assert torch.equal(factors(1e-12, 3, 8, 9, 10), torch.ones(8, 9, 10))
    almost_all = factors(1 - 2**-8, 3, 64, 20, 100)
    assert almost_all.unique().tolist() == [0.0, 256.0]
    assert factors(1 - 2**-40, 3, 8, 9, 10).count_nonzero() == 0


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan")])
def test_a_dropout_that_is_no_rate_is_refused(rate):
    with pytest.raises(InputError, match=r"the dropout is .*; expected a rate from 0 to below 1"):
        factors(rate, 0, 2, 3, 4)
    with pytest.raises(InputError, match=r"output_dropout is .*; it must be at least 0 and less than 1"):
        GRU(2, 3)(torch.zeros(1, 2, 2), output_dropout=rate)


def explicit(cell, leaves, dropped, dtype=torch.float32, **options):
    """Outputs and gradients of the reference whose outputs are multiplied by given factors."""
    leaves = require_gradients(leaves, dtype)
    outputs = call(cell, "reference", leaves, **options)
    outputs["y"] = outputs["y"] * dropped
    came = [d.to(dtype) for d in upstream(outputs).values()]
    found = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came)
    return {name: t.detach() for name, t in outputs.items()}, dict(zip(leaves, found, strict=True))


def next_seed():
    """The seed that the next call will draw, which leaves the generator as it was."""
    state = torch.get_rng_state()
    seed = int(torch.empty((), dtype=torch.int64).random_())
    torch.set_rng_state(state)
    return seed


@EACH_CELL
@pytest.mark.parametrize("mask", ["none", "holes", "late", "nothing counts"])
@pytest.mark.parametrize(("H", "reverse"), [(9, False), (16, True), (37, False)])
def test_dropout_has_the_gradients_of_a_product_with_its_factors(cell, mask, H, reverse):
    B, T = 5, 7
    leaves = problem(cell, B, T, 3, H)
    options = {"mask": draw_mask(mask, B, T, torch.Generator().manual_seed(0)), "reverse": reverse}
    torch.manual_seed(4)
    dropped = factors(RATE, next_seed(), B, T, H, reverse)
    found = results(cell, "native", leaves, output_dropout=RATE, **options)
    expected = explicit(cell, leaves, dropped.double(), torch.float64, **options)
    for mine, theirs in zip(found, expected, strict=True):
        for name, tensor in mine.items():
            largest = 1.0 if cell in PLAIN else max(1.0, theirs[name].abs().max().item())  # some gradients are 20
            torch.testing.assert_close(tensor.double(), theirs[name], rtol=1e-5, atol=1e-5 * largest, msg=name)
    assert torch.equal(found[0]["y"] == 0, expected[0]["y"] == 0)


@EACH_CELL
def test_dropout_drops_outputs_and_never_states(cell):
    leaves = problem(cell, 4, 6, 3, 20)
    whole = call(cell, "native", leaves)
    torch.manual_seed(5)
    dropped = factors(RATE, next_seed(), 4, 6, 20)
    found = call(cell, "native", leaves, output_dropout=RATE)
    assert_same_bits([found], [whole | {"y": whole["y"] * dropped}])


@EACH_CELL
@pytest.mark.parametrize("masked", [False, True])
def test_dropout_gives_the_same_bits_with_any_number_of_threads(cell, masked, threads):
    leaves = problem(cell, 33, 20, 17, 40)
    mask = draw_mask("holes", 33, 20, torch.Generator().manual_seed(0)) if masked else None
    found = []
    for count in (1, 2, 3, 5):
        threads(count)
        torch.manual_seed(6)
        found.append(results(cell, "native", leaves, mask=mask, output_dropout=RATE))
        assert_same_bits(found[-1], found[0])
    assert not torch.equal(results(cell, "native", leaves, mask=mask, output_dropout=RATE)[0]["y"], found[0][0]["y"])


@EACH_CELL
def test_dropout_is_the_same_in_every_walk_back_through_a_graph(cell):
    leaves = require_gradients(problem(cell, 9, 12, 9, 16))
    outputs = call(cell, "native", leaves, output_dropout=RATE)
    came = list(upstream(outputs).values())
    found = [
        torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, retain_graph=True) for _ in range(3)
    ]
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
    alone = torch.autograd.grad(list(outputs.values()), leaves["x"], came, create_graph=True)  # by the reference
    torch.testing.assert_close(alone[0], found[0][0], rtol=1e-5, atol=1e-5)
    batch = [torch.stack([d, 2 * d]) for d in came]
    twice = torch.autograd.grad(list(outputs.values()), leaves["x"], batch, is_grads_batched=True)
    torch.testing.assert_close(twice[0], torch.stack([found[0][0], 2 * found[0][0]]), rtol=1e-5, atol=1e-5)


@EACH_CELL
def test_dropout_has_second_derivatives(cell):
    leaves = require_gradients(problem(cell, 4, 5, 3, 6))
    torch.manual_seed(7)
    dropped = factors(RATE, next_seed(), 4, 5, 6)
    found = []
    for backend, rate in (("native", RATE), ("reference", 0.0)):
        y = call(cell, backend, leaves, output_dropout=rate)["y"]
        y = y * dropped if rate == 0.0 else y
        used = {"materialize_grads": True}
        first = torch.autograd.grad(y.square().sum(), list(leaves.values()), create_graph=True, **used)
        found.append(torch.autograd.grad(sum(g.square().sum() for g in first), list(leaves.values()), **used))
    for mine, theirs in zip(*found, strict=True):
        largest = 10.0 if cell in PLAIN else max(10.0, theirs.abs().max().item())  # some of them are thousands
        torch.testing.assert_close(mine, theirs, rtol=2e-5, atol=2e-5 * largest)


def test_dropout_without_gradients_is_that_with_gradients():
    leaves = problem("gru", 4, 5, 3, 6)
    found = []
    for wanted in (False, True):
        torch.manual_seed(8)
        with torch.set_grad_enabled(wanted):
            found.append(call("gru", "native", require_gradients(leaves), output_dropout=RATE)["y"])
    assert torch.equal(*found)


def test_dropout_is_the_same_where_a_checkpoint_computes_again():
    layer = GRU(3, 6, return_sequences=True, backend="native")
    x = torch.randn(4, 5, 3)
    found = []
    for run in (lambda f, x: f(x), lambda f, x: checkpoint(f, x, use_reentrant=False)):
        torch.manual_seed(9)
        y = run(lambda x: layer(x, output_dropout=RATE), x)
        found.append([y, *torch.autograd.grad(y.square().sum(), list(layer.parameters()))])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_nan_that_is_dropped_stays_one():
    leaves = problem("gru", 2, 3, 3, 8)
    leaves["x"][0, 0] = torch.nan
    assert call("gru", "native", leaves, output_dropout=0.9)["y"][0].isnan().all()
