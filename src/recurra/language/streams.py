"""Streams: a text read in parallel from several places, so that each batch goes on where the one before ended."""

import numpy as np
import torch

from recurra.errors import InputError, counted
from recurra.language.corpus import Ids
from recurra.training.batches import Batch, EpochBatches


class StreamBatches(EpochBatches):
    """Batches of a text that is cut into streams of equal length, which are read side by side.

    Each batch has the next `steps` symbols of every stream, x [B, T], and as targets those one symbol later. What
    remains of the text, less than one batch, is left out at its beginning and its end.

    Args:
        ids: the text, [N].
        streams: number of streams, B.
        steps: symbols of each stream in a batch, T.
        shuffle: whether each epoch begins at another place among those that leave the same number of batches.
        seed: random seed of these places.
        device: device of the batches.

    Raises:
        InputError: the text is too short for one batch.

    >>> batches = StreamBatches(np.arange(9), streams=2, steps=2, shuffle=False, seed=0)
    >>> [next(batches).x.tolist() for _ in range(2)]
    [[[0, 1], [4, 5]], [[2, 3], [6, 7]]]
    >>> next(batches).target.tolist()
    [[1, 2], [5, 6]]
    """

    carries_state = True

    def __init__(
        self, ids: Ids, streams: int, steps: int, *, shuffle: bool, seed: int, device: str | torch.device = "cpu"
    ) -> None:
        super().__init__(seed)
        self.ids, self.streams, self.steps, self.shuffle = ids, streams, steps, shuffle
        self.device = torch.device(device)
        predicted = len(ids) - 1
        if predicted < streams * steps:
            raise InputError(
                f"a part of the text has {counted(len(ids), 'symbol')}; {streams} streams of {steps} steps need at "
                f"least {streams * steps + 1}: give a longer text, or a smaller batch_size or window."
            )
        # with less than a batch of `steps` to spare, every epoch would have the same batches
        self._batches = max(1, (predicted - (steps - 1 if shuffle else 0)) // (streams * steps))
        self._spare = predicted - self._batches * streams * steps
        self._first = 0  # id of this epoch

    def __len__(self) -> int:
        return self._batches

    def _batch(self, position: int) -> Batch:
        length = self._batches * self.steps
        starts = self._first + position * self.steps + length * np.arange(self.streams)
        part = self.ids[starts[:, None] + np.arange(self.steps + 1)].astype(np.int64)
        ids = torch.from_numpy(part).to(self.device)
        return Batch(ids[:, :-1], ids[:, 1:])

    def _draw(self) -> None:
        if self.shuffle:
            self._first = int(torch.randint(self._spare + 1, (1,), generator=self._generator, device="cpu"))
