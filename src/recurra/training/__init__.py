"""Training of any torch module: the loop, optimizers, schedules, callbacks and the run folder."""

from recurra.settings.training import TrainingOptions
from recurra.training.callbacks import Callback, EarlyStopping, Progress
from recurra.training.loop import DivergenceError, train
from recurra.training.run import Checkpoint, Run
from recurra.training.state import TrainingState

__all__ = [
    "Callback",
    "Checkpoint",
    "DivergenceError",
    "EarlyStopping",
    "Progress",
    "Run",
    "TrainingOptions",
    "TrainingState",
    "train",
]
