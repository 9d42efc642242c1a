"""Plots, drawn without pyplot, which is slow to import and keeps figures alive."""

import io
import math
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import MaxNLocator, PercentFormatter

from recurra.files import replace_file

CHINESE_FONTS = [
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
]
TRAINING, VALIDATION, MUTED = "#1b6ca8", "#d1495b", "#6c757d"


def training_curves(
    history: Sequence[Mapping[str, Any]],
    best_epoch: int,
    path: Path,
    *,
    title: str,
    loss: str = "cross-entropy (nats)",
) -> None:
    """Draw accuracy, if there is one, and loss side by side over the epochs, and write a PNG.

    Args:
        history: one record an epoch, as in metrics.jsonl.
        best_epoch: the epoch whose weights were kept, counted from 1; it is marked.
        path: the PNG file.
        title: what was trained.
        loss: what the loss is, with its unit.
    """
    names = [name for name in ("accuracy", "loss") if name in history[0]]
    with readable_fonts(title):
        figure = Figure(figsize=(5.2 * len(names), 3.9), layout="constrained")
        figure.suptitle(textwrap.fill(title, 45 * len(names)), parse_math=False)  # a user's own words: $ is no formula
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            _curve(axes, history, name, best_epoch, loss)
        save_png(figure, path)


@contextmanager
def readable_fonts(text: str) -> Iterator[None]:
    """Draw with a font that has Chinese characters too, where `text` has any and the machine such a font.

    Where it has none, the characters are boxes, and a warning says so and names the remedy.
    """
    if not any(unicodedata.east_asian_width(character) in {"W", "F"} for character in text):
        yield
        return
    installed = {font.name for font in fontManager.ttflist}
    chinese = [name for name in CHINESE_FONTS if name in installed]
    if not chinese:
        remedy = "no font here has them; install Noto Sans CJK"
        warnings.warn(f"the plot shows Chinese characters as boxes: {remedy}.", stacklevel=2)
    with matplotlib.rc_context({"font.family": ["DejaVu Sans", *chinese]}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    replace_file(path, buffer.getvalue())


def _curve(axes: Axes, history: Sequence[Mapping[str, Any]], name: str, best_epoch: int, loss: str) -> None:
    epochs = [record["epoch"] for record in history]
    marker = "o" if len(epochs) == 1 else ""
    for key, label, color in ((name, "training", TRAINING), (f"val_{name}", "validation", VALIDATION)):
        if key in history[0]:
            values = [record[key] for record in history]
            axes.plot(epochs, values, color=color, label=f"{label} {name}", marker=marker)
            chosen = values[best_epoch - 1]
    figure = f"{math.floor(1000 * chosen) / 10:g}%" if name == "accuracy" else f"{chosen:.3g}"
    ring: dict[str, Any] = {"marker": "o", "fillstyle": "none", "markersize": 10, "markeredgewidth": 2, "linestyle": ""}
    axes.plot(
        best_epoch,
        chosen,
        **ring,
        color=MUTED,
        zorder=3,
        clip_on=False,
        label=f"best epoch, by loss: {best_epoch} ({figure})",
    )
    axes.set_title(name)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    if name == "accuracy":
        axes.set_ylim(-0.04, 1.04)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylabel("share of right predictions")
    else:
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel(loss)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right" if name == "accuracy" else "best", frameon=False)
