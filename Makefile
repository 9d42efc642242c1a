# Convenience only: everything here is plain pip and pytest. `make demo` and `make test` start from nothing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint format bench bench-series newest clean

demo: .venv/recurra          ## train the letter cases, ask them, show what is inside
	$(BIN)/python examples/demo.py

test: .venv/recurra-dev      ## the tests, but for the slow ones
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: .venv/recurra-dev  ## all tests
	$(BIN)/pytest

lint: .venv/recurra-dev      ## style, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/recurra-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/recurra-dev .venv-keras/keras .venv-jax/jax  ## layers, and the cases' trainings, beside torch, Keras and JAX
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/layers.py --grid
	$(BIN)/python benchmarks/epoch.py
	$(BIN)/python benchmarks/letters.py
	$(BIN)/python benchmarks/text.py
	$(BIN)/python benchmarks/units.py runs

SETS := ../shared/data
bench-series: .venv/recurra-dev .venv-neuralforecast/neuralforecast  ## many series: scores, intervals, time, peers; hours
	$(BIN)/python benchmarks/accuracy/scaling.py
	$(BIN)/python benchmarks/accuracy/made.py
	$(BIN)/python benchmarks/accuracy/stock.py $(wildcard $(SETS)/sh600519/*.csv)
	$(BIN)/python benchmarks/accuracy/steps.py --data $(SETS)
	$(BIN)/python benchmarks/accuracy/published.py --data $(SETS)
	$(BIN)/python benchmarks/accuracy/text.py --data $(SETS)/tinyshakespeare/input.txt --keep runs/of-benchmarks/book

newest:                      ## the tests of recurra.nn with the newest torch, which may be gigabytes; see pyproject.toml
	$(PYTHON) -m venv --clear .venv-newest
	grep -v '^torch==' constraints.txt > .venv-newest/constraints.txt
	$(NEWEST_PIP) torch
	$(NEWEST_PIP) -c .venv-newest/constraints.txt $(BUILD_TOOLS)
	$(NEWEST_PIP) -c .venv-newest/constraints.txt $(NEWEST_NEEDS)
	$(NEWEST_PIP) --no-build-isolation --no-deps .
	.venv-newest/bin/python -c 'import torch; print("torch", torch.__version__)'
	.venv-newest/bin/python -m pytest -q tests/nn

clean:
	rm -rf .venv .venv-keras .venv-jax .venv-neuralforecast .venv-newest build runs

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recurra needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

# Built in .venv itself, not in pip's isolated environment: the pins of constraints.txt hold for the build tools too,
# and a second build compiles only what has changed.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
BUILD_TOOLS := scikit-build-core nanobind cmake ninja setuptools    # setuptools: for jsonpath, which has no wheel
SOURCES := pyproject.toml constraints.txt $(wildcard src/recurra/nn/backends/native/csrc/*)
SAY_IF_PURE = @ls .venv/lib/python*/site-packages/recurra/nn/backends/native/_kernels.* > /dev/null 2>&1 || echo "recurra: pure Python," \
	"its kernels could not be compiled. Why: $(BIN)/python -m pip install -v --no-deps --no-build-isolation -e ."

.venv/recurra: .venv/bin/python $(SOURCES)
	$(PIP_INSTALL) $(BUILD_TOOLS)
	$(PIP_INSTALL) --no-build-isolation -e .
	$(SAY_IF_PURE)
	@touch $@

.venv/recurra-dev: .venv/bin/python $(SOURCES)
	$(PIP_INSTALL) $(BUILD_TOOLS)
	$(PIP_INSTALL) --no-build-isolation -e '.[dev]'
	$(SAY_IF_PURE)
	@touch $@ .venv/recurra

# The upper bound of torch in pyproject.toml is the newest minor version with which `make newest` passed.
NEWEST_PIP := .venv-newest/bin/python -m pip install --quiet --disable-pip-version-check
NEWEST_NEEDS := numpy pandas pydantic safetensors filelock h5py keras hypothesis pytest

.venv-keras/keras: Makefile  # Keras on TensorFlow, which wants other versions than ours
	$(PYTHON) -m venv .venv-keras
	.venv-keras/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0
	@touch $@

.venv-neuralforecast/neuralforecast: Makefile constraints.txt  # the peers that are networks; the same torch as ours
	$(PYTHON) -m venv .venv-neuralforecast
	.venv-neuralforecast/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt neuralforecast==3.3.0
	@touch $@

.venv-jax/jax: Makefile  # JAX, another of the peers
	$(PYTHON) -m venv .venv-jax
	.venv-jax/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2 optax==0.2.8
	@touch $@
