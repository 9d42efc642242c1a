"""Ask a language model: windows of symbols in, as arguments, lines or at a prompt; the next symbol out."""

from collections.abc import Iterable
from typing import Any

from recurra.errors import InputError, counted, printable, shown
from recurra.language.language_model import LanguageModel
from recurra.language.vocabulary import Vocabulary


def answer(model: LanguageModel, line: str) -> dict[str, Any]:
    """What follows the window that a person typed."""
    vocabulary, window = model.vocabulary_, model.settings_.window
    symbols = vocabulary.split(line)
    if model.settings_.mode == "windows" and len(symbols) != window:
        raise InputError(
            f"{shown(line)} is {len(symbols)} long; this model reads {counted(window, 'symbol')} at a time."
        )
    probabilities = model.predict_proba(symbols)
    best = max(probabilities, key=probabilities.__getitem__)
    return {
        "input": vocabulary.join(symbols),
        "prediction": best,
        "probability": probabilities[best],
        "probabilities": probabilities,
    }


def answers_to_lines(model: LanguageModel, lines: Iterable[str]) -> list[dict[str, Any]]:
    """An answer to each line of standard input that is not blank."""
    answers = []
    try:
        numbered = [(number, line.rstrip("\n")) for number, line in enumerate(lines, start=1) if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"standard input is not text in {error.encoding}: {error.reason}; convert it.") from error
    for number, line in numbered:
        try:
            answers.append(answer(model, line))
        except InputError as error:
            raise InputError(f"standard input, line {number}: {error}") from error
    if not answers:
        raise InputError("there is no input: give INPUTS, or one window per line on standard input.")
    return answers


def predictions(model: LanguageModel, lines: Iterable[str]) -> list[str]:
    """`a----> b  97.1 %` for each window of symbols."""
    return [as_line(answer(model, line), model.vocabulary_) for line in lines]


def as_line(answer: dict[str, Any], vocabulary: Vocabulary, *, best: int = 1) -> str:
    """`a----> b  97.1 %`, or with several of the most probable symbols `a----> 'b' 97.1 %, 'c' 2.0 %`."""
    asked, chances = answer["input"], answer["probabilities"]
    if best == 1:
        predicted = vocabulary.text_of(answer["prediction"])
        return printable(f"{asked}----> {predicted}  {100 * answer['probability']:.1f} %")
    first = sorted(chances, key=chances.__getitem__, reverse=True)[:best]
    named = (f"{vocabulary.text_of(symbol)!r} {100 * chances[symbol]:.1f} %" for symbol in first)
    return printable(f"{asked}----> {', '.join(named)}")


def ask(model: LanguageModel) -> None:
    """The tutorial's second program: how many predictions, then for each a window of symbols."""
    window = model.settings_.window
    what = "a symbol" if window == 1 else f"{window} symbols in a row"
    print(printable(f"Known symbols: {' '.join(model.vocabulary_.symbols)}"))
    try:
        while not (count := input("How many predictions? ").strip()).isdecimal():
            print(f"{shown(count)} is not a whole number from 0 on.")
        for number in range(1, int(count) + 1):
            while True:
                try:
                    line = input(f"{number} of {count}, {what}: ")
                    print(as_line(answer(model, line), model.vocabulary_))
                    break
                except InputError as error:
                    print(error)
    except EOFError:
        print()
