"""`recurra generate` writes a text in the manner of that of a run; `recurra score` marks what surprises it."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.cli.flags import flags_of, takes
from recurra.cli.output import print_json
from recurra.errors import InputError, printable
from recurra.settings.check import check
from recurra.settings.sampling import SamplingSettings
from recurra.settings.training import LARGEST_SEED

if TYPE_CHECKING:
    from recurra.language.language_model import LanguageModel

BETWEEN = "-" * 40  # two texts
AT_ONCE = 64  # texts that are written side by side
SHADES = "", "on grey23", "on orange4", "on dark_red", "on red3"  # of a symbol, by its surprise
Written = tuple[dict[str, Any], Iterable[str]]  # what is said about a text, and its pieces as they come
NATS = 1.0, 2.5, 4.0, 6.0  # from which each shade but the first begins


@takes(*flags_of(SamplingSettings))
def generate(
    run: Path,
    /,
    *,
    prompt: str | None = None,
    length: int = 500,
    count: int = 1,
    beams: int | None = None,
    json: bool = False,
    **sampling: Any,
) -> None:
    """Write a text in the manner of the one that a run has read, symbol by symbol.

    Args:
        run: Run folder.
        prompt: Text to continue; by default a line break.
        length: Number of symbols to write.
        count: Number of texts, with the random seeds from --seed on; with --beams, the most probable ones.
        beams: Search for the most probable text by beam search, with this many beams, such as 5, instead of drawing one
            at random.
        json: Print only JSON, once all texts are written.
        **sampling: How symbols are chosen; see `SamplingSettings`.
    """
    for name, value in {"length": length, "count": count, "beams": beams}.items():
        if value is not None and value < 1:
            raise InputError(f"--{name} is {value}; expected at least 1.")
    from recurra.runs.load import load_language_model

    model = load_language_model(run)
    if beams is None:
        texts = _drawn(model, prompt, length, count, sampling)
    else:
        texts = _most_probable(model, prompt, length, count, beams, sampling)
    said = []
    for number, (about, pieces) in enumerate(texts):
        if json:
            said.append({**about, "text": "".join([prompt or "", *pieces])})
            continue
        if number:
            print(f"\n{BETWEEN}")
        _write(prompt or "")
        for piece in pieces:
            _write(piece)
        print()
    if json:
        print_json(said)


def _drawn(
    model: "LanguageModel", prompt: str | None, length: int, count: int, sampling: dict[str, Any]
) -> Iterator[Written]:
    """Yield texts that are drawn at random, each with its seed: one as it comes, several when they are written."""
    first = sampling.pop("seed", SamplingSettings.seed)
    end = first + count
    check(SamplingSettings, {**sampling, "seed": first}, "recurra generate", flags=(*sampling, "seed"))
    if end > LARGEST_SEED + 1:
        raise InputError(
            f"--seed is {first} and --count is {count}; the seeds of the texts go up to {LARGEST_SEED}: choose a "
            "smaller --seed."
        )
    if count == 1:
        yield {"seed": first}, islice(model.generate(prompt, seed=first, **sampling), length)
        return
    for seed in range(first, end, AT_ONCE):
        symbols = model.generate_many(prompt, count=min(AT_ONCE, end - seed), seed=seed, **sampling)
        for number, pieces in enumerate(zip(*islice(symbols, length), strict=True)):
            yield {"seed": seed + number}, pieces


def _most_probable(
    model: "LanguageModel", prompt: str | None, length: int, count: int, beams: int, sampling: dict[str, Any]
) -> Iterator[Written]:
    """Return the most probable texts that a beam search finds, each with -ln of its probability."""
    for name in sampling:
        flag = f"--{name.replace('_', '-')}"
        raise InputError(f"{flag} and --beams are both given; a beam search draws nothing: leave out one of them.")
    if count > beams:
        raise InputError(f"--count is {count} and --beams is {beams}; expected at least as many beams as texts.")
    found = model.beam_search(prompt, length=length, beams=beams)
    return (({"nats": nats}, [text]) for text, nats in found[:count])


def score(run: Path, text: str, /, *, json: bool = False) -> None:
    """Show how surprising each symbol of a text is to a run, in nats, and mark those that are.

    Args:
        run: Run folder.
        text: The text, of at least two symbols.
        json: Print only JSON.
    """
    from recurra.runs.load import load_language_model

    model = load_language_model(run)
    surprises = model.surprise(text)
    nats = sum(surprise for _, surprise in surprises) / len(surprises)
    if json:
        print_json({"nats": nats, "symbols": [{"symbol": symbol, "nats": value} for symbol, value in surprises]})
        return
    from rich.console import Console
    from rich.text import Text

    vocabulary = model.vocabulary_
    shown = Text(_printable(vocabulary.join(vocabulary.cut(text)[:1])))
    for symbol, value in surprises:
        shown.append(_printable(vocabulary.join([symbol])), SHADES[sum(value >= least for least in NATS)])
    Console(highlight=False, soft_wrap=True).print(shown)
    print(f"\n{nats:.3f} nats a symbol; a symbol of {NATS[-1]:g} nats or more had a probability under 0.25 %.")


def _write(text: str) -> None:
    sys.stdout.write(_printable(text))
    sys.stdout.flush()


def _printable(text: str) -> str:
    """Return a text whose control characters are escaped, but for line breaks and tabs."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))
