# Gezhi: `make run` serves, `make test` tests. Only Python 3.11+ and make are needed.
PYTHON ?= python3
BIN := .venv/bin
# Tests read no .env: the settings of your installation are none of theirs.
TEST := GEZHI_MODE=test GEZHI_ENV_FILE=/dev/null $(BIN)/python
QUICK := -q -n 2 -m "not postgres and not browser and not slow and not chaos"

.PHONY: run test test-sqlite test-races test-postgres test-browser test-slow test-chaos test-all lint format \
	bench bench-smoke messages lock install install-dev clean help

run: install  ## Serve on http://127.0.0.1:8000 with the demo district (PORT, DATA_DIR change where)
	@$(BIN)/python manage.py run

test: test-sqlite test-races  ## All quick tests on SQLite, and on PostgreSQL with Redis what only they can show

test-sqlite: install-dev
	$(TEST) -m pytest $(QUICK)

test-races: install-dev
	$(TEST) tests/servers.py $(BIN)/python -m pytest -q -n 2 -m "postgres and not browser and not slow and not chaos"

test-postgres: install-dev  ## All quick tests that use a database, on PostgreSQL
	$(TEST) tests/servers.py $(BIN)/python -m pytest -q -n 2 \
		-m "not pure and not postgres and not browser and not slow and not chaos"

test-browser: install-dev  ## Drive Chromium against a running server (needs chromium)
	$(TEST) -m pytest -q -m browser

test-slow: install-dev  ## Schema fuzzing, every door for everybody, races again and again
	$(TEST) tests/servers.py $(BIN)/python -m pytest -q -n 2 -m "slow and postgres"
	$(TEST) -m pytest -q -n 2 -m "slow and not postgres"

test-chaos: install-dev  ## Kill processes and stop servers: nothing is lost, nothing is done twice
	$(TEST) tests/servers.py $(BIN)/python -m pytest -q -n 2 --dist loadfile -rP -m chaos

test-all: lint test test-postgres test-slow test-chaos test-browser  ## Everything

lint: install-dev  ## Style, types, who may import whom, missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy config accounts grid matters worktime notices partyorgs residents issues whistles bench
	$(BIN)/lint-imports
	$(TEST) manage.py makemigrations --check --dry-run
	$(TEST) manage.py spectacular --validate --fail-on-warn --file /dev/null

format: install-dev  ## Let ruff lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install-dev  ## Speed, beside peers and physical limits, on PostgreSQL (takes half an hour)
	$(TEST) tests/servers.py --durable $(BIN)/python -m bench

bench-smoke: install-dev
	$(TEST) tests/servers.py --durable $(BIN)/python -m bench --smoke

messages: install-dev  ## Collect texts to translate into locale/en (needs GNU gettext)
	$(TEST) manage.py makemessages -l en --no-location --no-obsolete --ignore .venv --ignore tests

lock:  ## Write the hashed requirement files anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		requirements.in -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		requirements-dev.in -o requirements-dev.txt

install: .venv/installed

install-dev: .venv/installed-dev

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Gezhi needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "· Packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

clean:  ## Remove the virtual environment and caches; the data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
