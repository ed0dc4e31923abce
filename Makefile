# One verb a thought. Everything that is needed is installed into the checkout: .tools (uv) and .venv.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := $(UV) run --frozen --no-sync

.PHONY: help setup demo test accept lint types bench clean

help:
	@echo "make demo    see a request go through the three phases, with no account and no key"
	@echo "make test    the fast tests"
	@echo "make accept  the slow, real ones: guides with their own SDKs"
	@echo "make lint    style;  make types  types"
	@echo "make bench   the cost of a call beside other ways; ARGS=--big with a full database"

$(UV):
	@$(PYTHON) -m venv .tools 2>/dev/null || $(PYTHON) -m virtualenv -q .tools
	@.tools/bin/python -m pip install -q --disable-pip-version-check uv

setup: .venv/.synced

.venv/.synced: $(UV) pyproject.toml uv.lock
	@$(UV) sync -q --frozen
	@touch $@

demo: setup
	@$(RUN) python -m demo

test: setup
	$(RUN) pytest tests --ignore tests/accept

accept: setup
	$(RUN) pytest tests/accept

lint: setup
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) toolway toolkit lint

types: setup
	$(RUN) pyright

bench: setup
	@$(UV) sync -q --frozen --project bench
	@bench/.venv/bin/python -u -m bench $(ARGS)

clean:
	rm -rf .venv bench/.venv .tools .ruff_cache .hypothesis
