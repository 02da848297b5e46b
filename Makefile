# Everything that a person or CI does with this repository. `make help` lists the commands.
.DEFAULT_GOAL := help
.PHONY: help build bootstrap bootstrap-tests run test test-fast lint types format bench chaos clean audit

PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/nodejs/bin:$(PATH)
PYTEST := timeout --kill-after=30 2700 $(PYTHON) -m pytest
# Each worker has a PostgreSQL of its own. What listens to real sound has the machine to itself.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: bootstrap ## start everything here; prints the address and the logins; Ctrl+C stops it
	@exec .venv/bin/hotline stand

test: bootstrap-tests lint ## everything that CI runs, on real PostgreSQL, Asterisk and Chromium
	cd frontend && npm run --silent test
	$(PYTEST) -q $(PARALLEL) -m "not calls and not browser"
	$(PYTEST) -q -m "calls or browser"

test-fast: bootstrap ## pure rules and the database, in seconds
	$(PYTEST) -q $(PARALLEL) tests/unit tests/integration -m "not calls and not browser"

lint: bootstrap ## formatting, rules, types and borders, of Python and TypeScript
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	cd frontend && npm run --silent lint && npm run --silent types

format: bootstrap ## format Python and TypeScript in place
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	cd frontend && npm run --silent format

bench: bootstrap ## speed against the floors of docs/performance.md, as ratios
	$(PYTHON) -m tests.bench

chaos: bootstrap ## break everything in turn under 50 live calls (docs/chaos.md); about an hour, needs root
	$(PYTHON) -m tests.chaos

audit: bootstrap ## known vulnerabilities of what is installed; says so when nobody could be asked
	@scripts/audit

bootstrap: ## install what is missing; does nothing when all is there
	@scripts/bootstrap

build: bootstrap ## the same: the front-end is built by it

bootstrap-tests:
	@scripts/bootstrap --tests

clean: ## forget what was built here (not the private Asterisk in ~/.cache/hotline)
	rm -rf .venv .stand frontend/node_modules hotline/web/static/build .mypy_cache .ruff_cache .pytest_cache
