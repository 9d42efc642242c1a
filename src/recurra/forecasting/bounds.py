"""What the values of each series say about its forecasts: their lower bound, and whether the network can read it."""

import warnings
from dataclasses import replace

import numpy as np

from recurra.errors import counted, shown
from recurra.forecasting.plan import what_is_taken
from recurra.forecasting.transforms.chain import Transform
from recurra.forecasting.transforms.steps import Extent
from recurra.tables.arrays import Floats
from recurra.tables.origins import Origins
from recurra.tables.table import Table


def lower_bounds(transform: Transform, table: Table, origins: Origins) -> Floats:
    """Return the lower bound of each forecast: the one that is set, or 0 if no known value of its series is negative.

    A negative value counts in rows after the origin too: it says which unit the values have, and not what comes next.

    Args:
        transform: the fitted chain; what it has seen of each series counts too.
        table: the series.
        origins: the origins of the forecasts, [N].

    Returns:
        The bounds, [N, 1]; -inf where there is none.
    """
    if (lower := transform.plan.lower) is not None:
        return np.full((len(origins.rows), 1), lower)
    least = np.minimum(table.least, transform.step(Extent).least[transform.places(table)])
    return np.where(least < 0.0, -np.inf, 0.0)[origins.series][:, None]


def with_negative(transform: Transform, table: Table) -> Transform:
    """Return the chain that has seen which series of a table, to which it was fitted, are negative in newer rows."""
    extent, places = transform.step(Extent), transform.places(table)
    least = extent.least.copy()
    least[places] = np.minimum(least[places], np.where(table.least < 0.0, table.least, np.inf))
    extent = replace(extent, least=least)
    return replace(transform, steps=tuple(extent if isinstance(step, Extent) else step for step in transform.steps))


def warn_of_series_not_taken(table: Table, transform: Transform) -> None:
    """Warn of series of a table that have values which the scaling cannot take."""
    refused = np.flatnonzero(~transform.takes(table)).tolist()
    if not refused:
        return
    id_, others = table.ids[refused[0]], len(refused) - 1
    whose = f" of series {shown(id_)}" if id_ else ""
    which = f"this and {counted(others, 'other series', 'other series')}" if others else "this series"
    warnings.warn(
        f"{table.source}: {what_is_taken(transform.plan.scaling)}, and the smallest{whose} is "
        f"{table.least[refused[0]]:g}; the last value is the forecast of {which}; train again on these rows.",
        stacklevel=5,
    )
