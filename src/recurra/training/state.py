"""The state of a training between two epochs, as tensors and JSON, from which it resumes exactly."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Record = dict[str, Any]  # one epoch: "epoch", "loss", … as in metrics.jsonl
FORMAT = 1  # of the JSON part
SECONDS = "history.seconds"  # durations are a tensor: the JSON part holds none, so that equal runs have equal JSON


@dataclass
class TrainingState:
    """State of a training between two epochs.

    Tensors are named `model.*`, `best.*`, `optimizer.<index>.*` and `generator.*`. Those of `model.*` and `optimizer.*`
    are the tensors in use, which the next epoch changes in place; clone or save those to be kept.
    """

    epoch: int = 0  # epochs done
    best_epoch: int = 0
    best_value: float | None = None  # of the monitored metric
    history: list[Record] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    stop: str = ""  # reason to stop early; empty to continue

    def weights(self, which: str) -> dict[str, Tensor]:
        """Return the tensors of "model", "best" or "optimizer" without the prefix of their names."""
        prefix = which + "."
        return {name[len(prefix) :]: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}

    def to_parts(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the state as tensors and JSON."""
        seconds = torch.tensor([record["seconds"] for record in self.history], dtype=torch.float64)
        history = [{name: value for name, value in record.items() if name != "seconds"} for record in self.history]
        numbers = {"epoch": self.epoch, "best_epoch": self.best_epoch, "best_value": self.best_value}
        return self.tensors | {SECONDS: seconds}, {"format": FORMAT, **numbers, "history": history}

    @classmethod
    def from_parts(cls, tensors: dict[str, Tensor], data: dict[str, Any]) -> "TrainingState":
        """Return the state that `to_parts` took apart.

        Raises:
            ValueError: if the format differs or a part is missing.
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
