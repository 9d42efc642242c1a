"""Saved files: complete, without times and places, and read with care when they come from elsewhere."""

import json
import os
import pickle
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch

from recurra import LanguageModel, load
from recurra.errors import InputError
from recurra.tensor_files import read_tensors, write_tensors
from recurra.training import Run

KEY = "recurra"


@pytest.fixture(scope="module")
def model():
    return LanguageModel(window=2, units=[4, 3], encoding="embedding", epochs=3).fit("abcdeabcde")


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def contents(path):
    with safetensors.safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_load_gives_a_model_that_predicts_the_same(model, path):
    for loaded in (load(path), load(str(path)), LanguageModel.load(path)):
        assert isinstance(loaded, LanguageModel)
        assert loaded.predict_proba("ab") == model.predict_proba("ab")
        assert loaded.score("abcdeabcde") == model.score("abcdeabcde")
        assert loaded.get_params() == model.get_params()
        assert not loaded.network_.training


def test_a_loaded_model_can_be_fitted_again_and_then_is_as_if_never_loaded(model, path, tmp_path):
    load(path).fit("abcdeabcde").save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_file_of_an_older_version_has_the_defaults_of_newer_settings(model, path):
    tensors, data = read_tensors(path)
    del data["parameters"]["weight_decay"]
    write_tensors(path, tensors, data)
    loaded = load(path)
    assert loaded.get_params() == model.get_params()
    assert loaded.settings_ == model.settings_


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_load_puts_the_network_on_the_device_asked_for(model, path, device):
    loaded = load(path, device=device)
    assert loaded.device == device
    assert {parameter.device.type for parameter in loaded.network_.parameters()} == {"cpu"}
    assert loaded.predict_proba("ab") == model.predict_proba("ab")


def test_a_device_that_cannot_be_used_is_named_and_another_one_helps(path):
    tensors, data = read_tensors(path)
    data["parameters"]["device"] = "cuda:4096"  # trained where there was one
    write_tensors(path, tensors, data)
    with pytest.raises(InputError, match=r"device 'cuda:4096' cannot be used here \(.*\); use 'cpu'\."):
        load(path)
    assert load(path, device="cpu").predict("ab") in "abcde"


def test_the_file_is_safetensors_with_one_key_of_sorted_json_and_no_time_or_place(model, path):
    tensors, metadata = contents(path)
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        name: tensor.tolist() for name, tensor in model.network_.state_dict().items()
    }
    assert list(metadata) == [KEY]
    data = json.loads(metadata[KEY])
    assert json.dumps(data, sort_keys=True, ensure_ascii=False) == metadata[KEY]
    assert len(data.pop("sha256")) == 64
    assert data == {
        "kind": "language-model",
        "format": 1,
        "parameters": model.get_params(),
        "vocabulary": {"symbols": list("abcde"), "unknown": None},
    }


def test_two_trainings_with_the_same_seed_in_two_folders_give_the_same_bytes(model, path, tmp_path):
    again = LanguageModel(window=2, units=[4, 3], encoding="embedding", epochs=3).fit("abcdeabcde")
    (tmp_path / "elsewhere").mkdir()
    again.save(tmp_path / "elsewhere" / "other.safetensors")
    assert (tmp_path / "elsewhere" / "other.safetensors").read_bytes() == path.read_bytes()


class Bomb:
    """Its pickle writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "code ran")


@pytest.mark.parametrize("dump", [lambda bomb, path: path.write_bytes(pickle.dumps(bomb)), torch.save])
def test_a_pickle_is_refused_and_its_code_is_not_run(tmp_path, dump):
    dump(Bomb(tmp_path / "trace"), tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="is damaged, or was not written by recurra"):
        load(tmp_path / "model.safetensors")
    assert not (tmp_path / "trace").exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.safetensors: there is no such file"):
        load(tmp_path / "nothing.safetensors")


def test_every_truncated_file_is_refused(path):
    content = path.read_bytes()
    for length in [*range(0, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"model\.safetensors is damaged, or was not written by recurra"):
            load(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", os.urandom(1000), b"\xff" * 100, b"PK\x03\x04" + b"\x00" * 100, b"just a text\n" * 10],
    ids=["empty", "one byte", "random", "huge header", "zip", "text"],
)
def test_a_file_of_another_kind_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged, or was not written by recurra") as error:
        load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {KEY: "no JSON {"}])
def test_a_safetensors_file_of_someone_else_is_refused(path, metadata):
    safetensors.torch.save_file({"weight": torch.zeros(2, 2)}, path, metadata)
    with pytest.raises(InputError, match="is damaged, or was not written by recurra"):
        load(path)


def without(name):
    return lambda data: {key: value for key, value in data.items() if key != name}


def changed(**fields):
    return lambda data: data | fields


def with_parameter(**parameters):
    return lambda data: data | {"parameters": data["parameters"] | parameters}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: {}, "holds no model"),
        (lambda data: {"epoch": 3, "history": []}, "holds no model"),  # a run's state.safetensors
        (changed(kind="weather"), "holds a 'weather' of format 1; this version of recurra reads 'language-model'"),
        (changed(format=2), "holds a 'language-model' of format 2; this version of recurra reads 'language-model'"),
        (without("format"), "holds a 'language-model' of format None; this version of recurra reads"),
        (without("parameters"), "is damaged: the field 'parameters' is missing."),
        (without("vocabulary"), "is damaged: the field 'vocabulary' is missing."),
        (changed(parameters=None), "is damaged: parameters is None; expected a dictionary."),
        (changed(vocabulary=["a"]), "is damaged: vocabulary is ['a']; expected a dictionary."),
        (changed(vocabulary={"symbols": 5, "unknown": None}), "vocabulary: symbols is 5; expected a list."),
        (
            changed(epoch=3),
            "says something about 'epoch', which this version of recurra does not know; another version may",
        ),
        (
            with_parameter(unitss=3),
            "says something about 'unitss', which this version of recurra does not know; another",
        ),
        (with_parameter(window=0), "window is 0; expected a whole number above 0."),
        (with_parameter(units=[5, 3]), "its weights do not fit its own configuration ("),
        (with_parameter(units=[4]), "its weights do not fit its own configuration ("),
        (with_parameter(cell="gru"), "its weights do not fit its own configuration ("),
        (with_parameter(encoding="onehot"), "its weights do not fit its own configuration ("),
        (changed(vocabulary={"symbols": ["a", "b"], "unknown": None}), "its weights do not fit its own configuration"),
    ],
)
def test_a_file_whose_metadata_do_not_fit_is_refused_in_one_line_with_its_name(path, change, message):
    tensors, data = read_tensors(path)
    write_tensors(path, tensors, change(data))
    with pytest.raises(InputError) as error:
        load(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_folders_model_can_be_loaded_but_not_its_state(tmp_path):
    with Run(tmp_path / "run", "new") as run:
        model = LanguageModel(epochs=2).fit("abcabc", run=run)
    assert load(tmp_path / "run" / "model.safetensors").predict_proba("a") == model.predict_proba("a")
    with pytest.raises(
        InputError, match=r"state\.safetensors holds no model; .* that of a run is its model\.safetensors"
    ):
        load(tmp_path / "run" / "state.safetensors")


@pytest.mark.parametrize("place", ["missing/model.safetensors", "file/model.safetensors", "folder"])
def test_a_place_that_cannot_be_written_is_an_error_and_nothing_is_left_behind(model, tmp_path, place):
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as error:
        model.save(tmp_path / place)
    assert str(error.value).startswith(f"{tmp_path / place} cannot be written (")
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_saving_over_a_file_replaces_it(model, path):
    content = path.read_bytes()
    path.write_bytes(b"older and longer" * 10_000)
    model.save(path)
    assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
