# `make demo` and `make test` do everything; each target installs what it needs into .venv, from constraints.txt.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP     = $(1)/python -m pip --disable-pip-version-check install --quiet
PINNED := --constraint constraints.txt
# TRAIN=0: search with the shipped tuned bundle; installs no torch.
TRAIN  ?= 1
# SMOKE=1: our own sides of the benchmarks, small, in about two minutes: it shows that they run, not how fast.
SMOKE  ?= 0
# The oldest Python that setup.cfg allows, for test-lowest.
LOWEST_PYTHON ?= python3.10

ifeq ($(TRAIN),0)
DEMO_EXTRAS := demo
DEMO_FLAGS  := --no-train
else
DEMO_EXTRAS := demo,train
DEMO_FLAGS  :=
endif

.PHONY: help demo test test-unit test-lowest test-wheel test-extras test-image soak check format bench bench-env gpu-wheels clean
.DEFAULT_GOAL := help

help:
	@echo "make demo          train, export, ingest, search on the shipped pictures, and a page (TRAIN=0: no training; ARGS=--no-serve: no page)"
	@echo "make test-unit     the tests that need neither torch nor a server: to run at every save"
	@echo "make test          every test, the long ones cut short; ARGS=... goes to pytest"
	@echo "make soak          every test at full size, many minutes; prints a line for docs/log"
	@echo "make test-lowest   the tests of make test-unit, and those of torch, with the lowest versions that setup.cfg allows"
	@echo "make test-wheel    build the wheel, install it apart, and compare it with the folders"
	@echo "make test-extras   the same with [formats] and [ocr]: every format, words, licences, one onnxruntime (minutes)"
	@echo "make test-image    build clipseek's container image from packages, and run it: needs root, mmdebstrap, docker-compose, an engine"
	@echo "make check         formatting, lint, types, import rules, command reference"
	@echo "make format        format the code, and generate the command reference again"
	@echo "make bench         every benchmark (ARGS=NAME: one; SMOKE=1: our own sides, small, about two minutes)"
	@echo "make bench-env     environments with what the benchmarks compare with"
	@echo "make gpu-wheels    what benchmarks/gpu.sh needs on a machine without a network"
	@echo "make clean         remove what make installed and built here"

demo: $(VENV)/.installed-$(DEMO_EXTRAS)
	@$(BIN)/clipseek demo $(DEMO_FLAGS) $(ARGS)

test-unit: $(VENV)/.installed-dev
	$(BIN)/pytest -q -m "not train and not integration" $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/pytest --durations=15 $(ARGS)

soak: $(VENV)/.installed-dev
	$(BIN)/pytest --soak --durations=30 $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .typing/clipseek tests
	$(BIN)/python -m clipseek.cli.reference --check
	$(BIN)/pytest -q tests/test_layers.py tests/test_packaging.py tests/test_docs.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m clipseek.cli.reference

# uv, for pip knows no lowest versions. The plug-ins of the newest Python are of no use here, so warnings are no errors.
test-lowest: .venv-lowest/.installed
	.venv-lowest/bin/pytest -q -m "not integration" -W default -p no:cacheprovider $(ARGS)

.venv-lowest/.installed: setup.cfg
	rm -rf .venv-lowest
	$(LOWEST_PYTHON) -m venv .venv-lowest
	$(call PIP,.venv-lowest/bin) uv
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct --editable ".[dev]"
	@touch $@

# In-tree builds keep what older ones left in build/.
test-wheel: | $(BIN)/python
	rm -rf build .venv-wheel
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir build/wheel .
	$(BIN)/python -m venv .venv-wheel
	$(call PIP,.venv-wheel/bin) $(PINNED) build/wheel/*.whl
	.venv-wheel/bin/clipseek --help >/dev/null
	.venv-wheel/bin/python -I tests/check_wheel.py

# Several hundred megabytes are fetched: minutes, so not in CI's every run.
test-extras: test-wheel
	$(call PIP,.venv-wheel/bin) $(PINNED) "$$(ls build/wheel/*.whl)[formats,ocr]"
	.venv-wheel/bin/python -I tests/check_extras.py

# No registry of images is needed: the server of these tests is built from packages too.
SERVER_IMAGE := clipseek-opensearch:2.19.1-closed
test-image: $(VENV)/.installed-dev
	docker image inspect $(SERVER_IMAGE) >/dev/null 2>&1 || docker/test-image.sh $(SERVER_IMAGE)
	CLIPSEEK_TEST_IMAGE=$(SERVER_IMAGE) CLIPSEEK_REQUIRE_DOCKER=1 TESTCONTAINERS_RYUK_DISABLED=true \
		$(BIN)/pytest -q -m soak tests/integration/test_image.py $(ARGS)

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py $(if $(filter 1,$(SMOKE)),--smoke) $(ARGS)

bench-env: .venv-bench/.installed .venv-fastembed/.installed

.venv-bench/.installed: setup.cfg constraints.txt benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	$(call PIP,.venv-bench/bin) $(PINNED) --requirement benchmarks/requirements.txt --editable ".[demo,jpeg,train]"
	@touch $@

.venv-fastembed/.installed: benchmarks/requirements-fastembed.txt
	$(PYTHON) -m venv .venv-fastembed
	$(call PIP,.venv-fastembed/bin) --requirement benchmarks/requirements-fastembed.txt
	@touch $@

gpu-wheels: | $(BIN)/python
	$(BIN)/python -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
	  --implementation cp $(foreach at,2_34 2_31 2_28 2_27 2_24 2_17,--platform manylinux_$(at)_x86_64) --platform manylinux2014_x86_64 \
	  --platform manylinux1_x86_64 $(PINNED) --requirement benchmarks/gpu/wheels.txt --dest benchmarks/wheels

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here; name another with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: setup.cfg pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing clipseek[$*] into $(VENV) (torch is large: about a minute or two the first time)" >&2
	@$(call PIP,$(BIN)) $(PINNED) --editable ".[$*]" || { echo "Not installed (why: see above). If an earlier installation was" \
	  "interrupted, it may have left half a package: make clean removes $(VENV), and the next make starts anew." >&2; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) .venv-bench .venv-fastembed .venv-lowest .venv-wheel build benchmarks/wheels .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
