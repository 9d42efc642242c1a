"""How well a network predicts a text: nats a symbol, with the state carried on, in cold windows, and while it learns.

All three predict every symbol of the text but the first from those before it, and are never mixed:

- carried: the state goes on from the first symbol to the last, so that all of the past can matter;
- cold: windows of 256 symbols, each read from a state of zeros, as models without a state are scored;
- dynamic: the state is carried, and after every 32 symbols the weights of a copy take a step against the errors
  made on them (dynamic evaluation; Krause et al., 2018). What is predicted has never been learned from before.
"""

import copy
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from recurra.language.corpus import Ids
from recurra.nn.network import Network

COLD = 256  # symbols that a cold window predicts
AT_ONCE = 64  # cold windows in a batch
STRETCH = 1024  # symbols that are read in one call
DYNAMIC_STEPS, DYNAMIC_RATE = 32, 0.05


class TextScore(NamedTuple):
    """Scores of a text.

    Attributes:
        symbols: number of predicted symbols.
        nats: mean cross-entropy, nats a symbol.
    """

    symbols: int
    nats: float

    @property
    def perplexity(self) -> float:
        """Number of symbols among which a uniform choice would be as uncertain."""
        return math.exp(self.nats)

    def to_json(self, characters: int) -> dict[str, float]:
        """Return the score as JSON values, of a text of so many predicted characters."""
        per_character = self.nats * self.symbols / characters
        return {
            "nats": self.nats,
            "perplexity": self.perplexity,
            "nats_per_character": per_character,
            "bits_per_character": per_character / math.log(2.0),
        }


@torch.inference_mode()
def losses(network: Network, ids: Ids) -> Tensor:
    """Return the cross-entropy of every symbol but the first in nats, [N - 1], with the state carried on."""
    found = [F.cross_entropy(logits, target, reduction="none") for logits, target in _read(network, ids)]
    return torch.cat(found)


@torch.inference_mode()
def accuracy(network: Network, ids: Ids) -> float:
    """Return the fraction of symbols but the first that have the largest logit, with the state carried on."""
    right = [logits.argmax(dim=-1) == target for logits, target in _read(network, ids)]
    return float(torch.cat(right).double().mean())


@torch.inference_mode()
def logits_after(network: Network, ids: Ids) -> Tensor:
    """Return the logits of the symbol after a text, [V]."""
    *_, (logits, _) = _read(network, np.append(ids, ids[-1:]))  # of what comes, any symbol
    return logits[-1]


def carried(network: Network, ids: Ids) -> TextScore:
    """Score a text with the state carried on."""
    return _score(losses(network, ids))


@torch.inference_mode()
def cold(network: Network, ids: Ids) -> TextScore:
    """Score a text in windows of 256 symbols, each from a state of zeros; the last window may be shorter."""
    network.eval()
    windows, found = list(_stretches(ids, COLD, network)), []
    full = [pair for pair in windows if pair[0].shape[1] == COLD]
    for begin in range(0, len(full), AT_ONCE):
        x, target = (torch.cat(parts) for parts in zip(*full[begin : begin + AT_ONCE], strict=True))
        found.append(F.cross_entropy(network(x).flatten(0, 1), target.flatten(), reduction="none"))
    for x, target in windows[len(full) :]:
        found.append(F.cross_entropy(network(x)[0], target[0], reduction="none"))
    return _score(torch.cat(found))


def dynamic(
    network: Network, ids: Ids, *, steps: int = DYNAMIC_STEPS, learning_rate: float = DYNAMIC_RATE
) -> TextScore:
    """Score a text with a copy of the network that goes on learning from what it has read and predicted already.

    Args:
        network: the network, which is not changed.
        ids: the text, [N].
        steps: number of symbols between two steps of the weights.
        learning_rate: of plain gradient descent.
    """
    learner = copy.deepcopy(network).eval()
    optimizer = torch.optim.SGD(learner.parameters(), learning_rate)
    found, state = [], None
    for x, target in _stretches(ids, steps, network):
        output, last = learner(x, state=state)
        own = F.cross_entropy(output[0], target[0], reduction="none")
        state = tuple(tensor.detach() for tensor in last)
        found.append(own.detach())
        optimizer.zero_grad()
        own.mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return _score(torch.cat(found))


def frequencies(counts: NDArray[np.int64], ids: Ids) -> TextScore:
    """Score a guess that knows only how often each symbol occurs in the training part, counted once more than it is.

    Args:
        counts: how often each symbol occurs, [V].
        ids: the text, [N].
    """
    return _score(torch.from_numpy(-np.log((counts + 1) / (counts + 1).sum())[ids[1:]]))


def _read(network: Network, ids: Ids) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the logits [T, V] and the ids [T] of the symbols after the first, with the state carried on."""
    network.eval()
    state = None
    for x, target in _stretches(ids, STRETCH, network):
        output, state = network(x, state=state)
        yield output[0], target[0]


def _stretches(ids: Ids, length: int, network: Network) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield symbols and those one later, [1, T] each, T at most `length`, one stretch after the other."""
    device = next(network.parameters()).device
    for begin in range(0, len(ids) - 1, length):
        part = torch.from_numpy(ids[begin : begin + length + 1].astype(np.int64)).to(device)
        yield part[None, :-1], part[None, 1:]


def _score(found: Tensor) -> TextScore:
    return TextScore(len(found), float(found.double().mean()))
