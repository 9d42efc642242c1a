"""What runs on a CUDA device computes there what it computes on the CPU; skipped where torch finds no such device."""

import copy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from recurra import Forecaster, InputError, LanguageModel, accelerate, cli, load
from recurra.nn import GRU, Dense, Embedding, FutureEffect, OneHot, RecurrentLayer, build_network, from_torch, trace
from recurra.nn.cells import Cell, GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell
from recurra.training import Callback, Run, TrainingOptions, TrainingState, train
from recurra.training.batches import SampleBatches, TensorSamples

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
CUDA = "cuda:0"
B, T, I, H = 3, 6, 4, 5
CLOSE: dict[str, Any] = {"rtol": 1e-3, "atol": 1e-4}  # gradients are sums; cuDNN's numbers are right to about 1e-5
MASK = torch.tensor([[True, False, True, True, True, False], [False, True, True, False, True, True], [False] * T])


@dataclass(frozen=True)
class LeakyCell(Cell):
    """A cell of one's own."""

    name: ClassVar[str] = "leaky"

    def step(self, a_t: Tensor, state: Any, h_seen: Tensor, p: Any) -> Any:
        return ((state[0] + torch.tanh(a_t + F.linear(h_seen, p["weight_hh"]))) / 2,), {}


IN_TORCH = [SimpleRNNCell(), SimpleRNNCell("relu"), GRUCell(), GRUCell(bias=False), LSTMCell()]
NORMALIZED = [SimpleRNNCell(layer_norm=True), GRUCell(layer_norm=True), LSTMCell(layer_norm=True)]
OTHERS = [GRUCell(reset_after=False), LSTMCell("relu"), MinGRUCell(), LeakyCell(), *NORMALIZED]
EACH_CELL = pytest.mark.parametrize("cell", [*IN_TORCH, *OTHERS])


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep cuDNN's recurrent operators from rounding to TF32, as they do by default."""
    monkeypatch.setattr(torch.backends.cudnn.rnn, "fp32_precision", "ieee")
    torch.manual_seed(0)


def layer_of(cell: Cell, **options: Any) -> RecurrentLayer:
    layer = RecurrentLayer(cell, I, H, return_sequences=True, return_state=True, **options)
    for p in layer.parameters():
        nn.init.uniform_(p, -0.6, 0.6)  # fresh layers have biases of zero, which hide faults
    return layer


def results(module: nn.Module, device: str, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
    """Outputs, last states and all gradients of a copy of a module on a device."""
    module = copy.deepcopy(module).to(device)
    x = x.to(device, copy=True).requires_grad_(x.is_floating_point())
    y = module(x, mask=None if mask is None else mask.to(device))
    outputs = list(y) if isinstance(y, tuple) else [y]
    sum((o * torch.linspace(-1, 2, o.numel(), device=device).view_as(o)).sum() for o in outputs).backward()
    found = [*outputs, *(leaf.grad for leaf in (x, *module.parameters()) if leaf.grad is not None)]
    assert {tensor.device for tensor in found} == {torch.device(device)}
    return [tensor.detach().cpu() for tensor in found]


@EACH_CELL
@pytest.mark.parametrize("way", ["plain", "go_backwards", "bidirectional", "stateful"])
@pytest.mark.parametrize("mask", [None, MASK], ids=["", "masked"])
def test_a_layer_gives_the_outputs_states_and_gradients_of_the_cpu(cell: Cell, way: str, mask: Tensor | None) -> None:
    layer, x = layer_of(cell, **({} if way == "plain" else {way: True})), torch.randn(B, T, I)
    layer(x)  # a stateful layer goes on from here, wherever it is
    torch.testing.assert_close(results(layer, CUDA, x, mask), results(layer, "cpu", x, mask), **CLOSE)


@pytest.mark.parametrize("encoder", [OneHot(7), OneHot(2000), Embedding(7, 3, mask_zero=True)], ids=str)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_network_of_two_layers_and_its_trace_are_those_of_the_cpu(encoder: nn.Module, cell: Any) -> None:
    network, ids = build_network(encoder=encoder, cell=cell, units=[H, 4], outputs=7), torch.randint(7, (B, T))
    torch.testing.assert_close(results(network, CUDA, ids), results(network, "cpu", ids), **CLOSE)
    seen, expected = (trace(network.to(device), ids.to(device), gradient_of=1) for device in (CUDA, "cpu"))
    top = list(network.layers)[2]
    for found, own in ((seen.values, expected.values), (seen.gradients, expected.gradients)):
        torch.testing.assert_close(found[top]["h"].cpu(), own[top]["h"], **CLOSE)


@EACH_CELL
def test_a_stepper_gives_what_its_layer_gives(cell: Cell) -> None:
    layer, x = layer_of(cell).to(CUDA), torch.randn(B, T, I, device=CUDA)
    stepper, (y, *last) = copy.deepcopy(layer.stepper()), layer(x[:1])
    torch.testing.assert_close(torch.stack([stepper(x_t) for x_t in x[0]]), y[0], **CLOSE)
    torch.testing.assert_close(list(stepper.state), [s[0] for s in last], **CLOSE)
    stepper, (y, *last) = layer.stepper(sequences=B), layer(x)
    torch.testing.assert_close(torch.stack([stepper(x_t) for x_t in x.unbind(1)], dim=1), y, **CLOSE)
    torch.testing.assert_close(list(stepper.state), list(last), **CLOSE)


@EACH_CELL
def test_dropout_follows_from_the_seed(cell: Cell) -> None:
    rates: Any = {"dropout": 0.4} | dict.fromkeys(["recurrent_dropout", "weight_dropout"] * cell.gates_read_h, 0.4)
    layer, x, found = layer_of(cell, **rates).to(CUDA), torch.randn(B, T, I, device=CUDA), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(layer(x, output_dropout=0.4)[0])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("cell", [GRUCell(), LSTMCell()])
def test_a_layer_runs_under_autocast_and_torch_compile(cell: Cell) -> None:
    layer, x = layer_of(cell).to(CUDA), torch.randn(B, T, I, device=CUDA)
    y, *_ = layer(x)
    torch.testing.assert_close(torch.compile(layer, backend="aot_eager")(x)[0], y, **CLOSE)
    with torch.autocast("cuda"):
        torch.testing.assert_close(layer(x)[0].float(), y, rtol=0, atol=1e-2)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_layers_of_torch_run_on_torch_once_moved_to_cuda(kind: Any) -> None:
    theirs = kind(I, H, num_layers=2, bidirectional=True, batch_first=True)
    ours, x = copy.deepcopy(theirs), torch.randn(B, T, I, device=CUDA)
    report = accelerate(ours)
    for given in (x, pack_padded_sequence(x, [T, 4, 1], batch_first=True)):
        (y, last), (expected, expected_last) = ours.to(CUDA)(given), theirs.to(CUDA)(given)
        torch.testing.assert_close((y[0], last), (expected[0], expected_last), rtol=0, atol=0)
    assert report.calls[""].in_torch == {f"torch.float32 tensors on {CUDA}": 2}
    assert accelerate(theirs).left == {"": f"torch.float32 parameters on {CUDA}"}
    torch.testing.assert_close(from_torch(theirs)(x), theirs(x)[0], **CLOSE)


def sales(*gaps: int) -> pd.DataFrame:
    t = np.arange(90)
    values = 200 + t + 40 * np.sin(2 * np.pi * t / 7)
    values[list(gaps)] = np.nan
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=90), "y": values, "sunday": 1.0 * (t % 7 == 6)})


def shops() -> pd.DataFrame:
    parts = [sales().assign(shop=name, town=town) for name, town in (("a", "x"), ("b", "y"), ("c", "x"))]
    return pd.concat([parts[0], parts[1].iloc[:60], parts[2].iloc[75:]])  # of 90, 60 and 15 rows


RING = "abcdefgh" * 6
SERIES: dict[str, Any] = {"target": "y", "horizon": 3, "window": 10, "units": [6, 5], "epochs": 4, "validation": 0.3}
ENSEMBLE = SERIES | {"ensemble_size": 2, "future_covariates": "sunday", "scaling": "divide-mean"}
MANY = SERIES | {"id": "shop", "date": "ds", "static_covariates": "town", "units": 6, "batch_size": 16}
STREAM: dict[str, Any] = {"mode": "stream", "encoding": "embedding", "units": [8, 8], "residual": True, "window": 6}
STREAM |= {"batch_size": 4, "steps": 12, "validation": 0.3}
MODELS: dict[str, Any] = {
    "forecaster": (Forecaster(**SERIES), sales()),
    "masked": (Forecaster(**SERIES, missing="mask", cell="lstm", loss="huber"), sales(20, 21, 70)),
    "ensemble": (Forecaster(**ENSEMBLE), sales(87, 88, 89)),  # whose last rows are those to predict
    "many series": (Forecaster(**MANY), shops()),
    "one-hot": (LanguageModel(units=[8, 6], window=3, epochs=4, targets="every"), RING),
    "embedding": (LanguageModel(cell="lstm", encoding="embedding", epochs=4, validation=0.3), RING),
    "stream": (LanguageModel(cell="gru", layer_norm=True, tied=True, embedding_dim=8, **STREAM), RING * 4),
    "stream of minGRU": (LanguageModel(cell="mingru", **STREAM), RING * 4),
}
EACH_MODEL = pytest.mark.parametrize(("model", "data"), MODELS.values(), ids=MODELS)


def with_options(model: Any, **options: Any) -> Any:
    return type(model)(**model.get_params() | options)


def answers(model: Any) -> Any:
    if isinstance(model, LanguageModel):
        return np.array([list(model.predict_proba(RING[:n]).values()) for n in range(3, 11)])
    return model.predict(levels=[80]).drop(columns="ds").to_numpy()


@EACH_MODEL
def test_a_model_is_trained_as_on_the_cpu_and_loaded_on_either(model: Any, data: Any, tmp_path: Path) -> None:
    model, on_cpu = (with_options(model, device=device).fit(data) for device in ("cuda", "cpu"))
    found = answers(model)
    np.testing.assert_allclose(found, answers(on_cpu), rtol=5e-3)
    model.save(tmp_path / "model")
    again, moved = load(tmp_path / "model"), load(tmp_path / "model", device="cpu")
    assert [next(one.network_.parameters()).device.type for one in (again, moved)] == ["cuda", "cpu"]
    np.testing.assert_array_equal(answers(again), found)
    np.testing.assert_allclose(answers(moved), found, rtol=1e-4)


@pytest.mark.parametrize("cell", ["gru", "lstm", "mingru"])
def test_a_stream_is_scored_and_written_as_on_the_cpu(cell: Any, tmp_path: Path) -> None:
    text = RING * 4
    fitted = LanguageModel(cell=cell, device="cuda", learning_rate=0.02, **STREAM | {"steps": 60}).fit(text)
    fitted.save(tmp_path / "model")
    moved = load(tmp_path / "model", device="cpu")
    together = list(zip(*islice(fitted.generate_many("abc", count=3, seed=5), 20), strict=True))
    assert together == [tuple(islice(fitted.generate("abc", seed=seed), 20)) for seed in (5, 6, 7)]
    for texts in ([model.beam_search("abc", length=6, beams=4) for model in (fitted, moved)],):
        assert [text for text, _ in texts[0]] == [text for text, _ in texts[1]]
        np.testing.assert_allclose([nats for _, nats in texts[0]], [nats for _, nats in texts[1]], rtol=1e-3)
    for surprise in zip(fitted.surprise(text), moved.surprise(text), strict=True):
        assert surprise[0] == (surprise[1][0], pytest.approx(surprise[1][1], rel=1e-3, abs=1e-4))
    assert fitted.score(text) == pytest.approx(moved.score(text), rel=1e-3)


def test_a_range_test_runs_on_cuda_and_leaves_the_model_as_it_was() -> None:
    model = LanguageModel(device="cuda", cell="gru", dropout=0.2, **STREAM)
    found, again = (model.learning_rate_range_test(RING * 4, steps=20) for _ in range(2))
    assert found.losses == again.losses
    assert not hasattr(model, "network_")


class Interrupt(Callback):
    """Ends a training within an epoch as Ctrl-C would, and keeps its state as a file would."""

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        if state.step == 7:
            tensors, self.described = state.to_parts()
            self.tensors = {name: tensor.cpu().clone() for name, tensor in tensors.items()}
            raise KeyboardInterrupt


@EACH_MODEL
def test_a_training_that_was_interrupted_ends_with_the_same_bytes(model: Any, data: Any, tmp_path: Path) -> None:
    model = with_options(model, device="cuda", dropout=0.2, batch_size=16, average_decay=0.9, clip_norm=1.0)
    with Run(tmp_path / "whole", "new") as run:
        model.fit(data, run=run)
    with Run(tmp_path / "run", "new") as run, pytest.raises(KeyboardInterrupt):
        model.fit(data, run=run, callbacks=[Interrupt()], save_every_seconds=0.0)
    with Run(tmp_path / "run", "resume") as run:
        model.fit(data, run=run)
    whole, resumed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "run"))
    assert resumed == whole


def test_a_state_that_batches_carry_on_is_restored_on_its_device() -> None:
    x, stop = torch.randn(4 * B, T, I, device=CUDA), Interrupt()
    start = build_network(encoder=None, input_size=I, cell="lstm", units=[H], outputs=I, return_sequences=True).to(CUDA)

    def trained(callbacks: list[Callback], state: TrainingState | None = None) -> dict[str, Tensor]:
        network, batches = copy.deepcopy(start), SampleBatches(TensorSamples(x, x.flip(0)), B, shuffle=False, seed=0)
        batches.carries_state, options = True, TrainingOptions(epochs=4)
        train(network, batches, loss=F.mse_loss, options=options, callbacks=callbacks, state=state)
        return network.state_dict()

    with pytest.raises(KeyboardInterrupt):
        trained([stop])
    resumed = trained([], TrainingState.from_parts(stop.tensors, stop.described))
    torch.testing.assert_close(resumed, trained([]), rtol=0, atol=0)


def test_cuda_as_the_default_device_changes_nothing() -> None:
    model = LanguageModel(epochs=2, device="cuda", dropout=0.2)
    expected = answers(model.fit(RING))
    with torch.device("cuda"):
        np.testing.assert_array_equal(answers(model.fit(RING)), expected)


def test_the_command_line_trains_on_cuda_and_refuses_a_device_that_is_not_there(tmp_path: Path, capsys: Any) -> None:
    train_on = ["train", "letters-onehot", "--quiet", "--device"]
    assert cli.run([*train_on, "cuda", "--out", str(tmp_path / "run")]) == 0
    assert cli.run(["predict", str(tmp_path / "run"), *"abcde"]) == 0
    assert "e----> a" in capsys.readouterr().out
    assert cli.run([*train_on, "cuda:99", "--out", str(tmp_path / "new")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("recurra: device 'cuda:99' cannot be used here (")
    assert err.count("\n") == 1
    assert not (tmp_path / "new").exists()


TWO_DEVICES, NATIVE = r"on cpu.* on cuda:0|on cuda:0.* on cpu", "does not support torch.float32 tensors on cuda:0; use"
X, TOKENS = torch.ones(B, T, I), torch.tensor([[0, 9]])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_command_line_learns_a_book_on_cuda(cell: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "book.txt").write_text("the cat sat on the mat; the dog sat on the log.\n" * 200)
    run = str(tmp_path / "run")
    options = ["--device", "cuda", "--cell", cell, "--units", "8", "--units", "8", "--steps", "4", "--dynamic"]
    assert cli.run(["train", "book", "--data", str(tmp_path / "book.txt"), "--out", run, "--quiet", *options]) == 0
    assert cli.run(["score", run, "the cat sat on the log."]) == 0
    assert cli.run(["show", run, "--text"]) == 0
    assert cli.run(["generate", run, "--prompt", "the", "--length", "5", "--count", "2"]) == 0
    assert "dynamic" in capsys.readouterr().out


REFUSED: dict[str, Any] = {
    "input": (lambda: GRU(I, H)(X.to(CUDA)), TWO_DEVICES),
    "mask": (lambda: GRU(I, H).to(CUDA)(X.to(CUDA), mask=MASK), TWO_DEVICES),
    "state": (lambda: GRU(I, H).to(CUDA)(X.to(CUDA), torch.zeros(B, H)), TWO_DEVICES),
    "step": (lambda: GRU(I, H).to(CUDA).stepper()(X[0, 0]), TWO_DEVICES),
    "dense": (lambda: Dense(I, H)(X.to(CUDA)), TWO_DEVICES),
    "embedding": (lambda: Embedding(10, H).to(CUDA)(TOKENS), TWO_DEVICES),
    "one-hot": (lambda: OneHot(10).to(CUDA)(TOKENS), TWO_DEVICES),
    "large one-hot": (lambda: OneHot(2000).to(CUDA)(TOKENS), TWO_DEVICES),
    "future": (lambda: FutureEffect(I, I, T).to(CUDA)(X[:, 0].to(CUDA), X), TWO_DEVICES),
    "kernels": (lambda: GRU(I, H, backend="native").to(CUDA)(X.to(CUDA)), NATIVE),
    "kernels step by step": (lambda: GRU(I, H, backend="native").to(CUDA).stepper(), NATIVE),
    # last, since ids that do reach a CUDA device make it unusable for the rest of the process
    "ids of an embedding": (lambda: Embedding(9, H).to(CUDA)(TOKENS.to(CUDA)), "the ids are 0 to 9; expected 0 to 8"),
    "ids": (lambda: OneHot(9).to(CUDA)(-TOKENS.to(CUDA)), "the ids are -9 to 0; expected 0 to 8"),
    "ids of many": (lambda: OneHot(2000).to(CUDA)(999 * TOKENS.to(CUDA)), "the ids are 0 to 8991; expected 0 to 1999"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_run_on_cuda_is_refused_in_a_sentence(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
