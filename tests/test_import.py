"""The public names, and what importing them costs."""

import subprocess
import sys

import pytest

import recurra

HEAVY = ["torch", "numpy", "pandas", "pydantic", "matplotlib", "safetensors", "rich", "cyclopts"]


def run_python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_nothing_heavy_until_a_name_is_used():
    code = f"""
import sys, recurra
print(sorted(set({HEAVY}) & set(sys.modules)))
dir(recurra)
print(sorted(set({HEAVY}) & set(sys.modules)))
recurra.LanguageModel
print("torch" in sys.modules)
"""
    assert run_python(code).splitlines() == ["[]", "[]", "True"]


def test_settings_are_known_without_torch():
    code = """
import sys, pkgutil, importlib, recurra.settings
for module in pkgutil.iter_modules(recurra.settings.__path__):
    importlib.import_module(f"recurra.settings.{module.name}")
print(sorted({"torch", "numpy", "pandas"} & set(sys.modules)), len(sys.modules["recurra.settings"].__path__))
"""
    assert run_python(code).split() == ["[]", "1"]


@pytest.mark.parametrize("name", recurra.__all__)
def test_every_public_name_can_be_imported_and_is_listed(name):
    assert callable(getattr(recurra, name))
    assert getattr(recurra, name).__doc__
    assert name in dir(recurra)


def test_all_names_come_with_a_star():
    names = {}
    exec("from recurra import *", names)
    assert set(recurra.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="module 'recurra' has no attribute 'LanguageModle'"):
        _ = recurra.LanguageModle
    assert not hasattr(recurra, "nothing")


def test_an_unknown_name_cannot_be_imported():
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from recurra import nothing  # noqa: F401
