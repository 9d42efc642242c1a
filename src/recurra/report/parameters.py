"""Parameters of a network as text: name, symbol in the equations, shape and values.

    h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h)        y_t = softmax(h_t W_hy + b_y)

Weight matrices are shown as in these equations, (in, units); the network stores them transposed.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from recurra.nn import Dense, Embedding, Network, OneHot
from recurra.nn.future_effect import FutureEffect
from recurra.nn.layers import RecurrentLayer
from recurra.nn.network import Ensemble

SYMBOLS = {
    "weight_ih": "W_xh",
    "weight_hh": "W_hh",
    "bias": "b_h",
    "bias_ih": "b_xh",
    "bias_hh": "b_hh",
    "norm_ih": "g_xh",
    "norm_hh": "g_hh",
    "norm_c": "g_c",
    "bias_c": "b_c",
}


def parameters_text(network: Network | Ensemble, symbols: Sequence[str] = ()) -> str:
    """Return the text of parameters.txt.

    Args:
        network: the network; the networks of an ensemble follow one another.
        symbols: vocabulary of a network of symbols, with which rows or columns are labeled.
    """
    if isinstance(network, Ensemble):
        texts = [parameters_text(member, symbols) for member in network.members if isinstance(member, Network)]
        return "\n".join(f"== network {number} of {len(texts)}\n\n{text}" for number, text in enumerate(texts, start=1))
    blocks: list[str] = []
    layers = list(network.layers.items())
    for index, (layer_name, layer) in enumerate(layers):
        reads_symbols = isinstance(layer, Embedding) or (index > 0 and isinstance(layers[index - 1][1], OneHot))
        predicts_symbols = isinstance(layer, Dense) and index == len(layers) - 1
        for name, parameter in layer.named_parameters():
            symbol, meaning = _symbol(layer, name)
            values = _as_written(layer, parameter)
            if symbols and reads_symbols and symbol in {"E", "W_xh"}:
                meaning += f"; rows: {' '.join(symbols)}"
            if symbols and predicts_symbols:
                meaning += f"; columns: {' '.join(symbols)}"
            heading = f"{layer_name}.{name}   {symbol}   shape {values.shape}"
            blocks.append(f"{heading}\n{meaning}\n{_numbers(values)}\n")
    total = sum(p.numel() for p in network.parameters())
    return "\n".join([*blocks, f"{total:,} parameters in total\n"])


def _symbol(layer: object, name: str) -> tuple[str, str]:
    """Return the symbol of a parameter and its description."""
    if isinstance(layer, Embedding):
        return "E", "the learned embedding vectors, one row per symbol"
    if isinstance(layer, Dense):
        return {
            "weight": ("W_hy", "from the hidden state to the output, (units, outputs)"),
            "bias": ("b_y", "bias of the output"),
        }[name]
    if isinstance(layer, FutureEffect):
        return {
            "state.weight": ("U", "from the hidden state to the hidden units of a predicted step, (units, hidden)"),
            "future.weight": (
                "W",
                "from known features of the steps before, at and after a predicted one, (3 features, hidden)",
            ),
            "future.bias": ("b", "bias of the hidden units of a predicted step"),
            "output.weight": ("V", "from the hidden units of a predicted step to its outputs, (hidden, outputs)"),
        }[name]
    assert isinstance(layer, RecurrentLayer)
    plain = name.removesuffix("_reverse")
    meaning = {
        "weight_ih": "from the input to the hidden state, (inputs, units)",
        "weight_hh": "from the previous hidden state, (units, units)",
        "bias": "bias of the hidden state",
        "bias_ih": "bias of the input's contribution",
        "bias_hh": "bias of the previous hidden state's contribution",
        "norm_ih": "gains of the input's normalized contribution",
        "norm_hh": "gains of the previous hidden state's normalized contribution",
        "norm_c": "gains of the normalized cell state",
        "bias_c": "bias of the normalized cell state",
    }.get(plain, "of the cell")
    if layer.cell.gates:
        gates = ", ".join(f"{gate} ({what})" for gate, what in layer.cell.gates.items())
        meaning += f"; the units are repeated for each gate: {gates}"
    if name != plain:
        meaning += "; of the direction that reads from the end"
    return SYMBOLS.get(plain, plain), meaning


def _as_written(layer: object, parameter: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.floating]]:
    values = parameter.detach().cpu().numpy()
    return values if isinstance(layer, Embedding) else values.T


def _numbers(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> str:
    return np.array2string(values, threshold=values.size + 1, max_line_width=100, precision=6, suppress_small=True)
