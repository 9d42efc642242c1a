"""Load a saved model of any kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.models.fitting import FORECASTER, kind_of_model
from recurra.models.language_model import LanguageModel
from recurra.settings.network import NamedCell
from recurra.training.run import MODEL, read_tensors

if TYPE_CHECKING:
    from recurra.models.forecaster import Forecaster


def load(
    path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
) -> "LanguageModel | Forecaster":
    """Read a model that `save` wrote, or a run's best model.

    Args:
        path: the file, or the run folder.
        device: where to put the network; None: where it was trained.
        cells: cells of your own by name, for a model that was trained with one. A file holds a cell's name only, and
            nothing is imported because a file names it.

    Raises:
        InputError: there is no such file, it is damaged or holds something else, or its cell is not known.

    Example:
        >>> model = load("runs/tides", cells={"mgu": MinimalGatedUnit()})    # doctest: +SKIP
    """
    path = Path(path)
    path = path / MODEL if path.is_dir() else path
    if kind_of_model(path, read_tensors(path)[1]) == FORECASTER:
        from recurra.models.forecaster import Forecaster

        return Forecaster.load(path, device=device, cells=cells)
    return LanguageModel.load(path, device=device, cells=cells)
