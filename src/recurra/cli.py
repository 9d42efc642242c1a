"""The command line: parse, call, print. Heavy modules are imported by the command that needs them."""

import inspect
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import reduce
from json import dumps as to_json
from operator import or_
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter, Token

from recurra.errors import InputError

if TYPE_CHECKING:
    from recurra.cases.catalog import Case
    from recurra.models import LanguageModel
    from recurra.training.run import Mode

DONE, INPUT_AT_FAULT, INTERRUPTED = 0, 2, 130  # 1, a fault of ours, is Python's own after a traceback

app = App(
    name="recurra",
    help="Recurrent neural networks for sequences: show it a sequence, and it learns what comes next.",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)


def main() -> None:
    """Run the command that the shell gave."""
    warnings.showwarning = lambda message, *_, **__: print(f"recurra: {message}", file=sys.stderr)
    sys.exit(run(sys.argv[1:]))


def run(tokens: list[str]) -> int:
    """Run one command; the exit status is 0 done, 2 the input is at fault, 130 interrupted."""
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_none")
        sys.stdout.flush()  # here, where a closed pipe is understood, not when Python ends
    except (InputError, CycloptsError) as error:
        print(f"recurra: {' '.join(str(error).split())}", file=sys.stderr)
        return INPUT_AT_FAULT
    except BrokenPipeError:  # whoever read our output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # a disk that is full, a place that cannot be read
        print(f"recurra: {error}", file=sys.stderr)
        return INPUT_AT_FAULT
    except MemoryError:
        print("recurra: this needs more memory than there is; choose smaller settings.", file=sys.stderr)
        return INPUT_AT_FAULT
    except KeyboardInterrupt:
        hint = "; the training goes on from its last save with --resume" if tokens[:1] == ["train"] else ""
        print(f"\nrecurra: interrupted{hint}.", file=sys.stderr)
        return INTERRUPTED
    return DONE


@app.command
def cases() -> None:
    """List the built-in cases."""
    from recurra.cases.catalog import built_in_cases

    rows = [(case.name, str(case.values["description"])) for case in built_in_cases()]
    width = max(len(name) for name, _ in rows)
    for name, description in rows:
        print(f"{name:<{width}}  {description}")


train_app = App(
    name="train",
    help="Train a case, and write its weights, scores, parameters and plots into a run folder.",
    help_flags=[],
)
app.command(train_app)


@train_app.default
def train(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Train a case, and write its weights, scores, parameters and plots into a run folder."""
    from recurra.cases.catalog import find_case

    if not tokens or tokens[0] in {"--help", "-h"}:
        print("Usage: recurra train CASE|FILE.toml [--out DIR] [--resume|--overwrite] [--quiet] [--FIELD VALUE …]\n")
        print("Every field of a case is a flag; `recurra train CASE --help` lists them. Cases:\n")
        cases()
        return
    if tokens[0].startswith("-"):
        raise InputError(f"the case comes first: recurra train CASE {' '.join(tokens)}.")
    case = find_case(tokens[0])
    _case_app(case)(tokens[1:], exit_on_error=False, print_error=False, result_action="return_none")


@app.command
def predict(run: Path, /, *inputs: str, json: bool = False) -> None:
    """Predict what comes next.

    Without INPUTS on a terminal it asks, how many predictions first; from a pipe it reads a line each.

    Args:
        run: the run folder.
        inputs: windows of symbols: `a`, or `abc` for a window of three.
        json: print JSON alone.
    """
    from recurra.models import load
    from recurra.training.run import Run

    Run(run)  # says so if it is no run folder
    model = load(run, device="cpu")  # wherever it was trained
    if not inputs and sys.stdin.isatty() and not json:
        ask(model)
        return
    # all answers before the first is printed
    answers = [_answer(model, line) for line in inputs] if inputs else _answers_to_lines(model, sys.stdin)
    print(to_json(answers, ensure_ascii=False, indent=2) if json else "\n".join(map(_as_line, answers)))


@app.command
def show(run: Path, /) -> None:
    """Show a run: its configuration, layers, parameters, history and plots.

    Args:
        run: the run folder.
    """
    from recurra.cases.show import run_text

    print(run_text(run))


def _case_app(case: "Case") -> App:
    """A command with a flag for every field of the case."""

    def train_case(**given: Any) -> None:
        from recurra.cases.letters import train_letters
        from recurra.cases.show import result_text
        from recurra.training import Progress
        from recurra.training.process import skip_compiler_import

        skip_compiler_import()
        out = given.pop("out", Path("runs") / case.name)
        resume, overwrite, quiet = (given.pop(name, False) for name in ("resume", "overwrite", "quiet"))
        if resume and overwrite:
            raise InputError("--resume and --overwrite exclude each other.")
        mode: Mode = "resume" if resume else "overwrite" if overwrite else "new"
        result = train_letters(case, given, out, mode=mode, callbacks=[] if quiet else [Progress()])
        if result.was_finished:
            print(f"{out}: is finished; there is nothing to do.")
            return
        print(result_text(result))
        print(f"\nAsk it: recurra predict {out}    See inside: recurra show {out}")

    parameters = [
        _flag("out", Path, Path("runs") / case.name, "The run folder."),
        _flag("resume", bool, False, "Go on with the run in the folder, if there is one."),
        _flag("overwrite", bool, False, "Begin anew in the folder of an earlier run."),
        _flag("quiet", bool, False, "Show no progress."),
    ]
    values = case.settings({})
    for name, field in case.settings_type.flags().items():
        negative = f"--no-{name}" if field.annotation is bool else ()
        flag = _flag(name, field.annotation, getattr(values, name), field.description or "", negative=negative)
        parameters.append(flag)
    signature = inspect.Signature(parameters)
    train_case.__signature__ = signature  # type: ignore[attr-defined]
    train_case.__annotations__ = {p.name: p.annotation for p in parameters}
    case_app = App(
        f"recurra train {case.name}",
        help=str(case.values.get("description", "")),
        version_flags=[],
        suppress_keyboard_interrupt=False,
    )
    case_app.default(train_case)
    return case_app


def _flag(name: str, kind: Any, default: Any, text: str, *, negative: str | tuple[()] = ()) -> inspect.Parameter:
    plain = _plain(kind)
    converter = _whole_numbers if plain in {int, int | None, list[int]} else None
    annotation: Any = Annotated[plain, Parameter(help=text, negative=negative, converter=converter)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _whole_numbers(kind: Any, tokens: Sequence[Token]) -> int | list[int]:
    """As cyclopts reads them, but that 2.5 is no whole number."""
    for token in tokens:
        if not token.value.removeprefix("-").isdecimal():
            raise ValueError(f"{token.value!r} is not a whole number")
    values = [int(token.value) for token in tokens]
    return values if get_origin(kind) is list else values[0]


def _plain(kind: Any) -> Any:
    """A type without the limits that the settings check themselves, with clearer words."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return reduce(or_, map(_plain, get_args(kind)))
    return kind


def _answer(model: "LanguageModel", line: str) -> dict[str, Any]:
    """What follows the window that a person typed."""
    vocabulary, window = model.vocabulary_, model.settings_.window
    symbols = vocabulary.split(line)
    if len(symbols) != window:
        raise InputError(f"{line!r} is {len(symbols)} long; this model reads {window} symbols at a time.")
    probabilities = model.predict_proba(symbols)
    best = max(probabilities, key=probabilities.__getitem__)
    return {
        "input": vocabulary.join(symbols),
        "prediction": best,
        "probability": probabilities[best],
        "probabilities": probabilities,
    }


def _answers_to_lines(model: "LanguageModel", lines: Iterable[str]) -> list[dict[str, Any]]:
    answers = []
    try:
        numbered = [(number, line.rstrip("\n")) for number, line in enumerate(lines, start=1) if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"standard input is not text in {error.encoding}: {error.reason}; convert it.") from error
    for number, line in numbered:
        try:
            answers.append(_answer(model, line))
        except InputError as error:
            raise InputError(f"standard input, line {number}: {error}") from error
    if not answers:
        raise InputError("there is nothing to predict from: give INPUTS, or a line each on standard input.")
    return answers


def predictions(model: "LanguageModel", lines: Iterable[str]) -> list[str]:
    """`a----> b  97.1 %` for each window of symbols."""
    return [_as_line(_answer(model, line)) for line in lines]


def _as_line(answer: dict[str, Any]) -> str:
    return f"{answer['input']}----> {answer['prediction']}  {100 * answer['probability']:.1f} %"


def ask(model: "LanguageModel") -> None:
    """The tutorial's second program: how many predictions, then for each a window of symbols."""
    window = model.settings_.window
    what = "a symbol" if window == 1 else f"{window} symbols in a row"
    print(f"Known symbols: {' '.join(model.vocabulary_.symbols)}")
    try:
        while not (count := input("How many predictions? ").strip()).isdecimal():
            print(f"{count!r} is not a whole number from 0 on.")
        for number in range(1, int(count) + 1):
            while True:
                try:
                    print(_as_line(_answer(model, input(f"{number} of {count}, {what}: "))))
                    break
                except InputError as error:
                    print(error)
    except EOFError:
        print()
