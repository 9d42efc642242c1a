"""Where a training stands: everything that an exact resume needs, as tensors and JSON."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Record = dict[str, Any]  # one epoch: "epoch", "loss", … as in metrics.jsonl
FORMAT = 1  # of the JSON part
SECONDS = "history.seconds"  # durations are a tensor: the JSON part holds none, so that equal runs have equal JSON


@dataclass
class TrainingState:
    """The truth about a training between two epochs.

    Tensors are named `model.*`, `best.*`, `optimizer.<index>.*` and `generator.*`. Those of `model.*` and `optimizer.*`
    are the ones in use, which the next epoch changes in place: what is to be kept must be written or cloned.
    """

    epoch: int = 0  # epochs done
    best_epoch: int = 0
    best_value: float | None = None  # of the monitored metric
    history: list[Record] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    stop: str = ""  # why training is to end before its last epoch; empty: it goes on

    def weights(self, which: str) -> dict[str, Tensor]:
        """The tensors of "model", "best" or "optimizer" under their own names."""
        prefix = which + "."
        return {name[len(prefix) :]: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}

    def to_parts(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All of it as tensors and JSON."""
        seconds = torch.tensor([record["seconds"] for record in self.history], dtype=torch.float64)
        history = [{name: value for name, value in record.items() if name != "seconds"} for record in self.history]
        numbers = {"epoch": self.epoch, "best_epoch": self.best_epoch, "best_value": self.best_value}
        return self.tensors | {SECONDS: seconds}, {"format": FORMAT, **numbers, "history": history}

    @classmethod
    def from_parts(cls, tensors: dict[str, Tensor], data: dict[str, Any]) -> "TrainingState":
        """Put together what `to_parts` gave.

        Raises:
            ValueError: it is of another format, or a part is missing.
        """
        if data.get("format") != FORMAT:
            raise ValueError(f"format {data.get('format')}, expected {FORMAT}")
        missing = {"epoch", "best_epoch", "best_value", "history"} - data.keys() | {SECONDS} - tensors.keys()
        if missing:
            raise ValueError(f"without {', '.join(sorted(missing))}")
        seconds = tensors[SECONDS].tolist()
        history = [record | {"seconds": s} for record, s in zip(data["history"], seconds, strict=True)]
        rest = {name: tensor for name, tensor in tensors.items() if name != SECONDS}
        return cls(data["epoch"], data["best_epoch"], data["best_value"], history, rest)
