"""Recorded and present results compared: words exactly, numbers within a tolerance, since processors differ in bits.

`GOLDEN_EXACT=1` takes the tolerance away: on the machine that recorded, a change of structure changes no bit.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from recurra.forecasting.model_file import _from_format_1
from recurra.settings.migration import migrated
from recurra.tensor_files import read_tensors

Arrays = dict[str, Any]  # name → array

EXACT = os.environ.get("GOLDEN_EXACT") == "1"
TRAINED = 1e-3  # relative: some epochs amplify the last bits of a processor's exponentials and sums
PREDICTED = 1e-4  # relative: one pass through stored weights
SMALL = 1e-4  # absolute: what lies around zero has no relative error
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*\.\d*(?:e[-+]?\d+)?(?!\w)|(?<![\w.])[-+]?\d+e[-+]?\d+(?!\w)")
IGNORED = {"seconds", "versions", "files", "description"}  # not numbers, or not those of the training
IGNORED |= {"format", "sha256", "digests"}  # of a run; those recorded state none
IGNORED |= {"form"}  # how a table was read, which those recorded do not say
IGNORED |= {"weight_decay", "steps", "record_every", "accumulate", "warmup", "average_decay"}  # settings added since
IGNORED |= {"max_unpacked", "decimal", "thousands", "dayfirst", "encoding", "sheet", "provider"}  # and these
IGNORED |= {"significance_test", "permutation_importance"}  # of scores, said since
IGNORED |= {"lower", "offset", "least", "refit", "method"}  # of forecasts, in settings, plans and frames
IGNORED |= {"static_covariates", "static", "long_season"}  # in settings and plans
IGNORED |= {"counts"}  # in plans
IGNORED |= {"mode", "tokens", "vocabulary_size", "tokenizer", "tied", "residual"}  # in settings of language models
IGNORED |= {"variational", "recurrent_dropout", "weight_dropout", "layer_norm"}  # and these of recurrent layers
IGNORED |= {"missing"}  # whose default has changed
SINCE = {"transform.least", "transform.most", "weight"}  # tensors of models, which those recorded do not have
METHOD = re.compile(r",(method|network)(?=\r?$)", re.MULTILINE)  # the last column of forecasts, said since
SETTINGS = ("settings", "parameters")  # keys of run.json and of a model under which settings are recorded


def assert_same_text(found: str, recorded: str, relative: float = TRAINED) -> None:
    """Fail unless words, integers, dates and lines are equal and decimal fractions near.

    Runs of blanks count as one, for columns are as wide as their numbers. A fraction may differ by one in the last
    place that is shown, unless the text is JSON, which rounds nothing.
    """
    if EXACT:
        assert found == recorded
        return
    if recorded.startswith(("{", "[")):
        assert_same_json(json.loads(found), json.loads(recorded), relative)
        return
    assert _words(found) == _words(recorded)
    for a, b in zip(NUMBER.findall(found), NUMBER.findall(recorded), strict=True):
        last_place = 1.001 * 10.0 ** -len(re.split(r"[.e]", b)[1]) if "e" not in b else 0.0
        x, y = (float(number.replace(",", "")) for number in (a, b))
        assert abs(x - y) <= max(relative * abs(y), SMALL, last_place), f"{a} is not near {b} in:\n{found}"


def _words(text: str) -> list[str]:
    lines = (re.sub(r"\s*\]", "]", re.sub(r"\[\s+", "[", re.sub(r"\s+", " ", line))) for line in text.splitlines())
    return [NUMBER.sub("#", re.sub(r"-{3,}", "---", line)).rstrip() for line in lines]


def assert_same_json(found: Any, recorded: Any, relative: float = TRAINED, place: str = "") -> None:
    """Fail unless keys, texts and integers are equal and floats near."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        assert found.keys() - IGNORED == recorded.keys() - IGNORED, place
        for key in recorded.keys() - IGNORED:
            assert_same_json(found[key], recorded[key], relative, f"{place}.{key}")
    elif isinstance(recorded, list) and isinstance(found, list):
        assert len(found) == len(recorded), place
        for index, (a, b) in enumerate(zip(found, recorded, strict=True)):
            assert_same_json(a, b, relative, f"{place}.{index}")
    elif isinstance(recorded, float) and isinstance(found, float):
        near = found == recorded or (not EXACT and abs(found - recorded) <= max(relative * abs(recorded), SMALL))
        assert near or (np.isnan(found) and np.isnan(recorded)), f"{place}: {found} is not near {recorded}"
    elif isinstance(recorded, str) and isinstance(found, str):
        assert_same_text(found, recorded, relative)
    else:
        assert found == recorded, place


def assert_same_arrays(found: Path, recorded: Path, relative: float = TRAINED, small: float = SMALL) -> None:
    """Fail unless two safetensors files have tensors of the same names, shapes and near values."""
    _assert_near(load_file(found), load_file(recorded), relative, small)


def _assert_near(found: Arrays, recorded: Arrays, relative: float, small: float) -> None:
    assert sorted(found) == sorted(recorded)
    for name, expected in recorded.items():
        assert found[name].dtype == expected.dtype, name
        rtol, atol = (0, 0) if EXACT else (relative, small)
        np.testing.assert_allclose(found[name], expected, rtol=rtol, atol=atol, err_msg=name)


def assert_same_model(found: Path, recorded: Path) -> None:
    """Fail unless two model files hold near tensors, and the same description, whatever their formats."""
    (a, described), (b, recorded_description) = contents(found), contents(recorded)
    _assert_near(a, b, TRAINED, SMALL)
    assert_same_json(described, recorded_description)


def contents(path: Path) -> tuple[Arrays, Any]:
    """Tensors and description of a model file, as the present format has them."""
    tensors, data = read_tensors(path)
    if data["kind"] == "forecaster":
        if data["format"] == 1:
            tensors, data = _from_format_1((tensors, data))
        # networks of format 1 read future covariates early, present ones do not
        data["plan"].pop("early")
        tensors = {name: own for name, own in tensors.items() if name not in SINCE}
    return {name: tensor.numpy() for name, tensor in tensors.items()}, _with_present_names(data)


def assert_same_run(found: Path, recorded: Path) -> None:
    """Fail unless two run folders hold the same files with near content; plots and the training state aside."""
    names, found_names = (
        {
            path.name
            for path in folder.iterdir()
            if path.suffix != ".png" and not path.name.startswith(("state", ".lock"))
        }
        for folder in (recorded, found)
    )
    assert names == found_names
    for name in sorted(names):
        a, b = found / name, recorded / name
        if name == "model.safetensors":
            assert_same_model(a, b)
        elif name == "run.json":  # it holds nothing that was trained
            assert _recorded_fields(a) == _recorded_fields(b)
        elif name.endswith((".json", ".jsonl")):
            assert_same_json(_documents(a), _documents(b))
        else:
            assert_same_text(METHOD.sub("", a.read_text("utf-8")), b.read_text("utf-8"))


def _recorded_fields(path: Path) -> Any:
    fields = _with_present_names(json.loads(path.read_text("utf-8")))
    fields["settings"] = {name: value for name, value in fields["settings"].items() if name not in IGNORED}
    return {name: value for name, value in fields.items() if name not in {*IGNORED, "adjust"}}  # since: of a download


def _with_present_names(recorded: dict[str, Any]) -> dict[str, Any]:
    """What a file holds, its settings under the names that they have had since it was recorded."""
    return recorded | {key: migrated(recorded[key]) for key in SETTINGS if key in recorded}


def _documents(path: Path) -> Any:
    text = path.read_text("utf-8")
    return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
