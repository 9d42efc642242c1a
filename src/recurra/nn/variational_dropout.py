"""Dropout that leaves out the same features at all time steps."""

import torch
from torch import Tensor, nn

from recurra.nn.arguments import check_rate, check_tensor


class VariationalDropout(nn.Dropout):
    """Dropout of the same features at all time steps of a sequence (Gal and Ghahramani, 2016): [B, T, F] → [B, T, F].

    Other features are dropped from each sequence, and in each call. It is the `SpatialDropout1D` of Keras, which
    `from_keras` reads.

    Args:
        p: fraction of the features to drop in training.

    Raises:
        InputTypeError: `p` is no number.
        InputError: `p` is less than 0, or 1 or more.

    Example:
        >>> dropped = VariationalDropout(0.5)(torch.ones(2, 7, 3))
        >>> torch.equal(dropped, dropped[:, :1].expand(2, 7, 3))
        True
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(check_rate("VariationalDropout", "p", p))

    def forward(self, x: Tensor) -> Tensor:
        check_tensor("VariationalDropout", "input", x)
        if not self.training or self.p == 0.0 or x.dim() < 3:
            return super().forward(x)
        return drop_features(x, self.p)


def drop_features(x: Tensor, rate: float) -> Tensor:
    """Drop a fraction of the features of each sequence, the same ones at all time steps: [B, T, F] → [B, T, F]."""
    return x * nn.functional.dropout(torch.ones_like(x[:, :1]), rate)  # [B, 1, F]
