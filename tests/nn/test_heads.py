"""Heads: losses are those of torch and scipy, missing targets do not count, and quantiles are in order."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn
from torch.nn import functional as F

from recurra.errors import InputError
from recurra.nn.heads import HEADS, PROBABILITIES, Categorical, Head, NegativeBinomial, Quantiles, StudentT
from recurra.training import TrainingOptions, train

OUTPUT = torch.tensor([[0.5, 2.0, -1.0], [4.0, 0.0, 1.0]])
TARGET = torch.tensor([[1.0, 2.5, -3.0], [1.0, 0.25, 1.0]])
COUNTS = torch.tensor([[0.0, 3.0, 1.0], [7.0, 0.0, 250.0]])
SCALE = torch.tensor([[2.0], [40.0]])
DISTRIBUTIONS: list[Head] = [Quantiles(), StudentT(), NegativeBinomial()]


def outputs(head: Head, seed: int = 0) -> torch.Tensor:
    return 2.0 * torch.randn(2, 3 * head.width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # errors -0.5, -0.5, 2, 3, -0.25, 0 by hand
        ("mse", (0.25 + 0.25 + 4 + 9 + 0.0625 + 0) / 6),
        ("mae", (0.5 + 0.5 + 2 + 3 + 0.25 + 0) / 6),
        ("huber", (0.125 + 0.125 + 1.5 + 2.5 + 0.03125 + 0) / 6),
    ],
)
def test_the_losses_are_those_of_the_hand_calculation(name, expected):
    head = HEADS[name]
    assert head.width == 1
    assert head.loss(OUTPUT, TARGET).item() == pytest.approx(expected)
    assert head.loss(OUTPUT, TARGET, missing=True).item() == pytest.approx(expected)
    assert torch.equal(head.forecast(OUTPUT).point, OUTPUT)
    assert not head.forecast(OUTPUT).quantiles


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_missing_target_counts_neither_in_the_loss_nor_in_the_gradient(head):
    known = torch.tensor([[True, False, True], [False, True, True]])
    output = outputs(head).requires_grad_()
    loss = head.loss(output, COUNTS.where(known, torch.nan), missing=True)
    steps = output.detach().reshape(2, 3, head.width)[known].reshape(1, -1)
    torch.testing.assert_close(loss, head.loss(steps, COUNTS[known][None]))
    loss.backward()
    assert torch.equal((output.grad.reshape(2, 3, head.width) != 0.0).any(dim=-1), known)
    assert output.grad.isfinite().all()
    nothing = head.loss(output, torch.full_like(TARGET, torch.nan), missing=True)
    assert nothing.item() == 0.0


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_what_a_head_says_of_itself_fits_what_it_does(head):
    found = head.forecast(outputs(head), SCALE)
    assert len(head.bias) == head.width
    assert found.point.shape == (2, 3)
    assert tuple(found.quantiles) == head.probabilities
    assert all(quantile.shape == (2, 3) for quantile in found.quantiles.values())


def test_the_pinball_loss_is_that_of_the_hand_calculation():
    head = Quantiles((0.1, 0.5, 0.9))
    log_of_3 = float(np.log(np.expm1(3.0)))  # softplus gives 3
    output = torch.tensor([[log_of_3, 5.0, log_of_3]])  # quantiles 2, 5, 8
    assert [q.item() for q in head.forecast(output).quantiles.values()] == pytest.approx([2.0, 5.0, 8.0])
    # above the quantiles by 4, 1 and -2
    assert head.loss(output, torch.tensor([[6.0]])).item() == pytest.approx((0.1 * 4 + 4 * 0.5 * 1 + 0.1 * 2) / 6)


@given(arrays(np.float32, (4, 3 * len(PROBABILITIES)), elements=st.floats(-1e6, 1e6, width=32)))
def test_quantiles_never_cross_whatever_the_network_returns(output):
    found = Quantiles().forecast(torch.from_numpy(output))
    assert (torch.stack(list(found.quantiles.values())).diff(dim=0) >= 0.0).all()
    assert torch.equal(found.point, found.quantiles[0.5])


@pytest.mark.parametrize("probabilities", [(), (0.1, 0.9), (0.5, 0.1), (0.1, 0.5, 0.5), (0.0, 0.5), (0.5, 1.0)])
def test_probabilities_without_order_or_median_are_refused(probabilities):
    with pytest.raises(InputError, match=r"expected numbers between 0 and 1 in ascending order, 0\.5 among them"):
        Quantiles(probabilities)


def test_the_loss_of_students_t_is_the_density_of_torch_and_scipy_and_its_quantiles_are_scipys():
    head, output = StudentT(), outputs(StudentT())
    loc, scale, df = head.parameters(output)
    assert (df > 2.0).all()
    loss = head.loss(output, TARGET).item()
    assert loss == pytest.approx(-torch.distributions.StudentT(df, loc, scale).log_prob(TARGET).mean().item(), rel=1e-5)
    theirs = scipy.stats.t(df.double().numpy(), loc.double().numpy(), scale.double().numpy())
    assert loss == pytest.approx(-theirs.logpdf(TARGET.numpy()).mean(), rel=1e-5)
    found = head.forecast(output)
    assert torch.equal(found.point, loc)
    for probability, quantile in found.quantiles.items():
        np.testing.assert_allclose(quantile.numpy(), theirs.ppf(probability), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scale", [None, SCALE], ids=["as they are", "divided"])
def test_the_loss_of_counts_is_the_mass_of_torch_and_scipy_and_their_quantiles_are_scipys(scale):
    head, output = NegativeBinomial(), outputs(NegativeBinomial())
    unit = torch.ones(2, 1) if scale is None else scale
    mean, shape = (F.softplus(part.double()) for part in output.reshape(2, 3, 2).unbind(-1))
    mean, shape = mean * unit, shape / unit.sqrt()  # as in the paper
    loss = head.loss(output, COUNTS / unit, scale=scale).item()
    torchs = torch.distributions.NegativeBinomial(1.0 / shape, probs=shape * mean / (1.0 + shape * mean))
    assert loss == pytest.approx(-torchs.log_prob(COUNTS.double()).mean().item(), rel=1e-4)
    theirs = scipy.stats.nbinom(1.0 / shape.numpy(), 1.0 / (1.0 + shape * mean).numpy())
    assert loss == pytest.approx(-theirs.logpmf(COUNTS.numpy()).mean(), rel=1e-4)
    found = head.forecast(output, scale)
    torch.testing.assert_close(found.point.double() * unit, mean.double(), rtol=1e-4, atol=1e-6)
    for probability, quantile in found.quantiles.items():
        np.testing.assert_allclose((quantile * unit).numpy(), theirs.ppf(probability), rtol=1e-12)


def test_a_negative_binomial_without_dispersion_is_poisson_and_stays_finite():
    head, rates = NegativeBinomial(), torch.tensor([[1e-3, 1.0, 1e5]])
    means = rates.double().expm1().log().where(rates < 50, rates.double())  # before softplus
    output = torch.stack([means, torch.full((1, 3), -90.0)], dim=-1).flatten(1).requires_grad_()
    counts = torch.tensor([[0.0, 2.0, 1e5]])
    loss = head.loss(output, counts)
    assert loss.item() == pytest.approx(-scipy.stats.poisson(rates.numpy()).logpmf(counts.numpy()).mean(), rel=0.02)
    loss.backward()
    assert output.grad.isfinite().all()


@pytest.mark.parametrize("head", DISTRIBUTIONS, ids=lambda head: type(head).__name__)
def test_a_network_of_zeros_begins_with_a_sensible_spread(head):
    found = head.forecast(torch.tensor([head.bias]), torch.tensor([[100.0]])).quantiles
    if isinstance(head, NegativeBinomial):  # around the mean of the window
        assert 0.3 < found[0.25].item() < 1.0 < found[0.75].item() < 2.0
    else:  # variance 1
        assert found[0.5].item() == pytest.approx(0.0, abs=1e-6)
        assert found[0.9].item() == pytest.approx(1.28, abs=0.15)
        assert found[0.025].item() == pytest.approx(-1.96, abs=0.05)


@pytest.mark.parametrize(
    ("head", "drawn"),
    [
        (Quantiles(), scipy.stats.expon(loc=2.0, scale=3.0)),
        (StudentT(), scipy.stats.t(4.0, loc=-1.0, scale=2.0)),
        (NegativeBinomial(), scipy.stats.nbinom(2.0, 0.2)),  # mean 8, variance 40
    ],
    ids=["quantiles of a skewed distribution", "heavy tails", "counts"],
)
def test_training_recovers_the_quantiles_of_what_was_drawn(head, drawn):
    values = torch.from_numpy(drawn.rvs((20_000, 1), random_state=0)).float()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Linear(1, head.width)
    options = TrainingOptions(steps=800, batch_size=2_000, learning_rate=0.2, schedule="cosine", record_every=800)
    train(network, (torch.zeros(20_000, 1), values), loss=head.loss, options=options)
    found = head.forecast(network(torch.zeros(1, 1)).detach())
    for probability, quantile in found.quantiles.items():
        assert drawn.cdf(quantile.item() - 1e-9) - 0.015 < probability < drawn.cdf(quantile.item()) + 0.015


def test_the_categorical_head_is_torchs_cross_entropy_over_all_steps():
    head, logits = Categorical(4), torch.randn(3, 5, 4)
    tokens = torch.randint(0, 4, (3, 5))
    expected = torch.stack([F.cross_entropy(logits[:, t], tokens[:, t]) for t in range(5)]).mean()
    torch.testing.assert_close(head.loss(logits, tokens), expected)
    assert head.accuracy(logits, logits.argmax(dim=-1)) == 1.0
    assert head.accuracy(logits, logits.argmin(dim=-1)) == 0.0
    torch.testing.assert_close(head.probabilities(logits).log(), logits.log_softmax(dim=-1))
    assert head.width == 4
