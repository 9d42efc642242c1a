"""Dropout of inputs, of the recurrent state and of weights: the same ones at all steps, in training mode only."""

import pytest
import torch

from recurra import InputError
from recurra.nn import GRU, LSTM, MinGRUCell, RecurrentLayer, SimpleRNN, VariationalDropout

from .each_layer import EACH_LAYER, random_like


@EACH_LAYER
def test_dropout_is_off_in_evaluation_mode(make):
    layer = random_like(make(2, 3, dropout=0.5, recurrent_dropout=0.5)).eval()
    plain = make(2, 3)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(4, 6, 2)
    assert torch.equal(layer(x), plain(x))
    assert not torch.equal(layer.train()(x), plain(x))


def test_dropout_leaves_out_the_same_inputs_at_all_steps():
    # the output of each step is the input as the layer sees it
    layer = SimpleRNN(50, 50, activation="linear", bias=False, dropout=0.4, return_sequences=True)
    with torch.no_grad():
        layer.weight_ih.copy_(torch.eye(50))
        layer.weight_hh.zero_()
    seen = layer(torch.ones(40, 7, 50))
    assert torch.equal(seen, seen[:, :1].expand_as(seen))
    assert seen.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert (seen[:, 0] == 0).float().mean() == pytest.approx(0.4, abs=0.05)
    assert len(seen[:, 0].unique(dim=0)) == 40  # every sequence has its own


def test_recurrent_dropout_hides_the_same_units_at_all_steps():
    # the state at step t is 1 + keep + keep² + …: any other mask at one step would show
    layer = SimpleRNN(1, 50, activation="linear", bias=False, recurrent_dropout=0.5, return_sequences=True)
    with torch.no_grad():
        layer.weight_ih.fill_(1.0)
        layer.weight_hh.copy_(torch.eye(50))
    states = layer(torch.ones(40, 4, 1))
    kept, hidden = torch.tensor([1.0, 3.0, 7.0, 15.0]), torch.tensor([1.0, 1.0, 1.0, 1.0])
    is_kept = states[:, 1] == 3.0
    assert torch.equal(states, torch.where(is_kept[:, None], kept[:, None], hidden[:, None]))
    assert is_kept.float().mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("make", "options"), [(SimpleRNN, {}), (GRU, {}), (GRU, {"reset_after": False}), (LSTM, {})], ids=str
)
def test_recurrent_dropout_hides_the_state_from_the_gates_only(make, options, monkeypatch):
    # with all of the state hidden the gates see none of it, but z·h and f·c still do
    layer = random_like(make(2, 3, recurrent_dropout=0.5, return_state=True, **options))
    x, state = torch.randn(4, 6, 2), (torch.randn(4, 3),) * len(layer.cell.states)
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, "dropout", lambda ones, *_: torch.zeros_like(ones))
        found = layer(x, state)
    with torch.no_grad():
        layer.weight_hh.zero_()
    torch.testing.assert_close(found, layer.eval()(x, state), rtol=0, atol=1e-6)
    if make is not SimpleRNN:
        assert not torch.allclose(found[0], layer(x)[0])


@EACH_LAYER
def test_each_direction_has_its_own_recurrent_dropout(make):
    layer = random_like(make(2, 30, recurrent_dropout=0.5, bidirectional=True, return_state=True))
    with torch.no_grad():
        for name, p in layer.named_parameters():
            if name.endswith("_reverse"):
                p.copy_(layer.get_parameter(name.removesuffix("_reverse")))
    x = torch.randn(4, 1, 2).expand(4, 5, 2)  # reads the same both ways
    output = layer(x)[0]
    assert not torch.equal(output[:, :30], output[:, 30:])
    output = layer.eval()(x)[0]
    assert torch.equal(output[:, :30], output[:, 30:])


def test_each_direction_drops_features_of_its_own():
    layer = SimpleRNN(400, 1, activation="linear", bias=False, bidirectional=True, dropout=0.5)
    with torch.no_grad():
        for p in layer.parameters():
            p.fill_(1.0)
    y = layer(torch.ones(1, 1, 400))  # the sum of what was not dropped, twice
    assert y[0, 0] != y[0, 1]


@EACH_LAYER
def test_dropped_weights_are_the_same_at_all_steps_and_scale_the_others(make):
    layer = random_like(make(2, 8, weight_dropout=0.3, return_sequences=True))
    x = torch.randn(4, 6, 2)
    torch.manual_seed(5)
    found = layer(x)
    torch.manual_seed(5)
    kept = torch.nn.functional.dropout(torch.ones_like(layer.weight_hh), 0.3)
    plain = make(2, 8, return_sequences=True)
    plain.load_state_dict(layer.state_dict())
    with torch.no_grad():
        plain.weight_hh.mul_(kept)
    assert (kept == 0).float().mean() == pytest.approx(0.3, abs=0.15)
    torch.testing.assert_close(found, plain(x), rtol=0, atol=0)
    gradients = [
        torch.autograd.grad(y.square().sum(), own.weight_hh)[0] for own, y in ((layer, found), (plain, plain(x)))
    ]
    torch.testing.assert_close(gradients[0], gradients[1] * kept)
    layer.eval()
    assert not torch.equal(layer(x), plain(x))
    assert torch.equal(layer(x), layer(x))


def test_a_cell_whose_gates_do_not_read_h_refuses_to_drop_from_it():
    with pytest.raises(InputError, match=r"MinGRU: recurrent_dropout is 0\.5; the gates of this cell do not read h"):
        RecurrentLayer(MinGRUCell(), 2, 3, recurrent_dropout=0.5)


def test_a_cell_without_recurrent_weights_refuses_to_drop_them():
    with pytest.raises(InputError, match=r"MinGRU: weight_dropout is 0\.5; this cell has no weight_hh to drop from"):
        RecurrentLayer(MinGRUCell(), 2, 3, weight_dropout=0.5)


def test_variational_dropout_leaves_out_the_same_features_at_all_steps():
    layer = VariationalDropout(0.4)
    seen = layer(torch.ones(40, 7, 50))
    assert torch.equal(seen, seen[:, :1].expand_as(seen))
    assert seen.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert (seen[:, 0] == 0).float().mean() == pytest.approx(0.4, abs=0.05)
    assert len(seen[:, 0].unique(dim=0)) == 40
    assert not torch.equal(layer(torch.ones(40, 50)), torch.ones(40, 50))  # the output of the last step alone
    assert torch.equal(layer.eval()(seen), seen)
