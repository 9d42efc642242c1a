"""What every model's `fit` and `load` do alike: train in a run folder or without one, find a device, read a file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.settings.check import completed, to_json
from recurra.settings.network import CellName, NamedCell
from recurra.settings.training import TrainingSettings
from recurra.training import Callback, Checkpoint, EarlyStopping, Run, TrainingState, train
from recurra.training.loop import Data, Loss
from recurra.training.run import INFO, MODEL, read_tensors

FORECASTER, LANGUAGE_MODEL = "forecaster", "language-model"  # kinds of saved models


def fit_network(
    network: nn.Module,
    parts: Sequence[Data],
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
    """Train a network as the settings say.

    Args:
        network: what to train; it is left with the weights of the last epoch.
        parts: samples for training, and for validation if there are any.
        settings: how to train, and all else that a run folder records.
        loss: see `train`.
        metrics: see `train`.
        fingerprint: of the data; a run goes on only with the data that it began with.
        write_model: writes the model as it is in a state to a path.
        run: a run folder, in which the training is saved and from which it goes on if it had begun there.
        callbacks: see `Callback`.
        save_every_seconds: how often the run is saved at most, besides at the end.

    Raises:
        InputError: the run began with other settings or other data.
        DivergenceError: the loss became NaN or infinite.
    """
    state: TrainingState | None = None
    callbacks = list(callbacks)
    if settings.patience is not None:
        callbacks.insert(0, EarlyStopping(settings.patience))
    if run is not None:
        if run.info.get("data", fingerprint) != fingerprint:
            raise InputError(
                f"{run.path}: the run began with other data; give the same again, or begin anew with --overwrite."
            )
        run.claim(MODEL)
        if begun := run.info.get("settings"):
            own = to_json(settings)
            # what is the same is taken from here: a cell of the user's own is saved by name only
            same = {
                name: getattr(settings, name) for name, value in begun.items() if name in own and own[name] == value
            }
            run.info["settings"] = completed({**begun, **same}, type(settings), str(run.path / INFO))
        run.settle(to_json(settings), data=fingerprint)
        state = run.load_state()
        path = run.path / MODEL
        callbacks.insert(0, Checkpoint(run, lambda reached: write_model(path, reached), save_every_seconds))
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
    """The device of this name; InputError if it cannot be used here."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used here ({reason}); use 'cpu'.") from None
    return device


def read_model(path: Path, kind: str, format_: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the JSON of a saved model.

    Raises:
        InputError: there is no such file, or it is damaged, or holds something else.
    """
    weights, data = read_tensors(path)
    if kind_of_model(path, data) != kind or data.get("format") != format_:
        found = f"{data['kind']!r} of format {data.get('format')!r}"
        raise InputError(f"{path}: holds a {found}; this recurra reads {kind!r} of format {format_}.")
    return weights, data


def parameters_of(
    path: Path, data: Mapping[str, Any], device: str | None, cells: Mapping[str, NamedCell] | None
) -> dict[str, Any]:
    """The parameters that a saved model was fitted with.

    A file holds a cell's name only; a cell that is not built in comes from `cells`, and from nowhere else.

    Args:
        path: the file, for messages.
        data: what it holds.
        device: where to put the network; None: where it was trained.
        cells: name → cell.

    Raises:
        InputError: the cell is neither built in nor among `cells`.
        KeyError, TypeError: the file holds no parameters.
    """
    parameters: dict[str, Any] = data["parameters"] | ({} if device is None else {"device": device})
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
    """What a saved model says that it is; InputError if the file holds none."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise InputError(f"{path}: holds no model; `save` writes one, and a run's is its {MODEL}.")
    return str(data["kind"])


def damaged(path: Path, what: str) -> InputError:
    """The error for a file that was a model once."""
    return InputError(f"{path}: {what}; it is damaged.")
