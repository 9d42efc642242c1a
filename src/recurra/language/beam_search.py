"""Search for the most probable text after a prompt, keeping the best few beginnings at each symbol."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recurra.nn.network import Network


class Continuation(NamedTuple):
    """A text that a beam search found.

    Attributes:
        symbols: ids of the symbols after the prompt.
        nats: -ln of the probability of all of them together.
    """

    symbols: list[int]
    nats: float


@torch.inference_mode()
def beam_search(
    network: Network, prompt: Sequence[int], *, length: int, beams: int, without: int | None = None
) -> list[Continuation]:
    """Search for the most probable continuations of a prompt.

    Args:
        network: a network of tokens that returns sequences.
        prompt: ids of the symbols before the first, at least one.
        length: number of symbols of a continuation.
        beams: number of beginnings that are kept at each symbol. One takes the most probable symbol each time; as many
            as there are texts of this length find the best for certain.
        without: id of a symbol that is never chosen; None: there is none.

    Returns:
        The continuations, at most `beams`, the most probable one first.
    """
    network.eval()
    device = next(network.parameters()).device
    newest = torch.tensor([list(prompt)], device=device)
    state: tuple[Tensor, ...] | None = None
    symbols, nats = newest[:, :0], torch.zeros(1, dtype=torch.float64, device=device)
    for _ in range(length):
        output, state = network(newest, state=state)
        sums = nats[:, None] - output[:, -1].double().log_softmax(dim=-1)  # [beginnings, V]
        if without is not None:
            sums[:, without] = torch.inf
        nats, places = sums.flatten().topk(min(beams, int(sums.isfinite().sum())), largest=False)
        parents = places // sums.shape[1]
        newest = (places % sums.shape[1])[:, None]
        symbols = torch.cat([symbols[parents], newest], dim=1)
        state = tuple(tensor[parents] for tensor in state)
    return [Continuation(*found) for found in zip(symbols.tolist(), nats.tolist(), strict=True)]
