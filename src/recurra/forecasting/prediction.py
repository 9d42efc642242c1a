"""Run a fitted network on windows of a table, and convert its outputs to values in the units of the table."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from recurra.errors import InputError
from recurra.forecasting.preparation import Preparation
from recurra.forecasting.samples import WindowSamples
from recurra.nn.heads import HEADS
from recurra.tables.arrays import Floats, Origins
from recurra.tables.table import Table

PREDICTED_AT_ONCE = 1024


class LogScaleForecasts(NamedTuple):
    """Forecasts in units of the table, or their logarithms if the target is scaled by logarithms.

    Attributes:
        values: point forecasts, [N, H], ordered by series.
        scale: size of one scaled unit of the network's output, [N, 1].
        quantiles: quantiles by probability, [N, H] each.
    """

    values: Floats
    scale: Floats
    quantiles: Mapping[float, Floats]


@torch.inference_mode()
def predict_log_scale(
    network: nn.Module, preparation: Preparation, table: Table, origins: Sequence[Origins]
) -> LogScaleForecasts:
    """Forecast from origins of a table.

    Args:
        network: the fitted network.
        preparation: the scaling with which it was fitted.
        table: the series.
        origins: for each series, the indices of the first row of each horizon.

    Raises:
        InputError: if there are too few rows before an origin, or the head predicts quantiles of differences, which
            cannot be summed.
    """
    for series, first in zip(table.series, origins, strict=True):
        if len(first) and first[0] < preparation.context:
            raise InputError(
                f"{table.source}: a forecast needs {preparation.context} rows before it, and there are {first[0]}"
                f"{f' in series {series.id!r}' if series.id else ''}; give more rows."
            )
    head = HEADS[preparation.settings.loss]
    windows = preparation.samples(table, origins, next(network.parameters()).device)
    samples, of = WindowSamples(preparation, windows), preparation.series_of(table, origins)
    values, scales = [np.empty((0, windows.horizon))], [np.empty((0, 1))]
    quantiles: dict[float, list[Floats]] = {}
    for index in torch.split(torch.arange(len(windows), device=windows.device), PREDICTED_AT_ONCE):
        found, rows = head.forecast(network(samples.x(index), mask=windows.mask(index))), of[index.cpu().numpy()]
        value, scale = preparation.restore(found.point, windows, index, rows)
        values.append(value)
        scales.append(scale)
        for probability, quantile in found.quantiles.items():
            quantiles.setdefault(probability, []).append(preparation.restore(quantile, windows, index, rows)[0])
    if quantiles and preparation.lag:
        raise InputError(
            f"loss {preparation.settings.loss} predicts quantiles, and quantiles of differences cannot be summed; "
            "choose a scaling without differences."
        )
    return LogScaleForecasts(
        preparation.undifference(np.concatenate(values), table, origins),
        np.concatenate(scales),
        {probability: np.concatenate(parts) for probability, parts in quantiles.items()},
    )
