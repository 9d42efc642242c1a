"""An accelerated model stays what it was: parameters, copies, hooks, parametrizations and torch.fx."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.utils.checkpoint import checkpoint

from recurra import accelerate

from .pairs import B, H, I, Model, T, gradients, leaf, on_kernels, pair


def test_a_whole_model_is_accelerated_in_place(model, scans):
    theirs, x = copy.deepcopy(model), torch.randn(T, B, I)
    parameters, state, text = dict(model.named_parameters()), model.state_dict(), repr(model)
    report = accelerate(model)
    assert report.replaced == {"encoder": nn.LSTM, "inner.decoder": nn.GRU, "last": nn.RNN}
    assert report.left == {}
    assert [type(m) for m in model.modules()] != [type(m) for m in theirs.modules()]
    assert all(p is parameters[name] for name, p in model.named_parameters())
    assert list(model.state_dict()) == list(state)
    assert repr(model) == text
    assert isinstance(model.encoder, nn.LSTM)
    assert isinstance(model.inner["decoder"], nn.GRU)
    assert isinstance(model.last, nn.RNN)
    torch.testing.assert_close(on_kernels(scans, model, x), theirs(x), rtol=1e-5, atol=1e-5)


def saved_whole(model):
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)), saved_whole],
    ids=["copy", "pickle", "save"],
)
def test_copies_run_on_the_kernels_with_weights_of_their_own(model, copied, scans):
    accelerate(model)
    other, x = copied(model), torch.randn(T, B, I)
    expected = model(x)
    torch.testing.assert_close(on_kernels(scans, other, x), expected, rtol=0, atol=0)
    with torch.no_grad():
        for p in other.parameters():
            p.zero_()
    assert torch.equal(on_kernels(scans, other, x), torch.zeros(T, B, 2))
    torch.testing.assert_close(model(x), expected, rtol=0, atol=0)


def test_weights_come_and_go_as_a_state_dict(model, scans):
    theirs, x = Model(), torch.randn(T, B, I)
    accelerate(model)
    model.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(on_kernels(scans, model, x), theirs(x), rtol=1e-5, atol=1e-5)
    model.load_state_dict({name: p.clone() for name, p in Model().state_dict().items()}, assign=True)
    theirs.load_state_dict(model.state_dict())
    torch.testing.assert_close(on_kernels(scans, model, x), theirs(x), rtol=1e-5, atol=1e-5)


def test_to_another_precision_and_back(model, scans):
    accelerate(model)
    x = torch.randn(T, B, I)
    expected = model(x)
    scans.clear()
    assert model.double()(x.double()).dtype is torch.float64
    assert not scans
    torch.testing.assert_close(on_kernels(scans, model.float(), x), expected)


def test_weights_shared_by_two_layers_get_both_gradients(scans):
    layers = nn.ModuleList([nn.GRU(H, H), nn.GRU(H, H)])
    layers[1].weight_hh_l0 = layers[0].weight_hh_l0
    theirs = copy.deepcopy(layers)
    accelerate(layers)
    assert layers[1].weight_hh_l0 is layers[0].weight_hh_l0
    x = torch.randn(T, B, H)
    for pair_of_layers in (theirs, layers):
        pair_of_layers[1](pair_of_layers[0](x)[0])[0].sum().backward()
    assert len(scans) == 2
    torch.testing.assert_close(
        [p.grad for p in layers.parameters()], [p.grad for p in theirs.parameters()], rtol=1e-5, atol=1e-5
    )


def test_hooks_are_called(scans):
    _, ours = pair("lstm")
    called = []
    ours.register_forward_pre_hook(lambda module, given: called.append("before") or (given[0] * 2,))
    ours.register_forward_hook(lambda module, given, found: called.append("after") or (found[0] + 1, found[1]))
    ours.register_full_backward_hook(lambda module, d_in, d_out: called.append("backward"))
    x = leaf(T, B, I)
    y = ours(x)[0]
    y.sum().backward()
    assert called == ["before", "after", "backward"]
    torch.testing.assert_close(y, ours.forward(2 * x)[0] + 1)
    assert len(scans) == 2


def test_functional_call_takes_other_weights(model, scans):
    theirs, x = Model(), torch.randn(T, B, I)
    own = model(x)
    accelerate(model)
    weights = {name: p.detach().clone().requires_grad_() for name, p in theirs.named_parameters()}
    found = on_kernels(scans, lambda x: torch.func.functional_call(model, weights, (x,)), x)
    torch.testing.assert_close(found, theirs(x), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        gradients(found, list(weights.values())), gradients(theirs(x), list(theirs.parameters())), rtol=1e-5, atol=1e-5
    )
    torch.testing.assert_close(on_kernels(scans, model, x), own, rtol=1e-5, atol=1e-5)


def test_a_replica_runs_with_its_own_weights(scans):
    theirs, ours = pair("lstm")
    replica = ours._replicate_for_data_parallel()
    for name, p in ours.named_parameters():
        setattr(replica, name, p * 2)  # as torch.nn.parallel.replicate does with what it broadcasts
    with torch.no_grad():
        for p in theirs.parameters():
            p.mul_(2)
    x = torch.randn(T, B, I)
    found = replica(x)
    torch.testing.assert_close(found, theirs(x), rtol=1e-5, atol=1e-5)
    assert len(scans) == 1
    assert gradients(found, list(ours.parameters()))[0].abs().sum() > 0


def test_parametrized_weights(scans):
    theirs, ours = pair("gru")
    x = torch.randn(T, B, I)
    plain = copy.deepcopy(theirs)
    report = accelerate(plain)
    for module in (theirs, ours, plain):
        parametrizations.weight_norm(module, "weight_hh_l0")
        with torch.no_grad():
            module.parametrizations.weight_hh_l0.original0.mul_(2)
    assert type(ours).__name__ == type(theirs).__name__ == "ParametrizedGRU"
    expected = theirs(x)[0]
    torch.testing.assert_close(copy.deepcopy(ours)(x)[0], expected, rtol=1e-5, atol=1e-5)
    found = ours(x)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert len(scans) == 2
    torch.testing.assert_close(
        gradients(found, list(ours.parameters())), gradients(expected, list(theirs.parameters())), rtol=1e-5, atol=1e-5
    )
    report.undo()
    torch.testing.assert_close(plain(x)[0], expected, rtol=0, atol=0)
    assert len(scans) == 2
    for module in (ours, plain):
        parametrize.remove_parametrizations(module, "weight_hh_l0")
    torch.testing.assert_close(ours(x)[0], expected, rtol=1e-5, atol=1e-5)
    assert len(scans) == 3
    assert type(plain) is nn.GRU


def test_checkpoints_compute_twice(scans):
    theirs, ours = pair("lstm", num_layers=2, dropout=0.5)
    x, found = leaf(T, B, I), []
    for module in (theirs, ours):
        torch.manual_seed(1)
        y = checkpoint(lambda x, module=module: module(x)[0], x, use_reentrant=False)
        found.append(gradients(y, [x, *module.parameters()]))
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-5)
    assert len(scans) == 4


def test_torch_fx_sees_torchs_layers(model, scans):
    accelerate(model)
    traced, x = torch.fx.symbolic_trace(model), torch.randn(T, B, I)
    assert [node.target for node in traced.graph.nodes if node.op == "call_module"] == [
        "encoder",
        "inner.decoder",
        "last",
        "head",
    ]
    torch.testing.assert_close(on_kernels(scans, traced, x), model(x), rtol=0, atol=0)
