"""Training of any torch module: the loop, optimizers, schedules, callbacks and the run folder."""

from recurra.settings.training import TrainingOptions
from recurra.training.batches import Batch, Batches, SampleBatches, Samples, TensorSamples
from recurra.training.callbacks import Callback, EarlyStopping, Progress
from recurra.training.checkpoint import Checkpoint
from recurra.training.loop import DivergenceError, train
from recurra.training.run_folder import Run
from recurra.training.state import TrainingState

__all__ = [
    "Batch",
    "Batches",
    "Callback",
    "Checkpoint",
    "DivergenceError",
    "EarlyStopping",
    "Progress",
    "Run",
    "SampleBatches",
    "Samples",
    "TensorSamples",
    "TrainingOptions",
    "TrainingState",
    "train",
]
