# Everything lives in .venv and in the cache folder of the programs; every target can be repeated.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup tools provider demo example check lint types fast properties optimum mutants lab engine sweep soak test bench lock clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.lock hatch_build.py provider/kubefleet/scheduling/_kernel.c
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	# uv is nine times as fast here; where it cannot reach the registry pip does the same.
	$(BIN)/python -m pip install --quiet $$(grep '^uv==' requirements.lock)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements.lock || \
		$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(STAMP)

tools: setup
	$(BIN)/python -m kubefleet.lab.programs

provider: setup
	# Pulumi's for Kubernetes: some 8 minutes, once. One test file needs it; where it is not there it is skipped, and says so.
	$(BIN)/python -m kubefleet.lab.programs pulumi-resource-kubernetes

demo: setup
	$(BIN)/python examples/demo.py

example: setup tools
	$(BIN)/pytest -q tests/fleet/test_examples.py -k "$(NAME)"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/deptry .
	! git grep -nE '^(<<<<<<<|>>>>>>>) '
	# pytest knows a test file by its name alone.
	! git ls-files 'tests/*test_*.py' | xargs -n1 basename | sort | uniq -d | grep .

types: setup
	$(BIN)/mypy

fast: setup
	$(BIN)/pytest -q -m fast $(WITHOUT) --numprocesses 2 --dist worksteal

properties: setup
	# The laws of the scheduler on 500 fleets each; `fast` has them on a few.
	$(BIN)/pytest -q tests/properties --hypothesis-profile ci --numprocesses 2 --dist worksteal

check: lint types fast

optimum: setup
	$(BIN)/pytest -q -s -m optimum

mutants: setup
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/mutation/run.py $(MUTANTS)

lab: setup tools
	$(BIN)/python tests/on_servers.py lab --numprocesses 3 --dist worksteal

engine: setup tools
	# They wait more than they compute: each of the workers has a lab of its own.
	$(BIN)/python tests/on_servers.py engine --numprocesses 3 --dist worksteal

sweep: setup tools
	# One Job of 10,000 indexes over three real clusters, each index seen by one pod: some minutes.
	SWEEP=10000 $(BIN)/pytest -q tests/fleet/test_indexed_sweep.py

soak: setup tools
	# 20 seeded rollouts on real clusters while things break; SEEDS=50 for more. Their figures are printed.
	$(BIN)/pytest -q -s -m soak

test: WITHOUT := --ignore=tests/properties
test: check properties optimum lab engine

bench: setup tools
	$(BIN)/python tests/bench/run.py $(addprefix --only ,$(ONLY)) --output bench.json

lock: setup
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev --python-version 3.11 --no-emit-index-url --no-header --no-emit-find-links --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
