# Thin: creates .venv, installs, calls the tool. Nothing is decided here.
PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
BENCH_ARGS ?=
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

# Each process gets a stretch of files, so that what is made for a file is seldom made twice; who is done takes over.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

ASV_ARGS ?= --quick
ASV_RANGE ?= HEAD~2..HEAD

.PHONY: bench asv test lint check format gpu-test docs plotly-bundle clean

bench: $(VENV)/.installed
	$(BIN)/resnet-bench run --preset quick $(BENCH_ARGS)

asv: $(VENV)/.installed
	$(BIN)/resnet-bench machine --asv
	$(BIN)/asv run $(ASV_ARGS) $(ASV_RANGE)
	$(BIN)/asv publish --no-pull
	$(BIN)/resnet-bench history

test: $(VENV)/.dev
	$(PYTEST) --durations=10

gpu-test: $(VENV)/.dev
	$(BIN)/python -m pytest tests -m gpu --require-gpu

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint
	$(PYTEST) -q -m "not slow and not browser and not gpu and not engines"

docs: $(VENV)/.installed
	$(INSTALL) -e ".[docs]"
	$(BIN)/mkdocs build --strict

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

plotly-bundle:
	cd plotly_bundle && npm ci --silent --no-audit --no-fund && node build.mjs

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV)"
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(INSTALL) -e ".[dev]"
	@touch $@
