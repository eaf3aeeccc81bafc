# Every step of a day's work is one verb; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
TOOL_READY := .venv/.ready
EMULATOR_READY := .venv-emulator/.ready
INSTALL := -m pip install -qq --disable-pip-version-check --require-hashes
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup up test lint format types template package soak bench diff deploy destroy lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: setup ## run everything on this machine and play the sample messages (ARGS="--port 4566")
	@$(BIN)/unc up $(ARGS)

test: setup lint types ## lint, types and every test (ARGS="tests/unit -x")
	@$(BIN)/python -m pytest $(ARGS)

lint: $(TOOL_READY) ## ruff: rules and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "'make format' puts these right"; exit 1; }

format: $(TOOL_READY) ## put format and import order right
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

types: $(TOOL_READY) ## mypy, strict
	@$(BIN)/mypy --no-error-summary

template: $(TOOL_READY) ## check the template and the workflows
	@$(BIN)/python -m pytest tests/template tests/guards/test_workflows.py $(ARGS)

soak: setup ## 100,000 simulated histories, then minutes of fuzzing, then ten runs of the fault test
	@$(BIN)/python -m tests.simulation.soak --histories 100000
	@for target in body records stream_record retry_record; do \
	  $(BIN)/python -m tests.fuzz.run $$target --seconds 120 || exit 1; done
	@FAULT_RUNS=10 $(BIN)/python -m pytest tests/e2e/test_faults.py

bench: setup ## measure beside a baseline and a floor, write the results (ARGS="--no-stack")
	@$(BIN)/python -m benchmarks $(ARGS)

package: $(TOOL_READY) ## write dist/unc-consumer.zip, the same bytes for the same input
	@$(BIN)/python -m unc.deploy.package

diff: $(TOOL_READY) ## show what a deployment would change in the account, and change nothing
	@$(BIN)/unc diff $(ARGS)

deploy: $(TOOL_READY) ## bring code and template to the account (ARGS="--dry-run")
	@$(BIN)/unc deploy $(ARGS)

destroy: $(TOOL_READY) ## remove the stack; what holds data has to be named (ARGS="--keep chats")
	@$(BIN)/unc destroy $(ARGS)

setup: $(TOOL_READY) $(EMULATOR_READY) ## make both virtual environments (the other verbs do it too)
	@:

lock: $(TOOL_READY) ## pin the newest versions and their hashes into requirements*.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@$(call compile,shipped,requirements.txt,)
	@$(call compile,dev,requirements-dev.txt,--constraint requirements.txt)
	@$(call compile,emulator,requirements-emulator.txt,)

clean: ## remove what was built, virtual environments too
	rm -rf .venv .venv-emulator build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(TOOL_READY): requirements-dev.txt pyproject.toml
	@$(need_python)
	@echo "Setting up .venv (tool and tests)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(INSTALL) -r requirements-dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(EMULATOR_READY): requirements-emulator.txt
	@$(need_python)
	@echo "Setting up .venv-emulator (the AWS emulator)" >&2
	@$(PYTHON) -m venv .venv-emulator
	@.venv-emulator/bin/python $(INSTALL) -r requirements-emulator.txt
	@touch $@

# Debian ships Python without venv; as root it is installed, else the line says how.
define need_python
command -v $(PYTHON) >/dev/null 2>&1 \
  || { echo "Python is missing: apt-get install python3 python3-venv" >&2; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "$(PYTHON) is too old: 3.11 or later is needed; try make PYTHON=python3.12" >&2; exit 1; }; \
$(PYTHON) -c 'import ensurepip' >/dev/null 2>&1 \
  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
       && echo "Installing python3-venv" >&2 && apt-get -qq update >/dev/null \
       && apt-get -qq install -y python3-venv >/dev/null; } \
  || { echo "Python's venv is missing: sudo apt-get install python3-venv" >&2; exit 1; }
endef

define compile
$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
  --group $(1) $(3) --output-file $(2)
endef
