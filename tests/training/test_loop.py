"""The loop: against torch's bare loop, and against hand calculation."""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recurra.errors import InputError
from recurra.training import Callback, DivergenceError, TrainingOptions, TrainingState, train
from recurra.training.loop import score

X = torch.linspace(-1, 1, 20).reshape(10, 2)
Y = X.sum(dim=1, keepdim=True) ** 2


def small_network(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))


def final_weights(state: TrainingState) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in state.weights("model").values()])


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_trains_like_torchs_bare_loop(name: str) -> None:
    bare = small_network()
    optimizer = OPTIMIZERS[name](bare.parameters(), lr=0.01)
    for _ in range(5):
        for start in range(0, 10, 4):
            optimizer.zero_grad()
            F.mse_loss(bare(X[start : start + 4]), Y[start : start + 4]).backward()
            nn.utils.clip_grad_norm_(bare.parameters(), 0.5)
            optimizer.step()

    ours = small_network()
    options = TrainingOptions(epochs=5, batch_size=4, optimizer=name, learning_rate=0.01, clip_norm=0.5, shuffle=False)
    train(ours, (X, Y), loss=F.mse_loss, options=options)

    for parameter, expected in zip(ours.parameters(), bare.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, rtol=0, atol=0)


def test_targets_are_counted_since_the_training_began_or_went_on() -> None:
    network, options = small_network(), TrainingOptions(epochs=3, batch_size=4)
    state = train(network, (X, Y), loss=F.mse_loss, options=options)
    assert state.seen == 3 * 10
    longer = TrainingOptions(epochs=5, batch_size=4)
    assert train(network, (X, Y), loss=F.mse_loss, options=longer, state=state).seen == 2 * 10


def test_the_loss_of_an_epoch_is_the_mean_over_samples_not_over_batches() -> None:
    network = nn.Linear(2, 1)
    expected = F.mse_loss(network(X), Y).item()
    options = TrainingOptions(epochs=1, batch_size=3, optimizer="sgd", learning_rate=1e-30)
    state = train(network, (X, Y), loss=F.mse_loss, options=options, metrics={"mae": F.l1_loss})
    assert state.history[0]["loss"] == pytest.approx(expected, rel=1e-6)
    assert state.history[0]["mae"] == pytest.approx((network(X) - Y).abs().mean().item(), rel=1e-6)


def test_score_does_not_depend_on_the_batch_size_and_leaves_the_network_in_training() -> None:
    network = small_network(dropout=0.5).train()
    whole = score(network, (X, Y), F.mse_loss, batch_size=10)
    assert score(network, (X, Y), F.mse_loss, batch_size=3) == pytest.approx(whole)
    assert network.training


def test_the_best_weights_are_those_of_the_epoch_with_the_lowest_validation_loss() -> None:
    validation = (X[:3], -Y[:3])  # gets worse as training goes on
    seen: list[dict[str, Tensor]] = []

    class Remember(Callback):
        def on_epoch_end(self, state: TrainingState) -> None:
            seen.append({name: tensor.clone() for name, tensor in state.weights("model").items()})

    state = train(
        small_network(),
        (X, Y),
        loss=F.mse_loss,
        options=TrainingOptions(epochs=30, learning_rate=0.05),
        validation=validation,
        callbacks=[Remember()],
    )
    losses = [record["val_loss"] for record in state.history]
    best = losses.index(min(losses))
    assert 0 <= best < 29
    assert state.best_epoch == best + 1
    for name, tensor in state.weights("best").items():
        assert torch.equal(tensor, seen[best][name])


def test_the_shuffling_is_seeded_and_leaves_the_callers_random_numbers_alone() -> None:
    def run(seed: int) -> Tensor:
        options = TrainingOptions(epochs=3, batch_size=2, seed=seed)
        return final_weights(train(small_network(0.3), (X, Y), loss=F.mse_loss, options=options))

    network = small_network(0.3)
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    train(network, (X, Y), loss=F.mse_loss, options=TrainingOptions(epochs=3, batch_size=2))
    assert torch.equal(torch.rand(3), expected)

    assert torch.equal(run(5), run(5))
    assert not torch.equal(run(5), run(6))


def test_of_epochs_with_the_same_loss_the_first_is_the_best() -> None:
    options = TrainingOptions(epochs=4, batch_size=10, optimizer="sgd", learning_rate=1e-30)  # changes no weight
    state = train(small_network(), (X, Y), loss=F.mse_loss, options=options, validation=(X, Y))
    assert len({record["val_loss"] for record in state.history}) == 1
    assert state.best_epoch == 1


@pytest.mark.parametrize("stop_after", [1, 4])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_training_that_is_taken_up_again_ends_exactly_as_if_it_had_not_stopped(
    optimizer: str, stop_after: int
) -> None:
    class Stop(Callback):
        def on_epoch_end(self, state: TrainingState) -> None:
            if state.epoch == stop_after:
                state.stop = "for the test"

    options = TrainingOptions(epochs=9, batch_size=3, optimizer=optimizer, schedule="cosine", clip_norm=1.0)
    through = train(small_network(0.2), (X, Y), loss=F.mse_loss, options=options)

    half = train(small_network(0.2), (X, Y), loss=F.mse_loss, options=options, callbacks=[Stop()])
    assert half.epoch == stop_after
    tensors, numbers = half.to_parts()
    taken_up = TrainingState.from_parts({name: tensor.clone() for name, tensor in tensors.items()}, numbers)
    other_start = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))
    resumed = train(other_start, (X, Y), loss=F.mse_loss, options=options, state=taken_up)

    assert resumed.tensors.keys() == through.tensors.keys()
    for name, tensor in through.tensors.items():
        assert torch.equal(resumed.tensors[name], tensor), name
    drop = {"seconds"}
    assert [{k: v for k, v in r.items() if k not in drop} for r in resumed.history] == [
        {k: v for k, v in r.items() if k not in drop} for r in through.history
    ]


def test_it_trains_any_torch_module() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
            self.norm = nn.LayerNorm(4)
            self.head = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            attended, _ = self.attention(x, x, x)
            return self.head(self.norm(x + attended)).mean(dim=1)

    torch.manual_seed(0)
    x, y = torch.randn(12, 5, 4), torch.arange(12) % 3
    state = train(Attention(), (x, y), loss=F.cross_entropy, options=TrainingOptions(epochs=60, learning_rate=0.02))
    assert state.history[-1]["loss"] < 0.3 * state.history[0]["loss"]


def test_a_loss_that_becomes_nan_stops_with_the_epoch_and_a_suggestion() -> None:
    options = TrainingOptions(epochs=50, optimizer="sgd", learning_rate=1e6)
    with pytest.raises(DivergenceError, match=r"became (nan|inf) in epoch \d+ of 50.*learning rate 1e\+06.*clip_norm"):
        train(small_network(), (1e3 * X, 1e3 * Y), loss=F.mse_loss, options=options)


def test_weights_that_the_last_step_made_nan_are_not_kept_as_the_best() -> None:
    options = TrainingOptions(epochs=1, batch_size=100, optimizer="sgd", learning_rate=1e37)
    with pytest.raises(DivergenceError, match="weights became NaN or infinite in epoch 1 of 1"):
        train(small_network(), (100 * X, 1000 * Y), loss=F.mse_loss, options=options)


def test_nan_in_the_data_is_named_as_the_cause() -> None:
    x = X.clone()
    x[4, 1] = float("nan")
    with pytest.raises(DivergenceError, match=r"loss became nan in epoch 1 of 3.*the inputs hold NaN"):
        train(small_network(), (x, Y), loss=F.mse_loss, options=TrainingOptions(epochs=3))


def test_callbacks_hear_of_an_abort_and_not_of_an_end() -> None:
    heard: list[str] = []

    class Listen(Callback):
        def on_train_begin(self, state: TrainingState, epochs: int) -> None:
            heard.append(f"begin {epochs}")

        def on_step_end(self, state: TrainingState, batch: int, batches: int) -> None:
            heard.append(f"batch {batch}/{batches}")
            if state.epoch == 1:
                raise KeyboardInterrupt

        def on_epoch_end(self, state: TrainingState) -> None:
            heard.append(f"epoch {state.epoch}")

        def on_train_abort(self, state: TrainingState) -> None:
            heard.append("abort")

        def on_train_end(self, state: TrainingState) -> None:
            heard.append("end")

    with pytest.raises(KeyboardInterrupt):
        train(
            small_network(),
            (X, Y),
            loss=F.mse_loss,
            options=TrainingOptions(epochs=3, batch_size=5),
            callbacks=[Listen()],
        )
    assert heard == ["begin 3", "batch 1/2", "batch 2/2", "epoch 1", "batch 1/2", "abort"]


def test_no_samples_are_an_error() -> None:
    with pytest.raises(InputError, match="no samples"):
        train(small_network(), (X[:0], Y[:0]), loss=F.mse_loss, options=TrainingOptions())


class StopAfter(Callback):
    """Ends the training with an error after a number of steps, as a kill would, and keeps the state as it was saved."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.saved: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        if state.step == self.steps:
            tensors, numbers = state.to_parts()
            self.saved = {name: tensor.clone() for name, tensor in tensors.items()}, copy.deepcopy(numbers)
            raise KeyboardInterrupt

    def state(self) -> TrainingState:
        assert self.saved is not None
        return TrainingState.from_parts(*self.saved)


OPTIONS: dict[str, dict[str, Any]] = {
    "epochs": {"epochs": 4},
    "steps": {"steps": 15, "record_every": 4},
    "average": {"epochs": 4, "average_decay": 0.8},
    "accumulate": {"epochs": 6, "accumulate": 3, "batch_size": 2},
    "warm up": {"epochs": 4, "schedule": "one-cycle", "warmup": 0.2},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("steps", [1, 2, 6, 7])
def test_a_training_that_ends_inside_an_epoch_goes_on_to_the_same_bits(options: dict[str, Any], steps: int) -> None:
    def run(callbacks: list[Callback], state: TrainingState | None = None) -> TrainingState:
        settings = TrainingOptions(**{"batch_size": 3, "optimizer": "adamw", "clip_norm": 1.0, **options})
        metrics = {"mae": F.l1_loss}
        return train(
            small_network(0.2),
            (X, Y),
            loss=F.mse_loss,
            options=settings,
            metrics=metrics,
            validation=(X[:4], Y[:4]),
            callbacks=callbacks,
            state=state,
        )

    through = run([])
    stop = StopAfter(steps)
    with pytest.raises(KeyboardInterrupt):
        run([stop])
    counter = Count()
    resumed = run([counter], stop.state())
    assert through.step is not None
    assert counter.steps == through.step - steps  # no step is repeated
    tensors, numbers = through.to_parts()
    again, same_numbers = resumed.to_parts()
    assert again.keys() == tensors.keys()
    for name in tensors.keys() - {"history.seconds", "sums.seconds"}:
        assert torch.equal(again[name], tensors[name]), name
    assert same_numbers == numbers


class Count(Callback):
    def __init__(self) -> None:
        self.steps = 0

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        self.steps += 1


def test_a_training_by_steps_records_and_evaluates_every_so_many() -> None:
    options = TrainingOptions(steps=10, record_every=4, batch_size=3, schedule="cosine", learning_rate=0.1)
    state = train(small_network(), (X, Y), loss=F.mse_loss, options=options, validation=(X, Y))
    assert [record["step"] for record in state.history] == [4, 8, 10]
    assert state.step == 10
    assert all("epoch" not in record and "val_loss" in record for record in state.history)
    rates = [0.1 * (1 + math.cos(math.pi * done / 10)) / 2 for done in (0, 4, 8)]
    assert [record["learning_rate"] for record in state.history] == pytest.approx(rates)


def test_as_many_steps_as_the_epochs_have_give_the_same_weights() -> None:
    by_epochs = TrainingOptions(epochs=3, batch_size=4, schedule="cosine")
    by_steps = TrainingOptions(steps=9, record_every=9, batch_size=4, schedule="cosine")
    first, second = (
        train(small_network(0.3), (X, Y), loss=F.mse_loss, options=options) for options in (by_epochs, by_steps)
    )
    assert torch.equal(final_weights(first), final_weights(second))


def test_a_state_in_memory_continues_with_other_options() -> None:
    state = train(small_network(), (X, Y), loss=F.mse_loss, options=TrainingOptions(epochs=4, batch_size=2))
    for options in (TrainingOptions(epochs=2, batch_size=2), TrainingOptions(epochs=9, batch_size=4)):
        ended = train(small_network(), (X, Y), loss=F.mse_loss, options=options, state=copy.deepcopy(state))
        assert ended.step == max(state.step or 0, options.epochs * math.ceil(len(X) / options.batch_size))
    with pytest.raises(InputError, match=r"the state is that of another network or of other options \(model"):
        train(nn.Linear(7, 1), (X, Y), loss=F.mse_loss, options=TrainingOptions(), state=state)
