"""What one step is made of: batches accumulated, weights averaged, states carried on, masks handed over."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.training import Callback, TrainingOptions, TrainingState, train
from recurra.training.batches import Batch, TensorSamples

from .test_loop import StopAfter, X, Y, final_weights, small_network


def test_accumulated_gradients_are_those_of_one_large_batch() -> None:
    large, parts = (
        TrainingOptions(epochs=3, optimizer="sgd", learning_rate=0.1, shuffle=False, **sizes)
        for sizes in ({"batch_size": 6}, {"batch_size": 2, "accumulate": 3})
    )
    expected, found = (train(small_network(), (X, Y), loss=F.mse_loss, options=each) for each in (large, parts))
    assert expected.step == found.step == 6  # two an epoch, the second of four samples
    torch.testing.assert_close(final_weights(found), final_weights(expected))
    assert found.history[-1]["loss"] == pytest.approx(expected.history[-1]["loss"])


def test_the_average_of_the_weights_is_torchs_and_is_what_is_evaluated() -> None:
    network, weights = small_network(), []

    class Weights(Callback):
        def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
            weights.append(torch.cat([p.detach().flatten().clone() for p in network.parameters()]))

    options = TrainingOptions(epochs=3, batch_size=5, learning_rate=0.05, average_decay=0.9)
    state = train(network, (X, Y), loss=F.mse_loss, options=options, validation=(X, Y), callbacks=[Weights()])
    average = weights[0]
    for each in weights[1:]:
        average = 0.9 * average + 0.1 * each
    found = torch.cat([tensor.flatten() for tensor in state.weights("average").values()])
    torch.testing.assert_close(found, average)
    assert state.result(best=False) == state.weights("average")
    averaged = small_network()
    averaged.load_state_dict(state.weights("average"))
    assert state.history[-1]["val_loss"] == pytest.approx(F.mse_loss(averaged(X), Y).item())


class Running:
    """Batches that are stretches of two long sequences, one after the other."""

    carries_state = True

    def __init__(self, x: Tensor, target: Tensor, steps: int) -> None:
        self.x, self.target, self.steps, self.position = x, target, steps, 0

    def __len__(self) -> int:
        return self.x.shape[1] // self.steps

    def __next__(self) -> Batch:
        part = slice(self.position * self.steps, (self.position + 1) * self.steps)
        self.position = (self.position + 1) % len(self)
        return Batch(self.x[:, part], self.target[:, part])

    def state_dict(self) -> dict[str, Tensor]:
        return {"position": torch.tensor(self.position)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.position = int(state["position"])


class Accumulator(nn.Module):
    """Adds up its inputs: its output says which state it began with."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.began: list[float | None] = []

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        self.began.append(None if state is None else state[0][0].item())
        start = torch.zeros(len(x)) if state is None else state[0]
        total = start[:, None] + x.cumsum(dim=1)
        return self.weight * total, (total[:, -1],)


def test_a_source_that_carries_states_begins_each_epoch_from_zeros_and_goes_on_after_an_interruption() -> None:
    x = torch.arange(16.0).reshape(2, 8)
    options = TrainingOptions(epochs=2, learning_rate=1e-12)

    def run(callbacks: list[Callback], state: TrainingState | None = None) -> tuple[Accumulator, TrainingState]:
        network = Accumulator()
        batches = Running(x, x.cumsum(dim=1), steps=2)
        found = train(network, batches, loss=F.mse_loss, options=options, callbacks=callbacks, state=state)
        return network, found

    network, state = run([])
    sums = [None, 1.0, 6.0, 15.0]  # 0 + 1, + 2 + 3, + 4 + 5
    assert network.began == sums * 2
    assert state.history[-1]["loss"] == pytest.approx(0.0, abs=1e-10)  # each batch really went on
    stop = StopAfter(6)
    with pytest.raises(KeyboardInterrupt):
        run([stop])
    resumed, _ = run([], stop.state())
    assert resumed.began == sums[2:]


def test_a_mask_reaches_the_network_by_name() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return self.weight * (x * mask).sum(dim=1)

    x, mask = torch.ones(6, 4), torch.arange(24).reshape(6, 4) % 2 == 0
    samples = TensorSamples(x, torch.full((6,), 2.0), mask)
    state = train(Masked(), samples, loss=F.mse_loss, options=TrainingOptions(epochs=1), validation=samples)
    assert state.history[0]["loss"] == 0.0
