"""What a forecaster's `fit` begins with: a checked table, scaled samples, a network and a loss."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.forecasting.preparation import LAST, NONE, SEASONAL, Preparation, context_of
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.windows import origins
from recurra.models.fitting import usable_device
from recurra.nn.heads import HEADS
from recurra.nn.network import Dense, Ensemble, Network, build_network
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.network import units_of_layers
from recurra.tables.split import Split
from recurra.tables.table import Series, Table
from recurra.training.loop import Loss
from recurra.training.process import seeded

LEAST_WINDOW, LONGEST_WINDOW = 20, 200  # rows, of a window that is not given


class Prepared(NamedTuple):
    """What a fit needs, checked."""

    settings: ForecasterSettings
    preparation: Preparation
    table: Table
    parts: list[WindowSamples]  # for training, and for validation if there is any


def prepare(settings: ForecasterSettings, table: Table) -> Prepared:
    """Split a table, learn its scaling from the training rows, and cut samples.

    A series that is too short for one sample of each part is left out, and a warning says so.

    Raises:
        InputError: every series is too short, or one does not suit the scaling.
    """
    splits = [split_of(settings, series) for series in table.series]
    resolved = _resolved(settings, table, int(np.median([split.training for split in splits])))
    table = _long_enough(table, splits, resolved)
    splits = [split_of(settings, series) for series in table.series]
    rows = [split.training for split in splits]
    training_table = table
    if settings.missing == "interpolate":
        lines = (series.interpolated(known) for series, known in zip(table.series, rows, strict=True))
        training_table = replace(table, series=tuple(lines))
    preparation = Preparation.fit(resolved, training_table, rows)
    parts: list[WindowSamples] = []
    for part, source in enumerate((training_table, table) if settings.validation else (training_table,)):
        places = [
            origins(split.bounds[part], split.bounds[part + 1], preparation.context, settings.horizon)
            for split in splits
        ]
        windows = preparation.samples(source, places, torch.device(settings.device))
        parts.append(WindowSamples(preparation, windows))
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
                encoder=None,
                input_size=inputs,
                cell=settings.cell,
                units=units_of_layers(settings),
                outputs=settings.horizon * HEADS[settings.loss].width,
                dropout=settings.dropout,
            )
        if preparation.base != NONE:  # it begins as the forecast that it corrects
            *_, head = network.layers.values()
            assert isinstance(head, Dense)
            nn.init.zeros_(head.weight)
        return network

    try:
        members = [member(number) for number in range(settings.ensemble_size)]
        network = members[0] if settings.ensemble_size == 1 else Ensemble(members)
        return network.to(usable_device(settings.device))
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"a network of units={settings.units} cannot be made here ({reason}); use fewer.") from None


def loss_of(settings: ForecasterSettings) -> Loss:
    """Return the loss of the output and the targets of a batch."""
    head, missing = HEADS[settings.loss], settings.missing == "mask"

    def loss(output: Tensor, target: Tensor) -> Tensor:
        # in training, an ensemble returns the outputs of all its networks
        same = target if output.dim() == target.dim() else target.expand(len(output), *target.shape)
        return head.loss(output, same, missing=missing)

    return loss


def _resolved(settings: ForecasterSettings, table: Table, usual_rows: int) -> ForecasterSettings:
    """The settings with season and window decided; `usual_rows` has the training part of a usual series."""
    season = settings.season or table.frequency.season
    usual = min(max(2 * season, LEAST_WINDOW), LONGEST_WINDOW)
    fitting = max((usual_rows - settings.horizon) // 2, 1)  # half of it at the most
    at_least = settings.horizon if settings.future_covariates else 1
    window = settings.window or max(min(usual, fitting), at_least)
    return replace(settings, season=season, window=window)


def _long_enough(table: Table, splits: Sequence[Split], settings: ForecasterSettings) -> Table:
    """The series that have a sample in each part; InputError if none has."""
    needed = context_of(settings, SEASONAL if settings.residual == SEASONAL else LAST) + settings.horizon
    enough = [s.training >= needed and (not s.validation or s.validation >= settings.horizon) for s in splits]
    if all(enough):
        return table
    first = enough.index(False)
    series, split = table.series[first], splits[first]
    if any(enough):
        warnings.warn(
            f"{table.source}: {enough.count(False)} of {len(enough)} series are left out, since they are too short for "
            f"a window of {settings.window} and a horizon of {settings.horizon} in each part; the first is "
            f"{series.id!r} with {len(series.dates)} rows.",
            stacklevel=2,
        )
        return replace(table, series=tuple(s for s, is_enough in zip(table.series, enough, strict=True) if is_enough))
    whose = f" of series {series.id!r}" if series.id else ""
    if split.training < needed:
        raise InputError(
            f"{table.source}: the training part{whose} has {split.training} rows; a window of {settings.window} and a "
            f"horizon of {settings.horizon} need at least {needed} there: give more rows, a smaller window, or smaller "
            "parts for validation and test."
        )
    raise InputError(
        f"{table.source}: the validation part{whose} has {split.validation} rows, and a horizon of {settings.horizon} "
        "needs at least as many: make validation larger, or 0 for none."
    )
