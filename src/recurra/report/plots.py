"""Plots of training curves, drawn without pyplot, which is slow to import and keeps figures in memory."""

import contextlib
import io
import logging
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
from matplotlib.font_manager import findSystemFonts, fontManager
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
FLAT = 1.1  # ratio of the largest to the smallest loss below which a curve would look flat
TRAINING, VALIDATION, MUTED = "#1b6ca8", "#d1495b", "#6c757d"


def training_curves(
    history: Sequence[Mapping[str, Any]],
    best_epoch: int | Sequence[int],
    path: Path,
    *,
    title: str,
    loss: str = "cross-entropy (nats)",
) -> None:
    """Plot loss, and accuracy if there is one, over the epochs or the steps.

    Args:
        history: the records of metrics.jsonl.
        best_epoch: number of the record whose weights were kept, counted from 1; it is marked. For an ensemble, the
            number for each network.
        path: the PNG file to write.
        title: title of the figure.
        loss: name of the loss with its unit, for the axis.
    """
    names = [name for name in ("accuracy", "loss") if name in history[0]]
    best = [best_epoch] if isinstance(best_epoch, int) else list(best_epoch)
    members = dict.fromkeys(record.get("member", 0) for record in history)
    parts = [[record for record in history if record.get("member", 0) == member] for member in members]
    with readable_fonts(title):
        figure = Figure(figsize=(5.2 * len(names), 3.9), layout="constrained")
        figure.suptitle(
            textwrap.fill(title, 45 * len(names)), parse_math=False
        )  # text of the user: $ does not start a formula
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            _curves(axes, parts, name, best, loss)
        save_png(figure, path)


@contextmanager
def readable_fonts(text: str) -> Iterator[None]:
    """Use a Chinese font as fallback if `text` has Chinese characters.

    If no such font is installed, the characters are drawn as boxes, and a warning names a font to install.
    """
    if not any(unicodedata.east_asian_width(character) in {"W", "F"} for character in text):
        yield
        return
    chinese = _chinese_fonts()
    if not chinese:
        remedy = "no installed font has them; install Noto Sans CJK"
        warnings.warn(f"the plot shows Chinese characters as boxes: {remedy}.", stacklevel=2)
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns at each text about fonts without a normal weight
    try:
        with matplotlib.rc_context({"font.family": ["DejaVu Sans", *chinese]}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            yield
    finally:
        log.setLevel(level)


def _chinese_fonts() -> list[str]:
    """Return the installed fonts of CHINESE_FONTS, including those installed since matplotlib listed the fonts."""
    listed = {font.name for font in fontManager.ttflist}
    if not listed & set(CHINESE_FONTS):
        for path in set(findSystemFonts()) - {font.fname for font in fontManager.ttflist}:
            with contextlib.suppress(OSError, RuntimeError):  # unreadable fonts
                fontManager.addfont(path)
        listed = {font.name for font in fontManager.ttflist}
    return [name for name in CHINESE_FONTS if name in listed]


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure to a PNG file atomically."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    replace_file(path, buffer.getvalue())


def _curves(
    axes: Axes, histories: Sequence[Sequence[Mapping[str, Any]]], name: str, best_epochs: Sequence[int], loss: str
) -> None:
    """Draw one value over the epochs, for each network of an ensemble, and mark the epochs whose weights were kept."""
    unit = "step" if "step" in histories[0][0] else "epoch"
    keys = [key for key in (name, f"val_{name}") if key in histories[0][0]]
    curves = {(i, key): [record[key] for record in own] for i, own in enumerate(histories) for key in keys}
    several = any(len(values) > 1 for values in curves.values())
    flat = name == "loss" and several and all(0 < max(values) < FLAT * min(values) for values in curves.values())
    best, figures, by_loss = [], [], True
    for i, (history, best_epoch) in enumerate(zip(histories, best_epochs, strict=True)):
        places = [record[unit] for record in history]
        for key, color in zip(keys, (TRAINING, VALIDATION), strict=False):
            values = curves[i, key]
            shown = _percent(values) if flat else values
            label = f"{'validation' if key != name else 'training'} {name}"
            if flat:  # on an axis from 0, the curve would look like a horizontal line
                label += f", initially {values[0]:.4g}"
            label = label if i == 0 else f"_{label}"  # matplotlib leaves such labels out of the legend
            axes.plot(places, shown, color=color, label=label, marker="o" if len(places) == 1 else "")
            chosen, height = values[best_epoch - 1], shown[best_epoch - 1]
        figures.append(f"{math.floor(1000 * chosen) / 10:g} %" if name == "accuracy" else f"{chosen:.4g}")
        losses = [record.get("val_loss", record["loss"]) for record in history]
        by_loss &= losses[best_epoch - 1] == min(losses)
        best.append((places[best_epoch - 1], height))
    why = f"best {unit}, by loss" if by_loss else f"{unit} kept"
    places_kept = [place for place, _ in best]
    kept = f"{places_kept[0]} ({figures[0]})" if len(best) == 1 else f"{min(places_kept)} to {max(places_kept)}"
    ring: dict[str, Any] = {"marker": "o", "fillstyle": "none", "markersize": 10, "markeredgewidth": 2, "linestyle": ""}
    axes.plot(*zip(*best, strict=True), **ring, color=MUTED, zorder=3, clip_on=False, label=f"{why}: {kept}")
    axes.set_title(name)
    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    if name == "accuracy":
        axes.set_ylim(-0.04, 1.04)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylabel("fraction of correct predictions")
    elif flat:
        axes.set_ylabel(f"{loss},\nchange since {unit} {histories[0][0][unit]}")
        axes.yaxis.set_major_formatter(PercentFormatter(100.0))
        axes.margins(y=0.35)  # room for the legend
    else:
        axes.set_ylim(0.0, axes.get_ylim()[1])
        axes.set_ylabel(loss)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right" if name == "accuracy" else "best", frameon=False)


def _percent(values: Sequence[float]) -> list[float]:
    """Return the changes since the first value in percent."""
    return [100.0 * (value / values[0] - 1.0) for value in values]
