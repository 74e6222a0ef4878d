# Every target sets up what it needs in .venv by itself. Paths are relative: the checkout may lie anywhere.
PY := .venv/bin/python
# The script chooses among the Pythons that there are; any that runs it will do. PYTHON=... chooses another.
FOUND := $(if $(strip $(PYTHON)),$(PYTHON),$(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,$(shell command -v $(p) 2>/dev/null))))
ifneq ($(FOUND),)
BOOT := "$(FOUND)" tools/bootstrap.py
else
BOOT := echo >&2 "lazynd needs Python 3.11 or newer: install it (with its venv module) and run make again."; exit 1;
endif
N ?= 10000
SEED ?= 0
ARGS ?=

.PHONY: help demo data examples test test-full test-eager test-tiers test-browser fuzz bench bench-peers docs dist check-wheel matrix lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: ## LeNet learns to tell images apart, and see what happened inside
	@$(BOOT) examples
	@$(PY) -m lazynd.demo $(ARGS)

data: ## Fashion-MNIST out of Debian's package, without root, to where FashionMNIST() looks
	@$(BOOT) examples
	@$(PY) tools/fetch_data.py

lint: ## ruff, mypy and the layer contracts
	@$(BOOT) test,examples
	@$(PY) -m ruff check lazynd tests tools benchmarks examples
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache

examples: ## all examples, whole: half an hour
	@$(BOOT) examples
	@$(PY) examples $(ARGS)

test: lint ## the checks and the test suite, under ten minutes
	@$(PY) -m pytest -q -n 2 $(ARGS)

test-full: ## everything, the long suites included
	@$(BOOT) test,examples
	@LAZYND_TIER=compiled $(PY) -m pytest -q -n 2 --dist worksteal -m "not browser" $(ARGS)

test-eager: ## the suite with every operation run at its own line
	@$(BOOT) test,examples
	@LAZYND_EAGER=1 $(PY) -m pytest -q -n 2 $(ARGS)

test-tiers: ## the suite as users run it: interpreted first, compiled later
	@$(BOOT) test,examples
	@LAZYND_TIER=auto $(PY) -m pytest -q -n 2 $(ARGS)

test-browser: ## the explorer in chromium, headless; pictures in build/browser
	@$(BOOT) test,browser
	@$(PY) -m pytest -q -m browser $(ARGS) tests/browser

fuzz: ## random programs against NumPy, and damaged files: N=10000 SEED=0
	@$(BOOT) test,examples
	@$(PY) -m tests.fuzz --programs $(N) --seed $(SEED)

bench: ## the figures, side by side with jax and NumPy
	@$(BOOT) test,examples
	@$(PY) -m benchmarks $(ARGS)

bench-peers: ## the same work by lazynd, MXNet, jax by hand and torch: twelve minutes
	@$(BOOT) test,examples
	@$(PY) -m benchmarks.peers $(ARGS)

docs: ## the documentation, warnings as errors, into build/docs
	@$(BOOT) docs
	@$(PY) -m sphinx -q -W --keep-going -b html docs build/docs

dist: ## the pure wheel, and one with the C module where a compiler is, into dist
	@$(BOOT) build
	@rm -rf dist build/lib* build/temp* build/bdist*
	@$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@rm -rf build/lib* build/temp* build/bdist*
	@LAZYND_EXTENSION=0 $(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

check-wheel: dist ## the demo and type checks of the installed wheel, outside the checkout
	@$(BOOT) examples,test,build
	@$(PY) tools/check_wheel.py

matrix: ## the suite on the oldest and the newest supported jax
	@python3 tools/matrix.py $(ARGS)

clean: ## remove what the targets made
	@rm -rf .venv .venv-* build dist demo-out .pytest_cache .mypy_cache .ruff_cache *.egg-info
