"""torch's own layers on our kernels: the same results in every option, and torch's own where we cannot."""

import copy
import io
import itertools
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

import recurra
from recurra import accelerate
from recurra.errors import InputError
from recurra.nn.backends.native import autograd, kernels

B, T, I, H = 3, 5, 4, 3
KINDS = {
    "tanh": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "gru": (nn.GRU, {}),
    "lstm": (nn.LSTM, {}),
}
FORMS = ("padded", "unbatched", "packed", "packed unsorted")
EACH_KIND = pytest.mark.parametrize("kind", KINDS)
EACH_FORM = pytest.mark.parametrize("form", FORMS)


def pair(kind, sizes=(I, H), **options):
    """A torch layer, and a copy of it that is accelerated."""
    cls, own = KINDS[kind]
    theirs = cls(*sizes, **own, **options)
    ours = copy.deepcopy(theirs)
    accelerate(ours)
    return theirs, ours


def leaf(*shape):
    return torch.randn(shape, requires_grad=True)


def arguments(module, form, with_state, *, batch=B, steps=T, lengths=None):
    """What to call a layer with, and the leaves that it is made of."""
    if form == "unbatched":
        x = leaf(steps, module.input_size)
    else:
        x = leaf(*((batch, steps) if module.batch_first else (steps, batch)), module.input_size)
    leaves, hx = [x], None
    if with_state:
        rows = module.num_layers * (2 if module.bidirectional else 1)
        shape = (rows, module.hidden_size) if form == "unbatched" else (rows, batch, module.hidden_size)
        leaves += [leaf(*shape) for _ in range(2 if module.mode == "LSTM" else 1)]
        hx = tuple(leaves[1:]) if module.mode == "LSTM" else leaves[1]
    if form.startswith("packed"):
        lengths = lengths or [2, steps, *[1] * (batch - 2)][:batch]
        if form == "packed":
            lengths = sorted(lengths, reverse=True)
        x = pack_padded_sequence(x, lengths, module.batch_first, enforce_sorted=form == "packed")
    return (x, hx), leaves


def tensors(found):
    """All tensors of an output, however it is nested."""
    return [found] if torch.is_tensor(found) else [t for part in found if part is not None for t in tensors(part)]


def gradients(found, leaves):
    loss = sum((y * torch.linspace(-1, 2, y.numel()).view_as(y)).sum() for y in tensors(found) if y.requires_grad)
    return torch.autograd.grad(loss, leaves, retain_graph=True)  # what packs is of both graphs


def assert_same(theirs, ours, given, leaves, seed=0):
    torch.manual_seed(seed)
    expected = theirs(*given)
    after = torch.get_rng_state()
    torch.manual_seed(seed)
    found = ours(*given)
    assert torch.equal(torch.get_rng_state(), after)
    assert type(found[0]) is type(expected[0])
    assert type(found[1]) is type(expected[1])
    torch.testing.assert_close(tensors(found), tensors(expected), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        gradients(found, [*leaves, *ours.parameters()]),
        gradients(expected, [*leaves, *theirs.parameters()]),
        rtol=1e-5,
        atol=1e-5,
    )
    return found


@pytest.fixture
def scans(monkeypatch):
    """The calls of the native scan, which has no other way than the kernels: whether each is in reverse."""
    calls, true_run = [], autograd.run

    def spy(call, *args):
        calls.append(call.reverse)
        return true_run(call, *args)

    monkeypatch.setattr(autograd, "run", spy)
    return calls


# The same results, by the kernels


@EACH_KIND
@EACH_FORM
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_option_gives_what_torch_gives_and_runs_on_the_kernels(kind, form, layers, bidirectional, scans):
    for batch_first, bias, with_state in itertools.product([False, True], repeat=3):
        theirs, ours = pair(kind, num_layers=layers, bidirectional=bidirectional, batch_first=batch_first, bias=bias)
        assert_same(theirs, ours, *arguments(theirs, form, with_state))
        assert scans == ([False, True] if bidirectional else [False]) * layers
        scans.clear()


@EACH_KIND
@EACH_FORM
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("batch_first", "dropout"), [(False, 0.4), (True, 0.4), (True, 1.0)])
def test_dropout_draws_the_same_random_numbers_as_torch(kind, form, bidirectional, batch_first, dropout, scans):
    theirs, ours = pair(kind, num_layers=3, bidirectional=bidirectional, batch_first=batch_first, dropout=dropout)
    given, leaves = arguments(theirs, form, True)
    dropped = assert_same(theirs, ours, given, leaves)
    kept = assert_same(theirs.eval(), ours.eval(), given, leaves)
    assert len(scans) == (12 if bidirectional else 6)
    assert not torch.equal(tensors(dropped)[0], tensors(kept)[0])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_shape_and_options_give_what_torch_gives(data):
    small = st.integers(1, 9)
    batch, steps = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 6))
    theirs, ours = pair(
        data.draw(st.sampled_from(list(KINDS))),
        (data.draw(small), data.draw(small)),
        num_layers=data.draw(st.integers(1, 3)),
        bias=data.draw(st.booleans()),
        batch_first=data.draw(st.booleans()),
        bidirectional=data.draw(st.booleans()),
    )
    lengths = data.draw(st.lists(st.integers(1, steps), min_size=batch, max_size=batch))
    form, with_state = data.draw(st.sampled_from(FORMS)), data.draw(st.booleans())
    given = arguments(theirs, form, with_state, batch=batch, steps=steps, lengths=lengths)
    assert_same(theirs, ours, *given)


@EACH_KIND
def test_sequences_that_are_packed_for_nothing(kind, scans):
    theirs, ours = pair(kind, bidirectional=True)
    assert_same(theirs, ours, *arguments(theirs, "packed", True, lengths=[T] * B))
    rows = torch.randn(5, I, requires_grad=True)
    assert_same(theirs, ours, (PackedSequence(rows, torch.tensor([3, 2, 0])), None), [rows])
    assert len(scans) == 4


def test_states_of_a_larger_batch_are_chosen_from_as_torch_does():
    theirs, ours = pair("gru")
    (x, _), leaves = arguments(theirs, "packed unsorted", False)
    h = leaf(1, B + 2, H)
    assert_same(theirs, ours, (x, h), [*leaves, h])


@EACH_KIND
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("dim", [2, 3])
def test_outputs_in_time_order_are_contiguous_for_view(kind, bidirectional, dim):
    theirs, ours = pair(kind, bidirectional=bidirectional)
    x = torch.randn((T, B, I)[3 - dim :] if dim == 3 else (T, I))
    expected, found = theirs(x)[0], ours(x)[0]
    assert found.is_contiguous()
    assert found.stride() == expected.stride()


@EACH_KIND
def test_inputs_may_lie_anyhow_in_memory(kind, scans):
    theirs, ours = pair(kind, batch_first=True)
    base = leaf(I, T, B)
    h = leaf(H, B, 1)
    x, state = base.transpose(0, 2), h.transpose(0, 2)
    given = (x, (state, state) if kind == "lstm" else state)
    assert_same(theirs, ours, given, [base, h])
    x = leaf(1, T, I)
    assert_same(theirs, ours, (x.expand(B, T, I), None), [x])
    assert len(scans) == 2


@pytest.mark.parametrize("kind", ["tanh", "relu", "gru"])  # torch refuses an LSTM's
def test_outputs_may_be_changed_in_place(kind):
    theirs, ours = pair(kind)
    x = leaf(T, B, I)
    found = []
    for module in (theirs, ours):
        y, state = module(x)
        y.mul_(2)
        tensors(state)[0].add_(y[-1])
        found.append(gradients((y, state), [x, *module.parameters()]))
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-5)


@EACH_KIND
def test_gradients_of_gradients(kind, scans):
    theirs, ours = pair(kind, num_layers=2, bidirectional=True)
    x = leaf(T, B, I)
    found = []
    for module in (theirs, ours):
        (dx,) = torch.autograd.grad(module(x)[0].square().sum(), x, create_graph=True)
        found.append(torch.autograd.grad(dx.square().sum(), [x, *module.parameters()], allow_unused=True))
    assert len(scans) == 4
    for ours_too, theirs_too in zip(found[1], found[0], strict=True):
        # torch has no gradient for biases that add up; ours is there and zero, or as torch's
        torch.testing.assert_close(
            ours_too, torch.zeros_like(ours_too) if theirs_too is None else theirs_too, rtol=1e-4, atol=1e-4
        )


@EACH_KIND
def test_training_takes_the_same_course(kind):
    theirs, ours = pair(kind, num_layers=2, batch_first=True)
    x, target = torch.randn(B, T, I), torch.randn(B, T, H)
    losses = []
    for module in (theirs, ours):
        optimizer = torch.optim.Adam(module.parameters(), 0.01)
        for _ in range(20):
            optimizer.zero_grad()
            loss = (module(x)[0] - target).square().mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.detach())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(mode, scans):
    theirs, ours = pair("lstm", num_layers=2)
    x = torch.randn(T, B, I)
    with mode():
        found, expected = ours(x), theirs(x)
    assert len(scans) == 2
    assert not found[0].requires_grad
    torch.testing.assert_close(found, expected)


# What is wrong is refused in torch's words

WRONG = {
    "features": lambda: (torch.zeros(T, B, I + 1), None),
    "dimensions": lambda: (torch.zeros(T, B, I, 1), None),
    "one dimension": lambda: (torch.zeros(I), None),
    "no steps": lambda: (torch.zeros(0, B, I), None),
    "dtype": lambda: (torch.zeros(T, B, I, dtype=torch.float64), None),
    "state's batch": lambda: (torch.zeros(T, B, I), torch.zeros(1, B + 1, H)),
    "state's layers": lambda: (torch.zeros(T, B, I), torch.zeros(2, B, H)),
    "state's units": lambda: (torch.zeros(T, B, I), torch.zeros(1, B, H + 1)),
    "state's dimensions": lambda: (torch.zeros(T, B, I), torch.zeros(B, H)),
    "state's dtype": lambda: (torch.zeros(T, B, I), torch.zeros(1, B, H, dtype=torch.float64)),
    "state of a batch for one": lambda: (torch.zeros(T, I), torch.zeros(1, 1, H)),
    "packed features": lambda: (PackedSequence(torch.zeros(5, I + 1), torch.tensor([3, 2])), None),
    "packed dimensions": lambda: (PackedSequence(torch.zeros(5, I, 1), torch.tensor([3, 2])), None),
    "packed sizes that grow": lambda: (PackedSequence(torch.zeros(6, I), torch.tensor([3, 1, 2])), None),
    "packed sizes too large": lambda: (PackedSequence(torch.zeros(5, I), torch.tensor([3, 3])), None),
    "packed state": lambda: (PackedSequence(torch.zeros(5, I), torch.tensor([3, 2])), torch.zeros(1, B + 1, H)),
    "no tensor": lambda: ([[0.0] * I], None),
}


@EACH_KIND
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_torch_refuses_is_refused_in_the_same_words(kind, wrong, scans):
    theirs, ours = pair(kind)
    x, h = wrong()
    given = (x, (h, h) if kind == "lstm" and h is not None else h)
    with pytest.raises((ValueError, RuntimeError, AttributeError)) as expected:
        theirs(*given)
    with pytest.raises(expected.type) as found:
        ours(*given)
    assert str(found.value) == str(expected.value)
    assert not scans


@pytest.mark.parametrize("hx", [torch.zeros(1, B, H), (torch.zeros(1, B, H),), (torch.zeros(1, B, H),) * 3])
def test_an_lstm_wants_two_states(hx, scans):
    theirs, ours = pair("lstm")
    with pytest.raises((IndexError, RuntimeError)) as expected:
        theirs(torch.zeros(T, B, I), hx)
    with pytest.raises(expected.type) as found:
        ours(torch.zeros(T, B, I), hx)
    assert str(found.value) == str(expected.value)
    assert not scans


@EACH_KIND
@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
def test_weights_of_another_shape_are_refused(kind, name):
    _, ours = pair(kind)
    setattr(ours, name, nn.Parameter(torch.zeros(7, 7)))
    with pytest.raises(InputError, match=r"shapes? .*\(7, 7\).*expected"):
        ours(torch.zeros(T, B, I))


@EACH_KIND
@pytest.mark.parametrize("shape", [(7,), (4, 3, 3), (3, 5)], ids=str)
def test_a_state_matrix_that_is_none_of_this_layer_is_refused(kind, shape):
    _, ours = pair(kind)
    ours.weight_hh_l0 = nn.Parameter(torch.zeros(shape))
    with pytest.raises(InputError, match=r"weight_hh has shape .* expected 3 columns for 3 units"):
        ours(torch.zeros(T, B, I))


@pytest.mark.parametrize(("layer", "shape"), [(nn.GRU, (1, 4, 300)), (nn.LSTM, (9, 2, 400))])
def test_what_torch_does_faster_is_left_to_torch(layer, shape, scans):
    steps, batch, hidden = shape
    module = layer(5, hidden)
    accelerate(module)
    module(torch.zeros(steps, batch, 5))
    module(pack_padded_sequence(torch.zeros(steps, batch, 5), [steps] * batch))
    assert not scans


def test_a_weight_that_is_none_is_refused(scans):
    _, ours = pair("gru")
    ours.bias_hh_l0 = None
    with pytest.raises(TypeError):
        ours(torch.zeros(T, B, I))
    assert not scans


# Calls that only torch's own forward can do


class Wrapped(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


def by_autocast(module, x):
    with torch.autocast("cpu", torch.bfloat16):
        return module(x)[0]


def by_jvp(module, x):
    return torch.func.jvp(lambda x: module(x)[0], (x,), (torch.ones_like(x),))[1]


def by_dispatch(module, x):
    names = []

    class Record(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            names.append(str(func))
            return func(*args, **(kwargs or {}))

    with Record():
        y = module(x)[0]
    assert any(name.startswith("aten.") for name in names)
    return y


CALLS = {
    "autocast": by_autocast,
    "float64": lambda module, x: module.double()(x.double())[0],
    "bfloat16": lambda module, x: module.bfloat16()(x.bfloat16())[0],
    "float16": lambda module, x: module.half()(x.half())[0],
    "torch.func.grad": lambda module, x: torch.func.grad(lambda x: module(x)[0].sum())(x),
    "torch.func.jvp": by_jvp,
    "torch.jit.trace": lambda module, x: torch.jit.trace(module, (x,), check_trace=False)(x)[0],
    "torch.jit.script": lambda module, x: torch.jit.script(Wrapped(module))(x),
    "operators watched": by_dispatch,
    "empty batch": lambda module, x: module(x[:, :0])[0],
}


@EACH_KIND
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.filterwarnings("ignore:`torch.jit", "ignore::torch.jit.TracerWarning")
def test_calls_that_the_kernels_cannot_do_are_torchs_own(kind, call, scans):
    theirs, ours = pair(kind)
    x = torch.randn(T, B, I)
    try:
        expected = call(theirs, x)
    except RuntimeError as error:  # oneDNN's LSTM lacks bfloat16 on some processors, and forward differentiation
        with pytest.raises(type(error)):
            call(ours, x)
    else:
        torch.testing.assert_close(call(ours, x), expected, rtol=0, atol=0)
    assert not scans


def test_a_meta_device_is_torchs_own(scans):
    _, ours = pair("lstm")
    y, (h, _) = ours.to("meta")(torch.empty(T, B, I, device="meta"))
    assert (y.shape, h.shape, y.device.type) == ((T, B, H), (1, B, H), "meta")
    assert not scans


def test_kernels_that_have_gone_are_done_without(monkeypatch, scans):
    theirs, ours = pair("gru")
    monkeypatch.setattr(kernels, "MISSING", "anything")
    x = torch.randn(T, B, I)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)
    assert not scans


# The module stays what it was


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(I, H, num_layers=2, bidirectional=True)
        self.inner = nn.ModuleDict({"decoder": nn.GRU(2 * H, H, bias=False)})
        self.last = nn.RNN(H, I, nonlinearity="relu")
        self.head = nn.Linear(I, 2)

    def forward(self, x):
        return self.head(self.last(self.inner["decoder"](self.encoder(x)[0])[0])[0])


@pytest.fixture
def model():
    return Model()


def on_kernels(scans, module, x):
    """What a module gives; all its scans have to be on the kernels."""
    scans.clear()
    found = module(x)
    assert len(scans) == 6
    return found


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


def test_undo_gives_the_layers_back(model, scans):
    before = [(type(m), dict(vars(m))) for m in model.modules()]
    report = accelerate(model)
    for _ in range(2):
        report.undo()
        for (cls, attributes), module in zip(before, model.modules(), strict=True):
            assert type(module) is cls
            assert all(vars(module)[name] is value for name, value in attributes.items())
            assert set(vars(module)) == set(attributes)
    model(torch.randn(T, B, I))
    assert not scans
    accelerate(model)
    report.undo()  # another's work now
    on_kernels(scans, model, torch.randn(T, B, I))


def test_accelerating_twice_changes_nothing_but_gives_a_second_report(model, scans):
    first = accelerate(model)
    classes = [type(m) for m in model.modules()]
    second = accelerate(model)
    assert [type(m) for m in model.modules()] == classes
    assert second.replaced == first.replaced
    assert second.left == {}
    assert str(second) == str(first)
    on_kernels(scans, model, torch.randn(T, B, I))
    second.undo()
    assert type(model.encoder) is nn.LSTM
    first.undo()
    assert type(model.encoder) is nn.LSTM


def test_a_copy_can_be_given_back_to_torch_and_the_first_stays(model, scans):
    accelerate(model)
    other = copy.deepcopy(model)
    accelerate(other).undo()
    assert type(other.encoder) is nn.LSTM
    on_kernels(scans, model, torch.randn(T, B, I))


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


def test_a_layer_under_two_names_is_replaced_once():
    layer = nn.LSTM(I, H)
    layers = nn.ModuleList([layer, layer])
    report = accelerate(layers)
    assert report.replaced == {"0": nn.LSTM}
    report.undo()
    assert type(layers[1]) is nn.LSTM


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


# The compiler and export


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # the compiler looks at it
@pytest.mark.parametrize("fullgraph", [False, True])
def test_torch_compile(model, fullgraph, scans, monkeypatch):
    # without allow_rnn torch breaks the graph at any LSTM, ours too, and refuses fullgraph
    theirs, x = copy.deepcopy(model), torch.randn(T, B, I)
    accelerate(model)
    compiling, true_run = [], autograd.run

    def spy(*args):
        compiling.append(torch.compiler.is_compiling())
        return true_run(*args)

    monkeypatch.setattr(autograd, "run", spy)
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=fullgraph):
        compiled = torch.compile(model, backend="aot_eager", fullgraph=fullgraph)
        found, expected = on_kernels(scans, compiled, x), theirs(x)
        assert compiling == [fullgraph] * 6
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            gradients(found, list(model.parameters())),
            gradients(expected, list(theirs.parameters())),
            rtol=1e-5,
            atol=1e-5,
        )


def test_torch_compile_of_a_layer_with_states_and_packed_sequences(scans):
    theirs, ours = pair("lstm", num_layers=2)
    torch._dynamo.reset()
    compiled = torch.compile(ours, backend="aot_eager")
    with torch.no_grad():
        for form in FORMS:
            given, _ = arguments(theirs, form, True)
            torch.testing.assert_close(tensors(compiled(*given)), tensors(theirs(*given)), rtol=1e-5, atol=1e-5)
    assert len(scans) == 8


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_torch_export(model, strict):
    accelerate(model)
    x = torch.randn(T, B, I)
    shapes = ({0: torch.export.Dim("steps"), 1: torch.export.Dim("batch")},)
    exported = torch.export.export(model, (x,), dynamic_shapes=shapes, strict=strict)
    targets = [str(node.target) for node in exported.graph.nodes]
    assert targets.count("recurra.scan.default") == 6
    other = torch.randn(T + 3, B + 2, I)
    torch.testing.assert_close(exported.module()(other), model(other), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
def test_export_for_onnx_has_torchs_operators(model, monkeypatch):
    accelerate(model)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    exported = torch.export.export(model.eval(), (torch.randn(T, B, I),))
    targets = [str(node.target) for node in exported.graph.nodes]
    assert "aten.lstm.input" in targets
    assert "recurra.scan.default" not in targets


# What is left, and the report


class OwnForward(nn.LSTM):
    def forward(self, input, hx=None):
        return super().forward(input * 2, hx)


class OwnCheck(nn.GRU):
    def check_input(self, input, batch_sizes):
        raise RuntimeError("mine")


class OnlyNamed(nn.GRU):
    def __init__(self, units):
        super().__init__(I, units)


def with_patched_forward():
    layer = nn.GRU(I, H)
    layer.forward = lambda x: x
    return layer


def parametrized():
    return parametrizations.weight_norm(nn.GRU(I, H), "weight_hh_l0")


LEFT = {
    "projections": (lambda: nn.LSTM(I, H, proj_size=2), "proj_size=2"),
    "precision": (lambda: nn.LSTM(I, H).double(), "torch.float64 parameters on cpu"),
    "device": (lambda: nn.RNN(I, H, device="meta"), "torch.float32 parameters on meta"),
    "forward": (lambda: OwnForward(I, H), "OwnForward has a forward of its own"),
    "check": (lambda: OwnCheck(I, H), "OwnCheck has a check_input of its own"),
    "patched": (with_patched_forward, "GRU has a forward of its own"),
    "parametrized": (parametrized, "its weights are parametrized"),
}


@pytest.mark.parametrize(("build", "reason"), LEFT.values(), ids=LEFT)
def test_a_layer_that_cannot_be_replaced_is_left_with_the_reason(build, reason):
    layer = build()
    cls, attributes = type(layer), dict(vars(layer))
    report = accelerate(nn.Sequential(layer))
    assert report.left == {"0": reason}
    assert report.replaced == {}
    report.undo()
    assert type(layer) is cls
    assert vars(layer) == attributes


def test_without_kernels_everything_is_left(model, monkeypatch):
    monkeypatch.setattr(kernels, "MISSING", "anything, for there is no compiler")
    report = accelerate(model)
    assert set(report.left.values()) == {"recurra cannot do anything, for there is no compiler"}
    assert len(report.left) == 3
    assert str(report).startswith("accelerate: 0 of 3 recurrent layers on recurra's kernels\n")


def test_a_subclass_that_computes_nothing_else_is_replaced(scans):
    theirs = OnlyNamed(H)
    ours = copy.deepcopy(theirs)
    report = accelerate(ours)
    assert report.replaced == {"": OnlyNamed}
    assert isinstance(ours, OnlyNamed)
    given, leaves = arguments(theirs, "padded", True)
    assert_same(theirs, ours, given, leaves)
    assert_same(theirs, pickle.loads(pickle.dumps(ours)), given, leaves)
    assert len(scans) == 2
    report.undo()
    assert type(ours) is OnlyNamed


def test_the_report_has_a_line_for_each_layer(model):
    model.odd = nn.LSTM(I, H, proj_size=2)
    report = accelerate(model)
    layers = [
        "  encoder: LSTM(4, 3, num_layers=2, bidirectional=True)",
        "  inner.decoder: GRU(6, 3, bias=False)",
        "  last: RNN(3, 4)",
        "  odd: LSTM(4, 3, proj_size=2) left as it is: proj_size=2",
    ]
    head = f"accelerate: 3 of 4 recurrent layers on recurra's kernels ({kernels.isa()})"
    assert str(report).splitlines() == [head, *layers]
    assert repr(report) == str(report)
    report.undo()
    assert str(report).splitlines() == [f"{head}, undone", *layers]


def test_the_report_of_a_single_layer_and_of_none():
    assert "  (the model itself): GRU(4, 3)" in str(accelerate(nn.GRU(I, H))).splitlines()
    assert str(accelerate(nn.Linear(2, 2))) == "accelerate: there is no torch.nn.RNN, GRU or LSTM in this model"


def test_only_a_module_can_be_accelerated():
    with pytest.raises(InputError, match=r"accelerate takes a torch.nn.Module; got dict"):
        accelerate({})


def test_the_public_name_is_the_function():
    assert recurra.accelerate is recurra.nn.accelerate is accelerate
    assert accelerate.__module__ == "recurra.nn.accelerate.report"


def test_long_packed_sequences_of_one_feature_run_on_the_kernels(scans):
    module = nn.GRU(1, 320)
    accelerate(module)
    module(nn.utils.rnn.pack_sequence([torch.randn(3, 1), torch.randn(2, 1)]))
    assert len(scans) == 1
