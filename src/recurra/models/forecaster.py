"""A model of series: it reads a window of rows and predicts the next values."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
import torch

from recurra.data.arrays import Floats
from recurra.data.table import Table
from recurra.data.table_builder import make_table
from recurra.data.windows import Origins, origins
from recurra.errors import InputError
from recurra.evaluation.backtest import Evaluation, Forecasts, backtest, evaluate
from recurra.evaluation.conformal import Calibration
from recurra.models.estimator import Estimator
from recurra.models.fitting import FORECASTER, damaged, fit_network, read_model, usable_device
from recurra.models.forecaster_file import FORMAT, from_parts, to_parts
from recurra.models.forecaster_training import Prepared, loss_of, new_network, prepare, split_of
from recurra.models.origins import later_origins
from recurra.models.preparation import Preparation
from recurra.models.samples import Inputs
from recurra.settings.check import check, names_of
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.network import NamedCell
from recurra.training import Callback, Run, TrainingState
from recurra.training.run import MODEL, write_tensors

Data: TypeAlias = "Table | pd.DataFrame | pd.Series[Any] | str | Path"
PREDICTED_AT_ONCE = 1024


class Forecaster(Estimator, ForecasterSettings):
    """Learn what comes next in a series of numbers, or in many series at once.

    Attributes:
        settings_: the parameters that it was fitted with, checked.
        network_: the fitted network; it gives scaled corrections [B, H] for scaled windows [B, W, C].
        preparation_: how the columns are scaled, and what the network corrects.
        context_: the last rows seen, after which `predict` goes on.
        learnt_until_: the date of the last row learnt from.
        history_: after fit, one record an epoch.
        best_epoch_: after fit, the epoch whose weights the network has, counted from 1.
    """

    def fit(
        self,
        data: Data,
        *,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
        save_every_seconds: float = 1.0,
    ) -> Self:
        """Learn from every row given, but for the validation part.

        Args:
            data: a table, a DataFrame or a CSV or Parquet file: a column of dates and columns of numbers, or many
                series with columns `unique_id, ds, y`; see `make_table`.
            run: a run folder, in which the training is saved and from which it goes on if it had begun there.
            callbacks: see `Callback`.
            save_every_seconds: how often the run is saved at most, besides at the end.

        Returns:
            This model, fitted.

        Raises:
            InputError: a parameter is out of its range, the data is at fault or too short, or not that which the run
                began with.
            DivergenceError: the loss became NaN or infinite.
        """
        settings, preparation, table, parts = self._prepared(data)
        network = new_network(preparation)
        context = table.tail(preparation.context)
        until = max(series.dates[-1] for series in table.series)
        which = "best" if settings.keep == "best" else "model"

        def write_model(path: Path, state: TrainingState) -> None:
            write_tensors(path, *to_parts(settings, state.weights(which), preparation, context, until, None))

        state = fit_network(
            network,
            parts,
            settings,
            loss=loss_of(settings),
            fingerprint=table.fingerprint(),
            write_model=write_model,
            run=run,
            callbacks=callbacks,
            save_every_seconds=save_every_seconds,
        )
        network.load_state_dict(state.weights(which))
        self.settings_, self.network_ = settings, network.eval()
        self.preparation_, self.context_, self.learnt_until_ = preparation, context, until
        self.calibration_ = self._calibrated(table) if settings.validation else None
        self.history_ = state.history
        self.best_epoch_ = state.best_epoch if settings.keep == "best" else state.epoch
        if run is not None:
            self.save(run.path / MODEL)  # now with the calibration
        return self

    def check(self, data: Data) -> Preparation:
        """Raise whatever `fit` would raise before it begins to train; change nothing.

        Returns:
            How the rows would be prepared.
        """
        preparation = self._prepared(data).preparation
        new_network(preparation)
        return preparation

    def predict(self, data: "Data | None" = None, *, levels: Sequence[float] = ()) -> pd.DataFrame:
        """The next `horizon` values after the last row.

        Args:
            data: newer rows of the series, which may overlap with those that the model has seen; None: after the last
                row that it has seen. Columns known in advance need their coming values in rows whose target is empty.
            levels: prediction intervals, in percent.

        Returns:
            A row for each value: `unique_id` where there are many series, `ds`, `forecast`, and for each level
            `lo-90`, `hi-90`.

        Raises:
            InputError: the data is at fault, or there are too few validation forecasts for a level.
            NotFittedError: the model is not fitted.
        """
        self._check_fitted()
        table = self.context_ if data is None else self._ready(self.continued(data))
        forecasts = self.forecast(table, [np.array([len(s.dates)], dtype=np.int64) for s in table.series], levels)
        horizon = self.preparation_.settings.horizon
        columns: dict[str, Any] = {}
        if table.many:
            columns["unique_id"] = np.repeat([series.id for series in table.series], horizon)
        columns["ds"] = np.concatenate([table.following(series, horizon).to_numpy() for series in table.series])
        columns["forecast"] = forecasts.values.ravel()
        for level, (lower, upper) in forecasts.intervals.items():
            columns |= {f"lo-{level:g}": lower.ravel(), f"hi-{level:g}": upper.ravel()}
        return pd.DataFrame(columns)

    def forecast(self, table: Table, origins: Sequence[Origins], levels: Sequence[float] = ()) -> Forecasts:
        """Forecasts from any rows of a table, none of which sees a row at or after its origin.

        Args:
            table: the series.
            origins: for each series the rows at which a horizon begins, each with a window before it.
            levels: prediction intervals, in percent.

        Returns:
            Values [N, H], one series below the other.
        """
        self._check_fitted()
        half_widths = {level: self.half_width(level) for level in levels}
        values, units = self._before_the_exponential(table, origins)
        unlog = self.preparation_.unlog
        intervals = {level: (unlog(values - w * units), unlog(values + w * units)) for level, w in half_widths.items()}
        return Forecasts(unlog(values), intervals)

    def backtest(
        self,
        data: Data,
        *,
        folds: int = 5,
        step: int | None = None,
        refit: bool = False,
        levels: Sequence[float] = (),
        statistical: bool = False,
    ) -> Evaluation:
        """Forecast the last rows of each series from a rolling origin, with clones fitted on earlier rows, and score.

        Args:
            data: see `fit`.
            folds: origins of each series; the last horizon ends with the series.
            step: rows from one origin to the next; None: the horizon.
            refit: fit anew before each origin, and not before the first alone.
            levels: prediction intervals, in percent; they need `validation`.
            statistical: score AutoETS, AutoARIMA and Theta too; needs recurra[baselines].

        Returns:
            Predictions, scores beside what needs no model, skill, and a verdict; see `Evaluation`.

        Raises:
            InputError: the data is at fault or too short.
        """
        table = self.table_of(data)
        return backtest(
            lambda: type(self)(**self.get_params()),
            table,
            horizon=self.horizon,
            season=self.season or table.frequency.season,
            folds=folds,
            step=self.horizon if step is None else step,
            refit=refit,
            levels=levels,
            statistical=statistical,
        )

    def evaluate(
        self,
        data: Data,
        origins: Sequence[Origins] | None = None,
        *,
        levels: Sequence[float] = (),
        statistical: bool = False,
    ) -> Evaluation:
        """Score this fitted model's forecasts, none of which sees a row at or after its origin.

        Args:
            data: see `fit`; rows that the model remembers need not be in it.
            origins: for each series the rows at which a horizon begins; None: every row later than those that the model
                has learnt from, or, where there are none, every row that has a window before it.
            levels: prediction intervals, in percent.
            statistical: score AutoETS, AutoARIMA and Theta too.

        Raises:
            InputError: the data is at fault, or has too few rows, or too few later ones.
        """
        self._check_fitted()
        table, settings = self.continued(data), self.preparation_.settings
        if origins is None:
            context = self.preparation_.context
            origins = later_origins(table, context, settings.horizon, self.learnt_until_)
        return evaluate(
            self,
            table,
            origins,
            horizon=settings.horizon,
            season=settings.season or 1,
            levels=levels,
            statistical=statistical,
        )

    def score(self, data: Data) -> float:
        """Skill: 1 - RMSE / that of the best naive forecast, on the rows that `evaluate` takes.

        0 is no better than the best naive forecast, 1 is perfect.
        """
        return float(self.evaluate(data).skill["rmse"])

    def remember(self, data: Data) -> Self:
        """Let `predict` go on after the last row of `data`, without learning from it."""
        table = self.continued(data).tail(self.preparation_.context)
        newer = {series.id for series in table.series}
        others = tuple(series for series in self.context_.series if series.id not in newer)
        self.context_ = replace(table, series=table.series + others)
        return self

    @property
    def baseline_columns(self) -> tuple[str, ...]:
        """The other column whose last value was nearest in training, if one was: that value alone is a forecast too."""
        self._check_fitted()
        nearest = self.preparation_.nearest_column
        return (self.context_.columns[nearest],) if nearest > 0 else ()

    def supports(self, level: float) -> bool:
        """Whether the model can give prediction intervals of this level, in percent."""
        return self.calibration_ is not None and self.calibration_.supports(level)

    def save(self, path: str | Path) -> None:
        """Write all that prediction needs, with the last rows seen, into one safetensors file.

        Raises:
            NotFittedError: the model is not fitted.
            InputError: the file cannot be written; what was there before is unchanged.
        """
        self._check_fitted()
        fitted = self.preparation_, self.context_, self.learnt_until_, self.calibration_
        write_tensors(Path(path), *to_parts(self.settings_, self.network_.state_dict(), *fitted))

    @classmethod
    def load(
        cls, path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
    ) -> "Forecaster":
        """Read what `save` wrote.

        Args:
            path: the file.
            device: where to put the network; None: where it was trained.
            cells: cells of your own by name; see `recurra.load`.

        Raises:
            InputError: there is no such file, it is damaged or holds something else, or its cell is not known.
        """
        path = Path(path)
        tensors, data = read_model(path, FORECASTER, FORMAT)
        parts = from_parts(path, tensors, data, device, cells)
        network = new_network(parts.preparation)
        try:
            network.load_state_dict(parts.weights)
        except RuntimeError as error:
            raise damaged(path, "its weights do not fit its own configuration") from error
        model = cls(**{name: getattr(parts.settings, name) for name in names_of(ForecasterSettings)})
        model.settings_, model.network_, model.preparation_ = parts.settings, network.eval(), parts.preparation
        model.context_, model.learnt_until_, model.calibration_ = parts.context, parts.learnt_until, parts.calibration
        return model

    def _prepared(self, data: Data) -> Prepared:
        settings = self._checked()
        usable_device(settings.device)
        return prepare(settings, self.table_of(data))

    def _checked(self) -> ForecasterSettings:
        return check(ForecasterSettings, self.get_params(), type(self).__name__)

    def table_of(self, data: Data) -> Table:
        """The checked table that the data is, with the columns that the parameters name; see `make_table`."""
        settings = self._checked()
        return self._read(data, target=settings.target, covariates=settings.covariates, known=settings.known)

    def continued(self, data: Data) -> Table:
        """The table that the data is, read as what was learnt from, after those rows that the model remembers."""
        self._check_fitted()
        context = self.context_
        columns = {"target": context.target, "covariates": context.covariates, "known": context.known}
        table = self._read(data, **columns, frequency=context.frequency)
        return table.after(context, at_least=self.preparation_.context)

    def _ready(self, table: Table) -> Table:
        """The series that have rows enough for a forecast, if any has; a warning says which are left out."""
        short = [series for series in table.series if len(series.dates) < self.preparation_.context]
        if not short or len(short) == len(table.series):
            return table
        warnings.warn(
            f"{table.source}: {len(short)} of {len(table.series)} series are left out, since a forecast needs "
            f"{self.preparation_.context} rows; the first is {short[0].id!r} with {len(short[0].dates)}.",
            stacklevel=3,
        )
        return table.only({series.id for series in table.series} - {series.id for series in short})

    def _read(self, data: Data, **columns: Any) -> Table:
        if isinstance(data, Table):
            return data
        how: dict[str, Any] = {"date": self.date, "id": self.id, "missing": self.missing, "calendar": self.calendar}
        return make_table(data, **columns, **how)

    def half_width(self, level: float) -> Floats:
        """How far the interval of this level, in percent, reaches to either side at each step, [H], in scaled units.

        Raises:
            InputError: the model has no validation part, or too few forecasts of it for the level.
        """
        if self.calibration_ is None:
            raise InputError(
                "prediction intervals are calibrated on the validation part, and this model was trained without one; "
                "train it with validation, such as 0.15."
            )
        return self.calibration_.half_width(level)

    def _calibrated(self, table: Table) -> Calibration:
        """The errors of the validation part, each in its own unit."""
        preparation = self.preparation_
        horizon = preparation.settings.horizon
        places = []
        for series in table.series:
            split = split_of(preparation.settings, series)
            places.append(origins(split.bounds[1], split.bounds[2], preparation.context, horizon))
        values, units = self._before_the_exponential(table, places)
        truth = np.concatenate(
            [
                np.where(series.observed[:, 0], preparation.to_log(series.values[:, 0]), np.nan)[
                    first[:, None] + np.arange(horizon)
                ]
                for series, first in zip(table.series, places, strict=True)
            ]
        )
        return Calibration.of((values - truth) / units)

    @torch.inference_mode()
    def _before_the_exponential(self, table: Table, places: Sequence[Origins]) -> tuple[Floats, Floats]:
        """Forecasts [N, H] in units of the table, or their logarithms; and the unit of an error there, [N, 1]."""
        preparation = self.preparation_
        for series, first in zip(table.series, places, strict=True):
            if len(first) and first[0] < preparation.context:
                raise InputError(
                    f"{table.source}: a forecast needs {preparation.context} rows before it, and there are {first[0]}"
                    f"{f' in series {series.id!r}' if series.id else ''}; give more rows."
                )
        windows = preparation.samples(table, places, next(self.network_.parameters()).device)
        inputs, of = Inputs(preparation, windows), preparation.series_of(table, places)
        values, units = [np.empty((0, windows.horizon))], [np.empty((0, 1))]
        for index in torch.split(torch.arange(len(windows), device=windows.device), PREDICTED_AT_ONCE):
            answers = self.network_(inputs[index])
            value, unit = preparation.restore(answers, windows, index, of[index.cpu().numpy()])
            values.append(value)
            units.append(unit)
        return preparation.undifference(np.concatenate(values), table, places), np.concatenate(units)
