"""Convert recurrent layers of torch.nn to layers of recurra, with copies of their weights."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from recurra.errors import InputError, InputTypeError
from recurra.nn.arguments import check_flags
from recurra.nn.layers import GRU, LSTM, RecurrentLayer, SimpleRNN
from recurra.nn.network import Network


def from_torch(
    module: nn.RNN | nn.GRU | nn.LSTM, *, return_sequences: bool = True, return_state: bool = False
) -> Network:
    """Convert a torch.nn.RNN, GRU or LSTM, with all its layers and directions, to a network with copies of its weights.

    Args:
        module: the torch layer. Dropout between its layers becomes `torch.nn.Dropout`.
        return_sequences: return the output of every time step, as torch does, instead of the last one.
        return_state: also return the last state of the top layer.

    Returns:
        A network with the module's dtype and device. Its inputs are [B, T, I] whatever the module's `batch_first`.

    Raises:
        InputTypeError: `module` is not one of these layers.
        InputError: it has projections (`proj_size`), or its class has a `forward` of its own.

    Example:
        >>> gru = nn.GRU(3, 5, batch_first=True)
        >>> network = from_torch(gru)
        >>> x = torch.randn(2, 7, 3)
        >>> torch.allclose(network(x), gru(x)[0], atol=1e-6)
        True
    """
    if not isinstance(module, nn.RNN | nn.GRU | nn.LSTM):
        raise InputTypeError(f"from_torch takes a torch.nn.RNN, GRU or LSTM; got {type(module).__name__}.")
    check_flags("from_torch", return_sequences=return_sequences, return_state=return_state)
    if module.proj_size:
        raise InputError(
            f"from_torch: {type(module).__name__} has proj_size={module.proj_size}; projections are unsupported."
        )
    if type(module).forward.__module__.partition(".")[0] not in {"torch", "recurra"}:  # recurra's: it is accelerated
        raise InputError(
            f"from_torch: {type(module).__name__} has a forward of its own, which would be lost; convert a plain layer "
            "with its weights."
        )
    layers: list[nn.Module] = []
    size = module.input_size
    for index in range(module.num_layers):
        is_top = index == module.num_layers - 1
        layer = _layer_like(
            module,
            size,
            return_sequences=return_sequences or not is_top,
            return_state=return_state and is_top,
        )
        layer.to(cast(Tensor, module.weight_ih_l0))
        for suffix in ("", "_reverse") if module.bidirectional else ("",):
            _copy_from_torch(module, f"_l{index}{suffix}", layer, suffix)
        layers.append(layer)
        if module.dropout and not is_top:
            layers.append(nn.Dropout(module.dropout))
        size = layer.output_size
    return Network(layers).train(module.training)


def _layer_like(module: nn.RNN | nn.GRU | nn.LSTM, input_size: int, **options: Any) -> RecurrentLayer:
    options |= {"bias": module.bias, "bidirectional": module.bidirectional}
    if isinstance(module, nn.LSTM):
        return LSTM(input_size, module.hidden_size, **options)
    if isinstance(module, nn.GRU):
        return GRU(input_size, module.hidden_size, **options)
    return SimpleRNN(input_size, module.hidden_size, activation=str(module.nonlinearity), **options)


@torch.no_grad()
def _copy_from_torch(module: nn.Module, torch_suffix: str, layer: RecurrentLayer, suffix: str) -> None:
    for name, parameter in layer.direction(suffix).items():
        if name == "bias":  # torch's RNN and LSTM have two biases, of which only the sum matters
            bias_ih, bias_hh = (getattr(module, part + torch_suffix) for part in ("bias_ih", "bias_hh"))
            parameter.copy_(bias_ih + bias_hh)
        else:
            parameter.copy_(getattr(module, name + torch_suffix))  # also if it is parametrized or pruned
