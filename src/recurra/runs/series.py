"""The forecasting cases: read a table, split off a test part, train, score, predict and plot."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np
import pandas as pd

from recurra.errors import InputError, counted, series_left_out, shown
from recurra.evaluation.backtest import Evaluation
from recurra.evaluation.baselines import statistical_models
from recurra.files import replace_file
from recurra.forecasting.forecaster import Forecaster
from recurra.forecasting.importance import no_covariate_matters, permutation_importance
from recurra.forecasting.plan import require_positive
from recurra.forecasting.prepare import Prepared
from recurra.forecasting.read import read_table
from recurra.nn.heads import HEADS
from recurra.report.forecasts import forecast_plot, residuals_plot
from recurra.report.importance import importance_plot
from recurra.report.parameters import parameters_text
from recurra.report.plots import training_curves
from recurra.runs.load import load
from recurra.runs.newer_rows import newer_rows
from recurra.runs.titles import layer_titles
from recurra.settings.cases import ProviderChoice, SeriesSettings
from recurra.settings.check import check, to_json
from recurra.settings.forecasting import ForecasterSettings, transformations_of
from recurra.sources.bundled import bundled, bundled_symbols
from recurra.sources.download import day_of, download
from recurra.sources.origin import BUNDLED, Origin
from recurra.stages import stage
from recurra.tables.as_given import as_given
from recurra.tables.files.spreadsheet import to_csv
from recurra.tables.origins import Origins
from recurra.tables.split import Split, Splits, may_be_left_out
from recurra.tables.table import Table
from recurra.training import Callback, Run
from recurra.training.run_folder import FILES, INFO, MODEL, PARAMETERS, SCORES

CURVES, FORECAST, RESIDUALS, IMPORTANCE = "training.png", "forecast.png", "residuals.png", "importance.png"
PREDICTIONS, NEXT = "predictions.csv", "forecast.csv"  # forecasts of the test part; forecasts after the last row
MOST_PREDICTIONS = 1_000_000  # rows that are written unasked; a spreadsheet opens hardly more


class SeriesCase:
    """A forecasting case: trains a model of a table and reports its scores."""

    files: ClassVar[tuple[str, ...]] = (PARAMETERS, CURVES, NEXT, PREDICTIONS, FORECAST, RESIDUALS, IMPORTANCE, SCORES)

    def __init__(self, settings: SeriesSettings) -> None:
        self.settings = settings
        self.model = Forecaster(**to_json(settings, ForecasterSettings))
        rows, origin = _rows(settings)
        table = read_table(settings, rows, origin=origin)
        if origin is not None and settings.symbol is not None:
            table = replace(table, source=settings.symbol.upper())
        self.table = table.between(day_of(settings.start, "start"), day_of(settings.end, "end"))
        self.test = self._test_rows()
        if 0 < self.test < settings.horizon:
            raise InputError(
                f"{self.table.source}: a test part of {counted(self.test, 'row')} is shorter than the horizon of "
                f"{settings.horizon}; make test larger, or 0 for none."
            )
        if gone := [self.table.ids[place] for place in np.flatnonzero(self.table.lengths <= self.test).tolist()]:
            why = f"as no rows remain before the {counted(self.test, 'test row')}"
            warnings.warn(
                f"{self.table.source}: {series_left_out(gone, len(self.table.ids), why, of='the scores')}",
                stacklevel=3,
            )
        self.fingerprint = self.table.fingerprint()
        self.prepared: Prepared | None = None
        self.asked_for = (PREDICTIONS,) if settings.predictions and self.test else ()
        self.callbacks: Sequence[Callback] = ()
        self.following: pd.DataFrame | None = None

    def check(self) -> None:
        """Raise the errors that would occur during and after training, before it begins."""
        settings, table = self.settings, self.table
        adjusted = settings.data is None and settings.adjust == "qfq" and "log" in settings.scaling
        if adjusted and (table.values[:, 0] <= 0.0).any():
            raise InputError(
                f"{table.source}: its earlier prices are not positive, as the provider subtracts dividends (qfq), and "
                "have no logarithm; take prices adjusted to the first day with --adjust hfq."
            )
        prepared = self.prepared = self._prepare(None)
        context, horizon = prepared.plan.context, settings.horizon
        if settings.test_windows_inside and 0 < self.test < context + horizon:
            raise InputError(
                f"{table.source}: a test part of {counted(self.test, 'row')} holds no window of {context} and horizon "
                f"of {horizon}; make test larger, or let windows reach back with --no-test-windows-inside."
            )
        require_positive(table, prepared.plan.scaling)
        prepared.check_next(table.where(~prepared.transform.unseen(table)))
        if settings.statistical:
            statistical_models()

    def check_begun(self, run: Run) -> None:
        provider = self.table.form.provider
        if (begun := run.info.get("provider", provider)) != provider:
            choice = begun if begun in get_args(ProviderChoice) else "auto"
            raise InputError(
                f"{run.path}: the run began with bars from {shown(begun)}, not from {provider}; resume it with "
                f"--provider {choice}, or start over with --overwrite."
            )
        if run.info.get("table", self.fingerprint) != self.fingerprint:
            raise InputError(
                f"{run.path}: the run began with other data than {self.table.source} now holds; give the same data, "
                "or start over with --overwrite."
            )

    def fit(self, run: Run, callbacks: Sequence[Callback]) -> None:
        form = self.table.form
        run.record(table=self.fingerprint, provider=form.provider, adjust=form.adjust)
        prepared = self.prepared = self.prepared or self._prepare(run)
        seconds, self.callbacks = self.settings.save_every_seconds, callbacks
        self.model.fit(prepared, run=run, callbacks=callbacks, save_every_seconds=seconds)

    def report(self, run: Run, name: str) -> None:
        model, title = self.model, _title(name, self.model, self.table)
        label = HEADS[self.settings.loss].label
        training_curves(model.history_, model.best_epoch_, run.file(CURVES), title=title, loss=f"{label}, scaled units")
        scores: dict[str, Any] = {"best_epoch": model.best_epoch_}
        assert self.prepared is not None
        if self.prepared.validation is not None:
            scores["validation"] = self.evaluated_on_validation().to_json()
        if no_covariate_matters(model.predictor_):
            warnings.warn(
                f"{self.table.source}: the importance of covariates is not shown, as the forecast does not use the "
                "network's correction.",
                stacklevel=2,
            )
        elif importance := permutation_importance(model.predictor_, self.prepared):
            scores["permutation_importance"] = importance.to_json()
            importance_plot(importance, run.file(IMPORTANCE), title=title)
        bands = model.predictor_.bands
        for level in self.settings.levels:
            if bands is not None and (lack := bands.lack(level)):
                warnings.warn(
                    f"no {level:g} % interval: it {lack}; raise --validation or lower --levels.", stacklevel=2
                )
            elif bands is not None and (doubt := bands.doubt(level)):
                warnings.warn(
                    f"the {level:g} % interval is not calibrated, and may be too narrow: that {doubt}; raise "
                    "--validation or lower --levels.",
                    stacklevel=2,
                )
        test = self.evaluated_on_test() if self.test else None
        if test is not None:
            scores["test"] = test.to_json()
        run.write_json(SCORES, scores)
        if self.settings.refit:
            model.refit(self.table, callbacks=self.callbacks)
        else:
            model.update_context(self.table)
        model.save(run.file(MODEL))
        replace_file(run.file(PARAMETERS), parameters_text(model.network_).encode())
        following = model.predictor_.next_values(model.context_, self._levels())
        self.following = as_given(following, model.context_.form)
        replace_file(run.file(NEXT), to_csv(self.following))
        if test is not None:
            self._write_predictions(run, test)
            forecast_plot(self.table, test, following, run.file(FORECAST), title=title, test_rows=self.test)
            residuals_plot(self.table, test, run.file(RESIDUALS), title=title)

    def _write_predictions(self, run: Run, test: Evaluation) -> None:
        """Write all forecasts of the test part, if they are asked for, or few."""
        count, asked = test.arrays.forecasts.values.size, self.settings.predictions
        if asked or (asked is None and count <= MOST_PREDICTIONS):
            replace_file(run.file(PREDICTIONS), to_csv(test.predictions))
            return
        run.remove(PREDICTIONS)  # of an earlier, shorter training
        if asked is None:
            warnings.warn(
                f"{run.path / PREDICTIONS} is not written, as it would have {count:,} rows; the same command with "
                "--resume --predictions writes it.",
                stacklevel=3,
            )

    def evaluated_on_validation(self) -> Evaluation:
        """Return scores on the validation part, which has selected the weights."""
        assert self.prepared is not None
        with stage(f"scoring the validation part of {self.table.source}"):
            return self.model.predictor_.validate(self.prepared, levels=self._levels())

    def evaluated_on_test(self) -> Evaluation:
        """Return scores on the test part, which the model has not seen."""
        settings, plan, lengths = self.settings, self.model.predictor_.plan, self.table.lengths
        reach_back = not settings.test_windows_inside
        context = plan.needed if reach_back else plan.context
        start = np.where(lengths > self.test, lengths - self.test, lengths)
        origins = Origins.of_part(start, lengths, context, settings.horizon, reach_back=reach_back)
        beside = " beside AutoETS, AutoARIMA and Theta" if settings.statistical else ""
        with stage(f"scoring the test part of {self.table.source}{beside}"):
            return self.model.evaluate(self.table, origins, levels=self._levels(), statistical=settings.statistical)

    def _test_rows(self) -> int:
        """Return the number of test rows of a usual series; of those that are long enough, if the usual one is not."""
        lengths = self.table.lengths
        horizon, validation, test = self.settings.horizon, self.settings.validation, self.settings.test
        try:
            Split.of(int(lengths.max()), horizon=horizon, validation=validation, test=test)  # says why if too short
            enough = lengths[Splits.of(lengths, horizon=horizon, test=test).enough]
        except InputError as error:
            is_auto = transformations_of(self.settings) == ("auto",)
            if is_auto and may_be_left_out(test) and may_be_left_out(validation):
                why = "its series are too short for a test part; nothing is scored"
                warnings.warn(f"{self.table.source}: {why}.", stacklevel=4)
                return 0
            raise InputError(f"{self.table.source}: {error}") from error
        usual = int(np.median(lengths))
        return Split.cut(usual if usual >= enough.min() else int(np.median(enough)), horizon=horizon, test=test).test

    def _prepare(self, run: Run | None) -> Prepared:
        return self.model.prepare(self.table.head(self.test) if self.test else self.table, run=run)

    def _levels(self) -> list[float]:
        """Return the levels of intervals for which the validation part has enough forecasts."""
        return [level for level in self.settings.levels if self.model.predictor_.supports(level)]


def evaluate_run(
    run: Run,
    data: Path | None,
    *,
    refresh: bool = False,
    any_source: bool = False,
    statistical: bool = False,
    reading: Mapping[str, Any],
) -> Evaluation:
    """Score the model of a run on rows that are later than its training rows; see `newer_rows`, `Forecaster.evaluate`.

    Raises:
        InputError: if the run is not a forecasting run, or there are no later rows.
    """
    model = load(run.path, device="cpu")
    if not isinstance(model, Forecaster):
        raise InputError(f"{run.path} is a run of a language model; --data needs a forecasting run.")
    rows = newer_rows(run, model, data, refresh=refresh, any_source=any_source, reading=reading)
    assert rows is not None
    levels = levels_of(run, model)
    return model.evaluate(rows, levels=levels, statistical=statistical, any_source=any_source, **reading)


def _rows(settings: SeriesSettings) -> tuple[pd.DataFrame | Path, Origin | None]:
    """Return the path of the given or downloaded file, or bundled rows and their origin."""
    if settings.data is not None:
        return Path(settings.data), None
    if settings.symbol is None:
        raise InputError("there is no data: give --data FILE, or --symbol for the daily bars of a stock.")
    if settings.symbol.upper() in bundled_symbols() and not settings.refresh and settings.provider == "auto":
        bars = bundled(settings.symbol.upper(), settings.adjust)
        end = day_of(settings.end, "end")
        if (settings.start is None and end is None) or (end is not None and pd.Timestamp(end) <= bars["date"].iloc[-1]):
            return bars, Origin(BUNDLED, settings.adjust)
    path = download(
        settings.symbol,
        start=settings.start,
        end=settings.end,
        adjust=settings.adjust,
        provider=settings.provider,
        refresh=settings.refresh,
    )
    return path, None  # which the file beside it says


def _title(name: str, model: Forecaster, table: Table) -> str:
    """Return a title that describes the model and its data."""
    settings, plan = model.settings_, model.predictor_.plan
    layers = " → ".join(layer_titles(settings))
    many = f"{settings.ensemble_size} × " if settings.ensemble_size > 1 else ""
    ahead = f"{counted(settings.horizon, 'step')} ahead"
    return f"{name}: {table.target}, {ahead} from {counted(plan.window, 'row')}, {many}{layers}"


def levels_of(run: Run, model: Forecaster) -> list[float]:
    """Return the interval levels of a run for which its validation part had enough forecasts."""
    given = {"levels": run.info.get("settings", {}).get("levels", [])}
    levels = check(SeriesSettings, given, f"{run.path / INFO} is damaged").levels
    return [level for level in levels if model.predictor_.supports(level)]


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return forecasts as JSON records, with dates in ISO format, or numbers of rows; what is missing is None."""
    is_dated = pd.api.types.is_datetime64_any_dtype(frame["ds"])  # or rows are numbered
    dates = [date.isoformat() if is_dated else date for date in frame["ds"].tolist()]
    records = frame.to_dict("records")
    return [
        {str(k): None if pd.isna(v) else v for k, v in row.items()} | {"ds": ds}
        for row, ds in zip(records, dates, strict=True)
    ]


def check_result_path(path: Path, data: Path | None) -> None:
    """Check that forecasts may replace what has the path of their file.

    Args:
        path: the path of the file to be written.
        data: the file with newer rows, if any.

    Raises:
        InputError: it is that file, a file that a run wrote, or something other than a file.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise InputError(f"{path} is not a plain file; choose another name for the forecasts.")
    if not path.exists():
        return
    if data is not None and data.exists() and path.samefile(data):
        raise InputError(f"{path} holds the newer rows; choose another name for the forecasts.")
    if (path.parent / INFO).is_file() and path.name in {INFO, *Run(path.parent).info.get(FILES, [])}:
        raise InputError(f"{path} is a file of a run; choose another name for the forecasts.")
