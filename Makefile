# Two commands on a fresh clone: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint types unit benchmark clean

demo: $(STAMP)-runtime
	$(BIN)/chainrule run digits-four-models --out runs/demo --force

test: lint types unit

lint: $(STAMP)-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)-test
	$(BIN)/mypy

unit: $(STAMP)-test
	$(BIN)/python -m pytest

benchmark: $(STAMP)-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP)-runtime: locks/runtime.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r locks/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(STAMP)-test: $(STAMP)-runtime locks/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r locks/test.txt
	touch $@
