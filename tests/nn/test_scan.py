"""The scan: every backend computes the same, and the fast one is really taken where it can be."""

import pytest
import torch

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.cells import GRUEquations, LSTMEquations, SimpleRNNEquations, Weights
from recurra.nn.scan import choose_backend, scan

B, T, I, H = 3, 5, 4, 3
TORCH_OPERATORS = ("rnn_tanh", "rnn_relu", "gru", "lstm")
FAST = {  # what torch has, and the operator that computes it
    "tanh": (SimpleRNNEquations(), "rnn_tanh"),
    "relu": (SimpleRNNEquations("relu"), "rnn_relu"),
    "gru": (GRUEquations(), "gru"),
    "lstm": (LSTMEquations(), "lstm"),
}
SLOW = {  # what torch lacks, and how that is named
    "linear": (SimpleRNNEquations("linear"), "activation 'linear'"),
    "sigmoid": (SimpleRNNEquations("sigmoid"), "activation 'sigmoid'"),
    "gru relu": (GRUEquations("relu"), "activation 'relu'"),
    "gru gates": (GRUEquations("tanh", "hard_sigmoid"), "recurrent_activation 'hard_sigmoid'"),
    "gru reset before": (GRUEquations(reset_after=False), "reset_after=False"),
    "lstm linear": (LSTMEquations("linear"), "activation 'linear'"),
    "lstm gates": (LSTMEquations("tanh", "tanh"), "recurrent_activation 'tanh'"),
}
EACH_FAST = pytest.mark.parametrize(("equations", "operator"), FAST.values(), ids=FAST)
EACH_SLOW = pytest.mark.parametrize(("equations", "reason"), SLOW.values(), ids=SLOW)
MASK = torch.tensor([[True, False, True, True, False], [False, False, True, True, True], [False] * 5])
KEEP = torch.tensor([[2.0, 0.0, 2.0], [0.0, 0.0, 2.0], [2.0, 2.0, 2.0]], dtype=torch.float64)


def random(*shape):
    return (torch.rand(shape, dtype=torch.float64) - 0.5).requires_grad_()


def arguments(equations, bias=True):
    """Input, state and weights, all random."""
    rows = equations.gates * H
    biases = [random(rows)] if bias else []
    if bias and equations.separate_bias_hh:
        biases.append(random(rows))
    return random(B, T, I), [random(B, H) for _ in range(equations.states)], [random(rows, I), random(rows, H), *biases]


def run(equations, backend, x, state, weights, **options):
    outputs, last = scan(equations, x, tuple(state), Weights(*weights), backend=backend, **options)
    return outputs, *last


def gradients(outputs, leaves):
    loss = sum((output * torch.linspace(-1, 2, output.numel()).view_as(output)).sum() for output in outputs)
    return torch.autograd.grad(loss, leaves)


@pytest.fixture
def called(monkeypatch):
    """The names of torch's recurrent operators, in the order in which they are called."""
    names = []

    def spy_on(name):
        operator = getattr(torch, name)

        def spy(*args):
            names.append(name)
            return operator(*args)

        monkeypatch.setattr(torch, name, spy)

    for name in TORCH_OPERATORS:
        spy_on(name)
    return names


@EACH_FAST
@pytest.mark.parametrize("bias", [True, False])
def test_backends_agree_on_outputs_states_and_every_gradient(equations, operator, bias):
    x, state, weights = arguments(equations, bias)
    results = {backend: run(equations, backend, x, state, weights) for backend in ("reference", "torch", "auto")}
    for backend in ("torch", "auto"):
        torch.testing.assert_close(results[backend], results["reference"], rtol=0, atol=1e-10)
    leaves = [x, *state, *weights]
    expected = gradients(results["reference"], leaves)
    for backend in ("torch", "auto"):
        torch.testing.assert_close(gradients(results[backend], leaves), expected, rtol=0, atol=1e-10)


@EACH_FAST
def test_auto_takes_torchs_operator_where_it_can(equations, operator, called):
    run(equations, "auto", *arguments(equations))
    assert called == [operator]


@pytest.mark.parametrize(
    ("layer", "operators"),
    [
        (SimpleRNN(I, H), ["rnn_tanh"]),
        (SimpleRNN(I, H, activation="relu"), ["rnn_relu"]),
        (GRU(I, H, go_backwards=True), ["gru"]),
        (LSTM(I, H, stateful=True, dropout=0.5), ["lstm"]),
        (LSTM(I, H, bidirectional=True, bias=False), ["lstm", "lstm"]),
        (LSTM(I, H, recurrent_dropout=0.5).eval(), ["lstm"]),
        (LSTM(I, H, recurrent_dropout=0.5), []),
        (GRU(I, H, reset_after=False), []),
        (GRU(I, H, backend="reference"), []),
    ],
    ids=str,
)
def test_layers_reach_the_fast_operator(layer, operators, called):
    layer(torch.zeros(B, T, I))
    assert called == operators


@EACH_FAST
@pytest.mark.parametrize(
    ("backend", "option"),
    [("auto", {"mask": MASK}), ("auto", {"keep": KEEP}), ("reference", {})],
    ids=["mask", "keep", "reference"],
)
def test_torchs_operators_are_left_alone_where_they_cannot(equations, operator, backend, option, called):
    run(equations, backend, *arguments(equations), **option)
    assert called == []


@EACH_SLOW
def test_auto_falls_back_to_the_reference(equations, reason, called):
    x, state, weights = arguments(equations)
    found = run(equations, "auto", x, state, weights)
    assert called == []
    assert choose_backend(equations, x, mask=None, keep=None) == "reference"
    torch.testing.assert_close(found, run(equations, "reference", x, state, weights), rtol=0, atol=0)


@EACH_SLOW
def test_insisting_on_torch_is_an_error_that_names_the_reason(equations, reason):
    with pytest.raises(InputError, match=f'backend="torch" cannot do {reason}; backend="auto" finds a way'):
        run(equations, "torch", *arguments(equations))


@EACH_FAST
@pytest.mark.parametrize(
    ("option", "reason"), [({"mask": MASK}, "masks"), ({"keep": KEEP}, "recurrent dropout")], ids=["mask", "keep"]
)
def test_insisting_on_torch_for_a_mask_or_dropout_is_an_error(equations, operator, option, reason):
    with pytest.raises(InputError, match=f'backend="torch" cannot do {reason}'):
        run(equations, "torch", *arguments(equations), **option)


def test_insisting_on_torch_for_an_empty_batch_is_an_error():
    with pytest.raises(InputError, match='backend="torch" cannot do an empty batch'):
        LSTM(I, H, backend="torch")(torch.zeros(0, T, I))


@EACH_FAST
def test_choose_backend_says_what_scan_takes(equations, operator):
    x = torch.zeros(B, T, I)
    assert choose_backend(equations, x, mask=None, keep=None) == "torch"
    assert choose_backend(equations, x, mask=None, keep=None, backend="torch") == "torch"
    assert choose_backend(equations, x, mask=None, keep=None, backend="reference") == "reference"
    assert choose_backend(equations, x, mask=MASK, keep=None) == "reference"
    assert choose_backend(equations, x, mask=None, keep=KEEP) == "reference"
    assert choose_backend(equations, x[:0], mask=None, keep=None) == "reference"


def test_an_unknown_backend_is_an_error_that_names_the_known():
    with pytest.raises(InputError, match="backend is 'cuda'; known are auto, torch, reference"):
        GRU(I, H, backend="cuda")(torch.zeros(B, T, I))


def test_equations_that_are_not_ours_run_on_the_reference():
    class Counter:
        """Adds up its inputs."""

        gates, states, activation, separate_bias_hh = 1, 1, "linear", False

        def step(self, a_t, state, w, keep=None):
            return (state[0] + a_t,)

    x, eye = torch.ones(1, 4, 2), torch.eye(2)
    outputs, (last,) = scan(Counter(), x, (torch.zeros(1, 2),), Weights(eye, eye))
    assert outputs[0, :, 0].tolist() == [1, 2, 3, 4]
    assert last.tolist() == [[4, 4]]
    with pytest.raises(InputError, match="cannot do Counter"):
        scan(Counter(), x, (torch.zeros(1, 2),), Weights(eye, eye), backend="torch")


@pytest.mark.parametrize("equations", [e for e, _ in (*FAST.values(), *SLOW.values())], ids=str)
@pytest.mark.parametrize(("masked", "kept"), [(True, False), (False, True), (True, True)])
def test_gradients_of_the_reference_are_the_slopes(equations, masked, kept):
    x, state, weights = arguments(equations)
    x = x.detach()[:, :4].requires_grad_()
    options = {"mask": MASK[:, :4] if masked else None, "keep": KEEP if kept else None}

    def function(x, *rest):
        return run(equations, "reference", x, rest[: equations.states], rest[equations.states :], **options)

    assert torch.autograd.gradcheck(function, (x, *state, *weights), fast_mode=True)


@pytest.mark.parametrize("equations", [SimpleRNNEquations(), GRUEquations(), LSTMEquations()], ids=str)
def test_a_masked_step_keeps_the_state_and_repeats_the_output(equations):
    x, state, weights = arguments(equations)
    outputs, *last = run(equations, "reference", x, state, weights, mask=MASK)
    steps, alone = [], [s[:1] for s in state]
    for t in (0, 2, 3):  # the steps of the first sequence that count
        step, *alone = run(equations, "reference", x[:1, t : t + 1], alone, weights)
        steps.append(step[:, 0])
    repeated = torch.stack([steps[i] for i in (0, 0, 1, 2, 2)], dim=1)
    torch.testing.assert_close(outputs[:1], repeated, rtol=0, atol=1e-12)
    torch.testing.assert_close([s[:1] for s in last], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("equations", [SimpleRNNEquations(), GRUEquations(), LSTMEquations()], ids=str)
def test_before_the_first_step_that_counts_the_output_is_zero_whatever_the_state(equations):
    x, state, weights = arguments(equations)
    outputs, *last = run(equations, "reference", x, state, weights, mask=MASK)
    assert torch.equal(outputs[1, :2], torch.zeros(2, H, dtype=torch.float64))
    assert torch.equal(outputs[2], torch.zeros(T, H, dtype=torch.float64))
    for found, given in zip(last, state, strict=True):
        assert torch.equal(found[2], given[2])


@pytest.mark.parametrize("equations", [SimpleRNNEquations(), GRUEquations(), LSTMEquations()], ids=str)
def test_what_stands_at_masked_steps_does_not_matter(equations):
    x, state, weights = arguments(equations)
    other = torch.where(MASK[:, :, None], x, 1e3)
    found, expected = (run(equations, "reference", values, state, weights, mask=MASK) for values in (other, x))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@EACH_FAST
def test_torchs_operator_needs_no_gradient_to_give_the_same(equations, operator):
    x, state, weights = arguments(equations)
    with torch.no_grad():
        found = run(equations, "torch", x, state, weights)
    torch.testing.assert_close(found, run(equations, "torch", x, state, weights), rtol=0, atol=1e-12)
    assert not any(output.requires_grad for output in found)


def test_the_dropout_mask_holds_for_every_step():
    x, state, weights = arguments(GRUEquations())
    found = run(GRUEquations(), "reference", x, state, weights, keep=KEEP)
    steps = []
    for t in range(T):
        step, *state = run(GRUEquations(), "reference", x[:, t : t + 1], state, weights, keep=KEEP)
        steps.append(step)
    torch.testing.assert_close(found, (torch.cat(steps, dim=1), *state), rtol=0, atol=1e-12)


def test_the_reference_goes_back_through_all_steps_at_once_not_with_a_full_gradient_for_each():
    layer = LSTM(2, 3, backend="reference", return_sequences=True)
    names, todo = [], [layer(torch.ones(1, 20, 2)).grad_fn]
    seen = set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.append(node.name())
            todo += [parent for parent, _ in node.next_functions]
    assert names.count("UnbindBackward0") == 1
    assert "SelectBackward0" not in names


@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM])
def test_layers_train_under_torch_compile(kind):
    layer = kind(2, 3)
    x = torch.randn(4, 5, 2)
    expected = torch.autograd.grad(layer(x).sum(), list(layer.parameters()))
    compiled = torch.compile(layer, backend="aot_eager")
    found = torch.autograd.grad(compiled(x).sum(), list(layer.parameters()))
    torch.testing.assert_close(found, expected)
