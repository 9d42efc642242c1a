"""Batches: what one training step learns from, and sources of them that know where they stand."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from recurra.errors import InputError, InputTypeError, shown
from recurra.settings.training import TrainingOptions

EVALUATED_AT_ONCE = 1024  # samples per batch where nothing is learned
LEAST_BATCHES = 16  # of an epoch of rounds, so that its last batch, which may have fewer samples, hardly counts


class Batch(NamedTuple):
    """Samples that a network processes together.

    Attributes:
        x: inputs, [B, ...], such as [B, T, I].
        target: what the output is compared with, [B, ...].
        mask: [B, T], True at unmasked time steps; None: all are unmasked.
        static: features that do not change over time, [B, K]; None: there are none.
        future: features of the predicted time steps that are known in advance, [B, H, F]; None: there are none.
        scale: what the target was divided by, [B, 1], for losses that need it; None: by 1.
    """

    x: Tensor
    target: Tensor
    mask: Tensor | None = None
    static: Tensor | None = None
    future: Tensor | None = None
    scale: Tensor | None = None

    def inputs(self) -> dict[str, Tensor]:
        """Return the inputs of the network besides x by name, without those that are None."""
        named = {"mask": self.mask, "static": self.static, "future": self.future}
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    def of_loss(self) -> dict[str, Tensor]:
        """Return the arguments of the loss besides output and target by name, without those that are None."""
        return {} if self.scale is None else {"scale": self.scale}


class Samples(Protocol):
    """Samples that can be indexed: `samples[index]` is the batch of the samples `index` [B]."""

    @property
    def device(self) -> torch.device: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: Tensor, /) -> Batch: ...


@runtime_checkable
class GroupedSamples(Samples, Protocol):
    """Samples of several groups, such as the windows of several series.

    Attributes:
        groups: number of samples of each group, which follow each other, [G].
    """

    @property
    def groups(self) -> Tensor: ...


class TensorSamples:
    """Samples that lie in tensors.

    Args:
        x: inputs, [N, ...].
        target: targets, [N, ...].
        mask: [N, T], True at unmasked time steps.

    Raises:
        InputTypeError: one is not a tensor.
        InputError: they differ in their number of samples.

    >>> samples = TensorSamples(torch.arange(4.0)[:, None], torch.arange(4))
    >>> samples[torch.tensor([2, 0])].target
    tensor([2, 0])
    """

    def __init__(self, x: Tensor, target: Tensor, mask: Tensor | None = None) -> None:
        for name, tensor in {"x": x, "target": target, "mask": x if mask is None else mask}.items():
            if not isinstance(tensor, Tensor):
                raise InputTypeError(f"TensorSamples: {name} is {shown(tensor)}; expected a torch.Tensor.")
            if tensor.dim() == 0 or len(tensor) != len(x):
                raise InputError(
                    f"TensorSamples: {name} has the shape {tuple(tensor.shape)}, and x {tuple(x.shape)}; "
                    "expected one entry for each sample, in the first dimension."
                )
        self.x, self.target, self.mask = x, target, mask

    @property
    def device(self) -> torch.device:
        return self.x.device

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor) -> Batch:
        return Batch(self.x[index], self.target[index], None if self.mask is None else self.mask[index])


@runtime_checkable
class Batches(Protocol):
    """An endless source of batches, epoch after epoch, that knows where it stands.

    A source may be any object with these members; docs/extend.md has an example.

    Attributes:
        position: number of batches of the current epoch that have been drawn; 0 between two epochs.
        carries_state: whether each batch continues the sequences of the batch before, so that the network starts from
            the state that it ended with; at the beginning of an epoch it starts from zeros.
    """

    position: int
    carries_state: bool

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        ...

    def __next__(self) -> Batch: ...
    def state_dict(self) -> dict[str, Tensor]:
        """Return where the source stands, from which `load_state_dict` continues exactly."""
        ...

    def load_state_dict(self, state: dict[str, Tensor], /) -> None: ...


class EpochBatches(ABC):
    """A source whose epochs follow from a random generator: its state is that of the generator, and its position.

    Args:
        seed: random seed.
    """

    carries_state = False

    def __init__(self, seed: int) -> None:
        self.position = 0
        self._generator = torch.Generator().manual_seed(seed)
        self._start = self._generator.get_state()  # of the generator at the beginning of the epoch

    @abstractmethod
    def __len__(self) -> int:
        """The number of batches of an epoch."""

    @abstractmethod
    def _draw(self) -> None:
        """Decide at random what the batches of an epoch are."""

    @abstractmethod
    def _batch(self, position: int) -> Batch:
        """Return a batch of the epoch."""

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self.position == 0:
            self._begin_epoch()
        batch = self._batch(self.position)
        self.position = (self.position + 1) % len(self)
        return batch

    def _begin_epoch(self) -> None:
        self._start = self._generator.get_state()
        self._draw()

    def state_dict(self) -> dict[str, Tensor]:
        start = self._start if self.position else self._generator.get_state()
        return {"generator": start, "position": torch.tensor(self.position)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        position = int(state["position"])
        if not 0 <= position < max(len(self), 1):
            raise ValueError(f"position {position} of {len(self)} batches")
        self._generator.set_state(state["generator"])
        self.position = position
        if self.position:
            self._begin_epoch()


class SampleBatches(EpochBatches):
    """Batches of samples, each once per epoch, optionally shuffled.

    Args:
        samples: the samples.
        batch_size: number of samples per batch; the last batch of an epoch may have fewer.
        shuffle: whether to shuffle the samples before each epoch.
        seed: random seed of the shuffling.

    >>> batches = SampleBatches(TensorSamples(torch.arange(5), torch.arange(5)), 2, shuffle=False, seed=0)
    >>> [next(batches).x.tolist() for _ in range(4)]
    [[0, 1], [2, 3], [4], [0, 1]]
    """

    def __init__(self, samples: Samples, batch_size: int, *, shuffle: bool, seed: int) -> None:
        super().__init__(seed)
        self.samples, self.batch_size, self.shuffle = samples, batch_size, shuffle
        self._indices: tuple[Tensor, ...] = ()

    def __len__(self) -> int:
        return math.ceil(len(self.samples) / self.batch_size)

    def _batch(self, position: int) -> Batch:
        return self.samples[self._indices[position]]

    def _draw(self) -> None:
        self._indices = torch.split(self._order().to(self.samples.device), self.batch_size)

    def _order(self) -> Tensor:
        """Return the samples of an epoch, as indices."""
        count, cpu = len(self.samples), self._generator.device  # whatever torch's default device is
        if self.shuffle:
            return torch.randperm(count, generator=self._generator, device=cpu)
        return torch.arange(count, device=cpu)


class RoundBatches(SampleBatches):
    """Batches of samples that are drawn in rounds: in each round one random sample of each group, in random order.

    So the samples of every group are drawn where there are too many to draw them all.

    Args:
        samples: the samples.
        batch_size: number of samples per batch; the last batch of an epoch may have fewer.
        seed: random seed of the draws.

    An epoch is a whole number of rounds.
    """

    samples: GroupedSamples

    def __init__(self, samples: GroupedSamples, batch_size: int, *, seed: int) -> None:
        super().__init__(samples, batch_size, shuffle=True, seed=seed)
        self._counts = samples.groups.cpu()
        self._firsts = self._counts.cumsum(0) - self._counts
        self._rounds = math.ceil(LEAST_BATCHES * batch_size / len(self._counts))

    def __len__(self) -> int:
        return math.ceil(self._rounds * len(self._counts) / self.batch_size)

    def _order(self) -> Tensor:
        def random(*shape: int) -> Tensor:  # whatever torch's default device is
            return torch.rand(shape, generator=self._generator, dtype=torch.float64, device=self._generator.device)

        groups = random(self._rounds, len(self._counts)).argsort(dim=1).ravel()
        return self._firsts[groups] + (random(len(groups)) * self._counts[groups]).long()


def batches_of(data: "Batches | Samples | tuple[Tensor, Tensor]", options: TrainingOptions) -> Batches:
    """Return data as batches: those of samples have the size and the order that the options set.

    If the steps that are set are too few for all samples, and these are shuffled, they go round the groups.
    """
    if isinstance(data, Batches):
        return data
    samples = samples_of(data)
    drawn = None if options.steps is None else options.steps * options.accumulate * options.batch_size
    are_too_many = drawn is not None and drawn < len(samples) and options.shuffle
    if are_too_many and isinstance(samples, GroupedSamples) and len(samples.groups) > 1:
        return RoundBatches(samples, options.batch_size, seed=options.seed)
    return SampleBatches(samples, options.batch_size, shuffle=options.shuffle, seed=options.seed)


def samples_of(data: "Samples | tuple[Tensor, Tensor]") -> Samples:
    """Return samples, or a pair of inputs [N, ...] and targets [N, ...], as samples.

    Raises:
        InputTypeError: the data is neither.
    """
    if isinstance(data, tuple) and len(data) == 2:
        return TensorSamples(*data)
    if isinstance(data, Tensor) or not all(hasattr(data, name) for name in ("__len__", "__getitem__", "device")):
        raise InputTypeError(
            f"the samples are {shown(data)}; expected a tuple of inputs and targets, TensorSamples, or another object "
            "with their members."
        )
    return data
