"""The training loop: batches, epochs, best weights, and a state from which training resumes exactly."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.settings.training import TrainingOptions
from recurra.training.callbacks import Callback
from recurra.training.optimizers import make_optimizer
from recurra.training.process import seeded, threads_for, work_of_step
from recurra.training.schedules import Schedule, schedule_of
from recurra.training.state import Record, TrainingState

Loss = Callable[[Tensor, Tensor], Tensor]  # (output, target) → mean over the batch


class Samples(Protocol):
    """Inputs or targets: a tensor, or any object that returns the samples of an index as a tensor."""

    @property
    def device(self) -> torch.device: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: Any, /) -> Tensor: ...


Data = tuple[Samples, Samples]  # inputs [N, …], targets [N, …]


class DivergenceError(InputError):
    """Raised if the loss, a metric or the weights become NaN or infinite."""


def train(
    network: nn.Module,
    data: Data,
    *,
    loss: Loss,
    options: TrainingOptions,
    metrics: Mapping[str, Loss] | None = None,
    validation: Data | None = None,
    callbacks: Sequence[Callback] = (),
    state: TrainingState | None = None,
) -> TrainingState:
    """Train a module.

    The best weights are those of the epoch with the lowest monitored loss: the validation loss if there is validation
    data, and the training loss otherwise. The network ends with the weights of the last epoch; the state has the best.

    Args:
        network: module that maps a batch of inputs to the first argument of `loss`.
        data: inputs [N, …] and targets [N, …] on the device of the network: tensors, or objects that return the samples
            of an index.
        loss: function of output and target that returns the mean over the batch.
        options: see `TrainingOptions`.
        metrics: further functions of output and target to record, by name; each returns the mean over the batch.
        validation: inputs and targets that are evaluated after each epoch and never trained on.
        callbacks: see `Callback`.
        state: state of an earlier training, from which training continues exactly.

    Returns:
        The state after the last epoch.

    Raises:
        DivergenceError: if the loss or the weights become NaN or infinite; the message names the epoch and a probable
            cause.
        InputError: if there are no samples, or an option is unknown.

    Example:
        >>> x = torch.linspace(-1.0, 1.0, 16).reshape(16, 1)
        >>> network = nn.Linear(1, 1)
        >>> options = TrainingOptions(epochs=200, learning_rate=0.1)
        >>> state = train(network, (x, 2.0 * x), loss=nn.functional.mse_loss, options=options)
        >>> state.epoch
        200
        >>> f"{network.weight.item():.1f}"
        '2.0'
    """
    if len(data[0]) == 0:
        raise InputError("there are no samples to train on.")
    schedule = schedule_of(options.schedule)
    cuda = [data[0].device] if data[0].device.type == "cuda" else []
    first_batch = data[0][torch.arange(min(options.batch_size, len(data[0])))]
    work = work_of_step(network, first_batch)
    with seeded(options.seed, cuda), threads_for(work):
        state = state or TrainingState()
        run = _Training(network, make_optimizer(network, options), schedule, options, callbacks, state, cuda)
        run.restore()
        for callback in callbacks:
            callback.on_train_begin(state, options.epochs)
        try:
            while state.epoch < options.epochs and not state.stop:
                started = time.perf_counter()
                record: Record = {"epoch": state.epoch + 1, "learning_rate": run.set_learning_rate()}
                record |= run.epoch(data, loss, metrics or {})
                if validation is not None:
                    scores = score(network, validation, loss, metrics)
                    record |= {f"val_{name}": value for name, value in scores.items()}
                broken = [name for name, value in record.items() if not math.isfinite(value)]
                if broken:
                    raise _divergence(broken[0], record, data, options)
                record["seconds"] = time.perf_counter() - started
                monitored = record["loss" if validation is None else "val_loss"]
                if run.is_best(monitored) and not run.weights_are_finite():
                    raise _divergence("weights", record, data, options)
                run.advance(record, monitored)
                for callback in callbacks:
                    callback.on_epoch_end(state)
        except BaseException:
            for callback in callbacks:
                callback.on_train_abort(state)
            raise
        for callback in callbacks:
            callback.on_train_end(state)
    return state


@dataclass
class _Training:
    """Network, optimizer and random generators of a training, kept in step with its state."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    options: TrainingOptions
    callbacks: Sequence[Callback]
    state: TrainingState
    cuda: list[torch.device]

    def __post_init__(self) -> None:
        self.order = torch.Generator().manual_seed(self.options.seed)

    def restore(self) -> None:
        """Restore network, optimizer and random generators from the state."""
        tensors = self.state.tensors
        if self.state.epoch:
            self.network.load_state_dict(self.state.weights("model"))
            slots: dict[int, dict[str, Tensor]] = {}
            for name, tensor in self.state.weights("optimizer").items():
                index, slot = name.split(".", 1)
                slots.setdefault(int(index), {})[slot] = tensor
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
            self.order.set_state(tensors["generator.order"])
            torch.set_rng_state(tensors["generator.cpu"])
            if self.cuda and "generator.cuda" in tensors:
                torch.cuda.set_rng_state(tensors["generator.cuda"], self.cuda[0])
        self._follow()

    def set_learning_rate(self) -> float:
        """Set and return the learning rate of the next epoch."""
        passed = self.state.epoch / self.options.epochs
        rate = self.options.learning_rate * self.schedule(passed)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def epoch(self, data: Data, loss: Loss, metrics: Mapping[str, Loss]) -> dict[str, float]:
        """Train on each sample once and return the mean loss and metrics, computed before each step."""
        network, optimizer, options = self.network, self.optimizer, self.options
        network.train()
        inputs, targets = data
        count = len(inputs)
        samples = torch.randperm(count, generator=self.order) if options.shuffle else torch.arange(count)
        batches = torch.split(samples.to(inputs.device), options.batch_size)
        sums = _Sums()
        for number, batch in enumerate(batches, start=1):
            target = targets[batch]
            optimizer.zero_grad()
            output = network(inputs[batch])
            batch_loss = loss(output, target)
            batch_loss.backward()  # type: ignore[no-untyped-call]
            if options.clip_norm is not None:
                nn.utils.clip_grad_norm_(network.parameters(), options.clip_norm)
            optimizer.step()
            sums.add("loss", batch_loss, len(batch))
            with torch.no_grad():
                for name, metric in metrics.items():
                    sums.add(name, metric(output, target), len(batch))
            for callback in self.callbacks:
                callback.on_batch_end(self.state, number, len(batches))
        return sums.means(count)

    def is_best(self, monitored: float) -> bool:
        """Return whether the last epoch is better than all before."""
        return self.state.best_value is None or monitored < self.state.best_value

    def weights_are_finite(self) -> bool:
        """Return whether all weights are finite. The loss does not show this, as it is computed before each step."""
        return all(bool(p.isfinite().all()) for p in self.network.parameters())

    def advance(self, record: Record, monitored: float) -> None:
        """Update the state at the end of the epoch of `record`."""
        state = self.state
        state.epoch += 1
        state.history.append(record)
        if state.epoch == 1:
            self._follow()  # the first step creates the tensors of the optimizer
        if self.is_best(monitored):
            state.best_value, state.best_epoch = monitored, state.epoch
            for name, tensor in state.weights("model").items():
                state.tensors[f"best.{name}"] = tensor.clone()
        state.tensors["generator.order"] = self.order.get_state()
        state.tensors["generator.cpu"] = torch.get_rng_state()
        if self.cuda:
            state.tensors["generator.cuda"] = torch.cuda.get_rng_state(self.cuda[0])

    def _follow(self) -> None:
        """Make the state refer to the tensors in use, which training changes in place."""
        tensors = self.state.tensors
        tensors |= {f"model.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": t for name, t in slots.items() if t is not None}


@torch.no_grad()
def score(
    network: nn.Module,
    data: Data,
    loss: Loss,
    metrics: Mapping[str, Loss] | None = None,
    *,
    batch_size: int = 1024,
) -> dict[str, float]:
    """Return the mean loss and metrics over all samples, in evaluation mode."""
    was_training = network.training
    network.eval()
    sums = _Sums()
    for batch in torch.split(torch.arange(len(data[0]), device=data[0].device), batch_size):
        output, target = network(data[0][batch]), data[1][batch]
        sums.add("loss", loss(output, target), len(batch))
        for name, metric in (metrics or {}).items():
            sums.add(name, metric(output, target), len(batch))
    network.train(was_training)
    return sums.means(len(data[0]))


class _Sums:
    """Sums over batches, kept as tensors so that no step waits for a number."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}

    def add(self, name: str, mean: Tensor, count: int) -> None:
        value = mean.detach() * count
        self.sums[name] = self.sums[name] + value if name in self.sums else value

    def means(self, count: int) -> dict[str, float]:
        return {name: float(value) / count for name, value in self.sums.items()}


def _divergence(what: str, record: Record, data: Data, options: TrainingOptions) -> DivergenceError:
    """Return the error that names what became NaN or infinite, the epoch, and a probable cause."""
    causes: list[str] = []
    for kind, samples in zip(("inputs", "targets"), data, strict=True):
        batches = torch.split(torch.arange(len(samples), device=samples.device), options.batch_size)
        if not all(bool(samples[batch].isfinite().all()) for batch in batches):
            causes.append(f"the {kind} hold NaN or infinity: remove or fill them")
    if not causes:
        causes.append(f"the learning rate {record['learning_rate']:g} may be too high: try a tenth of it")
        if options.clip_norm is None:
            causes.append("gradients may explode: try clip_norm=1")
    return DivergenceError(
        f"{what} became {record.get(what, 'NaN or infinite')} in epoch {record['epoch']} of {options.epochs}; "
        f"training stopped. Probable cause: {'; or '.join(causes)}."
    )
