# Two commands for a fresh machine; each sets up its own .venv and needs only Python >= 3.11, make and a C compiler.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test firmware-test check docs clean

demo: .venv/core
	$(BIN)/kalemia demo

test: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

# It installs no compiler and no emulator: tests that lack one are skipped, and say what they lack.
firmware-test: .venv/dev
	$(BIN)/pytest -rs tests/export tests/stream

# Builds the wheel and tries it in an environment that has nothing else, nor a compiler for what has no wheel.
wheel: .venv/bin/python
	rm -rf dist .venv/wheel
	$(BIN)/pip wheel . --no-deps --quiet --disable-pip-version-check --wheel-dir dist
	$(PYTHON) -m venv .venv/wheel
	.venv/wheel/bin/pip install --quiet --disable-pip-version-check --only-binary :all: dist/*.whl
	.venv/wheel/bin/kalemia demo --out .venv/wheel/demo
	rm -rf .venv/wheel

docs: .venv/dev
	$(BIN)/mkdocs build --strict

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kalemia needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/dev: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,docs]'
	touch $@ .venv/core

clean:
	rm -rf .venv build dist site demo
