# Everything a reader or a contributor types. `make` alone lists it.
#   make start PYTHON=python3.12     another Python
#   make test VENV=.venv-312         another environment beside the first

PYTHON ?= python3
VENV ?= .venv
PY = $(VENV)/bin/python
BUDGET = ci
CELL_SECONDS = 300

.DEFAULT_GOAL := help
.PHONY: help start lab site site-serve test check tidy unit notebooks doctor clean test-lowest
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:
	@echo "make start        install, paint a first picture into out/"
	@echo "make lab          open the course in JupyterLab"
	@echo "make site         the course as pages, and one that paints, in out/site"
	@echo "make site-serve   the same, and show them on this machine"
	@echo "make doctor       check this machine: OK or FAIL, and the mend"
	@echo "make check        lint, layout and the stored form of the notebooks, in seconds"
	@echo "make tidy         mend what check finds, where a tool can"
	@echo "make test         everything that CI runs: check, unit tests, every notebook"
	@echo "make test-lowest  the unit tests with the oldest versions that are allowed"
	@echo "make clean        remove what the other commands made, but not $(VENV)"
	@echo "Options: PYTHON=python3.12 (any from 3.10 to 3.13), VENV=.venv"

start: $(VENV)/.course
	@"$(PY)" tools/start.py

lab: $(VENV)/.course
	@"$(PY)" -m jupyterlab notebooks/00_start_here.ipynb

# From the notebooks as they are stored; nothing is executed.
site: $(VENV)/.site
	@"$(PY)" tools/make_site.py

site-serve: $(VENV)/.site
	@"$(PY)" tools/make_site.py --serve

doctor: $(VENV)/.course
	@"$(PY)" -m nstlib doctor

check: $(VENV)/.dev
	@"$(PY)" -m ruff check .
	@"$(PY)" -m ruff format --check .
	@"$(PY)" tools/clean_notebooks.py --check
	@"$(PY)" tools/check_notebooks.py
	@"$(PY)" tools/make_nav.py --check
	@"$(PY)" tools/translate.py check
	@"$(PY)" tools/catalogue.py check

tidy: $(VENV)/.dev
	@"$(PY)" -m ruff check --fix . || true
	@"$(PY)" -m ruff format .
	@"$(PY)" tools/make_nav.py
	@"$(PY)" tools/clean_notebooks.py
	@"$(PY)" tools/translate.py build
	@"$(PY)" tools/catalogue.py update
	@"$(PY)" tools/catalogue.py build

test: check unit notebooks

unit: $(VENV)/.dev
	@"$(PY)" -m pytest tests -n 2 --dist loadgroup --durations=40

# Lax, because the stored pictures come from a laptop and these from a budget of seconds: what must
# hold at every budget is asserted in the cells. conftest.py fails a cell that ran out of time.
# Of the Chinese edition, whose code is the same, one chapter is enough.
# Matplotlib's backend is the notebook's own: a caller's MPLBACKEND would hide the inline figures.
# What is printed is compared in English.
notebooks: $(VENV)/.dev
	@env -u MPLBACKEND LANGUAGE=en NST_BUDGET=$(BUDGET) NST_OUT="$(CURDIR)/out/test" TF_CPP_MIN_LOG_LEVEL=3 \
		"$(PY)" -m pytest --nbval-lax --nbval-current-env --nbval-sanitize-with tests/nbval.cfg \
		--nbval-cell-timeout=$(CELL_SECONDS) --nbval-kernel-startup-timeout=$(CELL_SECONDS) \
		-n 2 --dist loadscope --durations=25 \
		notebooks/*.ipynb notebooks/solutions notebooks/zh/00_start_here.ipynb

# Each lower bound of the requirements on its own; what they need in turn is recent, as for anyone.
test-lowest:
	@$(call check_python,$(PYTHON))
	@"$(PYTHON)" -m venv --clear .venv-lowest
	@.venv-lowest/bin/python -m pip install --disable-pip-version-check -q uv
	@.venv-lowest/bin/python -m uv pip install --python .venv-lowest/bin/python \
		--resolution lowest-direct --only-binary :all: --no-binary jieba -r requirements-dev.txt
	@.venv-lowest/bin/python -m uv pip install --python .venv-lowest/bin/python --no-deps -e .
	@.venv-lowest/bin/python -m pytest tests -n 2 --dist loadgroup

clean:
	@rm -rf out build dist nstlib.egg-info .pytest_cache .ruff_cache .venv-lowest
	@find . \( -name '.venv*' -o -name .git \) -prune -o -type d \
		\( -name __pycache__ -o -name .ipynb_checkpoints -o -name out \) -prune -exec rm -rf {} +
	@echo "Clean. $(VENV) is kept."

# --- The environment -----------------------------------------------------------------------------
# Empty files say how far it is. While they are newer than the requirements, no network is touched.

PIP = "$(PY)" -m pip install --disable-pip-version-check

# Missing, or broken by an upgrade of Python: begin it anew.
ifneq ($(shell { "$(PY)" -c "print(1)"; } 2>/dev/null),1)
.PHONY: $(VENV)/.made
endif

# What is there and works is used; only what is a broken environment is cleared.
$(VENV)/.made:
	@if { "$(PY)" -m pip --version; } >/dev/null 2>&1; then \
		echo "Using $(VENV) as it is."; $(call check_python,$(PY)); \
	else \
		$(call check_python,$(PYTHON)); \
		echo "Making $(VENV) with `"$(PYTHON)" --version`."; \
		test ! -f "$(VENV)/pyvenv.cfg" || clear=--clear; \
		"$(PYTHON)" -m venv $$clear "$(VENV)"; \
	fi
	@touch "$@"

$(VENV)/.course: $(VENV)/.made requirements.txt pyproject.toml setup.py
	@echo "Installing the course into $(VENV). The first time takes some minutes."
	@$(PIP) -r requirements.txt
	@$(PIP) -q --no-deps -e .
	@touch "$@"

$(VENV)/.site: $(VENV)/.course requirements-site.txt
	@$(PIP) -r requirements-site.txt
	@touch "$@"

$(VENV)/.dev: $(VENV)/.course requirements-dev.txt requirements-site.txt
	@$(PIP) -r requirements-dev.txt
	@touch "$@"

define check_python
{ "$(1)" -c ""; } 2>/dev/null || { \
	echo "There is no working Python called '$(1)'. Install Python 3.12, or name yours:" \
		"make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }; \
"$(1)" -c "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))" || { \
	echo "'$(1)' is `"$(1)" --version 2>&1`, but the course needs 3.10 to 3.13, because" \
		"TensorFlow does. Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
endef
