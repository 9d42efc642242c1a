"""Build a network from the `config.json` of a `.keras` file; unsupported layers and options raise an error."""

from collections.abc import Callable, Container
from typing import Any

import torch
from torch import nn

from recurra.errors import InputError, shortened, shown
from recurra.json_objects import parse_json
from recurra.nn.dense import Dense
from recurra.nn.encoders import Embedding
from recurra.nn.interchange.keras_options import COMMON, FLAGS, SIZE, WITHOUT_EFFECT, fault_of, is_size
from recurra.nn.layers import GRU, LSTM, RecurrentLayer, SimpleRNN
from recurra.nn.network import Network
from recurra.nn.variational_dropout import VariationalDropout

Config = dict[str, Any]

DTYPES = {"float32": torch.float32, "float64": torch.float64}

RECURRENT: dict[str, tuple[type[RecurrentLayer], set[str]]] = {
    "SimpleRNN": (SimpleRNN, COMMON),
    "GRU": (GRU, COMMON | {"recurrent_activation", "reset_after"}),
    "LSTM": (LSTM, COMMON | {"recurrent_activation", "unit_forget_bias"}),
}

LAYERS = 256  # the most that a file may have
NAME = 255  # characters of a layer's name
TAKEN_NAMES = frozenset(dir(nn.ModuleDict()))


def network_from_json(content: bytes, source: str) -> tuple[Network, torch.dtype]:
    """Build the network that a `config.json` describes, on the meta device: its parameters have shapes but no values.

    Args:
        content: the `config.json`.
        source: the name of the file, for messages.

    Returns:
        The network, with layers named as in the file, and the dtype that its parameters are to have.

    Raises:
        InputError: it is no JSON, the model is not Sequential, or has an unsupported layer or option.
    """
    try:
        config = parse_json(content.decode())
    except ValueError as error:
        raise InputError(f"{source}: its config.json is not JSON ({shortened(str(error), 120)}).") from error
    try:
        with torch.device("meta"):
            return layers_from_config(config, source)
    except InputError:
        raise
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = shortened(f"{type(error).__name__}: {error}", 120)
        raise InputError(f"{source}: its config.json is not one that Keras 3 writes ({reason}).") from error


def layers_from_config(config: Config, source: str) -> tuple[Network, torch.dtype]:
    """Build the network of a Keras Sequential model, with newly initialized weights.

    Args:
        config: the parsed `config.json`.
        source: the name of the file, for messages.

    Returns:
        The network, with layers named as in the file, and its dtype.

    Raises:
        InputError: the model is not Sequential, or has an unsupported layer or option.
    """
    if config.get("class_name") != "Sequential":
        raise InputError(
            f"{source} holds a {shown(config.get('class_name'))} model; from_keras reads Sequential models."
        )
    entries = config["config"]["layers"]
    if len(entries) > LAYERS:
        raise InputError(f"{source}: the model has {len(entries):,} layers; expected at most {LAYERS}.")
    names: set[str] = set()
    layers: dict[str, nn.Module] = {}
    size: int | None = None
    dtypes: set[str] = set()
    for entry in entries:
        kind, options = entry["class_name"], entry["config"]
        if kind == "InputLayer":
            shape = options.get("batch_shape") or [None]
            size = shape[-1]
            continue
        reader = _Reader(source, kind, options, entry.get("build_config", {}), size)
        if kind == "Embedding" and layers:
            raise InputError(f"{reader.where}: expected it as the first layer, to read the ids of tokens.")
        layer = reader.read()
        layer.requires_grad_(bool(options.get("trainable", True)))
        dtypes.add(reader.dtype())
        if reader.name in names:
            raise InputError(f"{reader.where}: there are two layers of this name; Keras gives each its own.")
        names.add(reader.name)
        layers[_module_name(reader.name, layers)] = layer
        size = getattr(layer, "output_size", size)
    if not layers:
        raise InputError(f"{source}: the model has no layers.")
    if len(dtypes) != 1:
        raise InputError(f"{source} has layers of the dtypes {sorted(dtypes)}; expected the same dtype for all.")
    return Network(layers.values(), list(layers)), DTYPES[dtypes.pop()]


def _module_name(name: str, taken: Container[str]) -> str:
    """Make the name of a Keras layer valid in a ModuleDict: printable, no dots, unique, no attribute of ModuleDict."""
    name = "".join(c if c.isprintable() and c != "." else "_" for c in name)
    while name in TAKEN_NAMES or name in taken:
        name += "_"
    return name


class _Reader:
    """Builds a layer from its configuration; every option must be supported."""

    def __init__(self, source: str, kind: str, options: Config, build: Config, size: int | None) -> None:
        self.name: Any = options.get("name")
        self.where = f"{source}: layer {shown(self.name)} ({shortened(kind, 40)})"
        self.source, self.kind, self.options = source, kind, options
        if not isinstance(self.name, str) or not 1 <= len(self.name) <= NAME:
            raise InputError(f"{self.where}: expected a name of 1 to {NAME} characters.")
        shape = build.get("input_shape")
        self.size = size if shape is None else shape[-1]
        self.given = self.size if size is None else size  # by the layer before

    def read(self) -> nn.Module:
        readers: dict[str, Callable[[], nn.Module]] = {
            "Embedding": self._embedding,
            "Dropout": self._dropout,
            "SpatialDropout1D": self._spatial_dropout,
            "Dense": self._dense,
            "Bidirectional": self._bidirectional,
        } | dict.fromkeys(RECURRENT, self._recurrent)
        if self.kind not in readers:
            raise InputError(f"{self.where}: unsupported layer; expected one of {', '.join(sorted(readers))}.")
        return readers[self.kind]()

    def dtype(self) -> str:
        dtype = self.options.get("dtype", "float32")
        name = dtype["config"].get("name") if isinstance(dtype, dict) else dtype
        if name not in DTYPES:
            raise self._unsupported("dtype", name)
        return str(name)

    def _embedding(self) -> nn.Module:
        self._check_options({"input_dim", "output_dim", "mask_zero"})
        size, dimensions = self.options["input_dim"], self.options["output_dim"]
        return Embedding(size, dimensions, mask_zero=self.options.get("mask_zero", False))

    def _dropout(self) -> nn.Module:
        self._check_options({"rate"})
        return nn.Dropout(self.options["rate"])

    def _spatial_dropout(self) -> nn.Module:
        self._check_options({"rate"})
        return self._checked(VariationalDropout, self.options["rate"])

    def _dense(self) -> nn.Module:
        self._check_options({"units", "activation", "use_bias"})
        return self._make(
            Dense,
            self.options["units"],
            activation=self._activation("activation"),
            bias=self.options.get("use_bias", True),
        )

    def _recurrent(self, *, bidirectional: bool = False) -> nn.Module:
        layer_type, names = RECURRENT[self.kind]
        self._check_options({*names, "units", "use_bias"})
        options = {name: self.options[name] for name in names if name in self.options}
        options |= {name: bool(options[name]) for name in FLAGS & options.keys()}
        options["bias"] = self.options.get("use_bias", True)
        for name in {"activation", "recurrent_activation"} & options.keys():
            options[name] = self._activation(name)
        options["bidirectional"] = bidirectional
        return self._make(layer_type, self.options["units"], **options)

    def _bidirectional(self) -> nn.Module:
        self._check_options({"layer", "backward_layer", "merge_mode"})
        if self.options.get("merge_mode") != "concat":
            raise self._unsupported("merge_mode", self.options.get("merge_mode"))
        entry = self.options["layer"]
        kind, forward = entry["class_name"], dict(entry["config"])
        if kind not in RECURRENT:
            raise self._unsupported("layer", kind)
        backward = dict(self.options.get("backward_layer", {}).get("config", forward | {"go_backwards": True}))
        if forward.pop("go_backwards") or not backward.pop("go_backwards"):
            raise self._unsupported("go_backwards", "the forward layer reading backwards")
        for name in sorted(forward.keys() | backward.keys()):
            if name in WITHOUT_EFFECT - {"units"} or forward.get(name) == backward.get(name):
                continue
            raise self._unsupported(f"backward_layer's {name}", backward.get(name))
        # Keras's Bidirectional sets zero_output_for_mask = return_sequences in its layers, as recurra treats masks
        if forward.pop("zero_output_for_mask", False) != forward["return_sequences"]:
            raise self._unsupported("zero_output_for_mask", not forward["return_sequences"])
        inner = _Reader(self.source, kind, forward, {}, self.size)
        inner.given = self.given
        return inner._recurrent(bidirectional=True)

    def _make(self, layer_type: Callable[..., nn.Module], units: int, **options: Any) -> nn.Module:
        if self.size is None:
            raise InputError(f"{self.where}: the file does not specify the number of input features.")
        if not is_size(self.size):
            raise InputError(f"{self.where} has {shown(self.size)} input features; expected {SIZE}.")
        if self.given != self.size:
            raise InputError(f"{self.where} has {self.size} input features, but is given {shown(self.given)}.")
        return self._checked(layer_type, self.size, units, **options)

    def _checked(self, layer_type: Callable[..., nn.Module], *sizes: Any, **options: Any) -> nn.Module:
        try:
            return layer_type(*sizes, **options)
        except InputError as error:
            raise InputError(f"{self.where}: {error}") from error

    def _activation(self, name: str) -> str:
        value = self.options.get(name, "linear")
        if value is not None and not isinstance(value, str):
            raise self._unsupported(name, value)
        return value or "linear"

    def _check_options(self, supported: set[str]) -> None:
        for name, value in self.options.items():
            if name not in supported | WITHOUT_EFFECT and value not in (None, False):
                raise self._unsupported(name, value)
            if expected := fault_of(name, value):
                raise InputError(f"{self.where}: option {name} is {shown(value)}; expected {expected}.")

    def _unsupported(self, option: str, value: Any) -> InputError:
        if isinstance(value, dict):
            value = value.get("class_name", value)
        return InputError(f"{self.where}: option {shortened(option, 80)}={shown(value)} is unsupported.")
