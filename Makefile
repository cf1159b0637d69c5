# One virtual environment at the root serves every target. What is installed is locked by hash in
# requirements/; the stamp files in it make a second run of any target quick.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
# Test processes; two is what a small machine has, and the tests are mostly waiting for git and disk.
JOBS ?= 2
# For instance: make test PYTEST_ARGS='-k defects', make lock LOCK_ARGS=--upgrade
PYTEST_ARGS ?=
LOCK_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := src tests tools benchmarks fuzz

# $(call apt,PROGRAM TEST,PACKAGE): install a Debian package where the test fails and we are allowed to.
define apt
	if ! { $(1); } >/dev/null 2>&1; then \
	    if ! command -v apt-get >/dev/null; then echo "please install $(2)" >&2; exit 1; fi; \
	    sudo=; if [ "$$(id -u)" != 0 ]; then sudo="sudo -n"; fi; \
	    $$sudo apt-get update -qq >&2; \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2) >&2; \
	fi
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(BIN)/python:
	@$(call apt,$(PYTHON) -c "import ensurepip",python3-venv)
	$(PYTHON) -m venv --clear $(VENV)

# Everything that `curated` itself can need.
$(VENV)/run.stamp: requirements/run.txt | $(BIN)/python
	$(PIP) install --require-hashes -r $<
	@touch $@

# Also what tests and checks need. The pins of run.txt are a part of these.
$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(PIP) install --require-hashes -r $<
	@touch $@

# The build backend is locked too, hence no isolation: nothing is fetched here.
$(BIN)/curated: $(VENV)/run.stamp pyproject.toml src/curated/core/version.py
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(BIN)/curated ## Make .venv with what `curated` needs to run
	@$(BIN)/python -m compileall -q src/curated # an editable installation leaves it to each run

.PHONY: develop
develop: install $(VENV)/dev.stamp ## Make .venv with everything; for the Git hooks then run .venv/bin/pre-commit install

.PHONY: publish
publish: install ## Publish the package into a new repository under build/, and look one calibration up
	@mkdir -p build
	$(BIN)/curated publish build/repo
	$(BIN)/curated lookup demo defects --detector d00 --at 2024-06-01T00:00:00

.PHONY: system
system:
	@$(call apt,command -v fitsverify,fitsverify)

.PHONY: docs
docs: develop ## Write the pages that are generated: docs/types, docs/codes.md, schemas/
	$(BIN)/curated schema write
	$(BIN)/python -m curated.docs

.PHONY: lint
lint: develop ## All static checks
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/curated schema check
	$(BIN)/python -m curated.docs --check

# pytest comes last: its summary is the summary. It runs the checks of the workflows, too.
.PHONY: test
test: system lint ## Everything that must pass before a merge
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

.PHONY: format
format: develop ## Rewrite the sources into their standard form
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

.PHONY: bench
bench: develop ## Measure, and write docs/speed*.md
	@mkdir -p build
	$(BIN)/python benchmarks/run.py --json build/speed.json --markdown docs/speed.md
	$(BIN)/python benchmarks/by_type.py --json build/speed-by-type.json --markdown docs/speed-by-type.md
	$(BIN)/python benchmarks/images.py --json build/speed-images.json --markdown docs/speed-images.md
	$(BIN)/python benchmarks/scale.py --json build/speed-scale.json --markdown docs/speed-scale.md
	$(BIN)/python benchmarks/remote.py --json build/speed-remote.json --markdown docs/speed-remote.md
	$(BIN)/python benchmarks/delta.py --json build/speed-delta.json --markdown docs/speed-delta.md
	$(BIN)/python benchmarks/import_scale.py --json build/speed-import.json --markdown docs/speed-import.md

.PHONY: bench-kill
bench-kill: develop ## Kill imports at 150 random moments and run them again; writes docs/kill.md
	@mkdir -p build
	$(BIN)/python benchmarks/kill.py --json build/kill.json --markdown docs/kill.md

# --universal: one file for every Python that we serve; fewest: the same versions on all of them, for
# the sake of identical bytes. Extras stay: pip looks for the newest of a package with an extra before it sees
# the pin without one, and then misses its hash. No machine's own settings, so that no index of its own gets in.
LOCK := pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-strip-extras --no-config --no-emit-index-url --no-emit-find-links --annotation-style line \
    --custom-compile-command "make lock" --quiet

.PHONY: lock
lock: develop ## Bring requirements/ up to date with pyproject.toml (LOCK_ARGS=--upgrade: newest versions)
	$(BIN)/uv $(LOCK) $(LOCK_ARGS) --extra butler --extra plots --extra postgres --extra s3 --group build -o requirements/run.txt
	$(BIN)/uv $(LOCK) $(LOCK_ARGS) --extra dev --group build -c requirements/run.txt -o requirements/dev.txt

.PHONY: clean
clean: ## Remove everything that can be made again
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
