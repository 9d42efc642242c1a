"""The file of a fitted forecaster: weights, fitted transform, calibration and last rows, and their description."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor

from recurra.evaluation.conformal import Calibration
from recurra.evaluation.conformal_quantiles import QuantileCalibration
from recurra.forecasting.networks import network_of
from recurra.forecasting.plan import Plan, lag_of
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.transforms.chain import Transform
from recurra.models.model_file import FORECASTER, Contents, checked_part, damaged, read_model, settings_of
from recurra.models.networks import made_with_weights
from recurra.nn.heads import HEADS
from recurra.settings.base import ListOf, Settings
from recurra.settings.check import to_json
from recurra.settings.forecasting import COUNTING, ForecasterSettings
from recurra.settings.migration import migrated
from recurra.settings.network import NamedCell
from recurra.settings.reading import Decimal, Thousands
from recurra.tables.arrays import Integers, starts_of
from recurra.tables.as_given import as_given
from recurra.tables.columns import ID, LONGEST_ID
from recurra.tables.dates.date_numbers import MINUTES_PER_WEEK, WEEKDAYS
from recurra.tables.dates.frequency import Frequency, Unit
from recurra.tables.dates.zones import is_zone
from recurra.tables.form import DateUnit, Factors, Form, IdKind
from recurra.tables.static_covariates import StaticCovariates
from recurra.tables.table import Table
from recurra.tensor_files import part_of, write_tensors

FORMAT = 4
LARGEST_STEP = 100_000  # units between rows
LISTS_OF_FORM = "date_columns", "id_columns", "id_kinds", "units", "factors"
NOT_A_DATE = np.iinfo(np.int64).min  # NaT as a number
ANCHOR = rf"^(({'|'.join(WEEKDAYS)})( (-1|[1-4]))?|day (-1|[1-9]|[12][0-9]|3[01])|business day -?1)$"


def _existing(zone: str) -> str:
    if not is_zone(zone):
        raise ValueError(f"there is no time zone {zone!r}")
    return zone


Id = Annotated[str, Field(max_length=LONGEST_ID)]
Zone = Annotated[str, AfterValidator(_existing)]
MinuteOfWeek = Annotated[int, Field(ge=0, lt=MINUTES_PER_WEEK)]


@dataclass(frozen=True, kw_only=True)
class FrequencyDescription(Settings):
    """The time between rows; see `Frequency`."""

    unit: Unit
    every: Annotated[int, Field(ge=1, le=LARGEST_STEP)]
    at: Annotated[int, Field(ge=0, lt=24 * 3600)]
    anchor: Annotated[str, Field(pattern=ANCHOR)] | None
    slots: Annotated[ListOf[tuple[MinuteOfWeek, MinuteOfWeek]], Field(min_length=1)] | None
    calendar: str | None

    @model_validator(mode="after")
    def _has_an_anchor_of_its_unit(self) -> "FrequencyDescription":
        if self.anchor is not None and (self.unit == "week") != (self.anchor in WEEKDAYS):
            raise ValueError(f"anchor {self.anchor!r} is none of a {self.unit}")
        return self

    @model_validator(mode="after")
    def _has_ascending_slots(self) -> "FrequencyDescription":
        times = [minute for slot in self.slots or () for minute in slot]
        if times != sorted(times):
            raise ValueError("the slots are not in ascending order")
        return self


@dataclass(frozen=True, kw_only=True)
class FormDescription(Settings):
    """How a table was read; see `Form`."""

    decimal: Decimal | None = None
    thousands: Thousands | None = None
    dayfirst: bool | None = None
    date_unit: DateUnit | None = None
    zone: Zone | None = None
    date_columns: ListOf[str] = field(default_factory=list)
    id_columns: ListOf[str] = field(default_factory=list)
    provider: str | None = None
    adjust: str | None = None
    id_kinds: ListOf[IdKind] = field(default_factory=list)
    units: ListOf[str] = field(default_factory=list)
    instants: bool = False
    factors: ListOf[Factors] = field(default_factory=list)

    @model_validator(mode="after")
    def _has_a_zone_for_instants(self) -> "FormDescription":
        if self.instants and self.zone is None:
            raise ValueError("dates in UTC have no zone")
        return self


@dataclass(frozen=True, kw_only=True)
class ContextDescription(Settings):
    """The last rows seen, whose numbers are tensors.

    Attributes:
        ids: the series.
        rows: number of rows of each.
        future_rows: number of rows after these, of which the future covariates alone are known.
        target, past_covariates, future_covariates: names of the columns.
        frequency: time between rows.
        many: whether the table has a column of series ids.
        form: how the table was read; files of earlier versions do not say.
    """

    ids: Annotated[ListOf[Id], Field(min_length=1)]
    rows: ListOf[PositiveInt]
    future_rows: ListOf[NonNegativeInt]
    target: str
    past_covariates: ListOf[str]
    future_covariates: ListOf[str]
    frequency: FrequencyDescription
    many: bool
    form: FormDescription = field(default_factory=FormDescription)


@dataclass(frozen=True, kw_only=True)
class Description(Settings):
    """What a file holds besides tensors.

    Attributes:
        settings: settings of the fit; see `ForecasterSettings`.
        plan: what was decided about the table; see `Plan`.
        ids: the series of training.
        context: the last rows seen.
    """

    kind: Literal["forecaster"]
    format: Literal[4]
    settings: dict[str, Any]
    plan: dict[str, Any]
    ids: ListOf[Id]
    context: dict[str, Any]


def write_predictor(path: Path, predictor: Predictor, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a predictor to a file.

    Args:
        path: the file; an existing one is replaced.
        predictor: the predictor.
        weights: weights in place of those of its network.
    """
    context = predictor.context
    parts = {
        "network": predictor.network.state_dict() if weights is None else weights,
        "transform": {name: torch.from_numpy(array) for name, array in predictor.transform.state().items()},
        "context": _tensors_of(context, predictor.plan),
    }
    tensors = {f"{part}.{name}": tensor for part, own in parts.items() for name, tensor in own.items()}
    tensors["cutoffs"] = _as_nanoseconds(predictor.cutoffs)
    tensors["weight"] = torch.tensor(predictor.weight, dtype=torch.float64)
    if predictor.calibration is not None:
        tensors["calibration"] = torch.from_numpy(predictor.calibration.errors)
    described = {
        "kind": FORECASTER,
        "format": FORMAT,
        "settings": to_json(predictor.settings, ForecasterSettings),
        "plan": to_json(predictor.plan),
        "ids": list(predictor.transform.ids),
        "context": {
            "ids": list(context.ids),
            "rows": context.lengths.tolist(),
            "future_rows": np.diff(context.future_starts).tolist(),
            "target": context.target,
            "past_covariates": list(context.past_covariates),
            "future_covariates": list(context.future_covariates),
            "frequency": context.frequency.to_json(),
            "many": context.many,
            "form": asdict(context.form),
        },
    }
    write_tensors(path, tensors, described)


def read_predictor(path: Path, device: str | None, cells: Mapping[str, NamedCell] | None) -> Predictor:
    """Read a predictor from a file.

    Args:
        path: the file.
        device: device of the network; None for the device that it was trained on.
        cells: user-defined cells by name.

    Raises:
        InputError: if there is no such file, it is damaged or is not such a model, or its cell is unknown.
    """
    tensors, described = read_model(
        path, Description, FORECASTER, FORMAT, {1: _from_format_1, 2: _from_format_2, 3: _from_format_3}
    )
    settings = settings_of(path, ForecasterSettings, described.settings | {"max_unpacked": None}, device, cells)
    counts = {"counts": settings.loss == COUNTING}  # files of earlier versions do not say
    plan = checked_part(Plan, counts | described.plan, path, "plan")
    context = checked_part(ContextDescription, described.context, path, "context")
    if plan.horizon != settings.horizon:
        raise damaged(path, f"its settings have horizon {settings.horizon}, and its plan {plan.horizon}")
    try:
        transform = Transform.of(plan, described.ids).with_state(
            {name: tensor.numpy() for name, tensor in part_of(tensors, "transform").items()}
        )
        last_rows = _table_of(context, plan, part_of(tensors, "context"))
        probabilities = HEADS[settings.loss].probabilities
        errors = tensors.get("calibration")
        calibration = None if errors is None else _calibration_of(plan, errors, probabilities)
        cutoffs = _cutoffs_of(described.ids, tensors["cutoffs"])
        weight = _weight_of(tensors["weight"])
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise damaged(path, f"its parts do not fit each other ({error})") from error
    weights = part_of(tensors, "network")
    network = made_with_weights(path, lambda: network_of(settings, plan), settings, weights)
    return Predictor(settings, plan, transform, network.eval(), last_rows, cutoffs, weight, calibration)


def _tensors_of(table: Table, plan: Plan) -> dict[str, Tensor]:
    """Return all rows of all series, one below the other; dates as nanoseconds, words as codes."""
    static = [own.codes(table.static.columns[own.name]) for own in plan.static]
    return {
        "dates": _as_nanoseconds(table.dates),
        "values": torch.from_numpy(np.ascontiguousarray(table.values)),
        "observed": torch.from_numpy(np.ascontiguousarray(table.observed)),
        "future": torch.from_numpy(np.ascontiguousarray(table.future_values)),
        "future_dates": _as_nanoseconds(table.future_dates),
        **({"static": torch.from_numpy(np.column_stack(static))} if static else {}),
    }


def _table_of(described: ContextDescription, plan: Plan, tensors: dict[str, Tensor]) -> Table:
    """Put together what `_tensors_of` took apart.

    Raises:
        KeyError, TypeError, ValueError: if a part is missing or does not fit.
    """
    names = described.target, *described.past_covariates, *described.future_covariates
    if names != plan.names:
        raise ValueError(f"the columns are {', '.join(names)}, and those of the plan {', '.join(plan.names)}")
    if len(set(described.ids)) < len(described.ids) or (len(described.ids) > 1 and not described.many):
        raise ValueError(f"{len(described.ids)} series have {len(set(described.ids))} ids")
    counts = len(described.ids), len(described.rows), len(described.future_rows)
    if len(set(counts)) > 1:
        raise ValueError("there are {} ids, {} numbers of rows and {} of future rows".format(*counts))
    rows, coming = sum(described.rows), sum(described.future_rows)
    columns, futures = len(names), len(described.future_covariates)
    expected: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
        "dates": ((rows,), torch.int64),
        "values": ((rows, columns), torch.float64),
        "observed": ((rows, columns), torch.bool),
        "future": ((coming, futures), torch.float64),
        "future_dates": ((coming,), torch.int64),
    }
    if plan.static:
        expected["static"] = (len(described.ids), len(plan.static)), torch.float64
    if tensors.keys() != expected.keys():
        raise ValueError(f"context holds {', '.join(sorted(tensors))}; expected {', '.join(sorted(expected))}")
    for name, (shape, dtype) in expected.items():
        if tuple(tensors[name].shape) != shape or tensors[name].dtype != dtype:
            raise ValueError(f"context.{name} is {list(tensors[name].shape)} of {tensors[name].dtype}")
        if name != "static" and not bool(tensors[name].isfinite().all()):  # which may be missing
            raise ValueError(f"context.{name} has NaN or infinity")
    days, values, observed = (tensors[name].numpy() for name in ("dates", "values", "observed"))
    later_days, future = (tensors[name].numpy() for name in ("future_dates", "future"))
    starts, later_starts = starts_of(np.array(described.rows)), starts_of(np.array(described.future_rows))
    if not (_ascend(days, starts) and _ascend(later_days, later_starts)):
        raise ValueError("the dates of a series are not in ascending order")
    form = Form(**vars(described.form) | {name: tuple(getattr(described.form, name)) for name in LISTS_OF_FORM})
    as_given(pd.DataFrame({ID: described.ids}), form)  # ValueError if the ids are not of this form
    return Table(
        tuple(described.ids),
        starts,
        _as_dates(days),
        values,
        observed,
        later_starts,
        _as_dates(later_days),
        future,
        described.target,
        past_covariates=tuple(described.past_covariates),
        future_covariates=tuple(described.future_covariates),
        frequency=Frequency.from_json(asdict(described.frequency)),
        source="those that the model remembers",
        many=described.many,
        notes=(),
        form=form,
        static=StaticCovariates(
            {own.name: own.column(tensors["static"][:, place].numpy()) for place, own in enumerate(plan.static)}
        ),
    )


def _ascend(days: Integers, starts: Integers) -> bool:
    """Whether the days of each series are dates in ascending order."""
    later = np.diff(days) > 0
    between = starts[(starts > 0) & (starts < len(days))] - 1  # two series
    later[between] = True
    return bool(later.all()) and not bool((days == NOT_A_DATE).any())


def _cutoffs_of(ids: Sequence[str], dates: Tensor) -> pd.DatetimeIndex:
    if dates.shape != (len(ids),) or dates.dtype != torch.int64 or len(set(ids)) < len(ids):
        raise ValueError(f"cutoffs are {list(dates.shape)} of {dates.dtype}, and there are {len(set(ids))} ids")
    if int(dates.min()) == NOT_A_DATE:
        raise ValueError("a cutoff is no date")
    return _as_dates(dates.numpy())


def _weight_of(weight: Tensor) -> float:
    if weight.shape != () or weight.dtype != torch.float64 or not 0.0 <= float(weight) <= 1.0:
        raise ValueError(f"weight is {list(weight.shape)} of {weight.dtype}, expected a number from 0 to 1")
    return float(weight)


def _calibration_of(plan: Plan, errors: Tensor, probabilities: Sequence[float]) -> Calibration | QuantileCalibration:
    *quantiles, _, horizon = errors.shape if errors.dim() > 1 else (0, 0)
    expected = [len(probabilities)] if probabilities else []
    if quantiles != expected or horizon != plan.horizon or errors.dtype != torch.float64:
        raise ValueError(f"calibration is {list(errors.shape)} of {errors.dtype}")
    if probabilities:
        return QuantileCalibration(tuple(probabilities), errors.numpy())
    if bool((errors < 0.0).any()):
        raise ValueError("an error of the calibration is negative")
    return Calibration(errors.numpy())


def _from_format_1(contents: Contents) -> Contents:
    """Convert the contents of a file of format 1, in which no plan stands and names differ."""
    tensors, data = contents
    settings, old, resolved = migrated(data["parameters"]), data["preparation"], data["resolved"]
    context = {("past_covariates" if name == "covariates" else name): value for name, value in data["context"].items()}
    context["future_covariates"] = context.pop("known")
    names = [context["target"], *context["past_covariates"], *context["future_covariates"]]
    future = [name in context["future_covariates"] for name in names]
    flags = zip(names, future, old["log"], old["shared"], old["windowed"], strict=True)
    plan = {
        "horizon": settings["horizon"],
        "window": resolved["window"],
        "season": resolved["season"],
        "lag": lag_of(settings["scaling"], resolved["season"]),
        "base": old["base"],
        "base_column": old["base_column"],
        "nearest_column": old["nearest_column"],
        "scaling": settings["scaling"],
        "masked": settings["missing"] == "mask",
        "early": settings["horizon"] if any(future) else 0,
        "columns": [dict(zip(("name", "future", "log", "shared", "windowed"), flag, strict=True)) for flag in flags],
    }
    renamed = {name.replace("preparation.", "transform."): tensor for name, tensor in tensors.items()}
    if not any(future):  # rows without columns
        context["future_rows"] = [0] * len(context["ids"])
        renamed["context.future"] = torch.empty(0, 0, dtype=torch.float64)
    dates = pd.DatetimeIndex([pd.Timestamp(data["learnt_until"])] * len(old["ids"]))
    renamed["cutoffs"] = _as_nanoseconds(dates)
    renamed["transform.target_gain"] = torch.tensor(old["target_gain"], dtype=torch.float64)
    return renamed, {
        "kind": data["kind"],
        "format": 2,
        "settings": settings,
        "plan": plan,
        "ids": old["ids"],
        "context": context,
    }


def _from_format_2(contents: Contents) -> Contents:
    """Convert the contents of a file of format 2, in which a column of the plan may call `future` `known`."""
    tensors, data = contents
    columns = [
        {("future" if name == "known" else name): value for name, value in column.items()}
        for column in data["plan"]["columns"]
    ]
    return tensors, {**data, "format": 3, "plan": {**data["plan"], "columns": columns}}


def _from_format_3(contents: Contents) -> Contents:
    """Convert the contents of a file of format 3, which lacks the extent of each series, and has whole corrections."""
    tensors, data = contents
    unknown = torch.full((len(data["ids"]),), torch.inf, dtype=torch.float64)
    since = {"transform.least": -unknown, "transform.most": unknown, "weight": torch.tensor(1.0, dtype=torch.float64)}
    return tensors | since, {**data, "format": FORMAT}


def _as_nanoseconds(dates: pd.DatetimeIndex) -> Tensor:
    return torch.from_numpy(dates.to_numpy().astype("datetime64[ns]").view(np.int64))


def _as_dates(nanoseconds: Integers) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(nanoseconds.view("datetime64[ns]"))
