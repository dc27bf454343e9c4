# `make` runs everything and says where the results are; `make test` runs the test suite.
# Both set up .venv first and need only Python >= 3.11. `make CONFIG=mine.yaml` runs what stands in
# that file, and nothing of config.yaml.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
# ruff and snakefmt look at these.
SOURCES := src tests benchmarks
# snakefmt calls shfmt, which lies beside it.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: all setup test test-documents test-faults test-processors test-slurm test-lowest mutants lint
.PHONY: format benchmark
.PHONY: unused delete-unused
.PHONY: clean-environment

all: setup
	@$(BIN)/snakemake --cores all $(if $(CONFIG),--configfile $(CONFIG) --replace-workflow-config)
	@echo
	@echo "Figures: results/figures/    Report: results/report.html    Numbers: results/summary.csv"

setup: $(VENV)/installed

# The stamp is written last, so that an interrupted installation is taken up again.
$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "sparsestep needs Python 3.11 or newer, but $(PYTHON) is %d.%d; try: make PYTHON=python3.12" % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once, a few minutes) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

# Files of tests run side by side, each in one process: its fixtures are made once.
test: setup
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# What the documentation says runs: questions with their configs, examples, notebooks.
test-documents: setup
	@$(BIN)/python -m pytest tests/documents --numprocesses auto --maxprocesses 4 --dist loadfile

# The workflow on a Slurm of its own; skips, and says why, where none can be started.
test-slurm: $(VENV)/cluster-installed
	@$(BIN)/python -m pytest tests/slurm

$(VENV)/cluster-installed: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cluster,cluster-generic]'
	@touch $@

# The unit tests with the lowest versions that pyproject.toml allows, in an environment of their own.
# pandas 2 warns where a median is of nothing.
test-lowest: $(LOWEST)/installed
	@PATH=$(CURDIR)/$(LOWEST)/bin:$$PATH $(LOWEST)/bin/python -m pytest tests/unit tests/conformance \
		--numprocesses auto --maxprocesses 4 --dist loadfile -W 'ignore:Mean of empty slice:RuntimeWarning'

$(LOWEST)/installed: pyproject.toml constraints.txt tests/support/lowest.py
	@test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	@echo "Installing into $(LOWEST) (once, a few minutes) ..."
	@$(LOWEST)/bin/python tests/support/lowest.py > $(LOWEST)/lowest.txt
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/lowest.txt -e '.[test]'
	@touch $@

# Kills, full disks, damaged files, other orders and surroundings; some of it as root, or as
# `unshare -rm make test-faults`.
test-faults: setup
	@$(BIN)/python -m pytest tests/faults

# The same bits under settings that stand for other processors; many minutes.
test-processors: setup
	@$(BIN)/python -m pytest tests/processors

# Which one-line mistakes in a module do its tests not see?
#   make mutants MODULES=src/sparsestep/measures/losses.py [MOST=40] [TESTS=tests/unit/measures]
mutants: $(VENV)/mutation-installed
	@$(BIN)/python tests/support/mutants.py $(MODULES) --most $(or $(MOST),40) $(if $(TESTS),--tests $(TESTS))

$(VENV)/mutation-installed: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	@touch $@

lint: setup
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python -m pytest -q tests/workflow/test_lint.py

format: setup
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/snakefmt Snakefile workflow

benchmark: setup
	@$(BIN)/python -m benchmarks.small_networks

# What lies in results/ and no longer follows from config.yaml: list it, delete it after asking.
unused: setup
	@$(BIN)/python -m sparsestep.unused

delete-unused: setup
	@$(BIN)/python -m sparsestep.unused --delete

clean-environment:
	rm -rf $(VENV) $(LOWEST)
