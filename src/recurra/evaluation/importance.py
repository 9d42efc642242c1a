"""Permutation importance of covariates: what forecasts lose when a covariate's values are exchanged among them."""

from dataclasses import dataclass
from typing import Any

from recurra.tables.arrays import Floats


@dataclass(frozen=True, eq=False)
class PermutationImportance:
    """How much worse the forecasts of the validation part are with the values that a covariate had in another one.

    Attributes:
        covariates: names of the covariates.
        loss: mean absolute error of the forecasts as they are, in the units of the network's loss.
        importances: increase of the loss at each repeat, [C, R].
    """

    covariates: tuple[str, ...]
    loss: float
    importances: Floats

    @property
    def importances_mean(self) -> Floats:
        """The mean increase over the repeats, [C]."""
        mean: Floats = self.importances.mean(axis=1)
        return mean

    @property
    def importances_std(self) -> Floats:
        """The standard deviation over the repeats, [C]."""
        std: Floats = self.importances.std(axis=1)
        return std

    def __repr__(self) -> str:
        means = zip(self.covariates, self.importances_mean, strict=True)
        return f"PermutationImportance({', '.join(f'{name}: {mean:+.3g}' for name, mean in means)})"

    def to_json(self) -> dict[str, Any]:
        """Return everything but the single repeats as JSON values."""
        rows = zip(self.covariates, self.importances_mean.tolist(), self.importances_std.tolist(), strict=True)
        return {
            "loss": self.loss,
            "n_repeats": self.importances.shape[1],
            "covariates": {name: {"importances_mean": mean, "importances_std": std} for name, mean, std in rows},
        }
