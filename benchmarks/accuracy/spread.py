"""How well the spread of a share is predicted: pinball loss of the case `stock`, of constant widths, and of GARCH(1,1).

All predict quantiles of the opening price one day ahead, from the last price that the case corrects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from arch import arch_model
from numpy.typing import NDArray

from recurra.cases.catalog import find_case
from recurra.forecasting.predictor import Predictor
from recurra.nn.heads import PROBABILITIES
from recurra.runs.series import SeriesCase
from recurra.tables.origins import Origins
from recurra.tables.table import Table

Floats = NDArray[np.float64]
MEDIAN = PROBABILITIES.index(0.5)
OURS = "the case `stock`"
CONSTANT, RECENT = "constant width, of all earlier errors", "constant width, of validation errors"
GARCH = "GARCH(1,1), Student's t"
DISTRIBUTIONS = {GARCH: "t", "GARCH(1,1), normal": "normal"}


@dataclass(frozen=True)
class Spread:
    """Quantiles of the case `stock` and of its rivals on one part of a share's rows.

    Attributes:
        truth: logarithms of the true values, [N].
        quantiles: logarithms of quantiles by forecaster, [N, K] each.
    """

    truth: Floats
    quantiles: Mapping[str, Floats]

    def pinball(self, name: str, *, in_prices: bool = False) -> float:
        """Return the mean pinball loss over all quantiles, of logarithms or of prices."""
        if in_prices:
            return pinball(np.exp(self.truth), np.exp(self.quantiles[name]))
        return pinball(self.truth, self.quantiles[name])

    def coverage(self, name: str, level: int) -> float:
        """Return the percentage of true values inside the interval of a level in percent."""
        low, high = (PROBABILITIES.index(round(0.5 + side * level / 200, 3)) for side in (-1, 1))
        found = self.quantiles[name]
        return 100.0 * float(((self.truth >= found[:, low]) & (self.truth <= found[:, high])).mean())


def pinball(truth: Floats, quantiles: Floats) -> float:
    """Return the mean pinball loss of quantiles [N, K] of the probabilities of the head.

    >>> pinball(np.array([1.0]), np.tile(0.0, (1, 9))).round(3)
    np.float64(0.5)
    """
    errors = truth[:, None] - quantiles
    return float(np.mean(errors * (np.array(PROBABILITIES) - (errors < 0.0))))


def garch_quantiles(errors: Floats, fitted: int, distribution: str) -> Floats:
    """Return the quantiles [N, K] that GARCH(1,1) predicts of errors [N], each from those before it.

    Args:
        errors: the errors, whose mean is 0.
        fitted: number of errors, the first, to which the parameters are fitted.
        distribution: of the standardized errors; normal or t.
    """
    percent = 100.0 * errors  # the size for which the optimizer of arch is made
    model = arch_model(percent, mean="Zero", vol="GARCH", p=1, q=1, dist=distribution, rescale=False)
    found = model.fit(last_obs=fitted, disp="off").params
    scale = np.asarray(model.fix(found).conditional_volatility) / 100.0
    shape = found.loc[["nu"]] if distribution == "t" else None
    return scale[:, None] * np.asarray(model.distribution.ppf(np.array(PROBABILITIES), shape))


def measured(overrides: Mapping[str, Any], *, validation: bool = False) -> Spread:
    """Train the case `stock` and predict the quantiles of its test part, with no look-ahead.

    Constant widths are the quantiles of errors before that part, around the same medians; the parameters of GARCH are
    fitted to all errors before it, of the last price that the case corrects.

    Args:
        overrides: settings of the case that are changed.
        validation: whether to predict the validation part instead, with quantiles that are not calibrated on it; then
            its rivals see training rows alone.
    """
    case = SeriesCase(find_case("stock").settings(dict(overrides)))  # type: ignore[arg-type]
    case.check()
    prepared, table = case.prepared, case.table
    assert prepared is not None and prepared.validation is not None
    predictor = case.model.fit(prepared).predictor_
    raw, plan, validated = replace(predictor, calibration=None), predictor.plan, prepared.validation
    end = int(validated.rows[0] if validation else table.lengths[0] - case.test)
    seen = Origins.of_part(np.array([0]), np.array([end]), plan.context, 1)
    found = validated if validation else Origins.of_part(np.array([end]), table.lengths, plan.context, 1)
    prices = np.log(table.values)
    last, opens = prices[:-1, plan.base_column], prices[1:, 0]  # of the rows from the second on
    own = quantiles_of(raw if validation else predictor, table, found)
    quantiles, rows = {OURS: own}, {CONSTANT: seen} | ({} if validation else {RECENT: validated})
    for name, origins in rows.items():
        widths = np.quantile(opens[origins.rows - 1] - quantiles_of(raw, table, origins)[:, MEDIAN], PROBABILITIES)
        quantiles[name] = own[:, [MEDIAN]] + np.where(np.arange(len(widths)) == MEDIAN, 0.0, widths)
    for name, distribution in DISTRIBUTIONS.items():
        every = garch_quantiles(opens - last, end - 1, distribution)
        quantiles[name] = (last[:, None] + every)[found.rows - 1]
    return Spread(opens[found.rows - 1], quantiles)


def quantiles_of(predictor: Predictor, table: Table, origins: Origins) -> Floats:
    """Return the logarithms of the predicted quantiles, [N, K]."""
    found = predictor.forecast(table, origins).quantiles
    return np.log(np.concatenate([found[probability] for probability in PROBABILITIES], axis=1))
