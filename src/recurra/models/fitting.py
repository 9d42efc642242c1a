"""Train the networks of a model, optionally in a run folder; find a device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field, InstanceOf
from torch import nn

from recurra.errors import InputError, reason
from recurra.settings.base import Settings
from recurra.settings.check import check, completed, to_json
from recurra.settings.training import TrainingSettings
from recurra.threads import one_thread
from recurra.training import Callback, Checkpoint, EarlyStopping, Run, TrainingState, train
from recurra.training.arguments import Callbacks
from recurra.training.batches import Batches, Samples
from recurra.training.loop import Loss
from recurra.training.run_folder import INFO, MODEL
from recurra.training.state_names import STATE

DEVICES = ("cpu", "cuda", "mps", "xpu")
WriteModel = Callable[[Path, Sequence[TrainingState]], None]  # from the states of all networks


@dataclass(frozen=True, kw_only=True)
class FitArguments(Settings):
    """The arguments of `fit` that say how training is saved and watched; see `LanguageModel.fit`."""

    run: InstanceOf[Run] | None
    callbacks: Callbacks
    save_every_seconds: Annotated[float, Field(ge=0.0)]


def check_fit_arguments(
    model: str, run: Run | None, callbacks: Sequence[Callback] = (), save_every_seconds: float = 1.0
) -> FitArguments:
    """Check arguments of the `fit` of a model, and return them with each value converted to its type.

    Raises:
        InputTypeError: one has the wrong type.
        InputError: save_every_seconds is negative.
    """
    given = {"run": run, "callbacks": callbacks, "save_every_seconds": save_every_seconds}
    return check(FitArguments, given, f"{model}.fit", noun="argument")


@one_thread()
def fit_networks(
    networks: Sequence[nn.Module],
    parts: Sequence[Samples | Batches],
    settings: TrainingSettings,
    *,
    recorded: TrainingSettings | None = None,
    loss: Loss,
    metrics: Mapping[str, Loss] | None = None,
    fingerprint: Callable[[], str],
    write_model: WriteModel,
    run: Run | None,
    callbacks: Sequence[Callback],
    save_every_seconds: float,
) -> list[TrainingState]:
    """Train one network, or the networks of an ensemble one after the other.

    The networks of an ensemble are trained like single networks with the seeds `seed`, `seed + 1` and so on. Their
    weights do not depend on the number of threads.

    Args:
        networks: networks to train; they end with the weights of the last epoch.
        parts: samples or batches for training and, optionally, for validation.
        settings: settings of training.
        recorded: settings, and any others, to record in the run folder; None for those of training.
        loss: see `train`.
        metrics: see `train`.
        fingerprint: function that returns a hash of the data; a run continues only with the data that it began with.
        write_model: function that writes the model of the states of all networks to a path.
        run: run folder to which training is saved; training continues if the run has begun.
        callbacks: see `Callback`.
        save_every_seconds: minimum number of seconds between two saves of the run; it is always saved at the end.

    Returns:
        For each network the state after its last step.

    Raises:
        InputError: if the run began with other settings or other data.
        DivergenceError: if the loss becomes NaN or infinite.
    """
    if run is not None:
        _settle(run, recorded or settings, fingerprint())
    members = range(1, len(networks) + 1) if len(networks) > 1 else [0]
    begun = [None if run is None else run.load_state(member, len(networks)) for member in members]
    states: list[TrainingState] = []
    for number, (network, member, state) in enumerate(zip(networks, members, begun, strict=True)):
        used = list(callbacks)
        if settings.patience is not None:
            used.insert(0, EarlyStopping(settings.patience))
        if run is not None:
            write = _writer(run, write_model, states) if number == len(networks) - 1 else None
            used.insert(0, Checkpoint(run, write, save_every_seconds))
        states.append(
            train(
                network,
                parts[0],
                loss=loss,
                metrics=metrics,
                options=replace(settings, seed=seed_of(settings, number)),
                validation=parts[1] if len(parts) > 1 else None,
                callbacks=used,
                state=state or TrainingState(member=member),
            )
        )
    if run is not None and len(networks) > 1:
        run.remove(STATE)  # of all networks together, now that each has a state of its own
    return states


def seed_of(settings: TrainingSettings, number: int) -> int:
    """Return the seed of a network of an ensemble, whose number is counted from 0."""
    return (settings.seed + number) % 2**63


def _settle(run: Run, settings: TrainingSettings, fingerprint: str) -> None:
    """Record settings and data in a run; raise an InputError if it began with others."""
    if run.info.get("data", fingerprint) != fingerprint:
        raise InputError(
            f"{run.path}: the run began with other data; give the same data, or start over with --overwrite."
        )
    run.check_free(MODEL)
    if begun := run.info.get("settings"):
        own = to_json(settings)
        # equal values are taken from here, since of a user-defined cell only the name is saved
        same = {name: getattr(settings, name) for name, value in begun.items() if name in own and own[name] == value}
        run.info["settings"] = completed({**begun, **same}, type(settings), str(run.path / INFO))
    run.settle(to_json(settings), data=fingerprint)


def _writer(run: Run, write_model: WriteModel, before: Sequence[TrainingState]) -> Callable[[TrainingState], None]:
    """Return the function that writes the model of the finished networks and of the one in training."""
    return lambda state: write_model(run.file(MODEL), [*before, state])


def usable_device(name: str) -> torch.device:
    """Return the device of this name; raise InputError if it is unavailable."""
    try:
        device = torch.device(name)
        if device.type not in DEVICES:  # torch imports a module for some names, such as that of a file
            raise RuntimeError(f"expected one of {', '.join(DEVICES)}")
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {name!r} cannot be used here ({reason(error, 200)}); use 'cpu'.") from None
    return device
