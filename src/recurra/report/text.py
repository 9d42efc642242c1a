"""Scores and forecasts as text tables."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from recurra.errors import counted, printable, shortened

if TYPE_CHECKING:
    import pandas as pd

SHARE = "share"  # format of what is shown in percent
METRICS: dict[str, tuple[str, str]] = {  # name in words, and format
    "rmse": ("RMSE", ""),
    "mae": ("MAE", ""),
    "mape": ("MAPE", "{:.2f} %"),
    "smape": ("sMAPE", "{:.2f} %"),
    "mase": ("MASE", "{:.3f}"),
    "direction": ("direction", SHARE),
    "pinball": ("pinball", ""),
}
SHOWN_ROWS = 24  # maximum number of forecast rows in a table
WIDEST = 1_000  # characters of a cell
NARROW = 10  # percentage points by which coverage may fall below the level without a warning


def aligned(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Align the cells of rows in columns.

    Chinese characters count as two. Control characters are escaped, and long cells are shortened.

    Args:
        rows: the cells of each row.
        numbers: whether to right-align all columns except the first.

    >>> print(aligned([["", "RMSE"], ["network", "1.5"]], numbers=True))
             RMSE
    network   1.5
    """
    rows = [[shortened(printable(cell), WIDEST) for cell in row] for row in rows]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        padded = [(cell, " " * (width - cell_len(cell))) for cell, width in zip(row, widths, strict=True)]
        cells = [space + cell if numbers and place else cell + space for place, (cell, space) in enumerate(padded)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def evaluation_text(part: str, evaluation: Mapping[str, Any]) -> str:
    """Format the scores of a model and of the baselines, and the verdict.

    Args:
        part: name of the scored part, "test" or "validation".
        evaluation: the evaluation as returned by `Evaluation.to_json`.
    """
    scores: Mapping[str, Mapping[str, float | None]] = evaluation["scores"]
    metrics = [name for name in METRICS if any(row.get(name) is not None for row in scores.values())]
    intervals = sorted({name for row in scores.values() for name in row if name.startswith("coverage-")})
    heading = ["", *(METRICS[name][0] for name in metrics)]
    heading += [f"inside {name.removeprefix('coverage-')} % interval" for name in intervals]
    rows = [heading]
    for name in sorted(scores, key=lambda name: (name != evaluation["model"], scores[name]["rmse"] or 0.0)):
        row = scores[name]
        words = evaluation["in_words"][name]
        cells = [_cell(row.get(metric), METRICS[metric][1]) for metric in metrics]
        cells += [_cell(row.get(interval), SHARE) for interval in intervals]
        rows.append([words if words == name or name == evaluation["model"] else f"{name}: {words}", *cells])
    verdict = printable(evaluation["verdict"])
    skill = evaluation["skill"]["rmse"]
    gain = (
        ""
        if skill is None
        else f"; skill {percent(skill, '+z.1f')} in RMSE, where 0 is the best naive forecast and 100 % perfect"
    )
    count, origins, horizon = (evaluation[name] for name in ("predictions", "origins", "horizon"))
    how = "" if horizon == 1 else f" (from {counted(origins, 'origin')}, {horizon} steps each)"
    days = " to ".join(dict.fromkeys([str(evaluation["from"]), str(evaluation["to"])]))
    first = f"{counted(count, 'prediction')} of the {part} part{how}, {printable(days)}:"
    narrow = "".join(map(_too_narrow, intervals, (scores[evaluation["model"]].get(name) for name in intervals)))
    return f"{first}\n\n{aligned(rows, numbers=True)}\n\n{verdict[:1].upper()}{verdict[1:]}{gain}.{narrow}"


TEXT_SCORES = {
    "carried": "carried: with the state carried on",
    "cold": "cold: in windows of 256, each from a state of zeros",
    "dynamic": "dynamic evaluation: learning from what it has read",
    "frequencies": "frequencies: a guess that knows only how often each symbol occurs in training",
}


def text_scores(scores: Mapping[str, Any]) -> str:
    """Format the scores of the validation part of a text.

    Args:
        scores: those of scores.json.
    """
    per_symbol = scores["symbols"] != scores["characters"]
    rows = [["", "nats a character", "bits a character", *(["perplexity of a symbol"] if per_symbol else [])]]
    for name, words in TEXT_SCORES.items():
        if name in scores:
            score = scores[name]
            figures = [f"{score['nats_per_character']:.3f}", f"{score['bits_per_character']:.3f}"]
            rows.append([words, *figures, *([f"{score['perplexity']:.1f}"] if per_symbol else [])])
    return f"{counted(scores['symbols'], 'symbol')} of the validation part:\n\n{aligned(rows, numbers=True)}"


def _too_narrow(interval: str, coverage: float | None) -> str:
    """Return a warning if coverage is far below the level of an interval; else an empty string."""
    level = float(interval.removeprefix("coverage-"))
    if coverage is None or 100 * coverage > level - NARROW:
        return ""
    return f"\nThe {level:g} % interval covered only {percent(coverage)} of these values: do not rely on it."


def importance_text(importance: Mapping[str, Any]) -> str:
    """Format the permutation importances of the most important covariates.

    Args:
        importance: the importances as returned by `PermutationImportance.to_json`.
    """
    found = {name: (row["importances_mean"], row["importances_std"]) for name, row in importance["covariates"].items()}
    digits = _decimals(importance["loss"], 3) or 3  # as the error has them, so that both can be compared
    shown = sorted(found, key=lambda name: (-round(found[name][0], digits), name))[:SHOWN_ROWS]
    rows = [[name, f"{found[name][0]:+z.{digits}f}", f"± {found[name][1]:.{digits}f}"] for name in shown]
    more = f"\n… and {len(found) - len(shown):,} more" if len(found) > len(shown) else ""
    loss = f"{importance['loss']:.{digits}f}"
    how = f"Permuting a covariate adds to the mean absolute error of the validation part, {loss} in scaled units:"
    return f"{how}\n\n{aligned(rows, numbers=True)}{more}"


def forecast_text(following: "pd.DataFrame", *, times: bool = False, all_in: str = "--csv FILE writes all") -> str:
    """Format predicted values with their dates and intervals.

    Args:
        following: the predictions as returned by `Forecaster.predict`.
        times: whether to show the time of day even if all are midnight.
        all_in: clause that says where the values are that are not shown.
    """
    import pandas as pd

    values = list(following.columns)
    values = values[values.index("ds") + 1 :]  # what comes before are ids
    words = [values.pop()] if values[-1] == "method" else []
    names = [*(["series"] if "unique_id" in following.columns else []), "date", *values, *words]
    rows = [names]
    dates = _shown_dates(following["ds"], times)
    ids = following["unique_id"] if "unique_id" in following.columns else pd.Series("", following.index)
    largest = (
        following[values].abs().max(axis=1).groupby(ids).transform("max")
    )  # the same decimals throughout a series align its decimal points
    for record, size, when in zip(following.head(SHOWN_ROWS).to_dict("records"), largest, dates, strict=False):
        series = [str(record["unique_id"])] if "unique_id" in record else []
        decimals = min(_decimals(size, 6), 10)
        numbers = [record[name] for name in values]
        cells = ["" if math.isnan(number) else f"{number:,.{decimals}f}" for number in numbers]
        rows.append([*series, when, *cells, *(record[name] for name in words)])
    more = len(following) - SHOWN_ROWS
    return aligned(rows, numbers=True) + (f"\n… and {more:,} more; {all_in}" if more > 0 else "")


def _shown_dates(dates: "pd.Series[Any]", times: bool) -> list[str]:
    """Return the first dates as texts, with their offset, and their time of day if asked for or any is not midnight."""
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(dates):  # numbers of rows
        return list(map(str, dates.head(SHOWN_ROWS)))
    times = times or bool((dates != dates.dt.normalize()).any())
    return [date.isoformat(" ", "minutes") if times else f"{date:%Y-%m-%d}" for date in dates.head(SHOWN_ROWS)]


def plain(value: float, digits: int) -> str:
    """Format a number with `digits` significant digits; integer digits are never rounded.

    >>> plain(1234567.8, 4), plain(0.012345, 4), plain(0.000012345, 2)
    ('1,234,568', '0.01235', '1.2e-05')
    """
    if 0 < abs(value) < 1e-4:
        return f"{value:.{digits}g}"
    return f"{value:,.{_decimals(value, digits)}f}"


def percent(share: float, form: str = ".1f") -> str:
    """Format a share in percent.

    >>> percent(0.9876)
    '98.8 %'
    """
    return f"{100 * share:{form}} %"


def _decimals(value: float, digits: int) -> int:
    """Return the number of decimals of a number with `digits` significant digits."""
    return max(digits - 1 - math.floor(math.log10(abs(value))), 0) if value else 0


def _cell(value: float | None, form: str) -> str:
    if value is None:
        return "-"
    if form == SHARE:
        return percent(value)
    return form.format(value) if form else plain(value, 4)
