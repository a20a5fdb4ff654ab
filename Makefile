# Two commands do all set-up: make demo, make test. Needs Python >= 3.11 with pip and venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-bench

.PHONY: help demo test lint bench-load bench-volume bench-prompts bench-linkage bench-notebook clean

help:
	@echo "make demo           set up, then the sample incident from exports to verified evidence"
	@echo "make test           set up, then lint, types and the whole test suite"
	@echo "make bench-NAME     load, volume, prompts or linkage: ratios against a peer, in one run; notebook: seconds to a chart"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('Python 3.11 or newer is needed; try: make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .[test]
	touch $@

# The peers bring pyarrow and pandas; apart from the kit, they cannot hide that something of ours leans on them.
$(PEERS)/.installed: pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -e .[bench]
	touch $@

demo: $(VENV)/.installed
	$(BIN)/incident demo

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest

bench-notebook: $(VENV)/.installed-test
	$(BIN)/python benchmarks/bench_notebook.py

bench-load bench-volume bench-prompts bench-linkage: bench-%: $(PEERS)/.installed
	$(PEERS)/bin/python benchmarks/bench_$*.py

clean:
	rm -rf $(VENV) $(PEERS) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
