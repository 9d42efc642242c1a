"""How well the spread of a share is predicted: pinball loss of the case `stock`, of constant widths, and of GARCH(1,1).

All predict quantiles of the opening price one day ahead, from the last price that the case corrects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from arch import arch_model
from numpy.typing import NDArray

from recurra.cases.catalog import find_case
from recurra.nn.heads import PROBABILITIES
from recurra.runs.series import SeriesCase
from recurra.tables.origins import Origins

Floats = NDArray[np.float64]
DISTRIBUTIONS = {"normal": "GARCH, normal", "t": "GARCH, Student's t"}


@dataclass(frozen=True)
class Spread:
    """Quantiles of the case `stock` and of its rivals on one part of a share's rows.

    Attributes:
        last: logarithms of the prices that the forecasts correct, [N].
        truth: logarithms of the true values, [N].
        quantiles: logarithms of quantiles by forecaster, [N, K] each.
        base: name of the column of the prices that are corrected.
    """

    last: Floats
    truth: Floats
    quantiles: Mapping[str, Floats]
    base: str

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
    """Train the case `stock` and predict the quantiles of its test part.

    Args:
        overrides: settings of the case that are changed.
        validation: whether to predict those of the validation part instead, without calibration on it, nor rivals.
    """
    case = SeriesCase(find_case("stock").settings(dict(overrides)))  # type: ignore[arg-type]
    case.check()
    prepared, table = case.prepared, case.table
    assert prepared is not None and prepared.validation is not None
    predictor = case.model.fit(prepared).predictor_
    plan, end = predictor.plan, int(table.lengths[0]) - case.test
    prices = np.log(table.values)
    last, opens = prices[:-1, plan.base_column], prices[1:, 0]  # of the rows from the second on

    def place(origins: Origins) -> NDArray[np.int64]:
        return origins.rows - 1

    def logarithms(origins: Origins, own: Any) -> Floats:
        found = own.forecast(table, origins).quantiles
        return np.log(np.concatenate([found[probability] for probability in PROBABILITIES], axis=1))

    raw = replace(predictor, calibration=None)
    validated = place(prepared.validation)
    of_validation = logarithms(prepared.validation, raw)
    base = plan.names[plan.base_column]
    if validation:
        return Spread(last[validated], opens[validated], {"ours": of_validation}, base)
    start = np.array([end])
    origins = Origins.of_part(start, table.lengths, plan.context, 1, reach_back=True)
    tested = place(origins)
    ours = logarithms(origins, predictor)
    median = PROBABILITIES.index(0.5)
    seen = Origins.of_part(np.array([0]), start, plan.context, 1)
    errors = {
        "constant, of validation": opens[validated] - of_validation[:, median],
        "constant, of all rows before": opens[place(seen)] - logarithms(seen, raw)[:, median],
    }
    quantiles = {"ours": ours, "ours, uncalibrated": logarithms(origins, raw)}
    for name, own in errors.items():
        widths = np.quantile(own, PROBABILITIES)
        quantiles[name] = ours[:, [median]] + np.where(np.arange(len(widths)) == median, 0.0, widths)
    for distribution, name in DISTRIBUTIONS.items():
        found = garch_quantiles(opens - last, end - 1, distribution)
        quantiles[name] = last[tested, None] + found[tested]
    return Spread(last[tested], opens[tested], quantiles, base)


def summary(overrides: Mapping[str, Any], seeds: range) -> pd.DataFrame:
    """Return for each forecaster and seed the pinball losses (1e4 × that of logarithms) and coverages."""
    rows = []
    for seed in seeds:
        found = measured({**overrides, "seed": seed})
        for name in found.quantiles:
            rows.append(
                {
                    "forecaster": name,
                    "seed": seed,
                    "pinball": 1e4 * found.pinball(name),
                    "in prices": found.pinball(name, in_prices=True),
                    "80": found.coverage(name, 80),
                    "95": found.coverage(name, 95),
                }
            )
    return pd.DataFrame(rows)
