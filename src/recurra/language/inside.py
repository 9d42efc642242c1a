"""Inside a network that reads a text: what each unit holds, what is expected next, and what units follow.

After Karpathy, Johnson and Fei-Fei (2015), "Visualizing and understanding recurrent networks", who found units of text
models that follow quotes, the length of the line or brackets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.errors import InputError, shown
from recurra.language.corpus import Ids
from recurra.language.followed import followed
from recurra.language.vocabulary import Vocabulary
from recurra.nn.layers import RecurrentLayer
from recurra.nn.network import Network

Floats = NDArray[np.float32]

LEAST = 1000  # symbols; half of them are too few to tell more about hundreds of units than chance
PAIRS = 100_000  # of places that are drawn from half of a text
RARE = 0.05  # share of pairs that differ; what is rarer is said nothing about


@dataclass(frozen=True)
class Inside:
    """What was inside a network while it read a text.

    Attributes:
        symbols: the text in pieces, one a symbol; empty where a byte-pair code ends inside a character.
        units: recurrent layer → what each unit holds after each symbol, [N, H]: c of an LSTM, h of other cells.
        guesses: the most probable symbols at each place, with their probabilities, best first: those for the first
            symbol (none), the second … and the one that comes after the last.
    """

    symbols: Sequence[str]
    units: Mapping[str, Floats]
    guesses: Sequence[Sequence[tuple[str, float]]]

    def unit(self, name: str) -> Floats:
        """Return what a unit holds after each symbol, [N].

        Args:
            name: the layer and the number of the unit from 0, such as "gru:5"; of a single layer the number is enough.

        Raises:
            InputError: there is no such unit.
        """
        layer, _, number = name.rpartition(":")
        if not layer and len(self.units) == 1:
            layer = next(iter(self.units))
        if layer not in self.units or number not in map(str, range(self.units[layer].shape[1])):
            several = [f"{layer}:0 to {layer}:{values.shape[1] - 1}" for layer, values in self.units.items()]
            raise InputError(f"there is no unit {shown(name)}; the units are {', '.join(several)}.")
        return self.units[layer][:, int(number)]


class Follower(NamedTuple):
    """The unit that follows something best, among all units of a network.

    Attributes:
        what: what it follows, such as "inside quotes".
        unit: its layer and its number from 0, such as "gru:5".
        right: of two places of the text that differ in what it follows, how often it tells which has more of it, from 0
            to 1; 0.5 is chance. For what there is or is not, this is the area under the ROC curve.
    """

    what: str
    unit: str
    right: float


def inside(network: Network, vocabulary: Vocabulary, text: str, *, guesses: int = 3) -> Inside:
    """Read a text and record what each unit holds; see `LanguageModel.inside`."""
    ids = vocabulary.encode(text)
    if not len(ids):
        raise InputError("the text is empty; give at least one symbol.")
    units, expected = _read(network, ids, min(guesses, len(vocabulary)))
    named = [
        [(vocabulary.text_of(vocabulary.symbols[id_]), probability) for id_, probability in place] for place in expected
    ]
    read = zip(vocabulary.pieces(ids), vocabulary.decode(ids), vocabulary.cut(text), strict=True)
    pieces = [written if symbol == vocabulary.unknown else piece for piece, symbol, written in read]
    return Inside(pieces, units, [[], *named])


def followers(network: Network, vocabulary: Vocabulary, text: str) -> list[Follower]:
    """Find the units that follow something in a text; see `LanguageModel.followers`."""
    ids = vocabulary.encode(text)
    if len(ids) < LEAST:
        return []
    units, _ = _read(network, ids, 0)
    pieces = list(vocabulary.pieces(ids))
    ends = np.cumsum([len(piece) for piece in pieces])  # of the characters that have been read with a symbol
    middle = len(ids) // 2
    found = []
    for what, values in followed("".join(pieces)).items():
        after = np.append(values, 0)[ends - 1]
        chosen, scored = _pairs(after[:middle]), _pairs(after[middle:])
        if min(len(chosen), len(scored)) < RARE * PAIRS:
            continue
        shares = {layer: _share_right(held[:middle], chosen) for layer, held in units.items()}
        layer = max(shares, key=lambda layer: np.abs(shares[layer] - 0.5).max())
        number = int(np.abs(shares[layer] - 0.5).argmax())
        right = float(_share_right(units[layer][middle:, number : number + 1], scored)[0])
        falls = shares[layer][number] < 0.5  # the less it holds, the more there is
        found.append(Follower(what, f"{layer}:{number}", 1.0 - right if falls else right))
    return sorted(found, key=lambda follower: -follower.right)


@torch.inference_mode()
def _read(network: Network, ids: Ids, guesses: int) -> tuple[dict[str, Floats], list[list[tuple[int, float]]]]:
    """Return what the units of each layer hold after each symbol, and the most probable next symbols."""
    layers = [name for name, layer in network.layers.items() if isinstance(layer, RecurrentLayer)]
    held: dict[str, list[Floats]] = {name: [] for name in layers}
    expected = []
    stepper = network.eval().stepper()
    for id_ in ids.tolist():
        logits = stepper(id_)
        for name, state in zip(layers, stepper.state, strict=True):
            held[name].append(state[-1].float().cpu().numpy())
        if guesses:
            best, places = logits.softmax(dim=0).topk(guesses)
            expected.append(list(zip(places.tolist(), best.tolist(), strict=True)))
    return {name: np.stack(values) for name, values in held.items()}, expected


def _pairs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return pairs of places, drawn at random, the second of which has more, [P, 2]."""
    pairs = np.random.default_rng(0).integers(0, len(values), (PAIRS, 2))
    first, second = values[pairs].T
    return np.concatenate([pairs[first < second], pairs[first > second, ::-1]])


def _share_right(held: Floats, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return of each unit in which share of the pairs it holds more at the second place, [H]; ties count half."""
    right = np.zeros(held.shape[1])
    for some in np.array_split(pairs, -(-len(pairs) // 1000)):  # few at a time: there may be a thousand units
        less, more = held[some[:, 0]], held[some[:, 1]]
        right += (less < more).sum(axis=0) + 0.5 * (less == more).sum(axis=0)
    return right / len(pairs)
