# One verb a thought. Everything that is needed is installed into the checkout: .tools (uv) and .venv.
PYTHON ?= python3
UV := .tools/bin/uv
# A company's proxy has a certificate of its own, which the system knows and uv does not.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),1,0)
RUN := $(UV) run --frozen --no-sync

.PHONY: help setup demo test accept lint types tables bench eval clean

help:
	@echo "make demo    see a request go through the three phases, with no account and no key"
	@echo "make test    the fast tests: up to six minutes on two cores"
	@echo "make accept  the slow, real ones: guides with their own SDKs"
	@echo "make lint    style;  make types  types"
	@echo "make tables  write docs/toolkits anew;  make pictures  docs/pictures"
	@echo "make bench   the cost of a call beside other ways; ARGS=--big with a full database"
	@echo "make dense   the extra for a vote by meaning in searches"
	@echo "make eval    how well requests find their tools; ARGS=--scale with 20,000 tools"

# Some systems' Python comes without venv, some without pip: one of the two is enough. (pip alone puts uv into .tools/bin as well.)
PIP := -m pip install -q --disable-pip-version-check --root-user-action ignore
$(UV):
	@echo "Setting up .tools and .venv in this folder, once."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@rm -rf .tools; $(PYTHON) -m venv .tools >/dev/null 2>&1 && .tools/bin/python $(PIP) uv \
		|| { rm -rf .tools; $(PYTHON) $(PIP) --target .tools uv; }
	@touch $@

# The demo needs little; everything else is for those who work on it. One never takes away what the other brought.
SYNC = UV_PYTHON="$$($(PYTHON) -c 'import sys; print(sys.executable)')" UV_PYTHON_DOWNLOADS=never $(UV) sync -q --frozen --inexact
LOCKED := $(UV) pyproject.toml uv.lock
setup: .venv/.all

.venv/.all: $(LOCKED)
	@$(SYNC) && touch $@ .venv/.demo

.venv/.demo: $(LOCKED)
	@$(SYNC) --no-default-groups --group demo && touch $@

demo: .venv/.demo
	@$(RUN) python -m demo

test: setup
	$(RUN) pytest tests --ignore tests/accept -n 2 --dist loadfile

accept: setup chromium dense
	$(RUN) pytest tests/accept

# The browser that looks at the pages comes from Debian; without it the tests that need it are skipped.
.PHONY: chromium pictures
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install -y -q chromium >/dev/null; } \
		|| echo "Chromium is not there: pages are not looked at. apt-get install chromium"

# The vote by meaning is an extra of some 200 MB; without it the tests that need it are skipped.
.PHONY: dense
dense: setup
	@$(SYNC) --extra dense || echo "The extra dense is not there: the vote by meaning is not tested."

pictures: setup chromium
	$(RUN) python -m tests.accept.pictures

lint: setup
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) toolway toolkit lint
	$(RUN) toolway toolkit check

types: setup
	$(RUN) pyright

tables: setup
	@for slug in clockify desktime; do $(RUN) toolway toolkit show $$slug --markdown > docs/toolkits/$$slug.md; done

bench: setup
	@$(UV) sync -q --frozen --project bench
	@bench/.venv/bin/python -u -m bench $(ARGS)

eval: setup
	@$(UV) sync -q --frozen --project evaluation
	@$(RUN) python -u -m evaluation $(ARGS)

clean:
	rm -rf .venv bench/.venv evaluation/.venv evaluation/.cache .tools .ruff_cache .hypothesis
