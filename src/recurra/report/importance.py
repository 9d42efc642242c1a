"""Plot of the permutation importance of covariates."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from recurra.errors import counted, printable, shortened
from recurra.evaluation.importance import PermutationImportance
from recurra.report.forecasts import LONGEST_NAME
from recurra.report.plots import MUTED, TRAINING, readable_fonts, save_png
from recurra.report.text import plain

SHOWN_COVARIATES = 30  # the most important ones


def importance_plot(importance: PermutationImportance, path: Path, *, title: str) -> None:
    """Plot the importances as horizontal bars, the largest on top, with the standard deviation over the repeats.

    Args:
        importance: the importances.
        path: the PNG file to write.
        title: title of the figure.
    """
    mean, std = importance.importances_mean, importance.importances_std
    order = np.argsort(-mean, kind="stable")[:SHOWN_COVARIATES]
    names = [shortened(printable(importance.covariates[place]), LONGEST_NAME) for place in order]
    places = np.arange(len(order))
    repeats = counted(importance.importances.shape[1], "permutation")
    story = f"Mean and standard deviation of {repeats}. Not permuted, the error is {plain(importance.loss, 4)}."
    if len(mean) > len(order):
        story += f" The first {len(order)} of {counted(len(mean), 'covariate')}."
    with readable_fonts(title + "".join(names)):
        figure = Figure(figsize=(9, 1.6 + 0.32 * len(order)), layout="constrained")
        figure.suptitle(f"{textwrap.fill(printable(title), 100)}\n{story}", fontsize=11, parse_math=False)
        figure.supxlabel(
            "what permuting a covariate adds to the mean absolute validation error, in scaled units", fontsize=10
        )
        axes = figure.subplots()
        axes.barh(places, mean[order], xerr=std[order], color=TRAINING, ecolor=MUTED, height=0.6, zorder=2)
        axes.axvline(0.0, color=MUTED, linewidth=0.8)
        axes.set_yticks(places, names, parse_math=False)
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.grid(alpha=0.25, axis="x")
        axes.spines[["top", "right"]].set_visible(False)
        save_png(figure, path)
