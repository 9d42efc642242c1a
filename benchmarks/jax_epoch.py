"""JAX's part of epoch.py, for an environment with JAX: prints the seconds of an epoch of a jitted training step.

    .venv-jax/bin/python benchmarks/jax_epoch.py LAYER FOLDER EPOCHS

LAYER is SimpleRNN, LSTM or GRU; FOLDER holds inputs.npy and targets.npy. The network is written as one writes it in
JAX: lax.scan over the time steps with the input's product before it, optax's Adam, one jitted step a batch. A first
epoch, in which it is compiled, is not counted.
"""

import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
BATCH, DROPOUT = 64, 0.2


def new_layer(key, kind, inputs, units):
    kernel, recurrent = jax.random.split(key)
    columns = GATES[kind] * units
    return {
        "kernel": jax.nn.initializers.glorot_uniform()(kernel, (inputs, columns)),
        "recurrent": jax.nn.initializers.orthogonal()(recurrent, (units, columns)),
        "bias": jnp.zeros((2, columns)),
    }


def step(kind, w, state, a):
    h, c = state
    if kind == "SimpleRNN":
        h = jnp.tanh(a + h @ w["recurrent"])
        return (h, c), h
    g = h @ w["recurrent"] + w["bias"][1]
    if kind == "GRU":
        (a_r, a_z, a_n), (g_r, g_z, g_n) = jnp.split(a, 3, -1), jnp.split(g, 3, -1)
        r, z = jax.nn.sigmoid(a_r + g_r), jax.nn.sigmoid(a_z + g_z)
        h = z * h + (1 - z) * jnp.tanh(a_n + r * g_n)
        return (h, c), h
    i, f, g, o = jnp.split(a + g, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def run(kind, w, x):
    """All steps of a layer: [T, B, I] → [T, B, H]."""
    zeros = jnp.zeros((x.shape[1], w["recurrent"].shape[0]))
    a = x @ w["kernel"] + w["bias"][0]
    return lax.scan(lambda state, a_t: step(kind, w, state, a_t), (zeros, zeros), a)[1]


def dropout(key, x):
    return jnp.where(jax.random.bernoulli(key, 1 - DROPOUT, x.shape), x / (1 - DROPOUT), 0.0)


def main():
    kind, folder, epochs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    x, y = (np.load(folder / name) for name in ("inputs.npy", "targets.npy"))
    keys = jax.random.split(jax.random.key(0), 4)
    weights = {
        "first": new_layer(keys[0], kind, 1, 80),
        "second": new_layer(keys[1], kind, 80, 100),
        "dense": {"kernel": jax.nn.initializers.glorot_uniform()(keys[2], (100, 1)), "bias": jnp.zeros(1)},
    }
    optimizer = optax.adam(0.001)

    def loss(weights, key, x, y):
        first, second = jax.random.split(key)
        h = dropout(first, run(kind, weights["first"], x.swapaxes(0, 1)))
        h = dropout(second, run(kind, weights["second"], h)[-1])
        return jnp.mean((h @ weights["dense"]["kernel"] + weights["dense"]["bias"] - y) ** 2)

    @jax.jit
    def train(weights, state, key, x, y):
        updates, state = optimizer.update(jax.grad(loss)(weights, key, x, y), state)
        return optax.apply_updates(weights, updates), state

    state, key, order = optimizer.init(weights), keys[3], np.random.default_rng(0)
    for epoch in range(epochs + 1):
        if epoch == 1:
            jax.block_until_ready(weights)
            started = time.perf_counter()
        shuffled = order.permutation(len(x))
        for begin in range(0, len(x), BATCH):
            key, now = jax.random.split(key)
            batch = shuffled[begin : begin + BATCH]
            weights, state = train(weights, state, now, x[batch], y[batch])
    jax.block_until_ready(weights)
    print((time.perf_counter() - started) / epochs)


if __name__ == "__main__":
    main()
