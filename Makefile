# Two commands do everything: `make demo` and `make test`. Both install what they need into .venv, from constraints.txt.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
# TRAIN=0: search with the shipped tuned bundle; installs no torch.
TRAIN  ?= 1

ifeq ($(TRAIN),0)
DEMO_EXTRAS := demo
DEMO_FLAGS  := --no-train
else
DEMO_EXTRAS := demo,train
DEMO_FLAGS  :=
endif

.PHONY: demo test check format clean venv
.DEFAULT_GOAL := help

help:
	@echo "make demo          train, export, ingest and search on the shipped pictures (TRAIN=0: without training)"
	@echo "make test          run every test"
	@echo "make check         formatting, lint, types, import rules, command reference"
	@echo "make clean         remove what make installed and built here"

demo: $(VENV)/.installed-$(DEMO_EXTRAS)
	@$(BIN)/clipseek demo $(DEMO_FLAGS) $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/pytest $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .typing/clipseek tests
	$(BIN)/python -m clipseek.cli.reference --check
	$(BIN)/pytest -q tests/test_layers.py tests/test_packaging.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m clipseek.cli.reference

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here; name another with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: setup.cfg pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing clipseek[$*] into $(VENV) (torch is large: about a minute or two the first time)" >&2
	@$(PIP) --editable ".[$*]"
	@touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
