# Two commands on a fresh clone: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint types unit benchmark locks clean

demo: $(STAMP)-runtime
	$(BIN)/chainrule run digits-four-models --out runs/demo --force

test: lint types unit

lint: $(STAMP)-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)-test
	$(BIN)/mypy

# Numerics with XLA's own options; what is built on them with its older ways of making code, in one
# piece and not optimised, which compile in a quarter of the time and run more slowly: half of a
# test's time is compilation. Of engine and estimators, what compares numbers alone is numerics.
NUMERICS := tests/equations $(addprefix tests/engine/test_,fit.py population.py lbfgs.py) \
	tests/estimators/test_bytes.py $(wildcard tests/estimators/test_parity_*.py)
QUICKLY := --xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 \
	--xla_cpu_parallel_codegen_split_count=1
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist worksteal

unit: $(STAMP)-test
	$(PYTEST) $(NUMERICS)
	XLA_FLAGS="$(QUICKLY)" $(PYTEST) $(NUMERICS:%=--ignore %)

benchmark: $(STAMP)-test
	$(BIN)/python -m benchmarks

# Pin anew what demo, tests and published results are made with.
locks:
	rm -rf build/locks && $(PYTHON) -m venv build/locks
	build/locks/bin/python -m pip install --quiet --disable-pip-version-check .
	build/locks/bin/python -m pip freeze --exclude chainrule > locks/runtime.txt
	build/locks/bin/python -m pip install --quiet --disable-pip-version-check '.[test]'
	build/locks/bin/python -m pip freeze --exclude chainrule > build/locks/all.txt
	grep -vxFf locks/runtime.txt build/locks/all.txt | sed 's/+cpu$$//' > locks/test.txt

clean:
	rm -rf $(VENV) build runs .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP)-runtime: locks/runtime.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r locks/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(STAMP)-test: $(STAMP)-runtime locks/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r locks/test.txt
	touch $@
