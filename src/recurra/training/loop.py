"""The training loop: steps, epochs, best weights, and a state from which training resumes exactly after any step."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from recurra.errors import InputError
from recurra.settings.training import TrainingOptions
from recurra.tensor_files import part_of
from recurra.training.arguments import check_arguments
from recurra.training.batches import (
    EVALUATED_AT_ONCE,
    Batch,
    Batches,
    SampleBatches,
    Samples,
    batches_of,
    samples_of,
)
from recurra.training.callbacks import Callback
from recurra.training.optimizers import make_optimizer
from recurra.training.process import seeded, threads_for, work_of_step
from recurra.training.schedules import learning_rate_of
from recurra.training.state import Record, TrainingState
from recurra.training.state_check import check_fits, restoring

Loss = Callable[..., Tensor]  # (output, target) → mean over the batch; see `Batch.of_loss` for more arguments
State = tuple[Tensor, ...]  # what a network carries from one batch to the next


class DivergenceError(InputError):
    """Raised if the loss, a metric or the weights become NaN or infinite."""


def train(
    network: nn.Module,
    data: Batches | Samples | tuple[Tensor, Tensor],
    *,
    loss: Loss,
    options: TrainingOptions,
    metrics: Mapping[str, Loss] | None = None,
    validation: Batches | Samples | tuple[Tensor, Tensor] | None = None,
    callbacks: Sequence[Callback] = (),
    state: TrainingState | None = None,
) -> TrainingState:
    """Train a module.

    After each epoch, or every `record_every` steps in a training by steps, the network is evaluated and the metrics are
    recorded. The best weights are those with the lowest monitored loss: the validation loss if there is validation
    data, and the training loss otherwise. The network ends with the weights of the last step; the state has the best.

    Args:
        network: module that is called with `Batch.x` and, by name, with the other inputs of the batch. It returns the
            first argument of `loss`. If the batches carry states, it is called with `state`, which is None at first,
            and returns the output and the new state, a tuple of tensors.
        data: what to train on, on the device of the network: inputs [N, ...] and targets [N, ...], `Samples`, which are
            drawn in batches of `options.batch_size`, or `Batches`.
        loss: function of output and target that returns the mean over the batch; it is called with `scale` too if the
            batch has one.
        options: see `TrainingOptions`.
        metrics: further functions of output and target to record, by name; each returns the mean over the batch.
        validation: what is evaluated after each epoch and never trained on: samples, or one epoch of batches.
        callbacks: see `Callback`.
        state: state of an earlier training, from which training continues exactly.

    Returns:
        The state after the last step.

    Raises:
        DivergenceError: if the loss or the weights become NaN or infinite; the message names the epoch and a probable
            cause.
        InputTypeError: if an argument or an option has the wrong type.
        InputError: if an option is invalid, or there are no samples, or not as many targets as inputs.

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
    arguments = check_arguments(
        network=network, loss=loss, metrics=metrics, options=options, callbacks=callbacks, state=state
    )
    options, callbacks = arguments.options, arguments.callbacks
    batches = batches_of(data, options)
    with training_process(network, batches, options.seed) as cuda:
        training = Training(network, batches, loss, metrics or {}, options, callbacks, state or TrainingState(), cuda)
        state = training.state
        for callback in callbacks:
            callback.on_train_begin(state, training.rounds)
        try:
            while not training.is_done and not state.stop:
                training.run_round(validation)
                for callback in callbacks:
                    callback.on_epoch_end(state)
        except BaseException:
            for callback in callbacks:
                callback.on_train_abort(state)
            raise
        for callback in callbacks:
            callback.on_train_end(state)
        training.detach()
    return state


@contextmanager
def training_process(network: nn.Module, batches: Batches, seed: int) -> Iterator[list[torch.device]]:
    """Context manager in which a module is trained: torch's generators are seeded, and no more threads run than help.

    Yields:
        The CUDA devices of the batches, whose generators are seeded too.

    Raises:
        InputError: there are no batches.
    """
    if len(batches) == 0:
        raise InputError("there are no samples to train on.")
    first = _peek(batches)
    cuda = [first.x.device] if first.x.device.type == "cuda" else []
    with seeded(seed, cuda), threads_for(work_of_step(network, first.x)):
        yield cuda


class Training:
    """A training in progress: network, optimizer, batches and random generators, kept in step with its state.

    Attributes:
        steps: number of steps of the whole training.
        round: number of steps after which the network is evaluated: an epoch, or `record_every`.
        rounds: number of rounds of the whole training.
    """

    def __init__(
        self,
        network: nn.Module,
        batches: Batches,
        loss: Loss,
        metrics: Mapping[str, Loss],
        options: TrainingOptions,
        callbacks: Sequence[Callback],
        state: TrainingState,
        cuda: list[torch.device],
    ) -> None:
        self.network, self.batches, self.loss, self.metrics = network, batches, loss, metrics
        self.options, self.callbacks, self.state, self.cuda = options, callbacks, state, cuda
        self.optimizer = make_optimizer(network, options)
        steps_per_epoch = -(-len(batches) // options.accumulate)
        self.round = steps_per_epoch if options.steps is None else options.record_every
        self.steps = options.epochs * steps_per_epoch if options.steps is None else options.steps
        self.rounds = -(-self.steps // self.round)
        self.learning_rate = learning_rate_of(options, self.steps)
        self.average = (
            AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(options.average_decay))  # type: ignore[no-untyped-call]
            if options.average_decay
            else None
        )
        self.carry: State | None = None
        self.sums = _Sums()
        self.seconds = 0.0  # of this round, before it was interrupted
        self._restore()
        state.seen, state.read = 0, self._read

    @property
    def evaluated(self) -> nn.Module:
        """The network whose weights are evaluated and saved."""
        return self.network if self.average is None else self.average.module

    @property
    def is_done(self) -> bool:
        return self.state.step is not None and self.state.step >= self.steps and not self.sums

    def run_round(self, validation: Batches | Samples | tuple[Tensor, Tensor] | None) -> None:
        """Train until the end of the round, evaluate the network, and record the metrics."""
        state, started = self.state, time.perf_counter() - self.seconds
        assert state.step is not None
        done = state.step - bool(self.sums)  # after the last step of a round, its record may still be missing
        start = done // self.round * self.round
        end = min(start + self.round, self.steps)
        rate = self.learning_rate(start)
        self.network.train()
        while state.step < end:
            self.step()
            self.seconds = time.perf_counter() - started
            for callback in self.callbacks:
                callback.on_step_end(state, self.round - (end - state.step), self.round)
        record: Record = {"epoch": state.epoch + 1} if self.options.steps is None else {"step": state.step}
        if state.member:
            record = {"member": state.member, **record}
        record |= {"learning_rate": rate, **self.sums.means()}
        if validation is not None:
            scores = score(self.evaluated, validation, self.loss, self.metrics)
            record |= {f"val_{name}": value for name, value in scores.items()}
        broken = [name for name, value in record.items() if not math.isfinite(value)]
        if broken:
            raise self._divergence(broken[0], record)
        record["seconds"] = time.perf_counter() - started
        monitored = record["loss" if validation is None else "val_loss"]
        is_best = state.best_value is None or monitored < state.best_value
        if is_best and not all(bool(p.isfinite().all()) for p in self.network.parameters()):
            raise self._divergence("weights", record)  # the loss does not show it: it is computed before each step
        state.epoch += 1
        state.history.append(record)
        self.sums, self.seconds = _Sums(), 0.0
        if is_best:
            state.best_value, state.best_epoch = monitored, state.epoch
            for name, tensor in self.evaluated.state_dict().items():
                state.tensors[f"best.{name}"] = tensor.clone()

    def step(self) -> Tensor:
        """Update the weights once, add the loss and the metrics before the update to the sums, and return that loss."""
        network, optimizer, options, state = self.network, self.optimizer, self.options, self.state
        assert state.step is not None
        rate = self.learning_rate(state.step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        batch = next(self.batches)
        if options.accumulate == 1:
            loss = self._backward(batch, 1.0)
        else:
            parts = [batch]
            while len(parts) < options.accumulate and self.batches.position:
                parts.append(next(self.batches))
            count = sum(len(part.x) for part in parts)
            loss = torch.stack([self._backward(part, len(part.x) / count) for part in parts]).sum()
        if options.clip_norm is not None:
            nn.utils.clip_grad_norm_(network.parameters(), options.clip_norm)
        optimizer.step()
        state.step += 1
        if self.average is not None:
            self.average.update_parameters(network)
        if state.step == 1:
            self._follow()  # the first step creates the tensors of the optimizer
        return loss

    def _backward(self, batch: Batch, share: float) -> Tensor:
        """Add the gradients of a batch, weighted by its share of the step, and return its share of the loss."""
        output, self.carry = _output(self.network, self.batches, batch, self.carry)
        loss = self.loss(output, batch.target, **batch.of_loss())
        part = loss if share == 1.0 else loss * share
        part.backward()  # type: ignore[no-untyped-call]
        self.sums.add_batch(batch, output, loss, self.metrics)
        self.state.seen += batch.target.numel()
        return part.detach()

    def _restore(self) -> None:
        """Restore network, optimizer, batches and random generators from the state."""
        state = self.state
        if state.step is None:
            state.step = state.epoch * self.round
        if state.step:
            with restoring(state):
                self._restore_from(state, state.step)
        self._follow()

    def _restore_from(self, state: TrainingState, step: int) -> None:
        tensors = state.tensors
        if state.source and step > min(self.steps, (state.epoch + 1) * self.round):
            raise ValueError(f"step {step} of {self.steps}, after {state.epoch} records")
        check_fits(state, self.network, self.options)
        self.network.load_state_dict(state.weights("model"))
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.weights("optimizer").items():
            index, slot = name.split(".", 1)
            slots.setdefault(int(index), {})[slot] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        self.batches.load_state_dict(state.weights("batches"))
        torch.set_rng_state(tensors["generator.cpu"])
        if self.cuda and "generator.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["generator.cuda"], self.cuda[0])
        if self.average is not None:
            self.average.module.load_state_dict(state.weights("average"))
            self.average.n_averaged.fill_(step)
        carried = state.weights("carry")
        device = next(self.network.parameters()).device  # that of a file's tensors is the CPU
        self.carry = tuple(carried[str(i)].to(device) for i in range(len(carried))) or None
        self.seconds = float(tensors.get("sums.seconds", 0.0))
        self.sums = _Sums(state.weights("sums"))
        for name in [name for name in tensors if name.startswith(("batches.", "carry.", "generator.", "sums."))]:
            del tensors[name]  # `_read` has their present values

    def _follow(self) -> None:
        """Make the state refer to the tensors in use, which training changes in place."""
        tensors = self.state.tensors
        tensors |= {f"model.{name}": tensor for name, tensor in self.network.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{name}": tensor for name, tensor in self.average.module.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": t for name, t in slots.items() if t is not None}

    def _read(self) -> dict[str, Tensor]:
        """Return the tensors of the state that are not tensors in use."""
        found = {f"batches.{name}": tensor for name, tensor in self.batches.state_dict().items()}
        found["generator.cpu"] = torch.get_rng_state()
        if self.cuda:
            found["generator.cuda"] = torch.cuda.get_rng_state(self.cuda[0])
        found |= {f"carry.{i}": tensor for i, tensor in enumerate(self.carry or ())}
        found |= {f"sums.{name}": tensor for name, tensor in self.sums.state_dict().items()}
        found["sums.seconds"] = torch.tensor(self.seconds, dtype=torch.float64)
        return found

    def detach(self) -> None:
        """Give the state all tensors, while the random generators are still those of the training."""
        self.state.tensors |= self._read()
        self.state.read = dict

    def _divergence(self, what: str, record: Record) -> DivergenceError:
        """Return the error that names what became NaN or infinite, when, and a probable cause."""
        broken: set[str] = set()
        for _ in range(len(self.batches)):  # one at a time: an epoch of windows may exceed the memory
            batch = next(self.batches)
            broken |= {kind for kind, t in (("inputs", batch.x), ("targets", batch.target)) if not t.isfinite().all()}
        causes = [f"the {kind} hold NaN or infinity: remove or fill them" for kind in sorted(broken)]
        if not causes:
            causes.append(f"the learning rate {record['learning_rate']:g} may be too high: try a tenth of it")
            if self.options.clip_norm is None:
                causes.append("gradients may explode: try clip_norm=1")
        when = f"epoch {self.state.epoch + 1} of {self.rounds}"
        if self.options.steps is not None:
            when = f"the steps up to {self.state.step} of {self.steps}"
        if self.state.member:
            when += f", in network {self.state.member} of the ensemble"
        return DivergenceError(
            f"{what} became {record.get(what, 'NaN or infinite')} in {when}; training stopped. "
            f"Probable cause: {'; or '.join(causes)}."
        )


@torch.no_grad()
def score(
    network: nn.Module,
    data: Batches | Samples | tuple[Tensor, Tensor],
    loss: Loss,
    metrics: Mapping[str, Loss] | None = None,
    *,
    batch_size: int = EVALUATED_AT_ONCE,
) -> dict[str, float]:
    """Return the mean loss and metrics over an epoch of batches, or over all samples, in evaluation mode."""
    batches = data if isinstance(data, Batches) else SampleBatches(samples_of(data), batch_size, shuffle=False, seed=0)
    was_training, carry, sums = network.training, None, _Sums()
    network.eval()
    for _ in range(len(batches)):
        batch = next(batches)
        output, carry = _output(network, batches, batch, carry)
        sums.add_batch(batch, output, loss(output, batch.target, **batch.of_loss()), metrics or {})
    network.train(was_training)
    return sums.means()


def _output(network: nn.Module, batches: Batches, batch: Batch, carry: State | None) -> tuple[Any, State | None]:
    """Return the output for a batch that was drawn last, and what the next batch starts from."""
    if not batches.carries_state:
        return network(batch.x, **batch.inputs()), None
    output, state = network(batch.x, state=carry, **batch.inputs())
    is_last = batches.position == 0  # the next batch begins an epoch, from zeros
    return output, None if is_last else tuple(tensor.detach() for tensor in state)


class _Sums:
    """Sums over batches, kept as tensors so that no step waits for a number."""

    def __init__(self, state: Mapping[str, Tensor] = MappingProxyType({})) -> None:
        self.sums = part_of(state, "sum")
        self.counts = {name: int(count) for name, count in part_of(state, "count").items()}

    def __bool__(self) -> bool:
        return bool(self.sums)

    @torch.no_grad()
    def add_batch(self, batch: Batch, output: Tensor, loss: Tensor, metrics: Mapping[str, Loss]) -> None:
        """Add the mean loss of a batch, and compute and add its metrics."""
        self._add("loss", loss, len(batch.x))
        for name, metric in metrics.items():
            self._add(name, metric(output, batch.target), len(batch.x))

    def _add(self, name: str, mean: Tensor, count: int) -> None:
        value = mean.detach() * count
        self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.counts[name] = self.counts.get(name, 0) + count

    def means(self) -> dict[str, float]:
        return {name: float(value) / self.counts[name] for name, value in self.sums.items()}

    def state_dict(self) -> dict[str, Tensor]:
        counts = {f"count.{name}": torch.tensor(count) for name, count in self.counts.items()}
        return {f"sum.{name}": tensor for name, tensor in self.sums.items()} | counts


def _peek(batches: Batches) -> Batch:
    """Return the first batch, and leave the source where it stands."""
    start = batches.state_dict()
    first = next(batches)
    batches.load_state_dict(start)
    return first
