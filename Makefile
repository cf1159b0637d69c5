# All targets use one virtual environment at the root. Its packages are locked by hash in requirements/;
# stamp files in it make a second run of any target fast.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
# Number of test processes: two, as a small machine has that many processors.
JOBS ?= 2
# For example: make test PYTEST_ARGS='-k defects', make lock LOCK_ARGS=--upgrade
PYTEST_ARGS ?=
LOCK_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := src tests tools benchmarks fuzz

# $(call apt,TEST COMMAND,PACKAGE): install a Debian package if the command fails and we have the permission.
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

# Everything that `curated` itself may need.
$(VENV)/run.stamp: requirements/run.txt | $(BIN)/python
	$(PIP) install --require-hashes -r $<
	@touch $@

# In addition, what tests and checks need. The pins include those of run.txt.
$(VENV)/dev.stamp: requirements/dev.txt requirements/frames.txt $(VENV)/run.stamp
	$(PIP) install --require-hashes -r $<
	$(PIP) install --require-hashes --no-deps -r requirements/frames.txt
	@touch $@

# Without isolation, because the build backend is locked as well: nothing is downloaded here.
$(BIN)/curated: $(VENV)/run.stamp pyproject.toml src/curated/core/version.py
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(BIN)/curated ## Make .venv with what `curated` needs to run
	@$(BIN)/python -m compileall -q src/curated # an editable installation does not do this

.PHONY: develop
develop: install $(VENV)/dev.stamp ## Make .venv with everything; for the git hooks, run .venv/bin/pre-commit install

.PHONY: publish
publish: install ## Publish the package into a new repository under build/, and look up one calibration
	@mkdir -p build
	$(BIN)/curated publish build/repo
	$(BIN)/curated lookup demo defects --detector d00 --at 2024-06-01T00:00:00

.PHONY: system
system:
	@$(call apt,command -v fitsverify,fitsverify)
	@$(call apt,command -v ssh-keygen,openssh-client)
	@$(call apt,command -v chromium && command -v chromedriver,chromium chromium-driver)

.PHONY: docs
docs: develop ## Write what is generated: docs/types, docs/codes.md, docs/rooms.svg, schemas/
	$(BIN)/curated schema write
	$(BIN)/python -m curated.docs
	$(BIN)/python tools/draw_rooms.py

.PHONY: lint
lint: develop ## All static checks
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/curated schema check
	$(BIN)/python -m curated.docs --check
	$(BIN)/python tools/draw_rooms.py --check

# pytest comes last, so that its summary ends the output. Its tests include the linters of the workflows.
.PHONY: test
test: system lint ## Everything that must pass before a merge
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

.PHONY: format
format: develop ## Format the sources
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
bench-kill: develop ## Stop commands at random moments and run them again; writes docs/kill.md and docs/interruptions.md
	@mkdir -p build
	$(BIN)/python benchmarks/kill.py --json build/kill.json --markdown docs/kill.md
	$(BIN)/python benchmarks/interruptions.py --json build/interruptions.json --markdown docs/interruptions.md

# --universal: one file for all supported versions of Python; fewest: the same package versions on all of them,
# so that results are identical. Extras stay: pip would look for the newest version of a package with an extra
# before it sees the pin without one, and then miss its hash. --no-config and the like: no settings or indexes of
# the machine get into the file.
LOCK := pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-strip-extras --no-config --no-emit-index-url --no-emit-find-links --annotation-style line \
    --custom-compile-command "make lock" --quiet

.PHONY: lock
lock: develop ## Update requirements/ from pyproject.toml (LOCK_ARGS=--upgrade: newest versions)
	$(BIN)/uv $(LOCK) $(LOCK_ARGS) --extra butler --extra plots --extra postgres --extra s3 --group build -o requirements/run.txt
	$(BIN)/uv $(LOCK) $(LOCK_ARGS) --extra dev --group build -c requirements/run.txt -o requirements/dev.txt

.PHONY: clean
clean: ## Remove everything that the other targets make
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
