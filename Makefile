# Convenience only: everything here is plain pip and pytest. `make demo` and `make test` start from nothing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint format bench clean

demo: .venv/recurra          ## train the letter cases, ask them, show what is inside
	$(BIN)/python examples/demo.py

test: .venv/recurra-dev      ## the tests, but for the slow ones
	$(BIN)/pytest -m "not slow"

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

bench: .venv/recurra-dev .venv-keras/keras  ## training times of the letter and the stock case beside torch and Keras
	$(BIN)/python benchmarks/letters.py
	$(BIN)/python benchmarks/epoch.py

clean:
	rm -rf .venv .venv-keras runs

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recurra needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

.venv/recurra: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/recurra-dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ .venv/recurra

.venv-keras/keras: Makefile  # Keras on TensorFlow, which wants other versions than ours
	$(PYTHON) -m venv .venv-keras
	.venv-keras/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0
	@touch $@
