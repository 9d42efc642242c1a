"""Training of any torch module: the loop, optimizers, schedules, the range test, callbacks and the run folder."""

from recurra.settings.training import TrainingOptions
from recurra.training.batches import Batch, Batches, SampleBatches, Samples, TensorSamples
from recurra.training.callbacks import Callback, EarlyStopping, Progress
from recurra.training.checkpoint import Checkpoint
from recurra.training.loop import DivergenceError, train
from recurra.training.range_test import RangeTest, learning_rate_range_test
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
    "RangeTest",
    "Run",
    "SampleBatches",
    "Samples",
    "TensorSamples",
    "TrainingOptions",
    "TrainingState",
    "learning_rate_range_test",
    "train",
]
