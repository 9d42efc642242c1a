"""Forecaster: reads a window of rows of a series and predicts the next values."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from recurra.errors import InputError
from recurra.evaluation.backtest import Evaluation, Forecasts, backtest, evaluate
from recurra.evaluation.conformal import Calibration
from recurra.forecasting.forecaster_file import FORMAT, from_parts, to_parts
from recurra.forecasting.forecaster_training import Prepared, loss_of, new_network, prepare, split_of
from recurra.forecasting.origins import check_later, later_origins
from recurra.forecasting.prediction import predict_log_scale
from recurra.forecasting.preparation import Preparation
from recurra.forecasting.windows import origins
from recurra.models.estimator import Estimator
from recurra.models.fitting import FORECASTER, damaged, fit_network, read_model, usable_device
from recurra.settings.check import check, names_of
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.network import NamedCell
from recurra.tables.arrays import Floats, Origins
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table
from recurra.tensor_files import write_tensors
from recurra.training import Callback, Run, TrainingState
from recurra.training.run_folder import MODEL

Data: TypeAlias = "Table | pd.DataFrame | pd.Series[Any] | str | Path"


class Forecaster(Estimator, ForecasterSettings):
    """Recurrent network that predicts the next values of one or several series.

    Attributes:
        settings_: validated parameters with which the model was fitted.
        network_: fitted network; it maps scaled windows [B, W, C] to scaled corrections [B, H].
        preparation_: scaling of the columns, and the baseline that the network corrects.
        context_: last rows seen, after which `predict` continues.
        cutoff_: date of the last training row.
        history_: one record per epoch of `fit`.
        best_epoch_: epoch of `fit` whose weights the network has, counted from 1.

    Example:
        >>> days = pd.date_range("2024-01-01", periods=40)
        >>> sales = pd.Series([10.0, 20.0, 30.0, 40.0] * 10, index=days, name="sales")
        >>> model = Forecaster(units=8, window=8, horizon=2, season=4, epochs=5).fit(sales)
        >>> model.predict().round(1)
                  ds  forecast
        0 2024-02-10      10.0
        1 2024-02-11      20.0
    """

    def fit(
        self,
        data: Data,
        y: ArrayLike | None = None,
        *,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
        save_every_seconds: float = 1.0,
    ) -> Self:
        """Fit the model to all rows except the validation part.

        Args:
            data: table, DataFrame, Series, or CSV or Parquet file, with a date column and numeric columns, or with
                several series in columns `unique_id, ds, y`; see `make_table`.
            y: values of the target for each row of a DataFrame without it, as scikit-learn passes them.
            run: run folder to which training is saved; training continues if the run has begun.
            callbacks: see `Callback`.
            save_every_seconds: minimum number of seconds between two saves of the run; it is always saved at the end.

        Returns:
            The fitted model itself.

        Raises:
            InputError: if a parameter is invalid, the data is invalid or too short, or it differs from that of the run.
            DivergenceError: if the loss becomes NaN or infinite.
        """
        settings, preparation, table, parts = self._prepared(self._with_target(data, y))
        network = new_network(preparation)
        context = table.tail(preparation.context)
        until = max(series.dates[-1] for series in table.series)

        def write_model(path: Path, state: TrainingState) -> None:
            weights = state.result(best=settings.restore_best)
            write_tensors(path, *to_parts(settings, weights, preparation, context, until, None))

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
        network.load_state_dict(state.result(best=settings.restore_best))
        self.settings_, self.network_ = settings, network.eval()
        self.preparation_, self.context_, self.cutoff_ = preparation, context, until
        self.calibration_ = self._calibrated(table) if settings.validation else None
        self.history_ = state.history
        self.best_epoch_ = state.best_epoch if settings.restore_best else state.epoch
        if run is not None:
            self.save(run.file(MODEL))  # now with the calibration
        return self

    def check(self, data: Data) -> Preparation:
        """Raise the errors that `fit` would raise before training, without training.

        Returns:
            The preparation that `fit` would use.
        """
        preparation = self._prepared(data).preparation
        new_network(preparation)
        return preparation

    def predict(self, data: "Data | None" = None, *, levels: Sequence[float] = ()) -> pd.DataFrame:
        """Predict the next `horizon` values after the last row.

        Args:
            data: newer rows of the series, which may overlap with those that the model has seen; None predicts after
                the last row seen. Future values of columns known in advance are given in rows with an empty target.
            levels: levels of the prediction intervals, in percent.

        Returns:
            One row per value, with the columns `unique_id` if there are several series, `ds`, `forecast`, and for each
            level its bounds, such as `lo-90` and `hi-90`.

        Raises:
            InputError: if the data is invalid, or there are too few validation forecasts for a level.
            NotFittedError: if the model is not fitted.
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
        """Forecast from the given rows of a table. No forecast uses a row at or after its origin.

        Args:
            table: the series.
            origins: for each series, the indices of the first row of each horizon; a window must precede each.
            levels: levels of the prediction intervals, in percent.

        Returns:
            Values [N, H], ordered by series.
        """
        self._check_fitted()
        half_widths = {level: self.half_width(level) for level in levels}
        found, unlog = predict_log_scale(self.network_, self.preparation_, table, origins), self.preparation_.unlog
        intervals = {
            level: (unlog(found.values - width * found.scale), unlog(found.values + width * found.scale))
            for level, width in half_widths.items()
        }
        return Forecasts(unlog(found.values), intervals, {p: unlog(q) for p, q in found.quantiles.items()})

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
        """Evaluate clones of this model, fitted on earlier rows, on the last rows of each series from a rolling origin.

        Args:
            data: see `fit`.
            folds: number of origins of each series; the last horizon ends with the series.
            step: number of rows between two origins; None for the horizon.
            refit: whether to fit before each origin instead of only before the first.
            levels: levels of the prediction intervals, in percent; they require `validation`.
            statistical: whether to evaluate AutoETS, AutoARIMA and Theta as well; requires recurra[baselines].

        Returns:
            Predictions, scores next to the baselines, skill, and a verdict; see `Evaluation`.

        Raises:
            InputError: if the data is invalid or too short.
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
        """Evaluate the forecasts of this fitted model. No forecast uses a row at or after its origin.

        Args:
            data: see `fit`; it may omit the last rows that the model has seen.
            origins: for each series, the indices of the first row of each horizon, after the last training row; None
                for all of these.
            levels: levels of the prediction intervals, in percent.
            statistical: whether to evaluate AutoETS, AutoARIMA and Theta as well; requires recurra[baselines].

        Returns:
            Predictions, scores next to the baselines, skill, and a verdict; see `Evaluation`.

        Raises:
            InputError: if the data is invalid, has too few rows after the last training row, or an origin lies before.
        """
        self._check_fitted()
        table, settings = self.continued(data), self.preparation_.settings
        if origins is None:
            origins = later_origins(table, self.preparation_.context, settings.horizon, self.cutoff_)
        check_later(table, origins, self.cutoff_)
        return evaluate(
            self,
            table,
            origins,
            horizon=settings.horizon,
            season=settings.season or 1,
            levels=levels,
            statistical=statistical,
        )

    def score(self, data: Data, y: ArrayLike | None = None) -> float:
        """Return the skill: 1 - RMSE / RMSE of the best naive forecast, on the rows that `evaluate` uses.

        A perfect forecast has skill 1; skill 0 is no better than the best naive forecast. The arguments are those of
        `fit`.
        """
        return float(self.evaluate(self._with_target(data, y)).skill["rmse"])

    def update_context(self, data: Data) -> Self:
        """Update the last rows seen, after which `predict` continues, without training on `data`."""
        table = self.continued(data).tail(self.preparation_.context)
        newer = {series.id for series in table.series}
        others = tuple(series for series in self.context_.series if series.id not in newer)
        self.context_ = replace(table, series=table.series + others)
        return self

    @property
    def baseline_columns(self) -> tuple[str, ...]:
        """The covariate whose last value was nearest to the target in training, if any; a naive forecast."""
        self._check_fitted()
        nearest = self.preparation_.nearest_column
        return (self.context_.columns[nearest],) if nearest > 0 else ()

    def supports(self, level: float) -> bool:
        """Return whether the model can compute prediction intervals of this level, in percent."""
        return self.calibration_ is not None and self.calibration_.supports(level)

    def save(self, path: str | Path) -> None:
        """Save the fitted model, including the last rows seen, to one safetensors file.

        Raises:
            NotFittedError: if the model is not fitted.
            InputError: if the file cannot be written; an existing file is left unchanged.
        """
        self._check_fitted()
        fitted = self.preparation_, self.context_, self.cutoff_, self.calibration_
        write_tensors(Path(path), *to_parts(self.settings_, self.network_.state_dict(), *fitted))

    @classmethod
    def load(
        cls, path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
    ) -> "Forecaster":
        """Load a model that `save` wrote.

        Args:
            path: the file.
            device: device of the network; None for the device that it was trained on.
            cells: user-defined cells by name; see `recurra.load`.

        Raises:
            InputError: if there is no such file, it is damaged or is not such a model, or its cell is unknown.
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
        model.context_, model.cutoff_, model.calibration_ = parts.context, parts.cutoff, parts.calibration
        return model

    def _with_target(self, data: Data, y: ArrayLike | None) -> Data:
        if y is None:
            return data
        name = self.target or "y"
        if not isinstance(data, pd.DataFrame) or name in data.columns:
            raise InputError(
                f"{type(self).__name__}: y was given, but the data is not a DataFrame without the column {name!r}; "
                "leave y out, or leave the target out of the DataFrame."
            )
        return data.assign(**{name: np.asarray(y)})

    def _prepared(self, data: Data) -> Prepared:
        settings = self._checked()
        usable_device(settings.device)
        return prepare(settings, self.table_of(data))

    def _checked(self) -> ForecasterSettings:
        return check(ForecasterSettings, self.get_params(), type(self).__name__)

    def table_of(self, data: Data) -> Table:
        """Return the data as a validated table with the columns named by the parameters; see `make_table`."""
        settings = self._checked()
        return self._read(
            data,
            target=settings.target,
            past_covariates=settings.past_covariates,
            future_covariates=settings.future_covariates,
        )

    def continued(self, data: Data) -> Table:
        """Return the data as a table read like the training data, preceded by the last rows that the model has seen."""
        self._check_fitted()
        context = self.context_
        columns = {
            "target": context.target,
            "past_covariates": context.past_covariates,
            "future_covariates": context.future_covariates,
        }
        table = self._read(data, **columns, frequency=context.frequency)
        return table.after(context, at_least=self.preparation_.context)

    def _ready(self, table: Table) -> Table:
        """Return the series with enough rows for a forecast, if any, and warn about the others."""
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
        """Return half the width [H] of the interval of this level, in percent, at each step, in scaled units.

        Raises:
            InputError: if the model has no validation part, or too few forecasts of it for the level.
        """
        if self.calibration_ is None:
            raise InputError(
                "prediction intervals are calibrated on the validation part, and this model was trained without one; "
                "train it with validation, such as 0.15."
            )
        return self.calibration_.half_width(level)

    def _calibrated(self, table: Table) -> Calibration:
        """Return the errors of the validation part, each divided by its scale."""
        preparation = self.preparation_
        horizon = preparation.settings.horizon
        places = []
        for series in table.series:
            split = split_of(preparation.settings, series)
            places.append(origins(split.bounds[1], split.bounds[2], preparation.context, horizon))
        found = predict_log_scale(self.network_, preparation, table, places)
        return Calibration.of((found.values - preparation.truth(table, places)) / found.scale)
