"""A fitted forecaster as tensors and JSON: weights, scaling, calibration, and the last rows it has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.errors import InputError
from recurra.evaluation.conformal import Calibration
from recurra.forecasting.preparation import Preparation
from recurra.models.fitting import FORECASTER, damaged, parameters_of
from recurra.settings.check import check, to_json
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.network import NamedCell
from recurra.tables.frequency import Frequency
from recurra.tables.table import Series, Table
from recurra.tensor_files import part_of

FORMAT = 1  # of the saved file


class Parts(NamedTuple):
    """What a file holds."""

    settings: ForecasterSettings
    weights: dict[str, Tensor]
    preparation: Preparation
    context: Table
    cutoff: pd.Timestamp
    calibration: Calibration | None


def to_parts(
    settings: ForecasterSettings,
    weights: Mapping[str, Tensor],
    preparation: Preparation,
    context: Table,
    cutoff: pd.Timestamp,
    calibration: Calibration | None,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All of a fitted model as tensors and JSON."""
    resolved = preparation.settings
    prepared, preparation_data = preparation.to_parts()
    rows, context_data = _table_to_parts(context)
    tensors = {f"network.{name}": tensor for name, tensor in weights.items()}
    tensors |= {f"preparation.{name}": tensor for name, tensor in prepared.items()}
    tensors |= {f"context.{name}": tensor for name, tensor in rows.items()}
    if calibration is not None:
        tensors["calibration"] = torch.from_numpy(calibration.errors)
    return tensors, {
        "kind": FORECASTER,
        "format": FORMAT,
        "parameters": to_json(settings, ForecasterSettings),
        "resolved": {"window": resolved.window, "season": resolved.season},
        "preparation": preparation_data,
        "context": context_data,
        "learnt_until": cutoff.isoformat(),
    }


def from_parts(
    path: Path,
    tensors: dict[str, Tensor],
    data: dict[str, Any],
    device: str | None,
    cells: Mapping[str, NamedCell] | None,
) -> Parts:
    """Put together what `to_parts` gave.

    Raises:
        InputError: something is missing.
    """
    try:
        parameters = parameters_of(path, data, device, cells)
        settings = check(ForecasterSettings, parameters, str(path))
        resolved = replace(settings, **data["resolved"])
        preparation = Preparation.from_parts(resolved, part_of(tensors, "preparation"), data["preparation"])
        context = _table_from_parts(part_of(tensors, "context"), data["context"])
        cutoff = pd.Timestamp(data["learnt_until"])
        calibration = Calibration(tensors["calibration"].numpy()) if "calibration" in tensors else None
    except InputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, "lacks parts of its configuration") from error
    return Parts(settings, part_of(tensors, "network"), preparation, context, cutoff, calibration)


def _table_to_parts(table: Table) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All rows of all series, one below the other; dates as nanoseconds since 1970."""
    tensors = {
        "dates": _as_nanoseconds([series.dates for series in table.series]),
        "values": torch.from_numpy(np.concatenate([series.values for series in table.series])),
        "observed": torch.from_numpy(np.concatenate([series.observed for series in table.series])),
        "future": torch.from_numpy(np.concatenate([series.future for series in table.series])),
        "future_dates": _as_nanoseconds([series.future_dates for series in table.series]),
    }
    return tensors, {
        "ids": [series.id for series in table.series],
        "rows": [len(series.dates) for series in table.series],
        "future_rows": [len(series.future) for series in table.series],
        "target": table.target,
        "covariates": list(table.past_covariates),
        "known": list(table.future_covariates),
        "frequency": table.frequency.to_json(),
        "many": table.many,
    }


def _table_from_parts(tensors: dict[str, Tensor], data: dict[str, Any]) -> Table:
    """Put together what `table_to_parts` gave."""
    ends, future_ends = np.cumsum(data["rows"])[:-1], np.cumsum(data["future_rows"])[:-1]
    parts = [np.split(tensors[name].numpy(), ends) for name in ("dates", "values", "observed")]
    parts += [np.split(tensors[name].numpy(), future_ends) for name in ("future", "future_dates")]
    series = tuple(
        Series(id_, _as_dates(days), values, observed, future, _as_dates(coming))
        for id_, days, values, observed, future, coming in zip(data["ids"], *parts, strict=True)
    )
    names = {"past_covariates": tuple(data["covariates"]), "future_covariates": tuple(data["known"])}
    frequency = Frequency.from_json(data["frequency"])
    source = "those that the model remembers"
    return Table(series, data["target"], **names, frequency=frequency, source=source, many=data["many"], notes=())


def _as_nanoseconds(dates: Sequence[pd.DatetimeIndex]) -> Tensor:
    return torch.from_numpy(np.concatenate([part.to_numpy().astype("datetime64[ns]").view(np.int64) for part in dates]))


def _as_dates(nanoseconds: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(nanoseconds.view("datetime64[ns]"))
