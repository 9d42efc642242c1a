"""Model files: what both kinds share. Tensors, and one description of the rest, which is checked on loading."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

from torch import Tensor

from recurra.errors import InputError, InputTypeError, shown
from recurra.settings.base import Settings
from recurra.settings.check import UnknownNameError, check
from recurra.settings.migration import migrated
from recurra.settings.network import CellName, NamedCell, NetworkSettings
from recurra.tensor_files import read_tensors
from recurra.training.run_folder import MODEL

FORECASTER, LANGUAGE_MODEL = "forecaster", "language-model"  # kinds of models
D = TypeVar("D", bound=Settings)
S = TypeVar("S", bound=Settings)
N = TypeVar("N", bound=NetworkSettings)
Contents = tuple[dict[str, Tensor], dict[str, Any]]  # tensors, description


def read_model(
    path: Path, description: type[D], kind: str, format_: int, migrations: Mapping[int, Callable[[Contents], Contents]]
) -> tuple[dict[str, Tensor], D]:
    """Return the tensors and the description of a saved model.

    Args:
        path: the file.
        description: class of the description.
        kind: kind of the model.
        format_: present format of such files.
        migrations: functions from the contents of an earlier format to those of the next one.

    Raises:
        InputError: if there is no such file, it is damaged, or it is not such a model.
    """
    tensors, data = read_tensors(path)
    if kind_of_model(path, data) != kind or data.get("format") not in [format_, *migrations]:
        found = f"{data['kind']!r} of format {data.get('format')!r}"
        readable = " and ".join(map(str, sorted({format_, *migrations})))
        raise InputError(f"{path} holds a {found}; this version of recurra reads {kind!r} of format {readable}.")
    try:
        for number in range(data["format"], format_):
            tensors, data = migrations[number]((tensors, data))
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise damaged(path, f"its description of format {data['format']} lacks parts ({error!r})") from error
    return tensors, checked_part(description, data, path)


def checked_part(kind: type[S], values: Mapping[str, Any], path: Path, part: str = "") -> S:
    """Validate a part of the description of a saved model.

    Args:
        kind: class of the part.
        values: mapping from field to value.
        path: the file, for error messages.
        part: name of the part; the whole description if there is none.

    Raises:
        InputError: if a value is invalid, or a field is unknown, as another version of recurra may have written it.
    """
    with _told_of_other_versions(path):
        return check(kind, values, f"{path} is damaged{f': {part}' if part else ''}", noun="field")


def settings_of(
    path: Path,
    kind: type[N],
    saved: Mapping[str, Any],
    device: str | None,
    cells: Mapping[str, NamedCell] | None,
) -> N:
    """Return the checked settings with which a saved model was fitted.

    A file holds only the name of the cell; a cell that is not built in must be in `cells`.

    Args:
        path: the file, for error messages.
        kind: class of the settings.
        saved: mapping from setting to value.
        device: device of the network; None for the device that it was trained on.
        cells: mapping from name to cell.

    Raises:
        InputError: if a value is invalid, or the cell is neither built in nor in `cells`.
    """
    if not isinstance(cells, Mapping | None):
        raise InputTypeError(f"{path}: cells is {shown(cells)}; expected a mapping from names to cells.")
    values = migrated(saved) | ({} if device is None else {"device": device})
    name = values.get("cell", "rnn")
    if isinstance(name, str) and cells is not None and name in cells:
        values |= {"cell": cells[name]}
    elif isinstance(name, str) and name not in get_args(CellName):
        raise InputError(
            f"{path} was trained with the cell {name!r}, which is none of recurra's "
            f"({', '.join(get_args(CellName))}); give it: load(path, cells={{{name!r}: …}})."
        )
    with _told_of_other_versions(path):
        return check(kind, values, str(path))


def kind_of_model(path: Path, data: Any) -> str:
    """Return the kind of a saved model; raise InputError if the file holds none."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise InputError(f"{path} holds no model; `save` writes one, and that of a run is its {MODEL}.")
    return str(data["kind"])


@contextmanager
def _told_of_other_versions(path: Path) -> Iterator[None]:
    """Say of a file with an unknown name that another version may have written it: it need not be damaged."""
    try:
        yield
    except UnknownNameError as error:
        raise InputError(
            f"{path} says something about {shown(error.name)}, which this version of recurra does not know; another "
            "version may have written it: load it with that one, or train again."
        ) from None


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Begin the message of an InputError with the path of the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def damaged(path: Path, what: str) -> InputError:
    """Return the error for a damaged model file."""
    return InputError(f"{path}: {what}; it is damaged.")
