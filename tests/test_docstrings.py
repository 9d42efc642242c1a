"""The examples in docstrings run, and every public class and function has one."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import recurra
import recurra.nn

MODULES = [
    module.name
    for module in pkgutil.walk_packages(recurra.__path__, "recurra.")
    if module.name not in {"recurra.__main__", "recurra.nn.backends.native._kernels"}
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0


SHOWN_ELSEWHERE = {  # `trace` makes a Trace, `OneStep` runs the built-in cells, docs/extend.md defines a Cell
    *("Trace", "Cell", "SimpleRNNCell", "GRUCell", "LSTMCell"),
    "InputError",
}


@pytest.mark.parametrize("name", sorted({*recurra.__all__, *recurra.nn.__all__} - SHOWN_ELSEWHERE))
def test_a_public_class_or_function_has_an_example(name: str):
    public = getattr(recurra, name, None) or getattr(recurra.nn, name)
    assert ">>> " in (public.__doc__ or "")
