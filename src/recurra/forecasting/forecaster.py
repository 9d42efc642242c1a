"""Forecaster: reads a window of rows of a series and predicts the next values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd
from numpy.typing import ArrayLike

from recurra.errors import InputError
from recurra.evaluation.backtest import Evaluation
from recurra.evaluation.importance import PermutationImportance
from recurra.forecasting.arguments import BacktestArguments, CrossValidationArguments
from recurra.forecasting.clones import backtest_clones
from recurra.forecasting.importance import N_REPEATS, importance_on_data
from recurra.forecasting.networks import network_of
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.prepare import Prepared, prepare
from recurra.forecasting.read import Data, read_table, with_target
from recurra.forecasting.training import train_predictor, trained_again
from recurra.models.estimator import Estimator
from recurra.models.fitting import check_fit_arguments, usable_device
from recurra.models.networks import made
from recurra.nn.network import Ensemble, Network
from recurra.settings.check import check, names_of
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.network import NamedCell
from recurra.stages import stage
from recurra.tables.arrays import Integers
from recurra.tables.as_given import as_given
from recurra.tables.dates.zones import zoned
from recurra.tables.table import Table
from recurra.training import Callback, Run
from recurra.training.run_folder import MODEL


class Forecaster(Estimator, ForecasterSettings):
    """Recurrent network that predicts the next values of one or several series.

    `Forecaster()` has the recipe of `recurra forecast`, but no validation part: scaling and number of steps follow from
    the data, and the network predicts quantiles.

    Attributes:
        predictor_: what was fitted, immutable: the plan, the transform, the network, and the last rows seen.
        settings_: validated parameters with which the model was fitted.
        network_: fitted network; it maps scaled windows [B, W, C] to scaled corrections [B, H].
        context_: last rows seen, after which `predict` continues.
        cutoff_: date of the last training row.
        history_: one record per epoch of `fit`, or of `record_every` steps, and per network of an ensemble.
        best_epoch_: epoch, or record, of `fit` whose weights the network has, counted from 1; for an ensemble a list of
            them.

    Example:
        >>> days = pd.date_range("2024-01-01", periods=40)
        >>> sales = pd.Series([10.0, 20.0, 30.0, 40.0] * 10, index=days, name="sales")
        >>> model = Forecaster(units=8, window=8, horizon=2, season=4).fit(sales)
        >>> model.predict().round(1)
                  ds  forecast
        0 2024-02-10      10.0
        1 2024-02-11      20.0
    """

    predictor_: Predictor
    history_: list[dict[str, Any]]
    best_epoch_: int | list[int]

    def fit(
        self,
        data: "Data | Prepared",
        y: ArrayLike | None = None,
        *,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
        save_every_seconds: float = 1.0,
    ) -> Self:
        """Fit the model to all rows except the validation part.

        Args:
            data: table; DataFrame or Series of pandas, polars, pyarrow or another library that narwhals reads; path of
                a file; or open file, with a date column and numeric columns, or with several series in columns
                `unique_id, ds, y`; see `make_table`. Or what `prepare` returned.
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
        arguments = check_fit_arguments(type(self).__name__, run, callbacks, save_every_seconds)
        if isinstance(data, Prepared):
            if y is not None:
                raise InputError("Forecaster: y was given with prepared data, which holds the target; leave y out.")
            data.check_made_for(self._checked(), early=run is not None and run.is_of_format_1)
        prepared = data if isinstance(data, Prepared) else self._prepare(data, y, run)
        settings = prepared.settings
        unfitted = Predictor.before_training(prepared, made(lambda: network_of(settings, prepared.plan), settings))
        states = train_predictor(
            unfitted,
            prepared,
            run=run,
            callbacks=arguments.callbacks,
            save_every_seconds=arguments.save_every_seconds,
        )
        self.predictor_ = unfitted.calibrated(prepared)
        self.history_ = [record for state in states for record in state.history]
        best = [state.best_epoch if settings.restore_best else state.epoch for state in states]
        self.best_epoch_ = best[0] if len(best) == 1 else best
        if run is not None:
            self.save(run.file(MODEL))  # now with the calibration
        return self

    def refit(self, data: Data, *, callbacks: Sequence[Callback] = ()) -> Self:
        """Train the network again, from its initial weights, on all rows of the data, without a validation part.

        How long a training took that stopped early or kept its best weights stays that of `fit`, and so does what was
        decided about the table, but for what `scaling="auto"` decides. If that changes, as all rows show a season that
        fewer did not, a warning says so, and intervals are no longer calibrated; otherwise their calibration stays.

        Args:
            data: the data of the fit, with its validation part and newer rows; see `fit`.
            callbacks: see `Callback`.

        Returns:
            The model itself, which predicts the values after the last row of the data.

        Raises:
            InputError: if the data is invalid, too short, or has other columns.
            NotFittedError: if the model is not fitted.
        """
        self._check_fitted()
        callbacks = check_fit_arguments(type(self).__name__, None, callbacks).callbacks
        best = getattr(self, "best_epoch_", None)  # a loaded model has none
        epochs = max(best) if isinstance(best, list) else best
        self.predictor_ = trained_again(self.predictor_, data, rounds=epochs, callbacks=callbacks)
        return self

    def prepare(self, data: Data, y: ArrayLike | None = None, *, run: Run | None = None) -> Prepared:
        """Check everything that `fit` checks before training, and return what `fit` takes in place of the data.

        Args:
            data: see `fit`.
            y: see `fit`.
            run: run folder in which `fit` will continue a training; None for a new training.

        Raises:
            InputError: if a parameter is invalid, or the data is invalid or too short.
        """
        check_fit_arguments(type(self).__name__, run)
        prepared = self._prepare(data, y, run)
        made(lambda: network_of(prepared.settings, prepared.plan), prepared.settings)
        return prepared

    def predict(
        self,
        data: "Data | None" = None,
        *,
        h: int | None = None,
        levels: Sequence[float] = (),
        any_source: bool = False,
        **reading: Any,
    ) -> Any:
        """Predict the next values after the last row.

        Args:
            data: newer rows of the series, which may overlap with those that the model has seen; None predicts after
                the last row seen. Future values of columns known in advance are given in rows with an empty target.
                Static covariates of series that the model has seen may be left out; values that differ are used.
            h: number of values to predict, up to 1,000 times the horizon of the fit; None for that horizon. Values
                beyond it are predicted from the forecasts before them, not with past covariates, and the bounds of
                their intervals are NaN.
            levels: levels of the prediction intervals, in percent.
            any_source: whether downloaded bars may come from another provider than those of the fit, or be adjusted
                otherwise.
            reading: how the data is read, where this differs from the fit: the arguments `missing`, `decimal`,
                `thousands`, `dayfirst`, `encoding`, `sheet` and `max_unpacked` of the constructor.

        Returns:
            One row per value, with the columns `unique_id` if there are several series, the columns of ids if these are
            several, `ds`, `forecast`, and for each level its bounds, such as `lo-90` and `hi-90`. It is a frame of the
            library of the data, or of the fit, such as polars; of pandas for a file, and for a loaded model. Ids that
            were integers are integers, and `ds` has the time zone of the data; dates that were texts, periods or
            objects are of the type datetime.

        Raises:
            InputError: if the data is invalid, there are too few validation forecasts for a level, or h is beyond the
                horizon of a model with past covariates.
            NotFittedError: if the model is not fitted.
        """
        self._check_fitted()
        return self.predictor_.predict(data, h=h, levels=levels, any_source=any_source, **reading)

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
            levels: levels of the prediction intervals, in percent; they require `validation`, or a loss that predicts
                quantiles.
            statistical: whether to evaluate AutoETS, AutoARIMA and Theta as well; requires recurra[baselines].

        Returns:
            Predictions, scores next to the baselines, skill, and a verdict; see `Evaluation`.

        Raises:
            InputError: if the data is invalid or too short.
        """
        given = {"folds": folds, "step": step, "refit": refit, "levels": levels, "statistical": statistical}
        arguments = check(BacktestArguments, given, f"{type(self).__name__}.backtest", noun="argument")
        return backtest_clones(self, data, arguments, ("folds", "step"))

    def cross_validation(
        self,
        data: Data,
        *,
        h: int | None = None,
        n_windows: int = 1,
        step_size: int | None = None,
        refit: bool = False,
        levels: Sequence[float] = (),
    ) -> Any:
        """Return the predictions of `backtest` in the form that utilsforecast evaluates.

        Args:
            data: see `fit`.
            h: number of values to predict from each cutoff; None for the horizon of this model. The fitted clones have
                this horizon.
            n_windows: number of cutoffs of each series; the last horizon ends with the series.
            step_size: number of rows between two cutoffs; None for h.
            refit: whether to fit before each cutoff instead of only before the first.
            levels: levels of the prediction intervals, in percent; they require `validation`, or a loss that predicts
                quantiles.

        Returns:
            One row per predicted value, with the columns `unique_id`, `ds`, `cutoff` (the last row before the horizon),
            `y`, and one for each forecaster: the naive forecasts, and `recurra`, with bounds such as `recurra-lo-90`;
            those of naive forecasts are normal quantiles of their errors on the rows before the cutoff.

        Raises:
            InputError: if the data is invalid or too short.

        Example:
            >>> days = pd.date_range("2024-01-01", periods=40)
            >>> sales = pd.Series([10.0, 20.0, 30.0, 40.0] * 10, index=days, name="sales")
            >>> Forecaster(units=8, window=8, season=4, epochs=5).cross_validation(sales, h=2).columns.tolist()
            ['unique_id', 'ds', 'cutoff', 'y', 'persistence', 'seasonal naive', 'drift', 'recurra']
        """
        given = {"h": h, "n_windows": n_windows, "step_size": step_size, "refit": refit, "levels": levels}
        arguments = check(CrossValidationArguments, given, f"{type(self).__name__}.cross_validation", noun="argument")
        model = type(self)(**self.get_params() | ({} if arguments.h is None else {"horizon": arguments.h}))
        rolling = BacktestArguments(
            folds=arguments.n_windows, step=arguments.step_size, refit=arguments.refit, levels=arguments.levels
        )
        result = backtest_clones(model, data, rolling, ("n_windows", "step_size"))
        shown = result.arrays.frame(naive_intervals=True).drop(columns=["step", "last"])
        return as_given(shown, result.arrays.table.form, result.arrays.table.given)

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
        """Evaluate the forecasts of this fitted model. No forecast uses a row at or after its origin.

        Args:
            data: see `fit`; it may omit the last rows that the model has seen.
            origins: for each series, the indices of the first row of each horizon, after the last training row; None
                for all of these.
            levels: levels of the prediction intervals, in percent.
            statistical: whether to evaluate AutoETS, AutoARIMA and Theta as well; requires recurra[baselines].
            any_source: see `predict`.
            reading: see `predict`.

        Returns:
            Predictions, scores next to the baselines, skill, and a verdict; see `Evaluation`.

        Raises:
            InputError: if the data is invalid, has too few rows after the last training row, or an origin lies before.
        """
        self._check_fitted()
        return self.predictor_.evaluate(
            data, origins, levels=levels, statistical=statistical, any_source=any_source, **reading
        )

    def permutation_importance(self, data: "Data | Prepared", *, n_repeats: int = N_REPEATS) -> PermutationImportance:
        """Measure how much the forecasts of the validation part rely on each covariate.

        The importance of a covariate is the increase of their mean absolute error when its values are permuted among
        them; see `recurra.forecasting.importance`.

        Args:
            data: the data of `fit`, or what `prepare` returned.
            n_repeats: number of permutations.

        Returns:
            An object with `covariates`, `importances_mean`, `importances_std`, `importances` and `loss`.

        Raises:
            InputError: if the data differs from that of the fit, the model has no covariates, or its validation part
                has fewer than two forecasts.
            NotFittedError: if the model is not fitted.
        """
        self._check_fitted()
        return importance_on_data(self.predictor_, data, n_repeats)

    def score(self, data: Data, y: ArrayLike | None = None) -> float:
        """Return the skill: 1 - RMSE / RMSE of the best naive forecast, on the rows that `evaluate` uses.

        A perfect forecast has skill 1; skill 0 is no better than the best naive forecast. The arguments are those of
        `fit`.
        """
        return float(self.evaluate(with_target(data, y, self.target or "y")).skill["rmse"])

    def update_context(self, data: Data, *, any_source: bool = False, **reading: Any) -> Self:
        """Update the last rows seen, after which `predict` continues, without training on `data`; see `predict`."""
        self._check_fitted()
        self.predictor_ = self.predictor_.with_context(data, any_source=any_source, **reading)
        return self

    @property
    def settings_(self) -> ForecasterSettings:
        """The checked parameters with which the model was fitted."""
        return self.predictor_.settings

    @property
    def network_(self) -> Network | Ensemble:
        """The fitted network."""
        return self.predictor_.network

    @property
    def context_(self) -> Table:
        """The last rows seen."""
        return self.predictor_.context

    @property
    def cutoff_(self) -> Any:
        """The date of the last training row, or its number if the table has no dates."""
        return zoned(pd.DatetimeIndex([self.predictor_.cutoff]), self.context_.form)[0]

    def save(self, path: str | Path) -> None:
        """Save the fitted model, including the last rows seen, to one safetensors file.

        Raises:
            NotFittedError: if the model is not fitted.
            InputError: if the file cannot be written; an existing file is left unchanged.
        """
        self._check_fitted()
        self.predictor_.save(path)

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
        predictor = Predictor.load(path, device=device, cells=cells)
        model = cls(**{name: getattr(predictor.settings, name) for name in names_of(ForecasterSettings)})
        model.predictor_ = predictor
        return model

    def _prepare(self, data: Data, y: ArrayLike | None, run: Run | None) -> Prepared:
        settings = self._checked()
        usable_device(settings.device)
        table = read_table(settings, with_target(data, y, self.target or "y"))
        with stage(f"preparing {table.source}"):
            return prepare(settings, table, early=run is not None and run.is_of_format_1)

    def _checked(self) -> ForecasterSettings:
        return check(ForecasterSettings, self.get_params(), type(self).__name__)
