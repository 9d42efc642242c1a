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
    """Return the probabilities with which symbols are chosen, [N, V], from logits [N, V]."""
    best = logits.argmax(axis=1, keepdims=True)
    if settings.temperature == 0.0:
        return np.where(np.arange(logits.shape[1]) == best, 1.0, 0.0)
    relative: NDArray[np.float64] = logits.astype(np.float64) - np.take_along_axis(logits, best, axis=1)
    found: NDArray[np.float64] = np.exp(relative / settings.temperature)
    if settings.top_k is not None and settings.top_k < found.shape[1]:
        found[found < np.partition(found, -settings.top_k)[:, [-settings.top_k]]] = 0.0
    if settings.top_p is not None:
        places = np.argsort(-found, kind="stable")
        ordered = np.take_along_axis(found, places, axis=1)
        before = ordered.cumsum(axis=1) - ordered  # probability of those that are more probable
        ordered[before >= settings.top_p * ordered.sum(axis=1, keepdims=True)] = 0.0
        np.put_along_axis(found, places, ordered, axis=1)
    if settings.min_p is not None:
        found[found < settings.min_p * found.max(axis=1, keepdims=True)] = 0.0
    found /= found.sum(axis=1, keepdims=True)
    return found


def generated(
    network: Network, prompt: Sequence[int], settings: SamplingSettings, *, texts: int = 1, without: int | None = None
) -> Iterator[list[int]]:
    """Generate the symbols of texts that are written side by side, without end.

    Args:
        network: a network of tokens.
        prompt: ids of the symbols before the first, at least one.
        settings: how symbols are chosen, and the random seed of the first text; those after it have the seeds after it.
        texts: number of texts, N. None of them depends on those beside it.
        without: id of a symbol that is never chosen; None: there is none.

    Yields:
        The ids of the next symbols, [N].
    """
    generators = [np.random.default_rng(settings.seed + number) for number in range(texts)]
    stepper = network.stepper(sequences=None if texts == 1 else texts)
    chosen = [prompt[0]] * texts
    for symbol in prompt[1:]:
        stepper(chosen[0] if texts == 1 else chosen)
        chosen = [symbol] * texts
    while True:
        logits = stepper(chosen[0] if texts == 1 else chosen).numpy(force=True).reshape(texts, -1)
        if without is not None:
            logits[:, without] = -np.inf
        sums = probabilities(logits, settings).cumsum(axis=1)
        drawn = sums[:, -1] * [generator.random() for generator in generators]
        chosen = (sums[:, :-1] <= drawn[:, None]).sum(axis=1).tolist()
        yield chosen
