# Everything goes through these two; `make help` lists the rest.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
.DEFAULT_GOAL := help
# What bench-sip measures beside the edge, where it may be installed.
SIP_PEERS = if [ "$$(id -u)" = 0 ] && ! command -v rtpengine >/dev/null; then apt-get install -y -q --no-install-recommends rtpengine-daemon sip-tester kamailio >/dev/null; fi

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: ## build the environment, the Rust extension and the front end (each step keyed by its inputs)
	@tools/setup all

venv: ## only the Python environment
	@tools/setup venv

native: ## only the Rust extension
	@tools/setup native

frontend: ## only the browser bundles
	@tools/setup frontend

demo: ## run the whole exchange on embedded defaults with demo data
	@tools/setup run
	@$(VENV)/bin/tandem demo run

test: ## install what is missing and run every test
	@tools/check

bench: ## time import, index, look-up and HTTP beside their peers
	@tools/setup all
	@$(PY) -m benches

bench-import: ## time the import of decks of 10,000 to a million rows beside pandas and openpyxl
	@tools/setup all
	@$(PY) -m benches import

bench-lcr: ## time the core over 20 million rates of 200 vendors, and PostgreSQL beside it
	@tools/setup venv
	@if [ "$$(id -u)" = 0 ]; then apt-get install -y -q postgresql postgresql-15-prefix >/dev/null || true; fi
	@$(PY) -m benches.lcr

bench-http: ## the edge with 20 M rates beside nginx and Flask, half load, overload at ten times its capacity
	@tools/setup all
	@$(PY) -m benches http

fuzz: ## every fuzz target for a minute (tools/fuzz 600 query: one, longer)
	@tools/fuzz 60

bench-market: ## browse, depth and basket over 500,000 offers on SQLite and PostgreSQL, first rows in Chromium
	@tools/setup all
	@$(PY) -m benches market

walk-deals: ## twenty thousand random steps of requests, offers and agreements, every one checked against a model
	@tools/setup venv
	@TANDEM_DEAL_STEPS=$${TANDEM_DEAL_STEPS:-20000} $(PY) -m pytest -q tests/unit/app_deals/test_life_of_deals.py

bench-sip: ## the parser, forwarded calls beside Kamailio and sippy, a thousand relayed calls beside rtpengine
	@tools/setup all
	@$(SIP_PEERS)
	@$(PY) -m benches sip

test-sip-full: ## ten thousand test calls while everything fails; long calls over bad networks; three minutes of abuse; then bench-sip
	@tools/setup all
	@TANDEM_TEST_SIP_CALLS=10000 TANDEM_TEST_SIP_FULL=1 $(PY) -m pytest -q -rP tests/sip
	@$(SIP_PEERS)
	@$(PY) -m benches sip

client: ## a typed Python client of the API, generated from its OpenAPI document, in build/client
	@tools/setup venv
	@tools/client

.PHONY: client bench-sip test-sip-full bench-market walk-deals bench-lcr bench-http fuzz help setup venv native frontend demo test bench bench-import
