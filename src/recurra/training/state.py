"""The state of a training after any step, as tensors and JSON, from which it resumes exactly."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from recurra.tensor_files import part_of

Record = dict[str, Any]  # a line of metrics.jsonl: "epoch" or "step", "loss", …
FORMAT = 2  # of the JSON part
SECONDS = "history.seconds"  # durations are a tensor: the JSON part holds none, so that equal runs have equal JSON
RENAMED = {"generator.order": "batches.generator"}  # tensors of format 1 → format 2


@dataclass
class TrainingState:
    """State of a training after a step.

    Tensors are named `model.*`, `best.*`, `average.*`, `optimizer.<index>.*`, `generator.*`, `batches.*`, `carry.*` and
    `sums.*`. Those of `model.*`, `average.*` and `optimizer.*` are the tensors in use, which the next step changes in
    place; clone or save those to be kept.

    Attributes:
        epoch: number of epochs done, or of records in a training by steps.
        step: number of steps done; None for a state of format 1, which was saved between two epochs.
        best_epoch: the epoch, or record, with the lowest monitored loss.
        best_value: that loss; None before the first epoch ends.
        history: one record per epoch.
        tensors: the tensors.
        stop: the reason to stop early; empty to continue.
        member: number of the network in its ensemble, counted from 1; 0 if it is no ensemble.
        read: returns the tensors that are read only when the state is saved.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_value: float | None = None
    history: list[Record] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    stop: str = ""
    step: int | None = 0
    member: int = 0
    read: Callable[[], dict[str, Tensor]] = field(default=dict, repr=False, compare=False)

    def weights(self, which: str) -> dict[str, Tensor]:
        """Return the tensors of "model", "best", "average" or "optimizer" without the prefix of their names."""
        return part_of(self.tensors, which)

    def result(self, *, best: bool) -> dict[str, Tensor]:
        """Return the weights that training has led to.

        Args:
            best: whether to return those of the best epoch rather than the last ones.
        """
        return self.weights("best" if best else "average") or self.weights("model")

    def to_parts(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the state as tensors and JSON."""
        seconds = torch.tensor([record["seconds"] for record in self.history], dtype=torch.float64)
        history = [{name: value for name, value in record.items() if name != "seconds"} for record in self.history]
        numbers = {"epoch": self.epoch, "step": self.step, "best_epoch": self.best_epoch, "best_value": self.best_value}
        if self.member:
            numbers["member"] = self.member
        return self.tensors | self.read() | {SECONDS: seconds}, {"format": FORMAT, **numbers, "history": history}

    @classmethod
    def from_parts(cls, tensors: dict[str, Tensor], data: dict[str, Any]) -> "TrainingState":
        """Return the state that `to_parts` took apart, also one of format 1.

        Raises:
            ValueError: if the format differs or a part is missing.
        """
        if data.get("format") == 1:
            data = data | {"step": None}
            tensors = {RENAMED.get(name, name): tensor for name, tensor in tensors.items()}
            tensors["batches.position"] = torch.tensor(0)
        elif data.get("format") != FORMAT:
            raise ValueError(f"format {data.get('format')}, expected {FORMAT}")
        missing = {"epoch", "step", "best_epoch", "best_value", "history"} - data.keys() | {SECONDS} - tensors.keys()
        if missing:
            raise ValueError(f"without {', '.join(sorted(missing))}")
        seconds = tensors[SECONDS].tolist()
        history = [record | {"seconds": s} for record, s in zip(data["history"], seconds, strict=True)]
        rest = {name: tensor for name, tensor in tensors.items() if name != SECONDS}
        return cls(
            data["epoch"],
            data["best_epoch"],
            data["best_value"],
            history,
            rest,
            step=data["step"],
            member=data.get("member", 0),
        )

    def of_member(self, member: int, count: int) -> "TrainingState":
        """Return the state of one network, if this is that of an ensemble whose networks were trained together.

        Earlier versions trained them so. The network goes on from its last weights; its best ones are those that were
        best for all networks together, until its next epoch ends.

        Args:
            member: number of the network, counted from 1.
            count: number of networks.
        """
        slots = {name.split(".", 2)[1] for name in self.tensors if name.startswith("optimizer.")}
        each = len(slots) // count  # parameters of a network
        found: dict[str, Tensor] = {}
        for name, tensor in self.tensors.items():
            kind, _, rest = name.partition(".")
            if rest.startswith("members."):
                _, number, rest = rest.split(".", 2)
                if int(number) == member - 1:
                    found[f"{kind}.{rest}"] = tensor
            elif kind == "optimizer":
                index, slot = rest.split(".", 1)
                if int(index) // each == member - 1:
                    found[f"optimizer.{int(index) % each}.{slot}"] = tensor
            else:
                found[name] = tensor
        history = [{"member": member, **record} for record in self.history]
        return replace(self, tensors=found, history=history, member=member, best_value=None)
