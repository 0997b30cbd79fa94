# miler: `make demo` and `make test` need Python 3.11 or later and nothing else.
# Everything is installed into .venv; nothing outside this folder is touched.

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test check lint types docs bars fuzz soak mutants reference dist golden samples clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo     set up, and report the fastest mile of each sample file"
	@echo "make test     set up, and run the tests"
	@echo "make check    format check, lint, types and tests: what CI asks"
	@echo "make docs     build the guide as a site: build/site/index.html"
	@echo "make bars     measure every bar of every issue, in a table"
	@echo "make fuzz     fuzz every reader for a minute (FUZZ=\"--seconds 600 fit\" for one, longer)"
	@echo "make soak     fuzz, kill imports, watchers and servers, simulate thousands of runs: an hour or so"
	@echo "make mutants  change the code a little and see that the tests fail (MUTANTS=\"miler.effort --sample 20\")"
	@echo "make reference  write the pages of docs/reference/ that are made of the code again"
	@echo "make dist     build sdist and wheel, and try the wheel in an environment of its own"
	@echo "make golden   write the expected documents of the sample files again (review the diff)"
	@echo "make samples  make the sample files again"
	@echo "make clean    remove .venv and caches"

demo: $(VENV)/.installed
	$(BIN)/miler report sample_files

test: $(VENV)/.developing
	$(BIN)/python -m pytest -n auto --dist loadfile -q

check: lint types test

lint: $(VENV)/.developing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.developing
	$(BIN)/mypy

docs: export NO_MKDOCS_2_WARNING = 1
docs: $(VENV)/.documenting
	$(BIN)/mkdocs build --strict --quiet

bars: $(VENV)/.peers
	$(BIN)/python -m benchmarks.bars $(BARS)

fuzz: $(VENV)/.fuzzing
	$(BIN)/python -m soak $(FUZZ)

soak: fuzz
	$(BIN)/python -m benchmarks.kills --times 150
	$(BIN)/python -m benchmarks.watch_kills --times 150
	$(BIN)/python -m benchmarks.web --kills 100
	$(BIN)/python -m benchmarks.coverage 2600
	$(BIN)/python -m benchmarks.cluster

mutants: $(VENV)/.developing
	$(BIN)/python -m devtools.mutants $(MUTANTS)

reference: $(VENV)/.developing
	$(BIN)/python -m devtools.reference

dist: $(VENV)/.developing
	$(BIN)/python -m devtools.wheel

golden: $(VENV)/.developing
	$(BIN)/python -m devtools.golden

samples: $(VENV)/.developing
	$(BIN)/python -m devtools.make_samples sample_files

clean:
	rm -rf $(VENV) .soak .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit('miler needs Python 3.11 or later, this is ' + sys.version.split()[0] if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.peers: $(VENV)/.developing
	$(PIP) install --editable ".[dev,peers]"
	@touch $@

$(VENV)/.documenting: pyproject.toml | $(BIN)/python
	$(PIP) install --editable ".[docs]"
	@touch $@ $(VENV)/.installed

# atheris is for CPython on Linux; elsewhere soak says so, and changes files at random.
$(VENV)/.fuzzing: $(VENV)/.developing
	-$(PIP) install --only-binary atheris --editable ".[dev,soak]"
	@touch $@

$(VENV)/.developing: pyproject.toml | $(BIN)/python
	$(PIP) install --editable ".[dev]"
	@touch $@ $(VENV)/.installed
