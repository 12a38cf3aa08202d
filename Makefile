# `make` alone shows the commands: every target with a `##` line is one.
.DEFAULT_GOAL := help
.PHONY: help demo test e2e bench soak check tidy fuzz

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole product on this machine, nothing to configure (ARGS=--no-wait: the scripted tour)
	@scripts/demo $(ARGS)

test: ## everything CI runs: format, lints, invariants, licences, docs, tests
	@scripts/test

e2e: ## the tests of others, direct and through Postern, and where they differ (ARGS=asyncpg: some of them)
	@scripts/e2e $(ARGS)

bench: ## what it costs beside others, in an hour on a quiet machine (ARGS=quick: two minutes)
	@scripts/bench $(ARGS)

soak: ## models in a million cases, dribbling clients, an hour of kills (ARGS=10: ten minutes; ARGS="10 kill": one part)
	@scripts/soak $(ARGS)

check: ## the quick part of it: format, lints, invariants
	@scripts/test quick

tidy: ## the invariants alone, in a second
	@cargo xtask tidy

fuzz: ## each decoder, and whole sessions, for a minute on hostile bytes; needs a nightly toolchain
	@scripts/fuzz
