"""Choose the next symbol of a text at random, as its probabilities say, or within limits."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

import torch
from torch import Tensor

from recurra.nn.network import Network
from recurra.settings.sampling import SamplingSettings


class Sampling(TypedDict, total=False):
    """The arguments of `SamplingSettings`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    min_p: float | None
    seed: int


def probabilities(logits: Tensor, settings: SamplingSettings) -> Tensor:
    """Return the probabilities with which symbols are chosen, [V], from logits [V]."""
    if settings.temperature == 0.0:
        return torch.zeros_like(logits).index_fill_(0, logits.argmax(), 1.0)
    found = torch.softmax(logits / settings.temperature, dim=0)
    if settings.top_k is not None and settings.top_k < len(found):
        least = found.topk(settings.top_k).values[-1]
        found = found.where(found >= least, 0.0)
    if settings.top_p is not None:
        ordered, places = found.sort(descending=True, stable=True)
        before = ordered.cumsum(0) - ordered  # probability of those that are more probable
        found = found.index_fill(0, places[before >= settings.top_p * found.sum()], 0.0)
    if settings.min_p is not None:
        found = found.where(found >= settings.min_p * found.max(), 0.0)
    return found / found.sum()


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
    generator = torch.Generator().manual_seed(settings.seed)
    stepper = network.stepper()
    for symbol in prompt:
        logits = stepper(symbol)
    while True:
        logits = logits.clone()
        if without is not None:
            logits[without] = -torch.inf
        chosen = int(torch.multinomial(probabilities(logits, settings), 1, generator=generator))
        yield chosen
        logits = stepper(chosen)
