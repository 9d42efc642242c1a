"""Load a saved model of any kind."""

from pathlib import Path

from recurra.models.language_model import LanguageModel


def load(path: str | Path, *, device: str | None = None) -> LanguageModel:
    """Read a model that `save` wrote, or a run's model.safetensors.

    Args:
        path: the file.
        device: where to put the network; None: where it was trained.

    Raises:
        InputError: there is no such file, or it is damaged or holds something else.
    """
    return LanguageModel.load(path, device=device)
