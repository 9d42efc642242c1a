"""What a user can do with a language model: learn, predict, score; and what it says when that cannot be."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from recurra import LanguageModel, load
from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN, VariationalDropout
from recurra.nn.cells import SimpleRNNCell
from recurra.training import Callback

from .ring import RING, saved


@pytest.fixture(scope="module")
def ring():
    return LanguageModel(cell="rnn", units=3, encoding="onehot", window=1).fit(RING)


def test_the_first_example_of_the_readme_learns_the_ring(ring):
    assert [ring.predict(letter) for letter in "abcde"] == list("bcdea")
    assert ring.score(RING) == 1.0
    assert ring.best_epoch_ == 100
    assert [record["epoch"] for record in ring.history_] == list(range(1, 101))
    assert ring.history_[-1]["loss"] < ring.history_[0]["loss"]


def test_a_model_with_no_arguments_is_that_of_the_readme(ring):
    assert LanguageModel().fit(RING).predict_proba("c") == ring.predict_proba("c")


@pytest.mark.parametrize(("cell", "layer"), [("rnn", SimpleRNN), ("gru", GRU), ("lstm", LSTM)])
@pytest.mark.parametrize("encoding", ["onehot", "embedding"])
@pytest.mark.parametrize("targets", ["last", "every"])
def test_every_cell_encoding_and_target_learns_the_ring(cell, layer, encoding, targets):
    text = "abcdeabcdea"
    model = LanguageModel(
        cell=cell, units=8, encoding=encoding, targets=targets, window=2, epochs=40, batch_size=4, learning_rate=0.05
    ).fit(text)
    assert model.predict_many(["ab", "bc", "cd", "de", "ea"]) == list("cdeab")
    assert model.score(text) == 1.0
    kinds = [type(each) for each in model.network_.layers.values()]
    assert kinds.count(layer) == 1


@pytest.mark.parametrize(
    "sequence",
    [
        ["the", "cat", "sat", "on", "a", "mat", "the"],
        ["春天", "夏天", "秋天", "冬天", "春天"],
        ("x", "xx", "xxx", "x"),
        "天地玄黄宇宙洪荒天",
    ],
)
def test_symbols_are_any_strings(sequence):
    model = LanguageModel(units=8, learning_rate=0.05).fit(sequence)
    assert model.predict_many([[symbol] for symbol in sequence[:-1]]) == list(sequence[1:])
    assert list(model.predict_proba([sequence[0]])) == list(dict.fromkeys(sequence))


def test_a_window_tells_apart_what_its_last_symbol_alone_does_not():
    text = "abcb" * 6  # after b comes c or a, by what came before
    assert LanguageModel(window=1, units=8).fit(text).score(text) < 0.8
    model = LanguageModel(window=2, units=8).fit(text)
    assert (model.predict("ab"), model.predict("cb")) == ("c", "a")
    assert model.score(text) == 1.0


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_layer_normalization_is_that_of_every_layer_before_and_after_it_is_saved(cell, tmp_path):
    model = LanguageModel(cell=cell, units=(5, 4), window=2, layer_norm=True, epochs=3).fit("abcdea" * 5)
    model.save(tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    for layer in (loaded.network_.layers[name] for name in list(loaded.network_.layers)[1:3]):
        assert layer.cell.layer_norm
    assert np.array_equal(loaded.predict_proba("ab"), model.predict_proba("ab"))


def test_layer_normalization_is_no_option_of_other_cells():
    class OwnCell(SimpleRNNCell):
        name = "own"

    with pytest.raises(InputError, match="layer_norm is for the cells rnn, gru, lstm, given by name"):
        LanguageModel(cell=OwnCell(), layer_norm=True).fit("abcdea")


def test_units_are_those_of_each_recurrent_layer_with_dropout_after_each():
    model = LanguageModel(cell="gru", units=[5, 4, 3], encoding="embedding", embedding_dim=2, dropout=0.5, epochs=1)
    rows = model.fit("abcdabcd").network_.summary_rows(1)
    assert [(row.kind, row.output_shape[-1]) for row in rows] == [
        ("Embedding", 2),
        ("GRU", 5),
        ("Dropout", 5),
        ("GRU", 4),
        ("Dropout", 4),
        ("GRU", 3),
        ("Dropout", 3),
        ("Dense", 4),
    ]


def test_a_stream_is_learned_with_every_kind_of_dropout():
    dropped = {"dropout": 0.1, "variational": True, "recurrent_dropout": 0.1, "weight_dropout": 0.1}
    options = {"mode": "stream", "cell": "lstm", "units": [24, 24], "window": 5, "batch_size": 4}
    model = LanguageModel(**options, **dropped, epochs=40, learning_rate=0.02).fit("abcde" * 40)
    assert model.score("abcde" * 10) > 0.95
    layers = list(model.network_.layers.values())[1:-1]
    assert [type(layer) for layer in layers] == [LSTM, VariationalDropout, LSTM, VariationalDropout]
    assert [(lstm.recurrent_dropout, lstm.weight_dropout) for lstm in layers[::2]] == [(0.1, 0.1)] * 2


def test_predictions_are_without_dropout():
    model = LanguageModel(units=8, dropout=0.9, epochs=2).fit(RING)
    assert not model.network_.training
    assert model.predict_proba("a") == model.predict_proba("a")


@pytest.mark.parametrize("order", ["first-seen", "sorted"])
def test_the_order_of_ids_is_the_one_asked_for(order):
    model = LanguageModel(order=order, epochs=1).fit("cabc")
    assert model.vocabulary_.symbols == {"first-seen": ("c", "a", "b"), "sorted": ("a", "b", "c")}[order]
    assert list(model.predict_proba("a")) == list(model.vocabulary_.symbols)


def test_only_the_last_window_of_a_sequence_counts():
    model = LanguageModel(window=2, epochs=3, units=5).fit("abcdeabcde")
    assert model.predict_proba("eeeab") == model.predict_proba("ab") != model.predict_proba("cb")
    assert model.predict_proba(["z", "a", "b"]) == model.predict_proba("ab")  # what is not seen need not be known


def test_predict_many_is_predict_for_each(ring):
    letters = ["a", "e", "bc", ["c"]]
    assert ring.predict_many(letters) == [ring.predict(each) for each in letters] == ["b", "a", "d", "d"]
    assert ring.predict_many(iter("abc")) == ["b", "c", "d"]
    assert ring.predict_many([]) == []


def test_probabilities_are_the_softmax_of_the_logits_and_the_greatest_is_predicted(ring):
    for letter in "abcde":
        logits = ring.network_(torch.tensor([[ring.vocabulary_.symbols.index(letter)]]))[0].tolist()
        powers = [math.exp(logit) for logit in logits]
        probabilities = ring.predict_proba(letter)
        assert list(probabilities.values()) == pytest.approx([power / sum(powers) for power in powers], rel=1e-5)
        assert sum(probabilities.values()) == pytest.approx(1.0)
        assert max(probabilities, key=probabilities.get) == ring.predict(letter)


def test_score_is_the_share_of_symbols_that_are_predicted_right(ring):
    assert ring.score("abab") == pytest.approx(2 / 3)  # b right, a wrong (c is predicted), b right
    assert ring.score("aaaa") == 0.0
    assert ring.score("ab") == 1.0


@pytest.mark.parametrize("targets", ["last", "every"])
def test_score_is_scikit_learns_accuracy_of_predict(targets):
    text = "abcabdabcabeabc" * 2
    model = LanguageModel(window=2, targets=targets, epochs=4).fit(text)
    predicted = [model.predict(text[start : start + 2]) for start in range(len(text) - 2)]
    assert model.score(text) == pytest.approx(accuracy_score(list(text[2:]), predicted))


def test_the_recorded_figures_are_the_mean_negative_log_likelihood_and_the_share_of_right_ones():
    text = "abcabdabca"
    model = LanguageModel(epochs=1, learning_rate=1e-12, batch_size=100).fit(text)  # a step that changes nothing
    losses = [-math.log(model.predict_proba(text[i])[text[i + 1]]) for i in range(len(text) - 1)]
    assert model.history_[0]["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert model.history_[0]["accuracy"] == pytest.approx(model.score(text))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(cell, tmp_path):
    def train(seed):
        model = LanguageModel(cell=cell, dropout=0.2, batch_size=2, epochs=5, seed=seed)
        return saved(model.fit(RING), tmp_path / "m")

    first = train(1)
    torch.manual_seed(99)
    assert train(1) == first
    assert train(2) != first


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_the_seed_is_that_of_the_initial_weights_too(seed):
    def untrained(seed):  # the one step changes nothing, and there is one order of one batch
        return LanguageModel(epochs=1, learning_rate=1e-12, shuffle=False, seed=seed).fit(RING).predict_proba("a")

    assert untrained(seed) == untrained(seed) != untrained(1)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.02, 0.02, 0.02, 0.02]),
        ("cosine", [0.02, 0.01 * (1 + math.sqrt(0.5)), 0.01, 0.01 * (1 - math.sqrt(0.5))]),
        ("exponential", [0.02, 0.02 * 10**-0.5, 0.002, 0.02 * 10**-1.5]),
    ],
)
def test_the_learning_rate_follows_the_schedule(schedule, rates):
    history = LanguageModel(schedule=schedule, learning_rate=0.02, epochs=4).fit(RING).history_
    assert [record["learning_rate"] for record in history] == pytest.approx(rates)


def test_gradients_are_clipped_to_the_norm_asked_for():
    def losses(**parameters):
        model = LanguageModel(optimizer="sgd", learning_rate=1.0, epochs=5, **parameters).fit(RING)
        return [record["loss"] for record in model.history_]

    free, loose, tight = losses(), losses(clip_norm=1e6), losses(clip_norm=1e-6)
    assert loose == free
    assert tight == pytest.approx([tight[0]] * 5, abs=1e-4)  # steps that small change nothing
    assert free[-1] < free[0] - 0.1


def test_without_shuffling_the_samples_come_in_order():
    class Watch(Callback):
        """Which codes each step changed: with plain gradient descent, those of the symbols that it saw."""

        def __init__(self):
            self.seen = []

        def on_train_begin(self, state, epochs):
            self.codes = state.tensors["model.layers.embedding.weight"].clone()

        def on_step_end(self, state, batch, batches):
            codes = state.tensors["model.layers.embedding.weight"].clone()
            self.seen.append((codes != self.codes).any(dim=1).nonzero().flatten().tolist())
            self.codes = codes

    def seen(shuffle):
        watch = Watch()
        model = LanguageModel(encoding="embedding", optimizer="sgd", batch_size=1, epochs=2, shuffle=shuffle)
        model.fit("abcdefgh", callbacks=[watch])
        return watch.seen

    assert seen(shuffle=False) == [[0], [1], [2], [3], [4], [5], [6]] * 2
    shuffled = seen(shuffle=True)
    assert sorted(shuffled[:7]) == sorted(shuffled[7:]) == [[0], [1], [2], [3], [4], [5], [6]]  # each once an epoch
    assert shuffled[:7] != shuffled[7:]


def test_a_model_that_is_fitted_again_begins_anew():
    model = LanguageModel(epochs=5).fit(RING)
    once = model.predict_proba("a")
    assert model.fit(RING).predict_proba("a") == once
    assert len(model.history_) == 5


def test_fit_and_predict_leave_the_random_numbers_of_torch_and_numpy_as_they_are():
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1]
    LanguageModel(dropout=0.5, epochs=2, validation=3).fit("abababababab").predict("a")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize("validation", [4, 0.25])
def test_validation_is_the_last_part_as_a_count_or_a_share(validation):
    class Watch(Callback):
        def on_step_end(self, state, batch, batches):
            self.batches = batches

    watch = Watch()
    model = LanguageModel(validation=validation, window=2, batch_size=1, epochs=3)
    model.fit("abcabcabcabc" + "bbca", callbacks=[watch])
    assert watch.batches == 10  # 12 symbols are left to train on, the last 10 of them follow a window
    held_out = [(["b", "b"], "c"), (["b", "c"], "a")]
    best = model.history_[model.best_epoch_ - 1]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= best.keys()
    loss = sum(-math.log(model.predict_proba(window)[target]) for window, target in held_out) / 2
    assert best["val_loss"] == pytest.approx(loss, rel=1e-5)
    assert best["val_accuracy"] == sum(model.predict(window) == target for window, target in held_out) / 2


def test_the_model_has_the_weights_of_the_epoch_with_the_least_validation_loss():
    held_out = "aababb"
    model = LanguageModel(validation=len(held_out), epochs=60, learning_rate=0.1).fit("ab" * 10 + held_out)
    losses = [record["val_loss"] for record in model.history_]
    assert model.best_epoch_ == 1 + losses.index(min(losses)) < 60
    of_each = [-math.log(model.predict_proba(held_out[i])[held_out[i + 1]]) for i in range(len(held_out) - 1)]
    assert np.mean(of_each) == pytest.approx(min(losses), rel=1e-5) != pytest.approx(losses[-1], rel=1e-3)


def test_without_validation_no_figure_of_it_is_recorded():
    history = LanguageModel(epochs=2).fit(RING).history_
    assert not any(name.startswith("val_") for record in history for name in record)


def test_the_vocabulary_is_that_of_the_training_part_only():
    with pytest.raises(InputError) as error:
        LanguageModel(validation=3).fit("abababcab" + "add")
    assert str(error.value) == (
        "symbol 'd' at position 11 is unknown; the known symbols are: a b c. "
        "It stands in the validation part, and the training part has none of it: "
        "choose another split, or give unknown a symbol."
    )


def test_symbols_that_training_does_not_have_are_the_unknown_one_if_asked():
    model = LanguageModel(validation=3, unknown="?", epochs=2).fit("abababcab" + "add")
    assert model.vocabulary_.symbols == ("a", "b", "c", "?")
    assert model.predict_proba("z") == model.predict_proba("?")


def test_the_windows_of_a_long_text_are_not_copied():
    model = LanguageModel(window=100, epochs=1)
    prepared = model.prepare("ab" * 5000)
    samples = prepared.parts[0]
    assert samples.x.shape == (9900, 100)
    assert samples.x.untyped_storage().nbytes() <= 10_000 * 8
    assert samples.target.untyped_storage().nbytes() <= 10_000 * 8


def test_fits_in_several_threads_give_the_same_as_one_after_the_other():
    def fitted(_):
        model = LanguageModel(dropout=0.2, epochs=5).fit(RING)
        return torch.cat([p.flatten() for p in model.network_.parameters()]).tolist()

    with ThreadPoolExecutor(4) as pool:
        weights = list(pool.map(fitted, range(8)))
    assert all(other == fitted(0) for other in weights)


def test_patience_stops_when_the_loss_has_not_become_better_for_so_many_epochs():
    model = LanguageModel(validation=6, patience=3, epochs=1000, learning_rate=0.1).fit("ab" * 10 + "aababb")
    assert len(model.history_) == model.best_epoch_ + 3 < 1000
