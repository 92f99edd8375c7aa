# Studium's commands. `make` alone lists them; CI calls the same ones.
PYTHON ?= $(or $(wildcard /usr/bin/python3),python3)
LAPTOP := PYTHONPATH=deploy PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m laptop
TOOL := $(LAPTOP) tool
SITE ?=
T ?=
CMD ?=
HTTPS ?=
PORT ?=
SINCE ?=
SIZE ?=

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PORT

.PHONY: help
help: ## list the commands
	@awk -F':.*## ' '/^## /{printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing. Type: sudo apt-get install -y python3"; exit 1; }

## The two local sites, through the real pipeline
.PHONY: up down status logs configure fresh shell manage
up: python ## build staging and production, release this commit on both (PORT=8100 to begin there)
	@$(LAPTOP) up

down: python ## end both sites gracefully
	@$(LAPTOP) down

status: python ## what runs, which release is live, is it healthy
	@$(LAPTOP) status

logs: python ## follow the logs (SITE=staging for one site, T=worker for one log)
	@$(LAPTOP) logs $(if $(SITE),--site $(SITE)) $(if $(T),--only $(T)) $(if $(LINES),--lines $(LINES)) $(if $(NOFOLLOW),--no-follow)

configure: python ## ask for a site's facts and secrets (SITE=…; DEFAULTS=1 asks nothing)
	@$(LAPTOP) configure $(if $(SITE),--site $(SITE)) $(if $(DEFAULTS),--defaults)

fresh: python ## start a site anew after a backup (SITE=staging)
	@$(LAPTOP) fresh $(if $(SITE),--site $(SITE)) $(if $(CONFIRM),--confirm $(CONFIRM))

shell: python ## a Python shell on a site's live release (SITE=production for the other)
	@$(LAPTOP) manage $(if $(SITE),--site $(SITE)) shell

manage: python ## a management command on a site's live release (CMD="check --deploy", SITE=…)
	@$(LAPTOP) manage $(if $(SITE),--site $(SITE)) $(CMD)

## Development
.PHONY: run environment lock fix docs
run: python ## a development server and worker that reload (PORT=8000, HTTPS=1)
	@$(LAPTOP) run $(if $(HTTPS),--https)

environment: python ## the developer's tools (fab, pytest, ruff …) in .venv
	@$(LAPTOP) environment

lock: python ## compile requirements/*.in to *.txt with hashes, and package-lock.json
	@$(LAPTOP) lock

fix: python ## format and repair what tools can repair
	@$(TOOL) ruff check --fix --quiet .
	@$(TOOL) ruff format --quiet .
	@$(TOOL) djlint --reformat --quiet app || true

docs: python ## test what the documentation claims
	@$(TOOL) pytest -q -n0 tests/unit/test_house.py

## Checks, as CI runs them
.PHONY: test check lint types imports migrations smoke bench bench-lab bench-scan bench-releases bench-runs bench-groups bench-designs bench-exports bench-logs bench-factorial fleet fleet-subset containers-test
test: python ## every ring that this machine can run (T=path for one file, folder or ring)
	@$(LAPTOP) test $(T)

check: test smoke ## all that CI runs, in its order, and the smoke test

lint: python ## ruff, djlint, shellcheck, yamllint, codespell, workflows
	@$(LAPTOP) lint

types: python ## mypy, strict
	@$(TOOL) mypy app deploy fabfile.py

imports: python ## who may import whom
	@$(TOOL) lint-imports

migrations: python ## every model change has its migration
	@$(TOOL) python app/manage.py makemigrations --check --dry-run --settings=config.settings.test

smoke: python ## only the deployed requirements, in a fresh environment: check --deploy and one request
	@$(LAPTOP) smoke

bench: bench-lab bench-releases bench-runs bench-groups bench-designs bench-exports bench-logs bench-factorial ## all benchmarks (SIZE=large: a consortium's records)

bench-lab: python ## what each request to a lab's years of records costs (SIZE=large: a consortium's)
	@$(TOOL) python -m tests.benchmarks.bench_lab $(if $(SIZE),--size $(SIZE))

bench-designs: python ## what scoring and searching task designs, and analysing a pilot's map, cost
	@PYTHONPATH=app $(TOOL) python -m fmriplan build || true
	@$(TOOL) python -m tests.benchmarks.bench_designs

bench-runs: python ## 300 participants at a batch of trials a second each: nothing may be lost
	@$(TOOL) python -m tests.benchmarks.bench_runs

bench-scan: python ## how long a scan of 100,000 files takes, and how much memory
	@$(TOOL) python -m tests.benchmarks.bench_scan

bench-logs: python ## 16 clients of 2025 send logs one by one, then thousands at once: nothing may be lost
	@$(TOOL) python -m tests.benchmarks.bench_logs

bench-groups: python ## 25 groups of 4 play at once, then 200 people wait: nobody may block another
	@$(TOOL) python -m tests.benchmarks.bench_groups

bench-exports: python ## a million events of a factorial design, in every form: how fast, how much memory
	@$(TOOL) python -m tests.benchmarks.bench_exports

bench-factorial: python ## what clients of LightMill's server of 2020 get: trials a second, and who waits
	@$(TOOL) python -m tests.benchmarks.bench_factorial

bench-releases: python ## 100 requests/s through deploys and rollbacks: nothing may fail
	@$(TOOL) python -m tests.benchmarks.bench_releases

fleet: python ## all of it on real hosts, as root (SINCE=commit: only when what makes a host has changed)
	@$(LAPTOP) fleet $(if $(SINCE),--since "$(SINCE)")

fleet-subset: python ## the ten minutes of it that `make test` runs too
	@$(LAPTOP) fleet --subset $(if $(SINCE),--since "$(SINCE)")

containers-test: python ## build the images and run them by podman, in a namespace of their own
	@$(TOOL) pytest -n0 -p no:randomly tests/containers
