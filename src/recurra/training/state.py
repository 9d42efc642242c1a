"""Where a training stands: everything that an exact resume needs, as tensors and JSON."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Record = dict[str, Any]  # one epoch: "epoch", "loss", … as in metrics.jsonl


@dataclass
class TrainingState:
    """The truth about a training between two epochs.

    Tensors are named `model.*`, `best.*`, `optimizer.<index>.*` and `generator.*`; the rest is JSON. The
    tensors of `model.*` and `optimizer.*` are those in use, so what is to be kept must be written or copied.
    """

    epoch: int = 0  # epochs done
    best_epoch: int = 0
    best_value: float | None = None  # of the monitored metric
    history: list[Record] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    stop: str = ""  # why training is to end before its last epoch; empty: it goes on

    def weights(self, which: str) -> dict[str, Tensor]:
        """The tensors of "model" or "best" under the module's own names."""
        prefix = which + "."
        return {name[len(prefix) :]: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}

    def to_json(self) -> dict[str, Any]:
        """All but the tensors."""
        return {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_value": self.best_value,
            "history": self.history,
        }

    @classmethod
    def from_parts(cls, data: dict[str, Any], tensors: dict[str, Tensor]) -> "TrainingState":
        """Put together what `to_json` and the tensors hold."""
        return cls(**data, tensors=tensors)
