"""Steps shared by `fit` and `load` of all models: train, optionally in a run folder; find a device; read a file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.settings.check import completed, to_json
from recurra.settings.migration import migrated
from recurra.settings.network import CellName, NamedCell
from recurra.settings.training import TrainingSettings
from recurra.tensor_files import read_tensors
from recurra.training import Callback, Checkpoint, EarlyStopping, Run, TrainingState, train
from recurra.training.batches import Samples
from recurra.training.loop import Loss
from recurra.training.run_folder import INFO, MODEL

FORECASTER, LANGUAGE_MODEL = "forecaster", "language-model"  # kinds of saved models


def fit_network(
    network: nn.Module,
    parts: Sequence[Samples],
    settings: TrainingSettings,
    *,
    loss: Loss,
    metrics: Mapping[str, Loss] | None = None,
    fingerprint: str,
    write_model: Callable[[Path, TrainingState], None],
    run: Run | None,
    callbacks: Sequence[Callback],
    save_every_seconds: float,
) -> TrainingState:
    """Train a network with the given settings.

    Args:
        network: network to train; it ends with the weights of the last epoch.
        parts: samples for training and, optionally, for validation.
        settings: settings of training, and any others to record in the run folder.
        loss: see `train`.
        metrics: see `train`.
        fingerprint: hash of the data; a run continues only with the data that it began with.
        write_model: function that writes the model of a state to a path.
        run: run folder to which training is saved; training continues if the run has begun.
        callbacks: see `Callback`.
        save_every_seconds: minimum number of seconds between two saves of the run; it is always saved at the end.

    Returns:
        The state after the last epoch.

    Raises:
        InputError: if the run began with other settings or other data.
        DivergenceError: if the loss becomes NaN or infinite.
    """
    state: TrainingState | None = None
    callbacks = list(callbacks)
    if settings.patience is not None:
        callbacks.insert(0, EarlyStopping(settings.patience))
    if run is not None:
        if run.info.get("data", fingerprint) != fingerprint:
            raise InputError(
                f"{run.path}: the run began with other data; give the same data, or start over with --overwrite."
            )
        run.check_free(MODEL)
        if begun := run.info.get("settings"):
            own = to_json(settings)
            # equal values are taken from here, since of a user-defined cell only the name is saved
            same = {
                name: getattr(settings, name) for name, value in begun.items() if name in own and own[name] == value
            }
            run.info["settings"] = completed({**begun, **same}, type(settings), str(run.path / INFO))
        run.settle(to_json(settings), data=fingerprint)
        state = run.load_state()
        folder = run
        callbacks.insert(
            0, Checkpoint(run, lambda reached: write_model(folder.file(MODEL), reached), save_every_seconds)
        )
    return train(
        network,
        parts[0],
        loss=loss,
        metrics=metrics,
        options=settings,
        validation=parts[1] if len(parts) > 1 else None,
        callbacks=callbacks,
        state=state,
    )


def usable_device(name: str) -> torch.device:
    """Return the device of this name; raise InputError if it is unavailable."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used here ({reason}); use 'cpu'.") from None
    return device


def read_model(path: Path, kind: str, format_: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the JSON of a saved model.

    Raises:
        InputError: if there is no such file, it is damaged, or it is not such a model.
    """
    weights, data = read_tensors(path)
    if kind_of_model(path, data) != kind or data.get("format") != format_:
        found = f"{data['kind']!r} of format {data.get('format')!r}"
        raise InputError(f"{path}: holds a {found}; this version of recurra reads {kind!r} of format {format_}.")
    return weights, data


def parameters_of(
    path: Path, data: Mapping[str, Any], device: str | None, cells: Mapping[str, NamedCell] | None
) -> dict[str, Any]:
    """Return the parameters with which a saved model was fitted.

    A file holds only the name of the cell; a cell that is not built in must be in `cells`.

    Args:
        path: the file, for error messages.
        data: JSON of the file.
        device: device of the network; None for the device that it was trained on.
        cells: mapping from name to cell.

    Raises:
        InputError: if the cell is neither built in nor in `cells`.
        AttributeError, KeyError, TypeError: if the file holds no parameters.
    """
    parameters = migrated(data["parameters"]) | ({} if device is None else {"device": device})
    name = parameters.get("cell", "rnn")
    if cells is not None and name in cells:
        return parameters | {"cell": cells[name]}
    if isinstance(name, str) and name not in get_args(CellName):
        raise InputError(
            f"{path}: was trained with the cell {name!r}, which is none of recurra's "
            f"({', '.join(get_args(CellName))}); give it: load(path, cells={{{name!r}: …}})."
        )
    return parameters


def kind_of_model(path: Path, data: Any) -> str:
    """Return the kind of a saved model; raise InputError if the file holds none."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise InputError(f"{path}: holds no model; `save` writes one, and that of a run is its {MODEL}.")
    return str(data["kind"])


def damaged(path: Path, what: str) -> InputError:
    """Return the error for a damaged model file."""
    return InputError(f"{path}: {what}; it is damaged.")
