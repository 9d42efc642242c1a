"""The command line: parse, call, print. Heavy modules are imported by the command that needs them."""

import inspect
import os
import sys
import warnings
from collections.abc import Iterable
from json import dumps as to_json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, Parameter

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
    except KeyboardInterrupt:
        print("\nrecurra: interrupted; `recurra train … --resume` goes on from the last save.", file=sys.stderr)
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
def predict(run: Path, *inputs: str, json: bool = False) -> None:
    """Predict what comes next.

    Without INPUTS on a terminal it asks, how many predictions first; from a pipe it reads a line each.

    Args:
        run: the run folder.
        inputs: windows of symbols: `a`, or `abc` for a window of three.
        json: print JSON alone.
    """
    from recurra.models import load
    from recurra.training.run import MODEL, Run

    Run(run)  # says so if it is no run folder
    model = load(run / MODEL)
    if not inputs and sys.stdin.isatty() and not json:
        ask(model)
        return
    lines = list(inputs) or [line.rstrip("\n") for line in sys.stdin if line.strip()]
    if not lines:
        raise InputError("there is nothing to predict from: give INPUTS, or a line each on standard input.")
    answers = [_answer(model, line) for line in lines]  # all of them before the first is printed
    print(to_json(answers, ensure_ascii=False, indent=2) if json else "\n".join(map(_as_line, answers)))


@app.command
def show(run: Path) -> None:
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
        from recurra.training.startup import skip_compiler_import

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
        print(result_text(out))
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
    annotation = Annotated[kind, Parameter(help=text, negative=negative)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


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


def predictions(model: "LanguageModel", lines: Iterable[str]) -> list[str]:
    """`a----> b  97.1 %` for each window of symbols."""
    return [_as_line(_answer(model, line)) for line in lines]


def _as_line(answer: dict[str, Any]) -> str:
    return f"{answer['input']}----> {answer['prediction']}  {answer['probability']:.1%}".replace("%", " %")


def ask(model: "LanguageModel") -> None:
    """The tutorial's second program: how many predictions, then for each a window of symbols."""
    window = model.settings_.window
    what = "a symbol" if window == 1 else f"{window} symbols in a row"
    print(f"Known symbols: {' '.join(model.vocabulary_.symbols)}")
    try:
        while not (count := input("How many predictions? ").strip()).isdecimal():
            print(f"{count!r} is not a whole number.")
        for number in range(1, int(count) + 1):
            while True:
                try:
                    print(_as_line(_answer(model, input(f"{number} of {count}, {what}: "))))
                    break
                except InputError as error:
                    print(error)
    except EOFError:
        print()
