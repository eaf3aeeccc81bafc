# Every step of a day's work is one verb; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
CAN_RUN := .venv/.can-run
CAN_TEST := .venv/.can-test
ARGS ?=
DIST ?= dist
TAG ?= $(GITHUB_REF_NAME)
# Half of the tests wait for the emulator, so more of them run at once than there are cores.
JOBS ?= 4
PARALLEL := --quiet --dist loadscope --no-loadscope-reorder --numprocesses
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Else each of the many processes that tests start would compile all it imports.
export PYTHONDONTWRITEBYTECODE :=
# uv does not read pip's settings.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.DEFAULT_GOAL := help
.PHONY: help setup up example check test lint format types template package soak bench recording screenshots diff deploy destroy release publish lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(CAN_RUN) ## run everything on this machine and play the sample messages (ARGS="--port 4566")
	@$(BIN)/unc up $(ARGS)

example: $(CAN_RUN) ## the same with examples/reply-service as the reply service
	@$(BIN)/python examples/reply-service/on_the_laptop.py $(ARGS)

check: lint types ## lint, types, guards and unit tests: a minute, for every small change
	@$(BIN)/python -m pytest $(PARALLEL) 2 tests/guards tests/unit $(ARGS)

test: lint types ## lint, types and every test (ARGS="tests/unit -x")
	@{ $(need_browser); } >/dev/null
	@$(BIN)/python -m pytest $(PARALLEL) $(JOBS) $(ARGS)

lint: $(CAN_TEST) ## ruff: rules and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "'make format' puts these right"; exit 1; }

format: $(CAN_TEST) ## put format and import order right
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

types: $(CAN_TEST) ## mypy, strict
	@$(BIN)/mypy --no-error-summary

template: $(CAN_TEST) ## check the template and the workflows
	@$(BIN)/python -m pytest tests/template tests/guards/test_workflows.py $(ARGS)

soak: setup ## 100,000 simulated histories, then minutes of fuzzing, then ten runs of the fault test
	@$(BIN)/python -m tests.simulation.soak --histories 100000
	@for target in body records stream_record retry_record; do \
	  $(BIN)/python -m tests.fuzz.run $$target --seconds 120 || exit 1; done
	@FAULT_RUNS=10 $(BIN)/python -m pytest tests/e2e/test_faults.py

bench: setup ## measure beside a baseline and a floor, write the results (ARGS="--no-stack")
	@$(BIN)/python -m benchmarks $(ARGS)

recording: $(CAN_TEST) ## record what `unc up` prints for the README
	@$(BIN)/python -m tests.support.recording

screenshots: $(CAN_TEST) ## take the pictures of the console for README and docs
	@{ $(need_browser); } >/dev/null
	@$(BIN)/python -m tests.e2e.screenshots

package: $(CAN_RUN) ## write dist/unc-consumer.zip, the same bytes for the same input
	@$(BIN)/unc package $(ARGS)

diff: $(CAN_RUN) ## show what a deployment would change in the account, and change nothing
	@$(BIN)/unc diff $(ARGS)

deploy: $(CAN_RUN) ## bring code and template to the account (ARGS="--dry-run")
	@$(BIN)/unc deploy $(ARGS)

destroy: $(CAN_RUN) ## remove the stack; what holds data has to be named (ARGS="--keep chats")
	@$(BIN)/unc destroy $(ARGS)

release: $(CAN_RUN) ## build wheel and zip with their checksums into dist/, for a release
	@rm -rf $(DIST)
	@$(BIN)/unc package --output $(DIST)/unc-consumer.zip
	@$(BIN)/python -m hatchling build --target wheel --directory $(DIST) >/dev/null 2>&1
	@cd $(DIST) && sha256sum *.whl *.zip > SHA256SUMS && cat SHA256SUMS

publish: $(CAN_RUN) ## attach dist/ to a release on GitHub (TAG=v1.0.0; the release workflow does it)
	@[ "$(TAG)" = "v$$($(BIN)/unc --version)" ] \
	  || { echo "$(TAG) is not the version $$($(BIN)/unc --version)" >&2; exit 1; }
	@awk -v v="$(TAG)" '/^## /{p=index($$0,"[" substr(v,2) "]")} p' CHANGELOG.md > $(DIST)/.notes
	@[ -s $(DIST)/.notes ] || { echo "CHANGELOG.md has no section $(TAG)" >&2; exit 1; }
	@gh release create "$(TAG)" --verify-tag --title "$(TAG)" --notes-file $(DIST)/.notes $(DIST)/*

setup: $(CAN_TEST) ## make the virtual environment with all of it (the other verbs make what they need)
	@{ $(need_browser); } >/dev/null

lock: $(CAN_RUN) ## pin the newest versions and their hashes into requirements*.txt
	@$(call compile,shipped,requirements.txt,)
	@$(call compile,installer,requirements-installer.txt,)
	@$(call compile,run,requirements-run.txt,)
	@$(call compile,dev,requirements-dev.txt,--constraint requirements-run.txt)

clean: ## remove what was built, the virtual environment too
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(CAN_RUN): requirements-installer.txt requirements-run.txt pyproject.toml
	@$(need_python)
	@echo "Setting up .venv (the tool and the emulator)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --no-compile --require-hashes -r requirements-installer.txt
	@$(call install,--require-hashes -r requirements-run.txt,--compile-bytecode)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(CAN_TEST): requirements-dev.txt $(CAN_RUN)
	@echo "Adding linters, type stubs and test tools to .venv" >&2
	@$(call install,--require-hashes -r requirements-dev.txt)
	@touch $@

# uv takes a third of pip's time. Where it does not reach the index, pip may.
# The emulator writes no bytecode, so it would compile itself at every start.
define install
$(BIN)/uv pip install --quiet --python $(BIN)/python $(2) $(1) 2>/dev/null \
  || $(BIN)/python -m pip install -qq $(1)
endef

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

# The console's tests drive a browser, and fail where there is none; nothing else needs it.
define need_browser
command -v chromium || command -v chromium-browser || command -v google-chrome \
  || { [ "$$(id -u)" = 0 ] && command -v apt-get && echo "Installing chromium" >&2 \
       && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium; } \
  || echo "Chromium is missing for the console's tests: sudo apt-get install chromium" >&2
endef

define compile
$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
  --group $(1) $(3) --output-file $(2)
endef
