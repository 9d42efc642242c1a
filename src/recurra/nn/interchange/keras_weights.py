"""Read and write Keras files: `.keras` and `.weights.h5`.

Keras stores kernels as [I, G·H], recurra as [G·H, I]. The GRU of Keras stacks the gates as z, r, h; recurra as r, z, n.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.files import replace_file
from recurra.nn.cells import GRUCell
from recurra.nn.encoders import Embedding, OneHot
from recurra.nn.interchange.keras_config import layers_from_config
from recurra.nn.layers import RecurrentLayer
from recurra.nn.network import Dense, Network, kind_of, numbered_names


class KerasArray(NamedTuple):
    """An array in a Keras file and the parameters that it stores."""

    place: str  # path in the group of the layer, such as `cell/vars/0`
    name: str  # name in Keras, for messages
    parameters: tuple[Tensor, ...]  # one; or the two biases of a GRU, which Keras stores as the rows of one array
    is_gru: bool = False  # Keras stacks the gates in another order
    is_kernel: bool = False  # Keras stores the transpose

    def to_keras(self) -> np.ndarray[Any, Any]:
        arrays = [p.detach().cpu().numpy() for p in self.parameters]
        if self.is_gru:
            arrays = [_swap_first_two_gates(array) for array in arrays]
        if self.is_kernel:
            return np.ascontiguousarray(arrays[0].T)
        return arrays[0] if len(arrays) == 1 else np.stack(arrays)

    @torch.no_grad()
    def from_keras(self, array: np.ndarray[Any, Any]) -> None:
        arrays = [array.T] if self.is_kernel else [array] if len(self.parameters) == 1 else list(array)
        for parameter, values in zip(self.parameters, arrays, strict=True):
            ordered = _swap_first_two_gates(values) if self.is_gru else values
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(ordered)))


def from_keras(path: str | Path, network: Network | None = None) -> Network:
    """Load a model or weights saved by Keras 3.

    Args:
        path: a `.keras` file with a Sequential model of Embedding, SimpleRNN, GRU, LSTM, Bidirectional, Dropout and
            Dense layers, or a `.weights.h5` file with weights for `network`.
        network: the network to load a `.weights.h5` file into; None for a `.keras` file.

    Returns:
        The network in evaluation mode; `network(x)` returns the predictions of Keras.

    Raises:
        InputError: if the file is missing or damaged, has an unsupported layer or option, or does not match `network`.

    Example:
        >>> from recurra.nn import build_network
        >>> network, other = (build_network(encoder=OneHot(5), cell="lstm", units=[3], outputs=5) for _ in range(2))
        >>> to_keras(network, "letters.weights.h5")
        >>> x = torch.tensor([[0, 1, 2]])
        >>> torch.equal(from_keras("letters.weights.h5", other)(x), network(x))
        True
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    if path.name.endswith(".weights.h5"):
        if network is None:
            raise InputError(
                f"{path}: a .weights.h5 file contains no network; give one, from_keras(path, network), "
                "or load the .keras file."
            )
        _load_h5(path, path.read_bytes(), network)
        return network.eval()
    if network is not None:
        raise InputError(
            f"{path}: only a .weights.h5 file is loaded into a given network; a .keras file contains its own."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
            weights = archive.read("model.weights.h5")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, KeyError, ValueError) as error:
        raise InputError(f"{path}: is not a .keras file of Keras 3 ({error}).") from error
    try:
        network, dtype = layers_from_config(config, str(path))
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise InputError(f"{path}: its config.json is not one that Keras 3 writes ({error!r}).") from error
    network.to(dtype)
    _load_h5(path, weights, network)
    return network.eval()


def to_keras(network: Network, path: str | Path) -> None:
    """Save the weights of a network in a `.weights.h5` file, for `model.load_weights` of Keras.

    The Keras model must have the same layers in the same order, except `OneHot`, which has no weights.

    Args:
        network: the network.
        path: the file to write; its name must end in `.weights.h5`.

    Raises:
        InputError: if the file name does not end in `.weights.h5`, as Keras requires, or the file cannot be written.

    Example:
        >>> network = Network([OneHot(5), Dense(5, 2)])
        >>> to_keras(network, "dense.weights.h5")
    """
    path = Path(path)
    if not path.name.endswith(".weights.h5"):
        raise InputError(f"{path}: Keras loads weights only from files whose names end in .weights.h5.")
    h5py = _import_h5py()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("vars")
        for name, layer in _keras_layers(network):
            file.create_group(f"layers/{name}/vars")
            for array in _keras_arrays(layer):
                file[f"layers/{name}/{array.place}"] = array.to_keras()
    replace_file(path, buffer.getvalue())


def _keras_layers(network: Network) -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers that exist in Keras, with their names in its weight files."""
    layers = [layer for layer in network.layers.values() if not isinstance(layer, OneHot)]
    return zip(numbered_names(layers), layers, strict=True)


def _keras_arrays(layer: nn.Module) -> list[KerasArray]:
    """Return the arrays that Keras stores for a layer, in order."""
    if isinstance(layer, Embedding):
        return [KerasArray("vars/0", "embeddings", (layer.weight,))]
    if isinstance(layer, Dense):
        arrays = [KerasArray("vars/0", "kernel", (layer.weight,), is_kernel=True)]
        return arrays if layer.bias is None else [*arrays, KerasArray("vars/1", "bias", (layer.bias,))]
    if not isinstance(layer, RecurrentLayer):
        return []
    arrays = []
    is_gru = isinstance(layer.cell, GRUCell)
    directions = {"": "forward_layer/", "_reverse": "backward_layer/"} if layer.bidirectional else {"": ""}
    for suffix, folder in directions.items():
        p, cell = layer.direction(suffix), f"{folder}cell/vars"
        arrays.append(KerasArray(f"{cell}/0", f"{folder}kernel", (p["weight_ih"],), is_gru, True))
        arrays.append(KerasArray(f"{cell}/1", f"{folder}recurrent_kernel", (p["weight_hh"],), is_gru, True))
        biases = tuple(p[name] for name in ("bias", "bias_ih", "bias_hh") if name in p)
        if biases:
            arrays.append(KerasArray(f"{cell}/2", f"{folder}bias", biases, is_gru))
    return arrays


def _load_h5(path: Path, content: bytes, network: Network) -> None:
    """Load a weight file after checking all of it: a file that does not match leaves the network unchanged."""
    h5py = _import_h5py()
    found: list[tuple[KerasArray, np.ndarray[Any, Any]]] = []
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _reject_external_storage(h5py, file, path)
            groups = set(file["layers"]) if "layers" in file else set()
            for name, layer in _keras_layers(network):
                groups.discard(name)
                arrays = _keras_arrays(layer)
                for array in arrays:
                    found.append((array, _read_array(file, path, name, layer, array)))
                extra = f"layers/{name}/{arrays[-1].place[:-1]}{len(arrays)}" if arrays else ""
                if extra in file:
                    raise InputError(
                        f"{path}: layer {name!r} ({kind_of(layer)}) has one array more in the file ({extra}) "
                        "than in the network; was it built with bias=False?"
                    )
            if groups:
                raise InputError(f"{path}: the file has layers that the network lacks: {', '.join(sorted(groups))}.")
    except InputError:
        raise
    except Exception as error:  # for a damaged file, h5py raises errors of many types
        raise InputError(f"{path}: is not an HDF5 file or is damaged ({error}).") from error
    for array, values in found:
        array.from_keras(values)


def _read_array(file: Any, path: Path, name: str, layer: nn.Module, array: KerasArray) -> np.ndarray[Any, Any]:
    where = f"{path}: layer {name!r} ({kind_of(layer)}), {array.name}"
    expected = array.to_keras().shape
    dataset = file.get(f"layers/{name}/{array.place}")
    if dataset is None:
        raise InputError(f"{where}: is not in the file; expected shape {expected}.")
    if dataset.shape != expected:
        raise InputError(f"{where}: the file has shape {dataset.shape}; expected {expected}.")
    if dataset.dtype.name not in {"float16", "float32", "float64"}:
        raise InputError(f"{where}: the file has {dataset.dtype} values; expected floating-point numbers.")
    return np.asarray(dataset, dtype=dataset.dtype.newbyteorder("="))  # torch supports only the native byte order


def _reject_external_storage(h5py: Any, file: Any, path: Path) -> None:
    """Reject links and external storage, with which an untrusted HDF5 file could read other files of this machine."""

    def visit(group: Any) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise InputError(f"{path}: {group.name}/{name} is a link; links are not followed.")
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item)
            elif item.external or item.is_virtual:
                raise InputError(f"{path}: {item.name} stores its data in another file, which is not read.")

    visit(file)


def _swap_first_two_gates(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Convert between the gate orders r, z, n and z, r, h along the first axis."""
    first, second, third = np.split(array, 3)
    return np.concatenate([second, first, third])


def _import_h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise InputError("Keras files need the package h5py (recurra's extra `keras`): pip install h5py.") from error
    return h5py
