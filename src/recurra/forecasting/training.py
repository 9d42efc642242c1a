"""Train the networks of a forecaster on what was prepared for a fit."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from recurra.forecasting.model_file import write_predictor
from recurra.forecasting.networks import loss_of, network_of
from recurra.forecasting.plan import Plan
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.prepare import Prepared, prepare_again
from recurra.forecasting.read import Data, read_table
from recurra.forecasting.static_inputs import warn_of_unseen_words
from recurra.models.fitting import fit_networks
from recurra.models.networks import made
from recurra.nn.network import Ensemble
from recurra.settings.forecasting import ForecasterSettings
from recurra.stages import stage
from recurra.training import Callback, Run, TrainingState


def train_predictor(
    predictor: Predictor,
    prepared: Prepared,
    *,
    rounds: int | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    save_every_seconds: float = 1.0,
) -> list[TrainingState]:
    """Train the network, or the networks of the ensemble, of a predictor.

    Args:
        predictor: the predictor, whose networks end with the trained weights.
        prepared: what it is trained on.
        rounds: number of epochs, or of records if steps are set, after which a training without a validation part ends;
            None for as many as the settings say.
        run: see `fit_networks`.
        callbacks: see `fit_networks`.
        save_every_seconds: see `fit_networks`.

    Returns:
        For each network the state after its last step.
    """
    network, settings = predictor.network, prepared.training_settings
    if rounds is not None and (settings.restore_best or settings.patience is not None):
        settings = _of_length(settings, rounds)
    networks: list[nn.Module] = list(network.members) if isinstance(network, Ensemble) else [network]

    def weights(states: Sequence[TrainingState]) -> dict[str, Tensor]:
        results = [state.result(best=settings.restore_best and rounds is None) for state in states]
        if len(results) == 1:
            return results[0]
        return {f"members.{i}.{name}": tensor for i, own in enumerate(results) for name, tensor in own.items()}

    states = fit_networks(
        networks,
        prepared.parts,
        settings,
        recorded=prepared.settings,
        loss=loss_of(settings, missing=prepared.has_missing_targets),
        fingerprint=prepared.table.fingerprint,
        write_model=lambda path, states: write_predictor(path, predictor, weights(states)),
        run=run,
        callbacks=callbacks,
        save_every_seconds=save_every_seconds,
    )
    network.load_state_dict(weights(states))
    return states


def trained_again(
    fitted: Predictor, data: Data, *, rounds: int | None, callbacks: Sequence[Callback] = ()
) -> Predictor:
    """Return the predictor of a network that is trained from its initial weights on all rows of the data.

    Args:
        fitted: the predictor of the first training, whose weight and calibration stay if the units of errors do.
        data: the data of the first training, with its validation part and newer rows.
        rounds: see `train_predictor`.
        callbacks: see `fit_networks`.

    Raises:
        InputError: if the data is invalid, too short, or has other columns.
    """
    settings, context = fitted.settings, fitted.context
    table = read_table(settings, data, fitted.columns, context.frequency, fitted.ids, None, any_source=True)
    table = fitted.checked_columns(table)
    with stage(f"preparing {table.source}"):
        prepared = prepare_again(settings, fitted.plan, table)
        warn_of_unseen_words(table, prepared.plan.static)
    predictor = Predictor.before_training(prepared, made(lambda: network_of(settings, prepared.plan), settings))
    train_predictor(predictor, prepared, rounds=rounds, callbacks=callbacks)
    predictor = replace(predictor, network=predictor.network.eval())
    if _units_of(predictor.plan) == _units_of(fitted.plan):
        return replace(predictor, weight=fitted.weight, calibration=fitted.calibration)
    warnings.warn(
        f"{table.source}: all rows show what the first rows did not, such as a season; the network that was trained "
        "again corrects another forecast than the one that was scored, and its intervals are not calibrated.",
        stacklevel=3,
    )
    return predictor


def _units_of(plan: Plan) -> tuple[object, ...]:
    """Return what decides in which units a network's errors are."""
    return plan.base, plan.scaling, plan.long_season, plan.offset


def _of_length(settings: ForecasterSettings, rounds: int) -> ForecasterSettings:
    """Return the settings of a training of so many epochs, or records if steps are set, which does not stop before."""
    if settings.steps is None:
        return replace(settings, epochs=rounds, patience=None)
    assert settings.steps != "auto"
    return replace(settings, steps=min(settings.steps, rounds * settings.record_every), patience=None)
