"""Choose the next symbol of a text at random, as its probabilities say, or within limits."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from recurra.nn.network import Network
from recurra.settings.sampling import SamplingSettings


class Sampling(TypedDict, total=False):
    """The arguments of `SamplingSettings`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    min_p: float | None
    seed: int


def probabilities(logits: NDArray[np.floating], settings: SamplingSettings) -> NDArray[np.float64]:
    """Return the probabilities with which symbols are chosen, [V], from logits [V]."""
    relative: NDArray[np.float64] = logits.astype(np.float64) - logits.max()
    if settings.temperature == 0.0:
        return np.where(np.arange(len(logits)) == logits.argmax(), 1.0, 0.0)
    found: NDArray[np.float64] = np.exp(relative / settings.temperature)
    if settings.top_k is not None and settings.top_k < len(found):
        found[found < np.partition(found, -settings.top_k)[-settings.top_k]] = 0.0
    if settings.top_p is not None:
        places = np.argsort(-found, kind="stable")
        ordered = found[places]
        before = ordered.cumsum() - ordered  # probability of those that are more probable
        found[places[before >= settings.top_p * ordered.sum()]] = 0.0
    if settings.min_p is not None:
        found[found < settings.min_p * found.max()] = 0.0
    found /= found.sum()
    return found


def generated(
    network: Network, prompt: Sequence[int], settings: SamplingSettings, *, without: int | None = None
) -> Iterator[int]:
    """Generate symbols, without end.

    Args:
        network: a network of tokens.
        prompt: ids of the symbols before the first, at least one.
        settings: how symbols are chosen, and the random seed.
        without: id of a symbol that is never chosen; None: there is none.

    Yields:
        The id of the next symbol.
    """
    generator, stepper = np.random.default_rng(settings.seed), network.stepper()
    for symbol in prompt[:-1]:
        stepper(symbol)
    chosen = prompt[-1]
    while True:
        logits = stepper(chosen).numpy(force=True)
        if without is not None:
            logits = np.where(np.arange(len(logits)) == without, -np.inf, logits)
        sums = probabilities(logits, settings).cumsum()
        chosen = int(sums[:-1].searchsorted(generator.random() * sums[-1], side="right"))
        yield chosen
