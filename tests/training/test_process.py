"""What a training asks of the process: one thread for small networks, seeds, and all of it given back."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from recurra.training import Callback, TrainingOptions, TrainingState, train
from recurra.training.process import WORTH_SHARING, threads_for, work_of_step


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_the_work_of_a_step_counts_parameters_batch_and_time_steps() -> None:
    network = nn.Linear(4, 3)  # 15 parameters
    assert work_of_step(network, torch.zeros(10, 7, 4)) == 2 * 15 * 10 * 7
    assert work_of_step(network, torch.zeros(6)) == 2 * 15 * 6


def test_little_work_is_done_by_one_thread_and_much_by_all() -> None:
    with threads_for(WORTH_SHARING - 1):
        assert torch.get_num_threads() == 1
    with threads_for(WORTH_SHARING):
        assert torch.get_num_threads() == 2


def test_the_callers_threads_come_back_after_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), threads_for(0):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("width", "threads"), [(4, 1), (3000, 2)])
def test_the_loop_trains_small_networks_on_one_thread(width: int, threads: int) -> None:
    used: list[int] = []

    class Look(Callback):
        def on_epoch_end(self, state: TrainingState) -> None:
            used.append(torch.get_num_threads())

    x = torch.zeros(4, width)
    train(nn.Linear(width, width), (x, x), loss=F.mse_loss, options=TrainingOptions(epochs=1), callbacks=[Look()])
    assert used == [threads]
    assert torch.get_num_threads() == 2
