"""The commands. Those with many flags are in modules of their own, which are imported when they are called."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from recurra.cli.output import print_result
from recurra.errors import InputError, printable, shown

STANDARD_INPUT = "-"  # in place of a file
FORECAST = """Train on your own table, evaluate, predict and plot with one command.

FILE is a CSV, Excel (.xlsx), OpenDocument (.ods), Parquet or Feather file, or - for standard input: a date column and
numeric columns, or a long table of several series with columns unique_id, ds, y. In its place, --symbol SYMBOL takes
the daily bars of a share.
"""

app = App(
    name="recurra",
    help="Recurrent neural networks for sequences: learn from a sequence and predict what comes next.",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)


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

    if not tokens:
        raise InputError("train needs a case: recurra train CASE; `recurra cases` lists them.")
    if tokens[0] in {"--help", "-h"}:
        print("Usage: recurra train CASE|FILE.toml [--out DIR] [--resume|--overwrite] [--quiet] [--FIELD VALUE …]\n")
        print("Every setting of a case is a flag; `recurra train CASE --help` lists them. Cases:\n")
        cases()
        return
    if tokens[0].startswith("-"):
        raise InputError(f"the case comes first: recurra train CASE {' '.join(tokens)}.")
    case = find_case(tokens[0])
    from recurra.cli.case_app import case_app

    described = case.values.get("description")
    summary = printable(f"Train the case {case.name}{f': {described}' if described else ''}.")
    case_app(case, f"train {case.name}", summary, Path("runs") / case.name)(
        tokens[1:], exit_on_error=False, print_error=False, result_action="return_none"
    )


forecast_app = App(name="forecast", help=FORECAST, help_flags=[])
app.command(forecast_app)


@forecast_app.default
def forecast(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Train on your own table, evaluate, predict and plot with one command."""
    from recurra.cases.catalog import find_case

    if not tokens:
        raise InputError(
            "forecast needs a file: recurra forecast FILE --target COLUMN; `recurra forecast --help` lists all flags."
        )
    asks_for_help = tokens[0] in {"--help", "-h"}
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
    from recurra.cli.case_app import case_app

    without = () if file is None else ("data",)
    case_app(case, "forecast FILE", FORECAST, out, without=without)(
        tokens if file is None or asks_for_help else tokens[1:],
        exit_on_error=False,
        print_error=False,
        result_action="return_none",
    )


app.command(
    "recurra.cli.predict:predict",
    usage="Usage: recurra predict [OPTIONS] RUN [INPUTS...]",
    help="""Predict what comes next.

    Symbols: without INPUTS, windows are read from standard input, one per line; a terminal prompts for them.
    Series: the next values with their dates are predicted, after the last row of the run or of --data, which is read
    as the training rows were; flags such as --dayfirst say where it differs.
    """,
)
app.command(
    "recurra.cli.generate:generate",
    help="Write a text in the manner of the one that a run has read, symbol by symbol.",
)
app.command(
    "recurra.cli.generate:score",
    help="Show how surprising each symbol of a text is to a run, and mark those that are.",
)
app.command(
    "recurra.cli.evaluate:evaluate",
    help="""Show the scores of a run next to the baselines.

    Newer rows are read as the training rows were; flags such as --dayfirst say where they differ.
    """,
)


@app.command
def show(run: Path, /, *, text: str | None = None, unit: str | None = None) -> None:
    """Show a run: its settings, layers, parameters, training history and plots, or how it reads a text.

    Args:
        run: Run folder.
        text: Text that the run of a text reads: shown in the colors of a unit of the network, with the best guesses
            under each character.
        unit: The unit: its layer and its number from 0, such as gru:5, or the number alone; by default the one that
            best follows quotes, the position in the line, indentation or brackets.
    """
    if text is not None:
        from recurra.cli.inside import show_inside

        show_inside(run, text, unit)
        return
    if unit is not None:
        raise InputError(f"--unit {shown(unit)} needs a text to be shown in: --text TEXT.")
    from recurra.runs.show import run_text

    print_result(run_text(run))


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
