"""Evaluate clones of a forecaster, fitted on earlier rows, from a rolling origin."""

from typing import TYPE_CHECKING

from recurra.evaluation.backtest import Evaluation, backtest
from recurra.forecasting.arguments import BacktestArguments
from recurra.forecasting.read import Data, read_table
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings

if TYPE_CHECKING:
    from recurra.forecasting.forecaster import Forecaster


def backtest_clones(
    model: "Forecaster", data: Data, arguments: BacktestArguments, names: tuple[str, str]
) -> Evaluation:
    """Evaluate clones of a model on the last rows of each series.

    Args:
        model: the model, which stays as it is.
        data: see `Forecaster.fit`.
        arguments: the origins, and what is evaluated beside.
        names: what messages call `folds` and `step`.
    """
    settings = check(ForecasterSettings, model.get_params(), type(model).__name__)
    table = read_table(settings, data)
    return backtest(
        lambda earlier: type(model)(**model.get_params()).fit(earlier).predictor_,
        table,
        horizon=settings.horizon,
        season=settings.season or table.frequency.season,
        folds=arguments.folds,
        step=settings.horizon if arguments.step is None else arguments.step,
        refit=arguments.refit,
        levels=arguments.levels,
        statistical=arguments.statistical,
        names=names,
    )
