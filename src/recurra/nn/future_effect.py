"""FutureEffect: what features that are known in advance add to each predicted step."""

import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.nn.arguments import check_device, check_memory, check_size, check_tensor


class FutureEffect(nn.Module):
    """The effect of features that are known in advance on each predicted step.

    One small network, shared by all steps of the horizon, reads the state of the recurrent layers and the features of
    the step, as the local decoder of Wen, Torkkola, Narayanaswamy & Madeka (2017) does, and of the steps before and
    after it, for days after a holiday and before one: `V tanh(U h + W (f_{k-1}, f_k, f_{k+1}) + b)` for step k.
    Features outside the horizon count as zeros, also those of the row before it. `V` begins with zeros, so that
    training begins without an effect.

    Args:
        state_size: number of features of the state, S.
        future_size: number of known features of each predicted step, F.
        horizon: number of predicted steps, H.
        width: number of outputs per predicted step.
        hidden_size: number of hidden units.

    Example:
        >>> effect = FutureEffect(state_size=4, future_size=2, horizon=3)
        >>> effect(torch.ones(1, 4), torch.ones(1, 3, 2))
        tensor([[0., 0., 0.]], grad_fn=<ViewBackward0>)
    """

    def __init__(
        self, state_size: int, future_size: int, horizon: int, *, width: int = 1, hidden_size: int = 16
    ) -> None:
        super().__init__()
        sizes = {"state_size": state_size, "future_size": future_size, "horizon": horizon}
        for name, size in {**sizes, "width": width, "hidden_size": hidden_size}.items():
            check_size("FutureEffect", name, size)
        check_memory("FutureEffect", "its parameters", (hidden_size, state_size + 3 * future_size + width))
        self.future_size, self.horizon, self.output_size = future_size, horizon, horizon * width
        self.state = nn.Linear(state_size, hidden_size, bias=False)
        self.future = nn.Linear(3 * future_size, hidden_size)
        self.output = nn.Linear(hidden_size, width, bias=False)
        nn.init.xavier_uniform_(self.state.weight)
        nn.init.xavier_uniform_(self.future.weight)
        nn.init.zeros_(self.future.bias)
        nn.init.zeros_(self.output.weight)

    def forward(self, state: Tensor, future: Tensor | None) -> Tensor:
        """Return what is added to the output, [B, H · width].

        Args:
            state: state of the recurrent layers, [B, S].
            future: known features of the predicted steps, [B, H, F].

        Raises:
            InputError: if the features are missing or of another shape.
        """
        check_tensor("FutureEffect", "state", state)
        if future is not None:
            check_tensor("FutureEffect", "features", future)
        if state.dim() != 2:
            raise InputError(f"FutureEffect: a state [B, S] is expected; its shape is {list(state.shape)}.")
        expected = [len(state), self.horizon, self.future_size]
        if future is None or list(future.shape) != expected:
            found = "none were given" if future is None else f"their shape is {list(future.shape)}"
            raise InputError(f"FutureEffect: features of the predicted steps are expected, {expected}; {found}.")
        for name, tensor in (("state", state), ("features", future)):
            check_device("FutureEffect", name, tensor, "parameters", self.state.weight)
        steps = nn.functional.pad(future, (0, 0, 1, 1))
        around = torch.cat([steps[:, :-2], steps[:, 1:-1], steps[:, 2:]], dim=-1)  # [B, H, 3F]
        hidden = torch.tanh(self.state(state)[:, None] + self.future(around))  # [B, H, hidden]
        effect: Tensor = self.output(hidden)
        return effect.flatten(1)
