"""The command line: parse arguments, call the library, print. Each command imports the heavy modules that it needs."""

import inspect
import io
import os
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from json import dumps as to_json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter, Token

from recurra.command_errors import in_words
from recurra.errors import MESSAGE_LIMIT, InputError, in_one_line, printable, shortened, shown
from recurra.stages import watched

if TYPE_CHECKING:
    from recurra.cases.catalog import Case
    from recurra.forecasting.forecaster import Forecaster
    from recurra.training.run_folder import Mode, Run

# exit statuses; Python itself exits with 1 after a traceback, which is a bug in recurra
DONE, INPUT_AT_FAULT, INTERRUPTED = 0, 2, 130
STANDARD_INPUT = "-"  # in place of a file
DataFile = Annotated[Path | None, Parameter(allow_leading_hyphen=True)]
ENDING = 3.0  # seconds in which an interrupted command ends

app = App(
    name="recurra",
    help="Recurrent neural networks for sequences: learn from a sequence and predict what comes next.",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)


def main() -> None:
    """Run the command given on the command line."""
    said: set[str] = set()

    def show_once(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            _complain(str(message))

    for stream in ("stdout", "stderr"):  # None where it is closed
        if getattr(sys, stream) is None:
            setattr(sys, stream, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(getattr(sys, stream), io.TextIOWrapper):
            getattr(sys, stream).reconfigure(errors="backslashreplace")  # not all encodings have all characters
    warnings.showwarning = show_once
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _Interrupt.receive)
    status = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is done
    sys.exit(status)


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C. An import that it interrupts may turn it into any other error, so that it is also remembered."""

    received: float | None = None  # when, in seconds

    @classmethod
    def receive(cls, *_: object) -> None:
        """Raise the interrupt, unless the last one is still ending the program; some code swallows any error."""
        now = time.monotonic()
        if cls.received is None or now - cls.received > ENDING:
            cls.received = now
            raise cls


def run(tokens: list[str]) -> int:
    """Run one command and return the exit status: 0 for success, 2 for invalid input, 130 if interrupted."""
    try:
        with watched(sys.stderr):
            app(tokens, exit_on_error=False, print_error=False, result_action="return_none")
        sys.stdout.flush()  # here, where a closed pipe is handled, rather than at exit
    except InputError as error:
        _complain(str(error))
        return INPUT_AT_FAULT
    except CycloptsError as error:
        _complain(in_words(error))
        return INPUT_AT_FAULT
    except BrokenPipeError:  # the reader closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # a full disk, an unreadable path
        _complain(str(error))
        return INPUT_AT_FAULT
    except MemoryError:
        _complain("this needs more memory than there is; choose smaller settings.")
        return INPUT_AT_FAULT
    except BaseException as error:
        if _Interrupt.received is None and not isinstance(error, KeyboardInterrupt):
            raise
        trains = tokens[:1] in (["train"], ["forecast"])
        hint = "; continue training from its last save with --resume" if trains else ""
        print(f"\nrecurra: interrupted{hint}.", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _print(text: str) -> None:
    """Print a result; names from files may hold control characters, which are escaped."""
    print("\n".join(map(printable, text.split("\n"))))


def _complain(text: str) -> None:
    print(f"recurra: {shortened(in_one_line(text), MESSAGE_LIMIT)}", file=sys.stderr)


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
    help="Train a case and write its weights, scores, parameters and plots to a run folder.",
    help_flags=[],
)
app.command(train_app)


@train_app.default
def train(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Train a case and write its weights, scores, parameters and plots to a run folder."""
    from recurra.cases.catalog import find_case

    if not tokens or tokens[0] in {"--help", "-h"}:
        print("Usage: recurra train CASE|FILE.toml [--out DIR] [--resume|--overwrite] [--quiet] [--FIELD VALUE …]\n")
        print("Every setting of a case is a flag; `recurra train CASE --help` lists them. Cases:\n")
        cases()
        return
    if tokens[0].startswith("-"):
        raise InputError(f"the case comes first: recurra train CASE {' '.join(tokens)}.")
    case = find_case(tokens[0])
    _case_app(case, f"train {case.name}", Path("runs") / case.name)(
        tokens[1:], exit_on_error=False, print_error=False, result_action="return_none"
    )


forecast_app = App(
    name="forecast",
    help="Train on your own table, evaluate, predict and plot with one command.",
    help_flags=[],
)
app.command(forecast_app)


@forecast_app.default
def forecast(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Train on your own table, evaluate, predict and plot with one command."""
    from recurra.cases.catalog import find_case

    asks_for_help = bool(tokens) and tokens[0] in {"--help", "-h"}
    if not tokens:
        print("Usage: recurra forecast FILE --target COLUMN [--horizon N] [--out DIR] [--resume|--overwrite] …")
        print("       recurra forecast --symbol SYMBOL --target close [--provider NAME] …\n")
        print("FILE is a CSV, Excel (.xlsx), OpenDocument (.ods), Parquet or Feather file, or - for standard input: a")
        print("date column and numeric columns, or a long table of several series with columns unique_id, ds, y.")
        print("`recurra forecast --help` lists all flags.")
        return
    is_flag = tokens[0].startswith("-") and tokens[0] != STANDARD_INPUT
    file = "FILE" if asks_for_help else None if is_flag else tokens[0]
    flags = {flag: value for flag in ("--data", "--symbol") if (value := _value_of(flag, tokens)) is not None}
    if file is None and not flags:
        raise InputError(f"the file comes first: recurra forecast FILE {' '.join(tokens)}.")
    if file is not None and flags:
        raise InputError(f"forecast reads either FILE, here {shown(file)}, or {' or '.join(flags)}; leave out one.")
    case = find_case("forecast")
    if file is not None:
        case = replace(case, source=file, values={**case.values, "data": file})
    out = Path("runs") / _stem(file or next(iter(flags.values())))
    _case_app(case, "forecast FILE", out)(
        tokens if file is None or asks_for_help else tokens[1:],
        exit_on_error=False,
        print_error=False,
        result_action="return_none",
    )


@app.command(usage="Usage: recurra predict [OPTIONS] RUN [INPUTS...]")
def predict(
    run: Path,
    /,
    *inputs: str,
    data: DataFile = None,
    refresh: Annotated[bool, Parameter(negative=())] = False,
    any_source: Annotated[bool, Parameter(negative=())] = False,
    level: Annotated[list[float] | None, Parameter(negative=(), consume_multiple=True)] = None,
    csv: Path | None = None,
    max_unpacked: float | None = None,
    json: bool = False,
) -> None:
    """Predict what comes next.

    Symbols: without INPUTS, windows are read from standard input, one per line; a terminal prompts for them.
    Series: the next values with their dates are predicted, after the last row of the run or of --data.

    Args:
        run: Run folder.
        inputs: Windows of symbols: `a`, or `abc` for a window of three.
        data: File with newer rows of the series, or - for standard input; they may overlap with those of the run.
        refresh: Download the newer daily bars of the run's share, from the provider of its training rows.
        any_source: Accept newer bars of another provider or adjustment than those of the training.
        level: Levels of the prediction intervals in percent, such as 80; by default those of the run.
        csv: File to which the values of a series are written.
        max_unpacked: Gigabytes to which a packed file given by --data may unpack.
        json: Print only JSON.
    """
    from recurra.language.language_model import LanguageModel
    from recurra.runs.load import load
    from recurra.training.run_folder import Run

    opened = Run(run)  # raises InputError if it is not a run folder
    model = load(run, device="cpu")  # whatever device it was trained on
    if not isinstance(model, LanguageModel):
        if inputs:
            raise InputError(
                f"{run}: is a forecasting run, which takes no symbols such as {inputs[0]!r}; give --data FILE."
            )
        from recurra.runs.newer_rows import newer_rows

        data = newer_rows(opened, model, data, refresh=refresh, any_source=any_source)
        _predict_series(model, opened, data, level, csv, max_unpacked, any_source, json)
        return
    for name, given in (
        ("--data", data is not None),
        ("--refresh", refresh),
        ("--any-source", any_source),
        ("--level", level is not None),
        ("--csv", csv is not None),
        ("--max-unpacked", max_unpacked is not None),
    ):
        if given:
            raise InputError(f"{run}: is a run of a letter case; {name} needs a forecasting run.")
    from recurra.runs.ask import answer, answers_to_lines, as_line, ask

    if not inputs and sys.stdin is None:
        raise InputError("there is no input: give INPUTS, since standard input is closed.")
    if not inputs and sys.stdin.isatty() and not json:
        ask(model)
        return
    # compute all answers before printing the first
    answers = [answer(model, line) for line in inputs] if inputs else answers_to_lines(model, sys.stdin)
    _print(to_json(answers, ensure_ascii=False, indent=2) if json else "\n".join(map(as_line, answers)))


@app.command
def evaluate(
    run: Path,
    /,
    *,
    data: DataFile = None,
    refresh: Annotated[bool, Parameter(negative=())] = False,
    any_source: Annotated[bool, Parameter(negative=())] = False,
    statistical: bool = False,
    max_unpacked: float | None = None,
    json: bool = False,
) -> None:
    """Show the scores of a run next to the baselines.

    Args:
        run: Run folder.
        data: File with newer rows of the series; rows after the last training row are predicted and scored.
        refresh: Download the newer daily bars of the run's share, from the provider of its training rows.
        any_source: Accept newer bars of another provider or adjustment than those of the training.
        statistical: With newer rows, also evaluate AutoETS, AutoARIMA and Theta; requires recurra[baselines].
        max_unpacked: Gigabytes to which a packed file given by --data may unpack.
        json: Print only JSON.
    """
    from recurra.runs.show import scores_text
    from recurra.training.run_folder import SCORES, Run

    opened = Run(run)
    if data is None and not refresh and not any_source:
        if statistical:
            raise InputError(
                "--statistical requires --data or --refresh; the scores of the run itself are computed by training."
            )
        scores = opened.read_json(SCORES)
        _print(to_json(scores, ensure_ascii=False, indent=2) if json else scores_text(opened))
        return
    from recurra.report.text import evaluation_text
    from recurra.runs.series import evaluate_run

    evaluation = evaluate_run(
        opened, data, refresh=refresh, any_source=any_source, statistical=statistical, max_unpacked=max_unpacked
    )
    scores = evaluation.to_json()
    _print(to_json(scores, ensure_ascii=False, indent=2) if json else evaluation_text("given", scores))


@app.command
def show(run: Path, /) -> None:
    """Show a run: its settings, layers, parameters, training history and plots.

    Args:
        run: Run folder.
    """
    from recurra.runs.show import run_text

    _print(run_text(run))


def _case_app(case: "Case", command: str, default_out: Path) -> App:
    """Return a command with a flag for every setting of the case."""
    from recurra.settings.cases import OF_THE_CASE
    from recurra.settings.describe import describe

    def run_case(**given: Any) -> None:
        from recurra.runs.show import result_json, result_text
        from recurra.runs.train import train_case
        from recurra.training import Progress
        from recurra.training.process import skip_compiler_import

        skip_compiler_import()
        out = given.pop("out", default_out)
        resume, overwrite, quiet, json = (given.pop(name, False) for name in ("resume", "overwrite", "quiet", "json"))
        if resume and overwrite:
            raise InputError("--resume and --overwrite are mutually exclusive.")
        if given.get("symbol") is not None and (given.get("data") or case.values.get("data")) is not None:
            raise InputError("the rows come either from a file or from a provider; leave out --data or --symbol.")
        mode: Mode = "resume" if resume else "overwrite" if overwrite else "new"
        with watched(None) if quiet else nullcontext():
            result = train_case(case, given, out, mode=mode, callbacks=[] if quiet else [Progress()])
        if json:
            _print(to_json(result_json(result), ensure_ascii=False, indent=2))
            return
        if result.was_finished:
            _print(f"{out}: is already finished; nothing to do.")
            return
        _print(result_text(result))
        _print(f"\nPredict: recurra predict {out}    Inspect: recurra show {out}")

    parameters = [
        _flag("out", Path, default_out, "Run folder to write to."),
        _flag("resume", bool, False, "Continue the run in the folder, if there is one."),
        _flag("overwrite", bool, False, "Start over in the folder of an earlier run."),
        _flag("quiet", bool, False, "Do not show progress."),
        _flag("json", bool, False, "Print only JSON: the scores and, for series, the next values."),
    ]
    values = case.settings({})
    for setting in describe(case.settings_type):
        if setting.name not in OF_THE_CASE:
            negative = f"--no-{setting.name.replace('_', '-')}" if setting.type in {bool, bool | None} else ()
            default = getattr(values, setting.name)
            parameters.append(_flag(setting.name, setting.type, default, setting.sentence, negative=negative))
    signature = inspect.Signature(parameters)
    run_case.__signature__ = signature  # type: ignore[attr-defined]
    run_case.__annotations__ = {p.name: p.annotation for p in parameters}
    case_app = App(
        printable(f"recurra {command}"),
        help=printable(str(case.values.get("description", ""))),
        version_flags=[],
        suppress_keyboard_interrupt=False,
    )
    case_app.default(run_case)
    return case_app


def _value_of(flag: str, tokens: Sequence[str]) -> str | None:
    """Return the value of a flag on the command line, or None if the flag is not given."""
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token == flag:
            return following
        if token.startswith(f"{flag}="):
            return token.removeprefix(f"{flag}=")
    return None


def _stem(file: str) -> str:
    """Return the name of a file without its extensions; "forecast" for standard input."""
    return "forecast" if file == STANDARD_INPUT else Path(file).name.split(".")[0] or "forecast"


def _predict_series(
    model: "Forecaster",
    run: "Run",
    data: Path | None,
    level: list[float] | None,
    csv: Path | None,
    max_unpacked: float | None,
    any_source: bool,
    json: bool,
) -> None:
    from recurra.evaluation.conformal import check_level
    from recurra.files import replace_file
    from recurra.report.text import forecast_text
    from recurra.runs.series import as_records, check_result_path, levels_of
    from recurra.tables.files.spreadsheet import to_csv

    for value in level or ():
        check_level(value, "--level")
    levels = levels_of(run, model) if level is None else level
    following = model.predict(data, levels=levels, max_unpacked=max_unpacked, any_source=any_source)
    if csv is not None:
        check_result_path(csv, data)
        replace_file(csv, to_csv(following))
    times = model.context_.frequency.minutes > 0
    text = (
        to_json(as_records(following), ensure_ascii=False, indent=2) if json else forecast_text(following, times=times)
    )
    _print(text)


def _flag(name: str, kind: Any, default: Any, text: str, *, negative: str | tuple[()] = ()) -> inspect.Parameter:
    flag_type = _flag_type(kind)
    converters = {int: _whole_numbers, int | None: _whole_numbers, list[int]: _whole_numbers, float | int: _part}
    converter = converters.get(flag_type)
    several = any(get_origin(part) is list for part in (flag_type, *get_args(flag_type)))
    choices = [str(c) for part in (kind, *get_args(kind)) if get_origin(part) is Literal for c in get_args(part)]
    has_marks = any(not choice[0].isalpha() for choice in choices)
    if has_marks:  # cyclopts shows choices without quotes, so that a space or a comma cannot be seen
        quoted = (choice if choice.isalpha() else f'"{choice}"' for choice in choices)
        text += f" [choices: {', '.join(quoted)}]"
    parameter = Parameter(
        help=text, negative=negative, converter=converter, consume_multiple=several, show_choices=not has_marks
    )
    annotation: Any = Annotated[flag_type, parameter]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _whole_numbers(kind: Any, tokens: Sequence[Token]) -> int | list[int]:
    """Convert tokens as cyclopts does, but reject 2.5 where a whole number is expected."""
    for token in tokens:
        if not token.value.removeprefix("-").isdecimal():
            raise ValueError(f"{token.value!r} is not a whole number")
    values = [int(token.value) for token in tokens]
    return values if get_origin(kind) is list else values[0]


def _part(_: Any, tokens: Sequence[Token]) -> float | int:
    """Convert a token to a number of rows or, with a decimal point, to a fraction of them."""
    value = tokens[0].value
    try:
        return int(value) if value.isdecimal() else float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None


def _flag_type(kind: Any) -> Any:
    """Return the type of a flag: a list if the setting accepts several values."""
    from recurra.settings.network import CellName, NamedCell

    if NamedCell in get_args(kind):
        return CellName  # an object cannot be given on the command line
    several = [part for part in (kind, *get_args(kind)) if get_origin(part) is Sequence]
    if not several:
        return kind
    values: Any = list[get_args(several[0])[0]]  # type: ignore[misc]
    return values | None if type(None) in get_args(kind) else values
