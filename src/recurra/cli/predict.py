"""`recurra predict`: the next symbols, or the next values of series."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from recurra.cli.flags import takes, whole_numbers
from recurra.cli.newer_rows import READING_FLAGS, Switch
from recurra.cli.output import print_json, print_result
from recurra.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from recurra.forecasting.forecaster import Forecaster
    from recurra.language.language_model import LanguageModel
    from recurra.training.run_folder import Run

SHOWN_OF_TEXT = 5  # symbols that may go on with a text


@takes(*READING_FLAGS)
def predict(
    run: Path,
    /,
    *inputs: str,
    data: Path | None = None,
    refresh: Switch = False,
    any_source: Switch = False,
    horizon: Annotated[int | None, Parameter(converter=whole_numbers)] = None,
    level: Annotated[list[float] | None, Parameter(negative=(), consume_multiple=1)] = None,
    csv: Path | None = None,
    json: bool = False,
    **reading: Any,
) -> None:
    """Predict what comes next.

    Args:
        run: Run folder.
        inputs: Windows of symbols: `a`, or `abc` for a window of three; of a run that has read a text,
            texts of any length.
        data: File with newer rows of the series, or - for standard input; they may overlap with those of the run.
        refresh: Download the newer daily bars of the run's share, from the provider of its training rows.
        any_source: Accept newer bars of another provider or adjustment than those of the training.
        horizon: Number of rows to predict; by default that of the run. Rows beyond it are predicted from the forecasts
            before them, and have no intervals.
        level: Levels of the prediction intervals in percent, such as 80; by default those of the run.
        csv: File to which the values of a series are written.
        json: Print only JSON.
        **reading: How the newer rows are read; see `ReadingSettings`.
    """
    from recurra.language.language_model import LanguageModel
    from recurra.runs.load import load
    from recurra.training.run_folder import Run

    opened = Run(run)  # raises InputError if it is not a run folder
    model = load(run, device="cpu")  # whatever device it was trained on
    of_series = {"data": data, "refresh": refresh or None, "any_source": any_source or None, **reading}
    of_series |= {"horizon": horizon, "level": level, "csv": csv}
    given = [name for name, value in of_series.items() if value is not None]
    if isinstance(model, LanguageModel):
        if given:
            raise InputError(
                f"{run} is a run of a language model; --{given[0].replace('_', '-')} needs a forecasting run."
            )
        _predict_symbols(model, inputs, json=json)
        return
    if inputs:
        raise InputError(f"{run} is a forecasting run, which takes no symbols such as {inputs[0]!r}; give --data FILE.")
    from recurra.runs.newer_rows import newer_rows

    rows = newer_rows(opened, model, data, refresh=refresh, any_source=any_source, reading=reading)
    following = _predicted(model, opened, rows, horizon, level, any_source=any_source, reading=reading)
    _give(model, following, csv, rows, json=json)


def _predict_symbols(model: "LanguageModel", inputs: tuple[str, ...], *, json: bool) -> None:
    from recurra.runs.ask import answer, answers_to_lines, as_line, ask

    if not inputs and sys.stdin is None:
        raise InputError("there is no input: give INPUTS, since standard input is closed.")
    if not inputs and sys.stdin.isatty() and not json:
        ask(model)
        return
    # compute all answers before printing the first
    answers = [answer(model, line) for line in inputs] if inputs else answers_to_lines(model, sys.stdin)
    if json:
        print_json(answers)
    else:
        best = SHOWN_OF_TEXT if model.settings_.mode == "stream" else 1
        print_result("\n".join(as_line(each, model.vocabulary_, best=best) for each in answers))


def _predicted(
    model: "Forecaster",
    run: "Run",
    rows: Path | None,
    horizon: int | None,
    level: list[float] | None,
    *,
    any_source: bool,
    reading: dict[str, Any],
) -> "pd.DataFrame":
    from recurra.evaluation.conformal import check_level
    from recurra.forecasting.continuation import check_horizon
    from recurra.runs.series import levels_of

    if horizon is not None:
        check_horizon(horizon, model.predictor_.plan.horizon, "--horizon")
    for value in level or ():
        check_level(value, "--level")
    levels = levels_of(run, model) if level is None else level
    following: pd.DataFrame = model.predict(rows, h=horizon, levels=levels, any_source=any_source, **reading)
    return following


def _give(model: "Forecaster", following: "pd.DataFrame", csv: Path | None, rows: Path | None, *, json: bool) -> None:
    """Write the forecasts to the file, and print them."""
    from recurra.files import replace_file
    from recurra.report.text import forecast_text
    from recurra.runs.series import as_records, check_result_path
    from recurra.tables.files.spreadsheet import to_csv

    if csv is not None:
        check_result_path(csv, rows)
        replace_file(csv, to_csv(following))
    if json:
        print_json(as_records(following))
    else:
        print_result(forecast_text(following, times=model.context_.frequency.minutes > 0))
