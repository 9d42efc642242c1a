"""docs/extend.md: its examples run, and what they add works as the built-in parts do."""

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import recurra
from recurra import Forecaster, LanguageModel, load
from recurra.errors import InputError
from recurra.nn import Cell, Dense, LSTMCell, Network, RecurrentLayer, SimpleRNN, trace
from recurra.nn.heads import HEADS, Point
from recurra.nn.scan import BACKENDS
from recurra.tables.origins import Origins
from recurra.tables.table_builder import make_table
from recurra.training import Batches, Run, TrainingOptions, train

PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
B, T, I, H = 3, 6, 4, 5
MASK = torch.tensor([[True] * 6, [True, False, True, True, False, True], [False, False, True, True, True, False]])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names that the examples of the page leave, run one after the other as one program."""
    folder = tmp_path_factory.mktemp("extend")
    program = folder / "extend.py"
    program.write_text("\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        torch.manual_seed(0)
        return runpy.run_path(str(program))


@pytest.fixture(scope="module")
def cell(page: dict[str, Any]) -> Cell:
    made: Cell = page["MinimalGatedUnit"]()
    return made


def test_the_examples_run_and_leave_the_backends_as_they_were(page, capsys):
    assert page["model"].predict("a") == "b"
    assert page["state"].history[-1]["loss"] < page["state"].history[0]["loss"]
    assert [backend.name for backend in BACKENDS] == ["native", "torch", "reference"]


def test_the_backend_of_the_page_is_taken_where_it_says(page, monkeypatch):
    scans = []
    own_scan = page["Labelled"].scan
    monkeypatch.setattr(
        page["Labelled"], "scan", lambda self, call: (scans.append(call.x.shape[1]), own_scan(self, call))[1]
    )
    SimpleRNN(I, H, backend=page["Labelled"]())(torch.randn(B, T, I))
    assert scans == [T]  # insisted on, though not worth it
    monkeypatch.setattr("recurra.nn.scan.BACKENDS", [page["Labelled"](), *BACKENDS])
    layer = SimpleRNN(I, H)
    layer(torch.randn(B, 200, I))
    assert scans == [T, 200]
    layer(torch.randn(B, 200, I), mask=torch.ones(B, 200).bool())  # unsupported
    layer(torch.randn(B, T, I))  # not worth it
    assert scans == [T, 200]


def test_the_head_of_the_page_predicts_quantiles_in_the_units_of_the_table(page, monkeypatch):
    quantile = page["head"].forecast(page["network"](page["noise"])).quantiles[0.9].mean().item()
    assert quantile == pytest.approx(1.28, abs=0.25)
    head = page["Normal"](0.1, 0.5, 0.9)
    target, output = torch.tensor([[2.0, torch.nan]]), torch.tensor([[1.0, 0.5, 9.0, 9.0]])
    density = torch.distributions.Normal(1.0, torch.tensor(0.5).exp()).log_prob(torch.tensor(2.0))
    constant = 0.5 * np.log(2 * np.pi)  # which the loss leaves out
    assert head.loss(output, target, missing=True).item() == pytest.approx(-density.item() - constant)

    monkeypatch.setitem(HEADS, "mae", head)
    y = 100.0 + 5.0 * np.random.default_rng(0).normal(size=600)
    frame = pd.DataFrame({"ds": pd.date_range("2020", periods=600), "y": y})
    arguments = {"horizon": 2, "units": 8, "window": 10, "epochs": 30, "learning_rate": 0.01, "loss": "mae"}
    model = Forecaster(**arguments, scaling="standard", residual="none").fit(frame)
    table = make_table(frame)
    forecasts = model.predictor_.forecast(table, Origins.of_each([np.arange(400, 590)]))
    low, middle, high = (forecasts.quantiles[p] for p in (0.1, 0.5, 0.9))
    assert np.array_equal(middle, forecasts.values)
    truth = y[np.arange(400, 590)[:, None] + np.arange(2)]
    assert 0.7 < np.mean((low <= truth) & (truth <= high)) < 0.9
    assert Point(torch.nn.functional.mse_loss, "x").forecast(output).quantiles == {}
    with pytest.raises(InputError, match="quantiles of differences cannot be summed"):
        model = Forecaster(**arguments, scaling="difference").fit(frame)
        model.predictor_.forecast(table, Origins.of_each([np.arange(400, 402)]))


def test_the_source_and_the_schedule_of_the_page_train(page):
    state, source = page["state"], page["Stretches"](page["wave"], steps=20)
    assert [record["learning_rate"] for record in state.history] == pytest.approx([0.1, 0.075, 0.05, 0.025])
    options = TrainingOptions(steps=200, record_every=50, learning_rate=0.02, schedule="one-cycle")
    found = train(page["Reader"](), source, loss=torch.nn.functional.mse_loss, options=options)
    assert [record["step"] for record in found.history] == [50, 100, 150, 200]
    assert found.history[-1]["loss"] < 0.02 * found.history[0]["loss"]
    assert isinstance(source, Batches)


def test_a_cell_of_ones_own_takes_about_25_lines():
    first = re.search(r"@dataclass\(frozen=True\)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert first is not None
    assert len(first[1].splitlines()) <= 25


def test_its_steps_are_those_of_the_paper(cell):
    layer = RecurrentLayer(cell, I, H, return_sequences=True).double()
    x, h = torch.randn(B, T, I, dtype=torch.float64), torch.zeros(B, H, dtype=torch.float64)
    expected = []
    for x_t in x.unbind(1):
        w_f, w_n = layer.weight_ih.chunk(2)
        u_f, u_n = layer.weight_hh.chunk(2)
        b_f, b_n = layer.bias.chunk(2)
        f = torch.sigmoid(x_t @ w_f.T + b_f + h @ u_f.T)
        h = (1 - f) * h + f * torch.tanh(x_t @ w_n.T + b_n + (f * h) @ u_n.T)
        expected.append(h)
    torch.testing.assert_close(layer(x), torch.stack(expected, dim=1))


@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"bidirectional": True}], ids=str)
def test_it_trains_in_a_network_with_masks_in_both_directions(cell, options):
    network = Network([RecurrentLayer(cell, I, H, **options), Dense(2 * H if "bidirectional" in options else H, 1)])
    x, target = torch.randn(B, T, I), torch.randn(B, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = (network(x, mask=MASK) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    changed = torch.where(MASK[:, :, None], x, 7.0)  # what stands at masked steps does not matter
    torch.testing.assert_close(network(changed, mask=MASK), network(x, mask=MASK))


def test_its_network_is_named_summarized_and_saved_by_torch(cell):
    layer = RecurrentLayer(cell, I, H)
    network = Network([layer, Dense(H, 1)])
    assert list(network.layers) == ["minimal_gated_unit", "dense"]
    assert "MinimalGatedUnit" in network.summary()
    assert repr(layer) == "RecurrentLayer(MinimalGatedUnit, 4, 5)"
    other = Network([RecurrentLayer(cell, I, H), Dense(H, 1)])
    other.load_state_dict(network.state_dict())
    x = torch.randn(B, T, I)
    assert torch.equal(other(x), network(x))


def test_a_stepper_runs_it(cell):
    layer, x = RecurrentLayer(cell, I, H), torch.randn(1, T, I)
    stepper = layer.stepper()
    for x_t in x[0]:
        h_t = stepper(x_t)
    torch.testing.assert_close(h_t, layer(x)[0])


def test_a_saved_model_has_its_name_only_and_loads_with_the_cell_given(cell, tmp_path):
    model = LanguageModel(cell=cell, units=4, epochs=3).fit("abcabc")
    model.save(tmp_path / "m.safetensors")
    assert b'\\"cell\\": \\"mgu\\"' in (tmp_path / "m.safetensors").read_bytes()
    loaded = load(tmp_path / "m.safetensors", cells={"mgu": cell})
    assert isinstance(loaded, LanguageModel)
    assert loaded.predict_proba("a") == model.predict_proba("a")
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()


def test_without_the_cell_the_file_is_refused_and_nothing_is_imported(cell, tmp_path, monkeypatch):
    folder = tmp_path / "importable"
    folder.mkdir()
    (folder / "mgu.py").write_text("raise SystemExit('imported because a file named it')")
    monkeypatch.syspath_prepend(str(folder))
    LanguageModel(cell=cell, units=4, epochs=1).fit("abcabc").save(tmp_path / "m.safetensors")
    message = (
        r"m.safetensors was trained with the cell 'mgu', which is none of recurra's .rnn, gru, lstm, mingru.; give it"
    )
    with pytest.raises(InputError, match=message):
        load(tmp_path / "m.safetensors")
    with pytest.raises(InputError, match=message):
        load(tmp_path / "m.safetensors", cells={"other": cell})
    dotted = type("Dotted", (type(cell),), {"name": "mgu.MinimalGatedUnit"})()
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(cell=dotted, units=4, epochs=1).fit("abcabc", run=run)
    with pytest.raises(InputError, match=r"was trained with the cell 'mgu\.MinimalGatedUnit'"):
        load(tmp_path / "run")


def test_a_forecaster_and_a_run_take_it(cell, tmp_path):
    frame = pd.DataFrame({"ds": pd.date_range("2020", periods=60), "y": np.sin(np.arange(60.0))})
    model = Forecaster(cell=cell, units=4, window=10, epochs=2, schedule="constant")
    with Run(tmp_path / "run", "new") as run:
        model.fit(frame, run=run)
    with Run(tmp_path / "run", "resume") as run:
        model.set_params(epochs=3).fit(frame, run=run)
    loaded = load(tmp_path / "run", cells={"mgu": cell})
    pd.testing.assert_frame_equal(loaded.predict(), model.predict())


def test_a_cell_under_the_name_of_a_built_in_one_is_refused_as_its_file_would_load_as_that():
    with pytest.raises(InputError, match=r"cell is LSTMCell.*; a saved model would load as the built-in cell 'lstm'"):
        LanguageModel(cell=LSTMCell("relu")).fit("abcabc")
    named = type("ReluLSTM", (LSTMCell,), {"name": "relu-lstm"})
    assert LanguageModel(cell=named("relu"), epochs=1).fit("abcabc").settings_.cell.name == "relu-lstm"


def test_what_is_no_cell_is_refused():
    with pytest.raises(InputError, match="cell is 'mgu'; expected 'rnn', 'gru', 'lstm' or 'mingru'"):
        LanguageModel(cell="mgu").fit("abc")
    with pytest.raises(InputError, match="cell is 3"):
        LanguageModel(cell=3).fit("abc")


class Cumulative(Cell):
    """h_t = h_{t-1} + a_t, with all steps at once: a cell without recurrent weights."""

    name = "cumulative"

    def parameters(self, input_size, hidden_size):
        return {"weight_ih": super().parameters(input_size, hidden_size)["weight_ih"]}

    def step(self, a_t, state, h_seen, p):
        return (h_seen + a_t,), {}

    def scan(self, a, state, p):
        y = state[0][:, None] + a.cumsum(dim=1)
        return y, (y[:, -1],)


@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"bidirectional": True}], ids=str)
def test_a_scan_of_its_own_gives_what_its_steps_give(options, monkeypatch):
    layer = RecurrentLayer(Cumulative(), I, H, return_sequences=True, return_state=True, **options)
    x, steps = torch.randn(B, T, I), []
    true_step = Cumulative.step
    monkeypatch.setattr(Cumulative, "step", lambda *arguments: (steps.append(1), true_step(*arguments))[1])
    found = layer(x)
    assert not steps
    expected = layer(x, mask=torch.ones(B, T).bool())  # a mask goes step by step
    assert len(steps) == T * (2 if "bidirectional" in options else 1)
    torch.testing.assert_close(found, expected)
    assert {name for name, _ in layer.named_parameters()} <= {"weight_ih", "weight_ih_reverse"}


def test_a_subclass_of_a_built_in_cell_does_not_run_on_the_kernels_of_that_cell():
    class Negated(type(SimpleRNN(1, 1).cell)):
        name = "negated"

        def step(self, a_t, state, h_seen, p):
            (h,), gates = super().step(a_t, state, h_seen, p)
            return (-h,), gates

    x = torch.randn(B, 1, I)
    layer = RecurrentLayer(Negated(), I, H)
    plain = SimpleRNN(I, H)
    plain.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(x), -plain(x))
    assert recurra.nn.trace is trace
