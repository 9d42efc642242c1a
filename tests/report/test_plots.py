"""Training curves: what the picture holds, and that it is a picture."""

import math
import subprocess
import sys

import matplotlib as mpl
import matplotlib.image
import pytest
from matplotlib.figure import Figure

from recurra.errors import InputError
from recurra.report import plots
from recurra.report.plots import save_png, training_curves


def history(epochs, *, accuracy=True, validation=False):
    """Losses that fall to epoch 12 in training, and to epoch 8 in validation, and rise again."""
    records = []
    for epoch in range(1, epochs + 1):
        figures = {"loss": 0.5 + abs(epoch - 12) / 20}
        if accuracy:
            figures["accuracy"] = epoch / epochs
        if validation:
            figures |= {"val_loss": 0.7 + abs(epoch - 8) / 20}
            if accuracy:
                figures["val_accuracy"] = 0.8 * epoch / epochs
        records.append({"epoch": epoch, "learning_rate": 0.01, "seconds": 0.001, **figures})
    return records


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draw, and keep the figure to look at."""

    def draw(*arguments, **options):
        figures = []

        def keep(figure, path):
            figures.append(figure)
            save_png(figure, path)

        monkeypatch.setattr(plots, "save_png", keep)
        training_curves(*arguments, tmp_path / "training.png", **({"title": "letters"} | options))
        return figures[0]

    return draw


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("validation", [False, True])
@pytest.mark.parametrize("accuracy", [False, True])
@pytest.mark.parametrize("epochs", [1, 20])
def test_the_png_is_wide_enough_for_its_panels_and_not_empty(tmp_path, epochs, accuracy, validation):
    path = tmp_path / "training.png"
    training_curves(history(epochs, accuracy=accuracy, validation=validation), 1, path, title="letters")
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["training.png"]
    height, width, _ = matplotlib.image.imread(path).shape
    assert (width, height) == (1248 if accuracy else 624, 468)
    assert 5_000 < path.stat().st_size < 200_000


def test_accuracy_and_loss_stand_side_by_side_with_their_axes_named(drawn):
    figure = drawn(history(20, validation=True), 8, title="letters-onehot: round the ring")
    assert figure.get_suptitle() == "letters-onehot: round the ring"
    accuracy, loss = figure.axes
    assert [axes.get_title() for axes in (accuracy, loss)] == ["accuracy", "loss"]
    assert [axes.get_xlabel() for axes in (accuracy, loss)] == ["epoch", "epoch"]
    assert accuracy.get_ylabel() == "fraction of correct predictions"
    assert loss.get_ylabel() == "cross-entropy (nats)"
    assert accuracy.get_position().x1 < loss.get_position().x0
    assert loss.get_ylim()[0] == 0


def test_the_curves_are_the_figures_of_the_history_over_their_epochs(drawn):
    records = history(20, validation=True)
    for axes, name in zip(drawn(records, 8).axes, ("accuracy", "loss"), strict=True):
        for key, label in ((name, f"training {name}"), (f"val_{name}", f"validation {name}")):
            x, y = lines(axes)[label].get_data()
            assert list(x) == list(range(1, 21))
            assert list(y) == [record[key] for record in records]


@pytest.mark.parametrize(
    ("validation", "best", "in_accuracy", "in_loss"),
    [
        (False, 12, ("best epoch, by loss: 12 (60 %)", 0.6), ("best epoch, by loss: 12 (0.5)", 0.5)),
        (True, 8, ("best epoch, by loss: 8 (32 %)", 0.32), ("best epoch, by loss: 8 (0.7)", 0.7)),
    ],
)
def test_the_best_epoch_is_marked_on_the_curve_that_chose_it(drawn, validation, best, in_accuracy, in_loss):
    figure = drawn(history(20, validation=validation), best)
    for axes, (label, value) in zip(figure.axes, (in_accuracy, in_loss), strict=True):
        assert labels(axes)[-1] == label
        x, y = lines(axes)[label].get_data()
        assert (list(x), list(y)) == ([best], [pytest.approx(value)])


def test_without_accuracy_there_is_one_panel_and_without_validation_one_curve(drawn):
    (axes,) = drawn(history(20, accuracy=False), 12).axes
    assert axes.get_title() == "loss"
    assert labels(axes) == ["training loss", "best epoch, by loss: 12 (0.5)"]


def test_one_epoch_is_a_point_that_can_be_seen_at_a_whole_number(drawn):
    for axes in drawn(history(1, validation=True), 1).axes:
        for label, line in lines(axes).items():
            assert line.get_marker() == "o", label
        low, high = axes.get_xlim()
        assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]


@pytest.mark.parametrize("epochs", [1, 2, 3, 20, 100, 12_345])
def test_epochs_are_counted_in_whole_numbers(drawn, epochs):
    for axes in drawn(history(epochs), 1).axes:
        assert all(math.isclose(tick, round(tick)) for tick in axes.get_xticks())


@pytest.mark.parametrize("title", ["a $ and \\frac{ another $", "many words " * 12, "a{b}_c^d%"])
def test_any_title_is_shown_as_it_is_and_inside_the_picture(drawn, title):
    figure = drawn(history(3, accuracy=False), 1, title=title)
    assert figure.get_suptitle().split() == title.split()
    box = figure._suptitle.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_the_same_curves_give_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        training_curves(history(20, validation=True), 8, tmp_path / name, title="letters")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match=r"training\.png cannot be written"):
        save_png(Figure(), tmp_path / "missing" / "training.png")


def test_pyplot_is_not_imported(tmp_path):
    code = """
import sys
from pathlib import Path
from recurra.report.plots import training_curves

training_curves([{"epoch": 1, "loss": 1.0, "accuracy": 0.5}], 1, Path(sys.argv[1]), title="letters")
print("matplotlib.pyplot" in sys.modules, "torch" in sys.modules)
"""
    command = [sys.executable, "-c", code, tmp_path / "training.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["False", "False"]


def test_a_chinese_title_is_drawn_with_a_font_that_has_it_or_a_warning_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "CHINESE_FONTS", [])
    with pytest.warns(UserWarning, match="no installed font has them; install Noto Sans CJK"):
        training_curves(history(3), 1, tmp_path / "boxes.png", title="茅台")
    monkeypatch.setattr(plots, "CHINESE_FONTS", ["DejaVu Sans Mono"])  # stands for an installed one
    with plots.readable_fonts("茅台"):
        assert mpl.rcParams["font.family"] == ["DejaVu Sans", "DejaVu Sans Mono"]


def test_losses_that_hardly_change_are_shown_as_changes_in_percent(drawn):
    records = [{"epoch": e, "loss": 1.0 - 0.001 * e, "val_loss": 0.25 + 0.0001 * abs(e - 4)} for e in range(1, 11)]
    (axes,) = drawn(records, 4).axes
    assert axes.get_ylabel().endswith("change since epoch 1")
    curves = ["training loss, initially 0.999", "validation loss, initially 0.2503"]
    assert labels(axes) == [*curves, "best epoch, by loss: 4 (0.25)"]
    training, validation, ring = (line.get_ydata() for line in axes.lines)
    assert list(training) == pytest.approx([100 * (r["loss"] / 0.999 - 1) for r in records])
    assert list(validation) == pytest.approx([100 * (r["val_loss"] / 0.2503 - 1) for r in records])
    assert list(ring) == [validation[3]]


def test_an_epoch_that_was_kept_without_being_the_best_is_not_called_so(drawn):
    records = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate([0.04, 0.0018, 0.0019], start=1)]
    assert labels(drawn(records, 3).axes[0])[-1] == "epoch kept: 3 (0.0019)"


def test_a_font_that_matplotlib_has_not_listed_yet_is_found(monkeypatch):
    mono = next(font for font in plots.fontManager.ttflist if font.fname.endswith("DejaVuSansMono.ttf"))
    others = [font for font in plots.fontManager.ttflist if font.name != mono.name]
    monkeypatch.setattr(plots.fontManager, "ttflist", others)
    monkeypatch.setattr(plots, "findSystemFonts", lambda: [mono.fname])
    monkeypatch.setattr(plots, "CHINESE_FONTS", ["DejaVu Sans Mono"])
    with plots.readable_fonts("茅台"):
        assert mpl.rcParams["font.family"] == ["DejaVu Sans", "DejaVu Sans Mono"]


@pytest.mark.parametrize("count", [2, 8])
def test_the_networks_of_an_ensemble_share_a_legend(drawn, count):
    records = [
        {"member": member, "epoch": epoch, "loss": 2.0 / epoch + 0.1 * member, "val_loss": 1.0 + abs(epoch - member)}
        for member in range(1, count + 1)
        for epoch in range(1, 11)
    ]
    (axes,) = drawn(records, list(range(1, count + 1))).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["training loss", "validation loss", f"best epoch, by loss: 1 to {count}"]
    assert len(axes.lines) == 2 * count + 1
    assert axes.lines[-1].get_xdata().tolist() == list(range(1, count + 1))
