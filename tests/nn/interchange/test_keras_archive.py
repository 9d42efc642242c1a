"""The archive of a `.keras` file unpacks within limits."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from recurra.errors import InputError
from recurra.nn import from_keras
from recurra.nn.interchange.keras_archive import CONFIG_BYTES, read_keras_archive

RECORDED = Path(__file__).parents[2] / "oracles" / "letters_window.keras"


def archive(path, method=zipfile.ZIP_DEFLATED, **entries):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in ({"config.json": b"{}", "model.weights.h5": b"h5"} | entries).items():
            file.writestr(name, content)
    return path


def test_a_compressed_file_gives_the_same_network(tmp_path):
    with zipfile.ZipFile(RECORDED) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    found = from_keras(archive(tmp_path / "a.keras", **entries))
    torch.testing.assert_close(found.state_dict(), from_keras(RECORDED).state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_of_several_pieces_are_whole(tmp_path, method):
    content = np.random.default_rng(0).bytes(3_000_001)
    path = archive(tmp_path / "a.keras", method, **{"model.weights.h5": content})
    assert read_keras_archive(path, "a", len(content)) == (b"{}", content)


def test_weights_unpack_to_no_more_than_the_room(tmp_path):
    path = archive(tmp_path / "a.keras", **{"model.weights.h5": bytes(2_000_000)})
    with pytest.raises(InputError, match=r"a: model.weights.h5 unpacks to more than 1,999,999 bytes, .* without compr"):
        read_keras_archive(path, "a", 1_999_999)


def test_a_configuration_has_a_limit_of_its_own(tmp_path):
    path = archive(tmp_path / "a.keras", **{"config.json": b" " * (CONFIG_BYTES + 1)})
    with pytest.raises(InputError, match=r"config.json unpacks to more than 2,097,152 bytes"):
        read_keras_archive(path, "a", 10**9)


def test_a_method_that_is_not_unpacked_in_pieces_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a: config.json is compressed by method 14; expected deflate or none"):
        read_keras_archive(archive(tmp_path / "a.keras", zipfile.ZIP_LZMA), "a", 10**9)
