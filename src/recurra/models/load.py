"""Load a saved model of any kind."""

from pathlib import Path

from recurra.models.language_model import LanguageModel
from recurra.training.run import MODEL


def load(path: str | Path, *, device: str | None = None) -> LanguageModel:
    """Read a model that `save` wrote, or a run's best model.

    Args:
        path: the file, or the run folder.
        device: where to put the network; None: where it was trained.

    Raises:
        InputError: there is no such file, or it is damaged or holds something else.
    """
    path = Path(path)
    return LanguageModel.load(path / MODEL if path.is_dir() else path, device=device)
