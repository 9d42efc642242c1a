"""Read and write Keras files: `.keras` and `.weights.h5`.

Keras stores kernels as [I, G·H], recurra as [G·H, I]. The GRU of Keras stacks the gates as z, r, h; recurra as r, z, n.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError, shortened, shown
from recurra.files import path_of, replace_file
from recurra.nn.cells import GRUCell, LSTMCell, SimpleRNNCell
from recurra.nn.cells.cell import is_normalized
from recurra.nn.dense import Dense, TiedDense
from recurra.nn.encoders import Embedding, OneHot
from recurra.nn.interchange.hdf5_arrays import ArrayHeader, Hdf5Arrays, import_h5py
from recurra.nn.interchange.keras_archive import read_keras_archive
from recurra.nn.interchange.keras_config import network_from_json
from recurra.nn.layers import RecurrentLayer
from recurra.nn.network import Network, kind_of, numbered_names

Array = np.ndarray[Any, Any]

# A small file must not take much memory: its arrays take at most this many times its own bytes, or these many bytes
LARGEST_RATIO, SMALLEST_ROOM = 4, 16 << 20
LISTED = 5  # the most layers that a message names


class KerasArray(NamedTuple):
    """An array in a Keras file and the parameters that it stores."""

    place: str  # path in the group of the layer, such as `cell/vars/0`
    name: str  # name in Keras, for messages
    parameters: tuple[Tensor, ...]  # one; or the two biases of a GRU, which Keras stores as the rows of one array
    is_gru: bool = False  # Keras stacks the gates in another order
    is_kernel: bool = False  # Keras stores the transpose

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in Keras."""
        shape = tuple(self.parameters[0].shape)
        return shape[::-1] if self.is_kernel else shape if len(self.parameters) == 1 else (len(self.parameters), *shape)

    def to_keras(self) -> Array:
        arrays = [p.detach().cpu().numpy() for p in self.parameters]
        if self.is_gru:
            arrays = [_swap_first_two_gates(array) for array in arrays]
        if self.is_kernel:
            return np.ascontiguousarray(arrays[0].T)
        return arrays[0] if len(arrays) == 1 else np.stack(arrays)

    @torch.no_grad()
    def from_keras(self, array: Array) -> None:
        arrays = [array.T] if self.is_kernel else [array] if len(self.parameters) == 1 else list(array)
        for parameter, values in zip(self.parameters, arrays, strict=True):
            ordered = _swap_first_two_gates(values) if self.is_gru else values
            parameter.copy_(torch.from_numpy(ordered))


def from_keras(path: str | Path, network: Network | None = None) -> Network:
    """Load a model or weights saved by Keras 3.

    Args:
        path: a `.keras` file with a Sequential model of Embedding, SimpleRNN, GRU, LSTM, Bidirectional, Dropout,
            SpatialDropout1D and Dense layers, or a `.weights.h5` file with weights for `network`.
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
    path = path_of(path)
    if network is not None:
        _check_network("from_keras", network)
    source, is_h5 = str(path), path.name.endswith(".weights.h5")
    try:
        if not path.is_file():
            raise InputError(f"{source}: there is no such file.")
        room = max(SMALLEST_ROOM, LARGEST_RATIO * path.stat().st_size)
        content = path.read_bytes() if is_h5 else b""
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror or error}).") from error
    if is_h5:
        if network is None:
            raise InputError(
                f"{source}: a .weights.h5 file contains no network; give one, from_keras(path, network), "
                "or load the .keras file."
            )
        _assign(network, _read_arrays(source, content, network, room))
        return network.eval()
    if network is not None:
        raise InputError(
            f"{source}: only a .weights.h5 file is loaded into a given network; a .keras file contains its own."
        )
    archive = read_keras_archive(path, source, room)
    network, dtype = network_from_json(archive.config, source)
    arrays = _read_arrays(source, archive.weights, network, room)
    _materialize(network, dtype)
    _assign(network, arrays)
    return network.eval()


def _check_network(where: str, network: object) -> None:
    if not isinstance(network, Network):
        raise InputTypeError(f"{where}: the network is {shown(network)}; expected a recurra.nn.Network.")


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
    path = path_of(path)
    _check_network("to_keras", network)
    if not path.name.endswith(".weights.h5"):
        raise InputError(f"{path}: Keras loads weights only from files whose names end in .weights.h5.")
    h5py = import_h5py()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("vars")
        for name, layer in _keras_layers(network):
            file.create_group(f"layers/{name}/vars")
            for array in _keras_arrays(layer):
                file[f"layers/{name}/{array.place}"] = array.to_keras()
    replace_file(path, buffer.getvalue())


def _keras_layers(network: Network) -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers that exist in Keras, with their names in its weight files.

    Raises:
        InputError: the network has residual connections, a tied output layer, layer normalization or another cell,
            which Keras's Sequential models and recurrent layers have not.
    """
    if network.residual or any(isinstance(layer, TiedDense) for layer in network.layers.values()):
        raise InputError(
            "a Sequential model of Keras has neither residual connections nor tied weights, and this network has: "
            "build it without, or save its state_dict with torch."
        )
    layers = [layer for layer in network.layers.values() if not isinstance(layer, OneHot)]
    for layer in layers:
        if isinstance(layer, RecurrentLayer) and not isinstance(layer.cell, SimpleRNNCell | GRUCell | LSTMCell):
            raise InputError(
                f"Keras has no layer with the cell {layer.cell.title}, only SimpleRNN, GRU and LSTM: save the "
                "network's state_dict with torch."
            )
    if any(isinstance(layer, RecurrentLayer) and is_normalized(layer.cell) for layer in layers):
        raise InputError(
            "the recurrent layers of Keras have no layer normalization, and this network has: build it with "
            "layer_norm=False, or save its state_dict with torch."
        )
    names = [name.replace("variational_dropout", "spatial_dropout1d") for name in numbered_names(layers)]
    return zip(names, layers, strict=True)


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


def _read_arrays(source: str, content: bytes, network: Network, room: int) -> list[Array]:
    """Read the arrays of all layers, after the headers of all have been compared with the network."""
    try:
        with Hdf5Arrays(content, room) as file:
            headers = []
            for name, layer in _keras_layers(network):
                arrays = _keras_arrays(layer)
                headers += [_find(file, name, layer, array) for array in arrays]
                extra = f"layers/{name}/{arrays[-1].place[:-1]}{len(arrays)}" if arrays else ""
                if arrays and extra in file:
                    raise InputError(
                        f"layer {name!r} ({kind_of(layer)}) has one array more in the file ({extra}) "
                        "than in the network; was it built with bias=False?"
                    )
            if more := sorted({*file.names("layers")} - {name for name, _ in _keras_layers(network)}):
                listed = ", ".join(shortened(name, 40) for name in more[:LISTED])
                others = f" and {len(more) - LISTED} more" if len(more) > LISTED else ""
                raise InputError(f"the file has layers that the network lacks: {listed}{others}.")
            return [file.read(place, header) for place, header in headers]
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    except Exception as error:  # for a damaged file, h5py raises errors of many types
        reason = shortened(str(error), 120)
        raise InputError(f"{source} is not an HDF5 file or is damaged ({reason}).") from error


def _find(file: Hdf5Arrays, name: str, layer: nn.Module, array: KerasArray) -> tuple[str, ArrayHeader]:
    """Return the path and the header of an array in the file."""
    where = f"layer {name!r} ({kind_of(layer)}), {array.name}"
    place = f"layers/{name}/{array.place}"
    header = file.header(place)
    if header is None:
        raise InputError(f"{where} is not in the file; expected shape {array.shape}.")
    if header.shape != array.shape:
        raise InputError(f"{where}: the file has shape {shown(header.shape)}; expected {array.shape}.")
    if not header.dtype.startswith("float"):
        raise InputError(f"{where}: the file has {header.dtype} values; expected floating-point numbers.")
    return place, header


def _materialize(network: Network, dtype: torch.dtype) -> None:
    """Give memory to the parameters of a network on the meta device; `to_empty` would import much of torch for that."""
    for module in network.modules():
        for name, p in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(torch.empty(p.shape, dtype=dtype), p.requires_grad))


def _assign(network: Network, arrays: list[Array]) -> None:
    """Set the parameters of a network to what `_read_arrays` has read for it."""
    places = (array for _, layer in _keras_layers(network) for array in _keras_arrays(layer))
    for place, values in zip(places, arrays, strict=True):
        place.from_keras(values)


def _swap_first_two_gates(array: Array) -> Array:
    """Convert between the gate orders r, z, n and z, r, h along the first axis."""
    first, second, third = np.split(array, 3)
    return np.concatenate([second, first, third])
