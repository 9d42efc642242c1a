"""Texts that need no file: the source of Python's standard library, and tinyshakespeare, which is downloaded."""

import hashlib
import importlib.util
import urllib.request
from pathlib import Path
from typing import Literal

from recurra.errors import InputError, reason
from recurra.files import replace_file
from recurra.language.text import FileText
from recurra.sources.download import cache_folder, make_cache

# Of the standard library, modules in one file each that every Python has, about 1 MB together.
# fmt: off
MODULES = [
    "argparse", "ast", "bisect", "calendar", "cmd", "configparser", "contextlib", "copy", "csv", "dataclasses",
    "dis", "enum", "fileinput", "fnmatch", "functools", "getopt", "gettext", "glob", "graphlib", "gzip", "heapq",
    "linecache", "operator", "pprint", "queue", "random", "reprlib", "selectors", "shlex", "shutil", "socketserver",
    "statistics", "string", "textwrap", "threading", "timeit", "tokenize", "traceback", "types",
]
# fmt: on

SHAKESPEARE = "tinyshakespeare"
SHAKESPEARE_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
TIMEOUT = 30.0  # seconds


def text_of(data: str | None, *, encoding: str, bad_bytes: Literal["error", "replace"]) -> FileText:
    """Return the text that a case names.

    Args:
        data: a file, a folder, "-" for standard input, "tinyshakespeare" where there is no file of this name, or None
            for the source of Python's standard library.
        encoding: see `FileText`.
        bad_bytes: see `FileText`.

    Raises:
        InputError: there is no such file or folder, or the download failed.
    """
    if data is None:
        return FileText(standard_library())
    if data == SHAKESPEARE and not Path(data).exists():
        return FileText(tinyshakespeare())
    return FileText(data, encoding=encoding, bad_bytes=bad_bytes)


def standard_library() -> list[Path]:
    """Return the source files of MODULES in the running interpreter.

    Raises:
        InputError: this Python has no source files.
    """
    specs = [importlib.util.find_spec(name) for name in MODULES]
    files = [Path(spec.origin) for spec in specs if spec is not None and spec.origin is not None]
    files = [file for file in files if file.suffix == ".py" and file.is_file()]
    if len(files) < len(MODULES) // 2:
        raise InputError("this Python comes without the source of its standard library; give a text with --data FILE.")
    return files


def tinyshakespeare(folder: Path | None = None) -> Path:
    """Return the file of tinyshakespeare, 1.1 MB of Shakespeare's plays; it is downloaded once.

    Args:
        folder: where it is kept; None: RECURRA_CACHE, or recurra in the user's cache folder.

    Raises:
        InputError: it cannot be downloaded or written, or is not the text that it should be.
    """
    path = (cache_folder() if folder is None else folder) / f"{SHAKESPEARE}.txt"
    if path.is_file() and _is_whole(path.read_bytes()):
        return path
    try:
        with urllib.request.urlopen(SHAKESPEARE_URL, timeout=TIMEOUT) as answer:
            text = answer.read()
    except OSError as error:
        raise InputError(
            f"{SHAKESPEARE} cannot be downloaded ({reason(error, 100)}); check the connection, or give a text with "
            "--data FILE."
        ) from error
    if not _is_whole(text):
        raise InputError(
            f"what was downloaded as {SHAKESPEARE} is another text: its SHA-256 digest is not {SHAKESPEARE_SHA256}."
        )
    make_cache(path.parent)
    replace_file(path, text)
    return path


def _is_whole(text: bytes) -> bool:
    return hashlib.sha256(text).hexdigest() == SHAKESPEARE_SHA256
