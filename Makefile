.PHONY: setup setup-dev run test lock lint check-types

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The two stamps say which lock file the environment was last built from.
setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Lakewarden needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 setup" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# The main job on the embedded default: build the demonstration lake, audit it,
# print the report and serve the API until Ctrl-C.
run: setup
	$(BIN)/lakewarden demo --serve

test: setup-dev lint check-types
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

check-types:
	$(BIN)/mypy

# Rewrites both lock files: every package pinned, every file hashed, no address.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock
