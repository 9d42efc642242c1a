"""What each step of the default recipe is worth: the recipe without it, on the last horizon of the training parts.

    python benchmarks/accuracy/steps.py [--data DIR] [--sets NAME …] [--variants NAME …]

The test parts are not scored. Each variant is one training on all rows before that horizon, without a validation part,
so that the correction has its whole weight. The section of docs/forecast.md is written with all sets and variants; with
fewer, to try it, it is only printed.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import table
from default import placed
from results import machine, write_section
from scoring import mase, smape
from sets import DATA, PUBLISHED, SeriesSet, read_set

from recurra import Forecaster
from recurra.cases.catalog import find_case
from recurra.nn import heads
from recurra.settings.forecasting import ForecasterSettings

CHAPTER = Path(__file__).parents[2] / "docs" / "forecast.md"


def unshrunk(means: Any, by_chance: Any) -> Any:
    return means


def equal_weights() -> heads.Quantiles:
    with patch.object(heads, "MEDIAN_WEIGHT", 1.0):
        return heads.Quantiles()


@dataclass(frozen=True)
class Variant:
    """The recipe with something changed.

    Attributes:
        name: what is changed.
        settings: other settings.
        without: what stands in the place of names of the library: each is patched while the variant runs.
        loss: a head in the place of that of the recipe.
        window: the window, in windows of the recipe.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    without: Mapping[str, Any] = field(default_factory=dict)
    loss: Callable[[], heads.Head] = lambda: heads.HEADS["quantile"]
    window: float = 1.0


SEASONS = "recurra.forecasting.transforms.seasonality"
VARIANTS = (
    Variant("the recipe"),
    Variant("no logarithms", {"scaling": ["deseasonalize", "standard", "subtract-level"]}),
    Variant("no seasonal indices", {"scaling": ["log", "subtract-level"]}),
    Variant("indices not shrunk", without={f"{SEASONS}._shrunk": unshrunk}),
    Variant("all seasons count the same", without={f"{SEASONS}.HALF_LIFE": 1e9}),
    Variant("the last value in place of the level", {"scaling": ["log", "deseasonalize", "subtract-last"]}),
    Variant("no correction: the level alone", {"steps": 1, "learning_rate": 1e-9}),
    Variant("window half as long again", window=1.5),
    Variant("window twice as long", window=2.0),
    Variant("median weighed as the other quantiles", loss=equal_weights),
    Variant("mean absolute error in place of quantiles", {"loss": "mae"}),
    Variant("constant learning rate", {"schedule": "constant"}),
    Variant("LSTM", {"cell": "lstm"}),
    Variant("64 units", {"units": 64}),
    Variant("dropout 0.1", {"dropout": 0.1}),
    Variant("weight decay 0.01, AdamW", {"optimizer": "adamw", "weight_decay": 0.01}),
    Variant("moving average of the weights", {"average_decay": 0.99}),
    Variant("mean of three networks", {"ensemble_size": 3}),
    Variant("sine and cosine of the season as covariates", {"future_covariates": ["sine", "cosine"]}),
)


def held_out(name: str, folder: Path) -> SeriesSet:
    """Return a set whose future is the last horizon of its training parts; series too short for that are left out."""
    whole = read_set(name, folder)
    kept = [
        (values, len(future))
        for values, future in zip(whole.training, whole.test, strict=True)
        if len(values) > len(future) + 2
    ]
    training, test = [own[:-count] for own, count in kept], [own[-count:] for own, count in kept]
    return replace(whole, training=training, test=test)


def parameters(data: SeriesSet, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the recipe with other settings, without a validation part."""
    case = find_case("forecast").settings({"horizon": data.horizon, **changed})
    return {each.name: getattr(case, each.name) for each in fields(ForecasterSettings)} | {"validation": 0}


def with_calendar(data: SeriesSet) -> pd.DataFrame:
    """Return the long table, the rows of the horizon included, with sine and cosine of the place in the season."""
    last = pd.date_range(data.last_date, periods=data.horizon + 1, freq=data.frequency)[-1]
    coming = np.full(data.horizon, np.nan)
    rows = replace(data, training=[np.append(own, coming) for own in data.training], last_date=str(last)).long()
    turns = 2 * np.pi * rows["ds"].rank(method="dense") / data.season
    return rows.assign(sine=np.sin(turns), cosine=np.cos(turns))


def scores(variant: Variant, data: SeriesSet) -> tuple[float, float]:
    """Return sMAPE and MASE of a variant."""
    recipe, own = parameters(data, {}), parameters(data, variant.settings)
    with patch.dict(heads.HEADS, {"quantile": variant.loss()}):
        for place, value in variant.without.items():
            patcher = patch(place, value)
            patcher.start()
        try:
            model, rows = Forecaster(**own), with_calendar(data) if own["future_covariates"] else data.long()
            window = round(variant.window * Forecaster(**recipe).prepare(data.long()).plan.window)
            point = placed(model.set_params(window=window).fit(rows).predict(), data).point
        finally:
            patch.stopall()
    errors = mase(data, point)  # of a constant series it may be infinite
    return float(smape(data, point).mean()), float(errors[np.isfinite(errors)].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="+", choices=PUBLISHED, default=list(PUBLISHED))
    parser.add_argument("--variants", nargs="+", choices=[variant.name for variant in VARIANTS])
    given = parser.parse_args()
    torch.set_num_threads(1)
    sets = {name: held_out(name, given.data) for name in given.sets}
    rows = []
    for variant in VARIANTS:
        if given.variants and variant.name not in given.variants:
            continue
        found = [scores(variant, data) for data in sets.values()]
        rows.append((variant.name, *(f"{own[0]:.2f} / {own[1]:.3f}" for own in found)))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    text = "\n".join(
        [
            f"sMAPE / MASE on the last horizon of the training parts, one seed; {machine()}; "
            "`python benchmarks/accuracy/steps.py`.",
            "",
            *table(("", *sets), rows),
        ]
    )
    whole = set(sets) == set(PUBLISHED) and not given.variants
    write_section("steps", text, CHAPTER) if whole else print(text)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
