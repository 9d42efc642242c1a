"""Predictor: a fitted forecaster, immutable; it forecasts from any origin of a table, and after its last row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch

from recurra.errors import InputError, listed, shown
from recurra.evaluation.backtest import Evaluation, evaluate
from recurra.evaluation.conformal import Answers, Bands, Calibration, check_interval
from recurra.evaluation.conformal_quantiles import QuantileCalibration, calibration_of
from recurra.evaluation.predictions import Forecasts
from recurra.files import path_of
from recurra.forecasting.answers import deserved_weight, with_last_values, with_weight
from recurra.forecasting.arguments import EvaluationArguments, ForecastArguments, NewerRowsArguments
from recurra.forecasting.bounds import lower_bounds, warn_of_series_not_taken, with_negative
from recurra.forecasting.continuation import check_horizon, following_rows
from recurra.forecasting.plan import Plan
from recurra.forecasting.prepare import Prepared
from recurra.forecasting.read import Data, read_table, settings_of_newer_rows
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.static_inputs import warn_of_unseen_words, with_known_static
from recurra.forecasting.transforms.chain import Transform
from recurra.nn.heads import HEADS
from recurra.nn.network import Ensemble, Network
from recurra.settings.check import check
from recurra.settings.forecasting import PREDICTING_MEDIANS, ForecasterSettings
from recurra.settings.network import NamedCell
from recurra.stages import stage
from recurra.tables.arrays import Floats, Integers
from recurra.tables.as_given import as_given
from recurra.tables.origins import NEVER, Origins, check_later, check_origins, checked_origins
from recurra.tables.table import Table
from recurra.threads import one_thread
from recurra.training.batches import EVALUATED_AT_ONCE

NETWORK, CONSTANT, LAST_VALUE = "network", "constant", "last value"  # methods of forecasts


@dataclass(frozen=True, eq=False)
class Predictor:
    """What a fit leads to: everything that forecasts need.

    Attributes:
        settings: the checked settings of the fit.
        plan: what was decided about the table.
        transform: the chain of transforms, fitted to the training rows.
        network: the fitted network; it maps scaled windows [B, W, C] to scaled corrections [B, H].
        context: the last rows seen, after which `predict` continues.
        cutoffs: date of the last row of each series of the fit, [S]; none of these rows is evaluated.
        weight: weight of the correction by the network, 0 to 1; at 0 the forecast is the one that it corrects.
        calibration: errors on the validation part, from which intervals are computed; None without that part.
    """

    settings: ForecasterSettings
    plan: Plan
    transform: Transform
    network: Network | Ensemble = field(repr=False)
    context: Table = field(repr=False)
    cutoffs: pd.DatetimeIndex
    weight: float = 1.0
    calibration: Calibration | QuantileCalibration | None = field(default=None, repr=False)

    @classmethod
    def before_training(cls, prepared: Prepared, network: Network | Ensemble) -> Self:
        """Return the predictor of a network that is about to be trained."""
        table = prepared.table
        context = table.tail(prepared.plan.context)
        return cls(prepared.settings, prepared.plan, prepared.transform, network, context, table.last_dates)

    @property
    def cutoff(self) -> pd.Timestamp:
        """The date of the last row of the fit."""
        return self.cutoffs.max()

    def calibrated(self, prepared: Prepared) -> Self:
        """Return the predictor of the trained network, calibrated on the validation part if there is one."""
        self.network.eval()
        if prepared.validation is None:
            return self
        before = self.transform.before(prepared.table, prepared.validation)
        truth = self.transform.truth(prepared.table, prepared.validation)
        truth[self.transform.is_constant(prepared.table, prepared.validation)] = np.nan  # the network forecasts others
        samples = prepared.parts[1]
        found, weight = self.answered(samples, before), self.weight
        if self.plan.base == "level" and np.isfinite(truth).any():
            corrected = self._corrected(samples, before)
            weight = deserved_weight(found, corrected, truth)
            found = found if weight == 1.0 else with_weight(found, corrected, weight)
        return replace(self, weight=weight, calibration=calibration_of(found, truth))

    def _corrected(self, samples: WindowSamples, before: Floats) -> Floats:
        """Return the forecasts that the network corrects, on the additive scale, [N, H]."""
        windows = samples.windows
        none = torch.zeros(EVALUATED_AT_ONCE, self.plan.horizon, device=windows.device)
        every = torch.split(torch.arange(len(windows), device=windows.device), EVALUATED_AT_ONCE)
        parts = [self.transform.inverse(none[: len(i)], windows, i, before[i.cpu().numpy()]) for i in every]
        return np.concatenate(parts)

    def predict(
        self,
        data: "Data | None" = None,
        *,
        h: int | None = None,
        levels: Sequence[float] = (),
        any_source: bool = False,
        **reading: Any,
    ) -> Any:
        """Predict the rows after the last one; see `Forecaster.predict`."""
        given = {"h": h, "levels": levels, "any_source": any_source, **reading}
        arguments = check(ForecastArguments, given, "Forecaster.predict", noun="argument")
        if arguments.h is not None:
            check_horizon(arguments.h, self.plan.horizon, "h")
        table = self.context if data is None else self.continued(data, arguments)
        short = table.lengths < self.plan.context
        if short.any():
            self._check_newer(table.where(short))
        predictor = self.with_series(table)
        return as_given(predictor.next_values(table, arguments.levels, arguments.h), table.form, table.given)

    def next_values(self, table: Table, levels: Sequence[float] = (), h: int | None = None) -> pd.DataFrame:
        """Predict the `h` rows after the last ones of a table, with local dates and ids as texts."""
        return following_rows(self, table, levels, self.plan.horizon if h is None else h)

    def forecast(
        self, table: Table, origins: Origins, levels: Sequence[float] = (), *, quantiles: bool = True
    ) -> Forecasts:
        """Forecast from the given rows of a table. No forecast uses a row at or after its origin.

        Args:
            table: the series.
            origins: the origins; at least one row must precede each.
            levels: levels of the prediction intervals, in percent.
            quantiles: whether the quantiles that the network predicts are wanted, if it predicts any.

        Returns:
            Values [N, H], ordered by series.

        Raises:
            InputError: if there are too few rows before an origin, the table has unknown series, or there are too few
                validation forecasts for a level.
        """
        bands = self.bands
        for level in levels:
            check_interval(level, bands)
        check_origins(table, origins, 1, 0)
        transform, least = self.transform, lower_bounds(self.transform, table, origins)
        places = origins.spread(transform.places(table))
        by_network = (origins.rows >= self.plan.needed) & transform.takes(table)[origins.series]
        constant = transform.is_constant(table, origins)
        with stage(f"forecasting {table.source}"):
            read = origins.where(by_network)
            windows = transform.windows(transform.transform(table), table, read, next(self.network.parameters()).device)
            samples = WindowSamples(windows, transform.window, self.plan)
            found = self.answered(samples, transform.before(table, read), quantiles=quantiles or bool(levels))
        if not by_network.all():
            found = with_last_values(found, by_network, *transform.last(table, origins))
        last = table.values[origins.of_table(table) - 1, :1]
        # the interval of a negative last value without a logarithm is that of its absolute value, moved
        is_moved = ~by_network[:, None] & (last < 0.0) & self.plan.columns[0].log
        moved = np.where(is_moved, 2.0 * last, 0.0) if is_moved.any() else 0.0
        all_by_network = by_network.all() and not constant.any()

        def to_units(values: Floats, *, whole: bool = True) -> Floats:
            converted = np.maximum(transform.to_units(values, places, whole=whole) + moved, least)
            if all_by_network:
                return converted
            # a last value is that of the table to the last digit, also where it has no logarithm, which is NaN
            is_last = ~by_network[:, None] & ((values == found.point) | np.isnan(converted))
            return np.where(constant[:, None] | is_last, last, converted)

        point = to_units(found.point, whole=self.settings.loss in PREDICTING_MEDIANS)
        methods = np.where(constant, CONSTANT, np.where(by_network, NETWORK, LAST_VALUE))
        if bands is None or not (quantiles or levels):
            return Forecasts(point, methods=methods)
        intervals = {
            level: (to_units(low), to_units(high)) for level, (low, high) in bands.intervals(found, levels).items()
        }
        every = bands.quantiles(found) if quantiles else {}
        predicted = {p: to_units(values) for p, values in every.items()}
        return Forecasts(point, intervals, predicted, methods)

    def evaluate(
        self,
        data: Data,
        origins: Sequence[Integers] | None = None,
        *,
        levels: Sequence[float] = (),
        statistical: bool = False,
        any_source: bool = False,
        **reading: Any,
    ) -> Evaluation:
        """Evaluate forecasts on rows later than the training rows; see `Forecaster.evaluate`."""
        given = {"levels": levels, "statistical": statistical, "any_source": any_source, **reading}
        arguments = check(EvaluationArguments, given, "Forecaster.evaluate", noun="argument")
        table = self.continued(data, arguments)
        if origins is None:
            before = np.where(self.transform.unseen(table), self.plan.context, self.plan.needed)
            places = Origins.after(table, self._cutoffs_of(table), before, self.plan.horizon)
        else:
            places = checked_origins(table, origins)
        check_origins(table, places, self.plan.needed, self.plan.horizon)
        check_later(table, places, self._cutoffs_of(table))
        predictor = self.with_series(table, np.where(places.first > 0, places.first, table.lengths))
        return predictor._evaluated(table, places, arguments.levels, arguments.statistical)

    def validate(self, prepared: Prepared, *, levels: Sequence[float] = ()) -> Evaluation:
        """Evaluate forecasts on the validation part of the table that the predictor was fitted to.

        Its rows have selected the weights and calibrated the intervals, so that these scores are a little too good.
        """
        assert prepared.validation is not None
        return self._evaluated(prepared.table, prepared.validation, levels, False)

    def continued(self, data: Data, arguments: NewerRowsArguments) -> Table:
        """Return the data as a table read like the training data, preceded by the last rows that the model has seen.

        Args:
            data: newer rows.
            arguments: what is said about them.
        """
        context, settings = self.context, settings_of_newer_rows(self.settings, arguments, data)
        table = read_table(
            settings,
            data,
            self.columns,
            context.frequency,
            self.transform.ids,
            context.form,
            any_source=arguments.any_source,
        )
        table = self.checked_columns(table)
        warn_of_unseen_words(table, self.plan.static)
        warn_of_series_not_taken(table, self.transform)
        return table.after(context, at_least=self.plan.context)

    @property
    def columns(self) -> dict[str, Any]:
        """Names of the target and of the covariates, and of those that are words, as `make_table` takes them."""
        context = self.context
        return {
            "target": context.target,
            "past_covariates": context.past_covariates,
            "future_covariates": context.future_covariates,
            "static_covariates": context.static.names,
            "known_words": [plan.name for plan in self.plan.static if plan.categories is not None],
        }

    def checked_columns(self, table: Table) -> Table:
        """Return a table with the static covariates that it lacks, as far as they are known.

        Raises:
            InputError: if it has other columns than that of the fit.
        """
        if table.columns != self.plan.names:
            raise InputError(
                f"{table.source}: its columns are {listed(table.columns)}; the model was fitted to "
                f"{listed(self.plan.names)}, in this order."
            )
        return with_known_static(table, self.context)

    def with_context(self, data: Data, *, any_source: bool = False, **reading: Any) -> Self:
        """Return the predictor with newer last rows seen; see `Forecaster.update_context`."""
        given = {"any_source": any_source, **reading}
        arguments = check(NewerRowsArguments, given, "Forecaster.update_context", noun="argument")
        table = self.continued(data, arguments)
        self._check_newer(table)
        predictor = self.with_series(table)
        context = self.context.with_series(table.tail(self.plan.context)).in_order(predictor.transform.ids)
        return replace(predictor, context=context, transform=with_negative(predictor.transform, table))

    def with_series(self, table: Table, training: Integers | None = None) -> Self:
        """Return the predictor for the series of a table too that it was not fitted to (cold start).

        Their levels, scales and seasonal indices are estimated on their own rows; the network stays as it is.

        Args:
            table: the series.
            training: number of rows of each on which these are estimated, [S]; None: all rows.

        Raises:
            InputError: if the model was fitted to one series without an id and the table has ids, or the reverse.
        """
        unseen = self.transform.unseen(table)
        if not unseen.any():
            return self
        self.transform.check_ids(table)
        counts = (table.lengths if training is None else training)[unseen]
        new = table.where(unseen)
        last = new.dates.to_numpy()[new.starts[:-1] + counts - 1]
        cutoffs = pd.DatetimeIndex(np.concatenate([self.cutoffs.to_numpy(), last]))
        return replace(self, transform=self.transform.with_series(new, counts), cutoffs=cutoffs)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the series of the fit."""
        return self.transform.ids

    @property
    def baseline_columns(self) -> tuple[str, ...]:
        """The covariate whose last value was nearest to the target in training, if any; a naive forecast."""
        nearest = self.plan.nearest_column
        return (self.plan.names[nearest],) if nearest > 0 else ()

    def save(self, path: str | Path) -> None:
        """Save the predictor to one safetensors file; see `Forecaster.save`."""
        from recurra.forecasting.model_file import write_predictor

        write_predictor(path_of(path), self)

    @classmethod
    def load(
        cls, path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
    ) -> "Predictor":
        """Load a predictor that `save` wrote; see `Forecaster.load`."""
        from recurra.forecasting.model_file import read_predictor

        return read_predictor(path_of(path), device, cells)

    def supports(self, level: float) -> bool:
        """Return whether prediction intervals of this level, in percent, can be computed."""
        return self.bands is not None and self.bands.supports(level)

    @property
    def bands(self) -> Bands | None:
        """What makes intervals: the calibration, or the quantiles of the head as they are; None if there are none."""
        probabilities = HEADS[self.settings.loss].probabilities
        if self.calibration is None and probabilities:
            return QuantileCalibration.none(probabilities, self.plan.horizon)
        return self.calibration

    def _evaluated(self, table: Table, origins: Origins, levels: Sequence[float], statistical: bool) -> Evaluation:
        return evaluate(
            self,
            table,
            origins,
            horizon=self.plan.horizon,
            season=self.plan.season,
            levels=levels,
            statistical=statistical,
        )

    @torch.inference_mode()
    def answered(self, samples: WindowSamples, before: Floats, *, quantiles: bool = True) -> Answers:
        """Run the network on samples, and convert its answers to the additive scale.

        Args:
            samples: the samples.
            before: target on the additive scale in the rows before each origin; see `Transform.before`.
            quantiles: whether predicted quantiles are wanted.

        Raises:
            InputError: if the head predicts quantiles of differences, which cannot be summed.
        """
        head, windows, transform = HEADS[self.settings.loss], samples.windows, self.transform
        if head.probabilities and self.plan.lag:
            raise InputError(
                f"loss {self.settings.loss} predicts quantiles, and quantiles of differences cannot be summed; "
                "choose a scaling without differences."
            )
        probabilities = head.probabilities if quantiles else ()
        values = np.empty((1 + len(probabilities), len(windows), self.plan.horizon))  # point forecasts, then quantiles
        scales = np.empty((len(windows), 1))
        for start in range(0, len(windows), EVALUATED_AT_ONCE):
            own = slice(start, min(start + EVALUATED_AT_ONCE, len(windows)))
            index = torch.arange(own.start, own.stop, device=windows.device)
            with one_thread(brief=True):
                output = self.network(**samples.inputs(index))
                found = head.forecast(output, transform.window.scale(windows, index))
                answers = torch.stack([found.point, *(found.quantiles[p] for p in probabilities)])
                if self.weight < 1.0:
                    answers = answers + (self.weight - 1.0) * found.point
                values[:, own] = transform.inverse(answers, windows, index, before[own])
                scales[own] = transform.error_scale(windows, index)
        return Answers(values[0], scales, dict(zip(probabilities, values[1:], strict=True)))

    def _check_newer(self, table: Table) -> None:
        """Raise an InputError if a series ends before the last row seen."""
        places = self.context.places_of(table.ids)
        earlier = (places >= 0) & (table.last_dates < self.context.last_dates[places])
        if earlier.any():
            place = int(earlier.argmax())
            id_, end, last = table.ids[place], table.last_dates[place], self.context.last_dates[places[place]]
            whose = f" of series {shown(id_)}" if id_ else ""
            raise InputError(
                f"{table.source}: its last date{whose}, {table.shown_date(end)}, is before the last "
                f"that the model has seen, {table.shown_date(last)}; give newer rows."
            )

    def _cutoffs_of(self, table: Table) -> pd.DatetimeIndex:
        """Return the date of the last training row of each series of a table; before all dates if it has none, [S]."""
        if table.ids == self.transform.ids:
            return self.cutoffs
        places = np.array([self.transform.place_of.get(id_, -1) for id_ in table.ids], dtype=np.int64)
        return pd.DatetimeIndex(np.append(self.cutoffs.to_numpy(), NEVER.to_numpy())[places])
