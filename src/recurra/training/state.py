"""The state of a training after any step, as tensors and JSON, from which it resumes exactly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from pydantic import NonNegativeInt, model_validator
from torch import Tensor

from recurra.errors import InputError
from recurra.settings.base import ListOf, Settings
from recurra.settings.check import check, to_json
from recurra.tensor_files import part_of

Record = dict[str, Any]  # a line of metrics.jsonl: "epoch" or "step", "loss", …
SECONDS = "history.seconds"  # durations are a tensor: the JSON part holds none, so that equal runs have equal JSON
TENSORS = (
    "model",
    "best",
    "average",
    "optimizer",
    "generator",
    "batches",
    "carry",
    "sums",
)  # what their names begin with
RENAMED = {"generator.order": "batches.generator"}  # tensors of format 1 → format 2


@dataclass(frozen=True, kw_only=True)
class Description(Settings):
    """The JSON part of a state; see `TrainingState`."""

    format: Literal[2] = 2
    epoch: NonNegativeInt
    step: NonNegativeInt | None
    best_epoch: NonNegativeInt
    best_value: float | None
    history: ListOf[dict[str, int | float]]
    member: NonNegativeInt = 0

    @model_validator(mode="after")
    def _has_a_record_of_each_epoch(self) -> "Description":
        if len(self.history) != self.epoch or self.best_epoch > self.epoch:
            raise ValueError(
                f"epoch {self.epoch}, best epoch {self.best_epoch}, {len(self.history)} records: these do not agree"
            )
        if any("loss" not in record or not {"epoch", "step"} & record.keys() for record in self.history):
            raise ValueError("a record of the history has no loss, or neither epoch nor step")
        return self


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
        seen: number of targets trained on since the training began or went on; it is not saved.
        read: returns the tensors that are read only when the state is saved.
        source: the file that it was loaded from; empty for a state in memory.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_value: float | None = None
    history: list[Record] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    stop: str = ""
    step: int | None = 0
    member: int = 0
    seen: int = field(default=0, repr=False, compare=False)
    read: Callable[[], dict[str, Tensor]] = field(default=dict, repr=False, compare=False)
    source: str = field(default="", repr=False, compare=False)

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
        described = Description(
            epoch=self.epoch,
            step=self.step,
            best_epoch=self.best_epoch,
            best_value=self.best_value,
            history=history,
            member=self.member,
        )
        data = to_json(described)
        if not self.member:
            del data["member"]
        return self.tensors | self.read() | {SECONDS: seconds}, data

    @classmethod
    def from_parts(
        cls, tensors: Mapping[str, Tensor], data: dict[str, Any], source: str = "the state"
    ) -> "TrainingState":
        """Return the state that `to_parts` took apart, also one of format 1.

        Args:
            tensors: the tensors.
            data: the JSON part.
            source: the file of both, for error messages.

        Raises:
            InputError: if the format is another one, or a part is missing or invalid.
        """
        if data.get("format") == 1:
            data = data | {"format": 2, "step": None}
            tensors = {RENAMED.get(name, name): tensor for name, tensor in tensors.items()}
            tensors["batches.position"] = torch.tensor(0)
        described = check(Description, data, f"{source} is damaged, or of another version of recurra", noun="field")
        try:
            seconds = _seconds_of(described, tensors)
        except ValueError as error:
            raise InputError(f"{source} is damaged ({error}); start over with --overwrite.") from error
        return cls(
            described.epoch,
            described.best_epoch,
            described.best_value,
            [{**record, "seconds": s} for record, s in zip(described.history, seconds, strict=True)],
            {name: tensor for name, tensor in tensors.items() if name != SECONDS},
            step=described.step,
            member=described.member,
            source=source,
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


def _seconds_of(described: Description, tensors: Mapping[str, Tensor]) -> list[float]:
    """Return the durations of all epochs; raise a ValueError if they or the names of the tensors are invalid."""
    unknown = [name for name in tensors if name != SECONDS and name.split(".", 1)[0] not in TENSORS]
    if unknown:
        raise ValueError(f"there is no tensor {unknown[0]!r} in a state")
    seconds = tensors.get(SECONDS, torch.empty(0))
    if seconds.dtype != torch.float64 or seconds.shape != (described.epoch,) or not bool((seconds >= 0.0).all()):
        raise ValueError(f"{SECONDS} is not a duration for each of {described.epoch} epochs")
    found: list[float] = seconds.tolist()
    return found
