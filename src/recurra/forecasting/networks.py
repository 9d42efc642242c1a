"""The networks of a forecaster, with their initial weights, and their loss."""

import torch
from torch import Tensor, nn

from recurra.forecasting.plan import Plan
from recurra.models.fitting import seed_of
from recurra.nn.dense import Dense
from recurra.nn.future_effect import FutureEffect
from recurra.nn.heads import HEADS
from recurra.nn.network import Ensemble, Network, build_network
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.network import units_of_layers
from recurra.training.loop import Loss
from recurra.training.process import seeded


def network_of(settings: ForecasterSettings, plan: Plan) -> Network | Ensemble:
    """Return the network, or the ensemble of networks of successive seeds, with initial weights."""
    members = [_new_network(settings, plan, seed_of(settings, number)) for number in range(settings.ensemble_size)]
    return members[0] if len(members) == 1 else Ensemble(members)


def _new_network(settings: ForecasterSettings, plan: Plan, seed: int) -> Network:
    units, head = units_of_layers(settings), HEADS[settings.loss]
    with seeded(seed, cuda=[]):
        network = build_network(
            encoder=None,
            input_size=len(plan.columns) + plan.static_size,
            cell=settings.cell,
            units=units,
            outputs=plan.horizon * head.width,
            dropout=settings.dropout,
        )
        if plan.future_size:
            effect = FutureEffect(units[-1], plan.future_size, plan.horizon, width=head.width, hidden_size=units[-1])
            network.layers["future_effect"] = effect
    (dense,) = (layer for layer in network.layers.values() if isinstance(layer, Dense))
    with torch.no_grad():
        dense.bias.copy_(torch.tensor(head.bias).repeat(plan.horizon))
    if plan.base != "none":  # it begins as the forecast that it corrects
        nn.init.zeros_(dense.weight)
    return network


def hold_last_learned(network: Network | Ensemble, horizon: int, learned: int) -> None:
    """Make the steps of a horizon that no target was for predict what the last one does that was learned.

    Args:
        network: the trained network, or the ensemble.
        horizon: number of predicted rows.
        learned: number of these that a training target was for.
    """
    for dense in (layer for layer in network.modules() if isinstance(layer, Dense)):
        with torch.no_grad():
            for parameter in (dense.weight, dense.bias):
                steps = parameter.view(horizon, -1)
                steps[learned:] = steps[learned - 1]


def loss_of(settings: ForecasterSettings, *, missing: bool) -> Loss:
    """Return the loss of the output and the targets of a batch.

    Args:
        settings: the settings, which name it.
        missing: whether the targets have missing values.
    """
    head = HEADS[settings.loss]

    def loss(output: Tensor, target: Tensor, scale: Tensor | None = None) -> Tensor:
        return head.loss(output, target, missing=missing, scale=scale)

    return loss
