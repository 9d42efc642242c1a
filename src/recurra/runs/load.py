"""Load a saved model of any kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.errors import InputError
from recurra.files import path_of
from recurra.language.language_model import LanguageModel
from recurra.models.model_file import FORECASTER, kind_of_model
from recurra.settings.network import NamedCell
from recurra.tensor_files import read_description
from recurra.training.run_folder import MODEL, Run

if TYPE_CHECKING:
    from recurra.forecasting.forecaster import Forecaster


def load(
    path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
) -> "LanguageModel | Forecaster":
    """Load a model that `save` wrote, or the model of a run folder.

    Args:
        path: the file, or the run folder.
        device: device of the network; None for the device that it was trained on.
        cells: user-defined cells by name, for a model trained with one. A file holds only the name of its cell, and
            names in a file never cause an import.

    Returns:
        The fitted model.

    Raises:
        InputError: if there is no such file, it is damaged or is not a model, or its cell is unknown.

    Example:
        >>> LanguageModel(units=16, epochs=100, learning_rate=0.05).fit("abcde" * 4).save("letters.safetensors")
        >>> model = load("letters.safetensors")
        >>> model.predict("c")
        'd'

        A model with a cell of your own, here the one of docs/extend.md:

        >>> model = load("runs/tides", cells={"mgu": MinimalGatedUnit()})  # doctest: +SKIP
    """
    path = path_of(path)
    path = path / MODEL if path.is_dir() else path
    if kind_of_model(path, read_description(path)) == FORECASTER:
        from recurra.forecasting.forecaster import Forecaster

        return Forecaster.load(path, device=device, cells=cells)
    return LanguageModel.load(path, device=device, cells=cells)


def load_language_model(run: Path) -> LanguageModel:
    """Load the language model of a run folder, on the CPU.

    Raises:
        InputError: it is no run folder, is one of a forecaster, or its model is missing or damaged.
    """
    Run(run)  # raises InputError if it is not a run folder
    model = load(run, device="cpu")
    if not isinstance(model, LanguageModel):
        raise InputError(
            f"{run} is a forecasting run, which has read no text; recurra predict {run} is for its values."
        )
    return model
