"""How weights are found. It trains any torch module, and knows nothing of what it is for."""

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
