"""Keras's part of epoch.py, for an environment with TensorFlow: prints the seconds of an epoch of model.fit.

    KERAS_BACKEND=tensorflow .venv-keras/bin/python benchmarks/keras_epoch.py LAYER FOLDER EPOCHS

LAYER is SimpleRNN, LSTM or GRU; FOLDER holds inputs.npy and targets.npy. A first epoch, in which TensorFlow traces its
graph, is not counted.
"""

import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


def main() -> None:
    layer, folder, epochs = getattr(keras.layers, sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    x, y = np.load(folder / "inputs.npy"), np.load(folder / "targets.npy")
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layer(80, return_sequences=True),
            keras.layers.Dropout(0.2),
            layer(100),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.001), "mse")
    model.fit(x, y, batch_size=64, epochs=1, verbose=0)
    started = time.perf_counter()
    model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
    print((time.perf_counter() - started) / epochs)


if __name__ == "__main__":
    main()
