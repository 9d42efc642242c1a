"""Load a saved model of any kind."""

from pathlib import Path
from typing import TYPE_CHECKING

from recurra.models.fitting import FORECASTER, kind_of_model
from recurra.models.language_model import LanguageModel
from recurra.training.run import MODEL, read_tensors

if TYPE_CHECKING:
    from recurra.models.forecaster import Forecaster


def load(path: str | Path, *, device: str | None = None) -> "LanguageModel | Forecaster":
    """Read a model that `save` wrote, or a run's best model.

    Args:
        path: the file, or the run folder.
        device: where to put the network; None: where it was trained.

    Raises:
        InputError: there is no such file, or it is damaged or holds something else.
    """
    path = Path(path)
    path = path / MODEL if path.is_dir() else path
    if kind_of_model(path, read_tensors(path)[1]) == FORECASTER:
        from recurra.models.forecaster import Forecaster

        return Forecaster.load(path, device=device)
    return LanguageModel.load(path, device=device)
