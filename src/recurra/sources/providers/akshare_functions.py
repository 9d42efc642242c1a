"""Functions of akshare as we call them: in time, with HTTP errors as errors, without running what a server sends."""

import ast
import json
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FunctionType, SimpleNamespace
from typing import Any

import pandas as pd

from recurra.sources.providers.contract import SECONDS, imported


def akshare_function(module: str, name: str, helpers: Sequence[str] = ()) -> Callable[..., pd.DataFrame]:
    """Return a copy of a function of akshare that sees our own `requests`, `demjson`, `eval` and progress bar.

    akshare asks some servers without a timeout, takes error pages for answers, and evaluates adjustment factors, which
    a server sends, as Python code. Only the copy is changed, so that other callers of akshare notice nothing.

    Args:
        module: the module within akshare.
        name: the function.
        helpers: functions of akshare that it calls, if they ask servers, too.

    Raises:
        NotInstalledError: if akshare is not installed.
    """
    with imported("akshare"):
        function = getattr(import_module(f"akshare.{module}"), name)
        import requests
        from akshare.utils import demjson

    def get(url: str, *, timeout: float | None = None, **arguments: Any) -> requests.Response:
        response = requests.get(url, timeout=min(timeout or SECONDS, SECONDS), **arguments)
        response.raise_for_status()
        return response

    def copied(function: FunctionType) -> FunctionType:
        return FunctionType(
            function.__code__, {**function.__globals__, **ours}, name, function.__defaults__, function.__closure__
        )

    def decode(text: str) -> Any:
        try:
            return json.loads(text)  # demjson takes half a second a year
        except ValueError:
            return demjson.decode(text)

    ours: dict[str, Any] = {
        "requests": SimpleNamespace(get=get),
        "demjson": SimpleNamespace(decode=decode),
        "eval": _literal,
        "get_tqdm": lambda: _no_bar,
    }
    ours |= {helper: copied(function.__globals__[helper]) for helper in helpers}
    return copied(function)


def _literal(text: str) -> Any:
    """Return the value of a literal. The error is no SyntaxError, which akshare takes for "no adjustment is needed"."""
    try:
        return ast.literal_eval(text.strip())
    except SyntaxError as error:
        raise ValueError("no table of adjustment factors") from error


def _no_bar(items: Any, **_: Any) -> Any:
    return items
