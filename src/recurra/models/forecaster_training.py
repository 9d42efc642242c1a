"""What a forecaster's `fit` begins with: a checked table, scaled samples, a network and a loss."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.config import ForecasterSettings
from recurra.data.series import Series, Table
from recurra.data.windows import Split, origins
from recurra.errors import InputError
from recurra.models.fitting import usable_device
from recurra.models.preparation import NONE, Inputs, Preparation, Targets
from recurra.nn.network import Dense, Ensemble, Network, StepMask, build_network
from recurra.training.loop import Data as Samples
from recurra.training.loop import Loss
from recurra.training.process import seeded

LEAST_WINDOW, LONGEST_WINDOW = 20, 200  # rows, of a window that is not given


class Prepared(NamedTuple):
    """What a fit needs, checked."""

    settings: ForecasterSettings
    preparation: Preparation
    table: Table
    parts: list[Samples]  # for training, and for validation if there is any


def prepare(settings: ForecasterSettings, table: Table) -> Prepared:
    """Split a table, learn its scaling from the training rows, and cut samples.

    Raises:
        InputError: a part of a series is too short, or does not suit the scaling.
    """
    splits = [split_of(settings, series) for series in table.series]
    resolved = _resolved(settings, table, min(split.training for split in splits))
    preparation = Preparation.fit(resolved, table, [split.training for split in splits])
    _check_lengths(table, splits, preparation)
    parts: list[Samples] = []
    for part in (0, 1) if settings.validation else (0,):
        places = [
            origins(split.bounds[part], split.bounds[part + 1], preparation.context, settings.horizon)
            for split in splits
        ]
        windows = preparation.samples(table, places, torch.device(settings.device))
        parts.append((Inputs(preparation, windows), Targets(preparation, windows)))
    return Prepared(settings, preparation, table, parts)


def split_of(settings: ForecasterSettings, series: Series) -> Split:
    """How a series is cut into rows that are trained on and rows for validation."""
    return Split.of(len(series.dates), horizon=settings.horizon, validation=settings.validation)


def new_network(preparation: Preparation) -> Network | Ensemble:
    """The network with its initial weights, or as many as there are members.

    Raises:
        InputError: it is too large to be made here, or the device cannot be used.
    """
    settings, inputs = preparation.settings, len(preparation.shared)

    def member(number: int) -> Network:
        with seeded((settings.seed + number) % 2**63, cuda=[]):
            network = build_network(
                encoder=StepMask(inputs) if preparation.masks else None,
                input_size=inputs,
                cell=settings.cell,
                units=settings.units,
                outputs=settings.horizon,
                dropout=settings.dropout,
            )
        if preparation.base != NONE:  # it begins as the forecast that it corrects
            *_, head = network.layers.values()
            assert isinstance(head, Dense)
            nn.init.zeros_(head.weight)
        return network

    try:
        members = [member(number) for number in range(settings.members)]
        network = members[0] if settings.members == 1 else Ensemble(members)
        return network.to(usable_device(settings.device))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"a network of units={settings.units} cannot be made here ({reason}); take fewer.") from None


def loss_of(settings: ForecasterSettings) -> Loss:
    """What training makes small."""
    known_losses: dict[str, Callable[..., Tensor]] = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}
    error_of = known_losses[settings.loss]

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return error_of(output, target.expand_as(output))  # of every member, if there are several

    def loss_where_known(output: Tensor, target: Tensor) -> Tensor:
        target = target.expand_as(output)
        known = target.isfinite()
        errors = error_of(output, target.where(known, output.detach()), reduction="none")
        return errors.sum() / known.sum().clamp(min=1)

    return loss_where_known if settings.missing == "mask" else loss


def _resolved(settings: ForecasterSettings, table: Table, shortest: int) -> ForecasterSettings:
    """The settings with season and window decided."""
    season = settings.season or table.frequency.season
    usual = min(max(2 * season, LEAST_WINDOW), LONGEST_WINDOW)
    fitting = max((shortest - settings.horizon) // 2, 1)  # half of the shortest series at the most
    at_least = settings.horizon if settings.known else 1
    window = settings.window or max(min(usual, fitting), at_least)
    return settings.model_copy(update={"season": season, "window": window})


def _check_lengths(table: Table, splits: Sequence[Split], preparation: Preparation) -> None:
    """InputError if a part of a series is too short."""
    settings = preparation.settings
    for series, split in zip(table.series, splits, strict=True):
        needed, whose = preparation.context + settings.horizon, f" of series {series.id!r}" if series.id else ""
        if split.training < needed:
            raise InputError(
                f"{table.source}: the training part{whose} has {split.training} rows; a window of {settings.window} "
                f"and a horizon of {settings.horizon} need at least {needed} there: give more rows, a smaller window, "
                "or smaller parts for validation and test."
            )
        if 0 < split.validation < settings.horizon:
            raise InputError(
                f"{table.source}: the validation part{whose} has {split.validation} rows, and a horizon of "
                f"{settings.horizon} needs at least as many: make validation larger, or 0 for none."
            )
