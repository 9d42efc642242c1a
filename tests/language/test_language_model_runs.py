"""A language model trained in a run folder, and saved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import LanguageModel
from recurra.errors import InputError
from recurra.training import Run

from .ring import RING, saved


def test_a_run_opened_for_reading_is_not_trained_in(tmp_path):
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(epochs=2).fit(RING, run=run)
    with pytest.raises(InputError, match="is not open for writing"):
        LanguageModel(epochs=3).fit(RING, run=Run(tmp_path / "run"))


def test_a_training_by_steps_goes_on_to_more_of_them_with_an_average_and_accumulated_batches(tmp_path):
    options = {"record_every": 4, "batch_size": 2, "accumulate": 2, "average_decay": 0.9, "dropout": 0.1, "warmup": 3}
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(steps=6, **options).fit(RING, run=run)
    with Run(tmp_path / "run", "resume") as run:
        model = LanguageModel(steps=16, **options).fit(RING, run=run)
    assert [record["step"] for record in model.history_] == [4, 6, 8, 12, 16]
    with Run(tmp_path / "run", "resume") as run, pytest.raises(InputError, match="has steps 16, not 8; steps can only"):
        LanguageModel(steps=8, **options).fit(RING, run=run)
    with Run(tmp_path / "share", "new") as run:
        LanguageModel(epochs=2, warmup=0.5).fit(RING, run=run)
    with Run(tmp_path / "share", "resume") as run, pytest.raises(InputError, match=r"with warmup 0\.5, a fraction of"):
        LanguageModel(epochs=3, warmup=0.5).fit(RING, run=run)


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_more_epochs_are_refused_where_the_learning_rate_depends_on_them(tmp_path, schedule):
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(epochs=2, schedule=schedule).fit(RING, run=run)
    with Run(tmp_path / "run", "resume") as run, pytest.raises(InputError, match=f"with schedule '{schedule}'"):
        LanguageModel(epochs=3, schedule=schedule).fit(RING, run=run)


def test_a_run_refuses_other_data_than_it_began_with(tmp_path):
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(epochs=2).fit(RING, run=run)
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    with Run(tmp_path / "run", "resume") as run, pytest.raises(InputError, match="the run began with other data"):
        LanguageModel(epochs=4).fit("abcdeb", run=run)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"units": 5}, r"has units \[3\], not \[5\]; only epochs can be changed when a run is resumed"),
        ({"learning_rate": 0.1}, r"has learning_rate 0\.01, not 0\.1"),
        ({"epochs": 1}, "has epochs 2, not 1; epochs can only be increased when a run is resumed"),
    ],
)
def test_a_run_refuses_other_settings_than_it_began_with_but_for_more_epochs(tmp_path, changed, message):
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(epochs=2).fit(RING, run=run)
    with Run(tmp_path / "run", "resume") as run, pytest.raises(InputError, match=message):
        LanguageModel(**{"epochs": 4} | changed).fit(RING, run=run)


def test_a_run_of_the_same_data_goes_on_to_the_same_bytes_as_an_uninterrupted_one(tmp_path):
    with Run(tmp_path / "run", "new") as run:
        LanguageModel(epochs=3).fit(RING, run=run)
    with Run(tmp_path / "run", "resume") as run:
        model = LanguageModel(epochs=6).fit(list(RING), run=run)
    assert len(model.history_) == 6
    whole = LanguageModel(epochs=6).fit(RING)
    assert saved(whole, tmp_path / "m") == (tmp_path / "run" / "model.safetensors").read_bytes()
    assert saved(model, tmp_path / "m") == (tmp_path / "run" / "model.safetensors").read_bytes()


random_settings = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(["rnn", "gru", "lstm"]),
        "units": st.one_of(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=3)),
        "encoding": st.sampled_from(["onehot", "embedding"]),
        "embedding_dim": st.integers(1, 4),
        "window": st.integers(1, 3),
        "targets": st.sampled_from(["last", "every"]),
        "order": st.sampled_from(["first-seen", "sorted"]),
        "dropout": st.sampled_from([0.0, 0.3]),
        "optimizer": st.sampled_from(["adam", "adamw", "sgd", "rmsprop"]),
        "schedule": st.sampled_from(["constant", "cosine", "exponential"]),
        "clip_norm": st.sampled_from([None, 1.0]),
        "shuffle": st.booleans(),
        "epochs": st.integers(1, 2),
        "seed": st.integers(0, 2**63 - 1),
    }
)


symbols = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3)


@given(random_settings, st.one_of(st.lists(symbols, min_size=4, max_size=12), st.text(min_size=4, max_size=12)))
@settings(max_examples=25, deadline=None)
def test_a_loaded_model_predicts_the_same_and_two_saves_are_the_same_bytes(tmp_path_factory, parameters, sequence):
    folder = tmp_path_factory.mktemp("saved")
    model = LanguageModel(**parameters).fit(sequence)
    content = saved(model, folder / "a")
    loaded = LanguageModel.load(folder / "a")
    windows = [sequence[start:] for start in range(len(sequence) - parameters["window"] + 1)]
    assert loaded.predict_many(windows) == model.predict_many(windows)
    assert [loaded.predict_proba(w) for w in windows] == [model.predict_proba(w) for w in windows]
    assert loaded.vocabulary_ == model.vocabulary_
    assert saved(loaded, folder / "b") == saved(model, folder / "c") == content
    assert loaded.settings_ == model.settings_
