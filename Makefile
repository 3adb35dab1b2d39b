# Everything starts here: `make run`, `make test`. Nothing is installed outside .venv.

.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python

# The first Python that is recent enough; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# A stamp's name carries a checksum of what is installed: it is renewed when that changes,
# not whenever git touches a file.
checksum = $(shell cat /dev/null $(wildcard $(1)) | cksum | cut -d' ' -f1)
RUNTIME := $(VENV)/.runtime-$(call checksum,requirements.lock)
DOCS := $(VENV)/.docs-$(call checksum,requirements-docs.lock)
DEV := $(VENV)/.dev-$(call checksum,requirements-dev.lock)
# A file that is not the one that was locked is not installed.
PIP := $(PY) -m pip --disable-pip-version-check --quiet install --require-hashes

SPHINX := $(PY) -m sphinx --quiet --fail-on-warning --keep-going --builder html \
	--doctree-dir docs/_build/doctrees

# Tools with dependencies of their own, which nothing else needs, have a place of their own.
TOOLS := $(VENV)/tools
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
BUILD := build==1.6.1
# mutmut 3: a mutant costs it a fork, not a new process, and only the tests that reach the function
# are run: 35 a second where cosmic-ray tries one. It runs the tests, so it needs what they need.
MUTMUT := mutmut==3.8.1
# The oracle for other people's calendar files, the packages whose files are read, and what the
# setups of those packages import.
ORACLE := recurring-ical-events==3.8.2
SETUPS := hatchling hatch-vcs setuptools setuptools-scm wheel poetry-core attrs arrow six tatsu
PACKAGES := icalendar==7.3.2 recurring-ical-events==3.8.2 x-wr-timezone==2.0.1 ics==0.7.3 \
	vobject==0.9.9 icalevents==0.3.1 khal==0.14.1 vdirsyncer==0.21.0
CALENDAR_FILES := $(VENV)/calendar-files/.fetched-$(shell echo '$(ORACLE) $(PACKAGES)' | cksum | cut -d' ' -f1)
MUTATE := $(VENV)/mutate/.dev-$(call checksum,requirements-dev.lock)
# What people read calendars with: a test has them subscribe to the feed.
CALENDAR_PROGRAMS := vdirsyncer==0.21.0 khal==0.14.1
# It brings the schemas of Kubernetes itself: nothing is fetched when it runs.
MANIFESTS := kubernetes-validate==1.37.0
# It brings the schema of Compose; an npm package.
COMPOSE := dclint@3.1.0
VALIDATOR := $(VENV)/manifests/.programs-$(shell echo '$(MANIFESTS) $(COMPOSE)' | cksum | cut -d' ' -f1)
SUBSCRIBERS := $(VENV)/subscribers/.programs-$(shell echo '$(CALENDAR_PROGRAMS)' | cksum | cut -d' ' -f1)
# A browser is driven by Playwright, and what it shows is judged by axe. The browser itself is the
# system's own Chromium. (Playwright has no build for Alpine, so it has a place of its own.)
BROWSING := playwright==1.65.2 axe-playwright-python==0.1.8
# It gives pictures a palette, so that they are small.
PALETTE := pillow==13.0.0
BROWSER := $(VENV)/browser/.programs-$(shell echo '$(BROWSING)' | cksum | cut -d' ' -f1)
# What makes clients of the OpenAPI document, and what those need. openapi-generator needs Java,
# oapi-codegen needs Go, and the others Node.js.
GENERATORS := openapi-python-client==0.29.1 openapi-generator-cli==7.26.0 httpx==0.28.1 \
	pydantic==2.14.4 urllib3==2.8.0 python-dateutil==4.0.0 lazy-imports==1.2.0
NODE_TOOLS := openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 @types/node@20.19.43 \
	@redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3
GO_TOOLS := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
GENERATED := $(VENV)/clients/.tools-$(shell echo '$(GENERATORS) $(NODE_TOOLS) $(GO_TOOLS)' | cksum | cut -d' ' -f1)
# What builds the client for TypeScript, by its own lock. It stands where npm looks for it.
TYPESCRIPT := clients/typescript
NODE_MODULES := $(TYPESCRIPT)/node_modules/.installed-$(call checksum,$(TYPESCRIPT)/package-lock.json)
LOCK := $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-annotate --custom-compile-command 'make lock'

# What 'make check' runs: the tests that prove most in a second. They start no process but a store.
QUICK := $(addprefix tests/,domain delivery backup store crypto planning services engine wiring) \
	$(filter-out tests/test_wsgi.py,$(wildcard tests/test_*.py))

# Where this is set, each of three test workers would compile six seconds of modules again, and each
# process that a test or 'make run' starts a third of a second. ('make clean' removes what is kept.)
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo check test test-cluster chaos chaos-sentinel chaos-cluster cluster-demo upgrade operations drill region-drill soak week fuzz costs calendars clients typescript types recipes mutate package deployments image docs lint style format lock audit clean subscribers browser screenshots pictures

help: ## show this help
	@grep -hE '^[a-z%-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

# The guide is built once, in some ten seconds. Qhronos starts without it if that fails.
run: $(RUNTIME) ## start everything in the foreground; ARGS=--no-inbox does without the inbox
	@[ -e docs/_build/html/index.html ] || { echo "Building the guide (once)" && $(MAKE) --silent docs; } \
		|| echo "The guide was not built ('make docs' says why): /docs/guide/ will be missing." >&2
	@exec $(PY) -m app.runtime $(ARGS)

demo: $(RUNTIME) ## with 'make run' up: have a webhook sent in two seconds and check it
	@exec $(PY) -m app.runtime.demo

check: lint ## style, types and the tests that need no running instance; the check after every change
	@$(PY) -m pytest -q -n 3 --dist worksteal $(QUICK) $(ARGS)

# Four at a time keep two cores busy: those that run real processes wait a good deal of their time.
test: $(DEV) ## run the whole test suite; ARGS='-k name' narrows it
	@$(PY) -m pytest -n 4 --dist worksteal $(ARGS)

test-cluster: $(DEV) ## run the tests of one store on a cluster that refuses what touches two slots
	@QHRONOS_TEST_STORE=cluster $(PY) -m pytest -n 2 -m 'not e2e' -p no:cacheprovider \
		$(or $(ARGS),$(addprefix tests/,store services engine security api/routes live))

chaos: $(DEV) ## kill and stop everything at random, prove that nothing is lost; SECONDS=, SEED=
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) --seconds $(or $(SECONDS),600) $(ARGS)

chaos-sentinel: $(DEV) ## kill and stop the store's primary, replicas and Sentinels under load; SECONDS=, SEED=
	@$(PY) -m tests.chaos.failovers $(if $(SEED),--seed $(SEED)) --seconds $(or $(SECONDS),120) $(ARGS)

chaos-cluster: $(DEV) ## kill, stop, cut off and reshard the nodes of a cluster under load; SECONDS=, SEED=
	@$(PY) -m tests.chaos.clusters $(if $(SEED),--seed $(SEED)) --seconds $(or $(SECONDS),120) $(ARGS)

cluster-demo: $(DEV) ## start a cluster and everything on it; kill nodes and watch what becomes of webhooks
	@exec $(PY) -m tests.chaos.cluster_demo

upgrade: $(DEV) ## upgrade from another commit, FROM=, under load, process by process; ARGS=--back
	@$(PY) -m tests.chaos.versions --from $(or $(FROM),HEAD~1) --seconds $(or $(SECONDS),120) $(ARGS)

drill: $(DEV) ## lose the store under load, restore a backup, prove what is there; EVENTS=, RATE=
	@$(PY) -m tests.drill --events $(or $(EVENTS),500) --rate $(or $(RATE),100)

region-drill: $(DEV) ## lose a region under load, have the other take over, prove what is there; EVENTS=, RATE=, LAG=
	@$(PY) -m tests.regions --events $(or $(EVENTS),300) --rate $(or $(RATE),60) --lag $(or $(LAG),1) $(ARGS)

operations: $(DEV) ## run an installation through restarts and outages under load; RATE=, OUTAGE=
	@$(PY) -m tests.production --rate $(or $(RATE),100) --outage $(or $(OUTAGE),25)

soak: $(DEV) ## deliver for an hour, prove that memory stays flat; MINUTES=, RATE=
	@$(PY) -m benchmarks.soak --minutes $(or $(MINUTES),60) --rate $(or $(RATE),500)

week: $(DEV) ## simulate sixteen days of deliveries in minutes, prove that memory stays flat; RATE=
	@$(PY) -m benchmarks.week --rate $(or $(RATE),1)

fuzz: $(DEV) ## ask every call of the API for a long time, something else every time
	@QHRONOS_FUZZ=$(or $(EXAMPLES),500) $(PY) -m pytest -q tests/api/test_fuzz.py $(ARGS)

costs: $(DEV) ## search for the request that costs most; MINUTES=, SEED=, OUT=
	@$(PY) -m tests.costs --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) \
		$(if $(OUT),--out $(OUT))

calendars: $(DEV) $(CALENDAR_FILES) ## read the calendar files of other projects, compare with their reader; ARGS=--show
	@$(PY) -m tests.calendars --python $(VENV)/calendar-files/bin/python \
		--packages $(VENV)/calendar-files/sdists $(ARGS)

clients: $(DEV) $(GENERATED) ## make clients of the OpenAPI document with six tools, run them; ONLY=Go
	@$(PY) -m tests.clients --tools $(VENV)/clients $(if $(ONLY),--only '$(ONLY)')

typescript: $(DEV) $(NODE_MODULES) ## check, test, pack and use the client for TypeScript
	@$(PY) -m tests.typescript

recipes: $(DEV) ## compile and run the recipes in Go, Java, Ruby and PHP; ONLY=Go
	@$(PY) -m tests.recipes $(if $(ONLY),--only '$(ONLY)')

types: $(DEV) $(NODE_MODULES) ## renew the types of that client after a change of the API
	@$(PY) -m tests.typescript --write-types

mutate: $(MUTATE) ## change the rules a little, see that tests notice; MINUTES=, SEED=, ONLY=app/domain/*
	@$(VENV)/mutate/bin/python -m tests.mutation --minutes $(or $(MINUTES),30) \
		$(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only '$(ONLY)') $(ARGS)

# The guide goes into the package; the wheel is built from the sdist, so both are whole.
package: $(DEV) docs ## build dist/, install the wheel into a clean environment, run it; TAG=v1.2.3
	@$(PY) -m venv $(TOOLS) && $(TOOLS)/bin/pip --disable-pip-version-check -q install '$(BUILD)'
	@rm -rf dist && $(TOOLS)/bin/python -m build --outdir dist . > dist.log 2>&1 \
		|| { cat dist.log; exit 1; }
	@rm -f dist.log
	@$(PY) -m tests.package dist $(if $(TAG),--tag '$(TAG)')

deployments: $(DEV) $(VALIDATOR) ## run nginx, Caddy and Prometheus as deploy/ has them, judge the rest
	@$(PY) -m tests.deployment --validator $(VENV)/manifests/bin/kubernetes-validate \
		--compose-validator $(VENV)/manifests/node_modules/.bin/dclint

image: $(DEV) ## build the image with buildah, run it without an engine (as root); BASE=, MIRROR=
	@$(PY) -m tests.deployment.image $(if $(BASE),--base '$(BASE)') $(if $(MIRROR),--mirror '$(MIRROR)')

browser: $(BROWSER) ## install what drives a browser for the tests of the console

screenshots: $(DEV) $(BROWSER) ## take pictures of the console, light and dark, wide and narrow; OUT=
	@$(PY) -m tests.console.screenshots --out $(or $(OUT),screenshots)

pictures: $(DEV) $(BROWSER) ## take the pictures of the console that README and guide show
	@$(VENV)/browser/bin/pip --disable-pip-version-check -q install '$(PALETTE)'
	@$(PY) -m tests.console.pictures

subscribers: $(SUBSCRIBERS) ## install the calendar programs that a test subscribes with

# Only pages that changed are built anew; the generated ones always are.
docs: $(DOCS) ## build the guide into docs/_build/html; a warning is an error
	@$(SPHINX) docs docs/_build/html

# Two processors have work: the guide is built while types are checked, each in one process.
lint: $(DEV) ## check style, types and the guide
	@$(MAKE) --no-print-directory --jobs 2 docs style

style: $(DEV)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(DEV) ## put the code into its usual shape
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

lock: | $(PY) ## pin what requirements*.txt bring, with hashes; ARGS=--upgrade takes newer ones
	@$(PY) -m venv $(TOOLS) && $(TOOLS)/bin/pip --disable-pip-version-check -q install '$(UV)'
	@$(LOCK) $(ARGS) requirements.txt -o requirements.lock
	@$(LOCK) $(ARGS) requirements.txt requirements-traces.txt -c requirements.lock -o requirements-traces.lock
	@$(LOCK) $(ARGS) requirements-docs.txt -c requirements.lock -o requirements-docs.lock
	@$(LOCK) $(ARGS) requirements-dev.txt -c requirements-docs.lock -c requirements-traces.lock -o requirements-dev.lock
	@$(LOCK) requirements-build.txt -c requirements-dev.lock -o requirements-build.lock

audit: | $(PY) ## look for known vulnerabilities in what is locked
	@$(PY) -m venv $(TOOLS) && $(TOOLS)/bin/pip --disable-pip-version-check -q install '$(PIP_AUDIT)'
	@$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

bench-%: $(DEV) ## run one of the benchmarks, as in 'make bench-speed'
	@$(PY) -m benchmarks.$*

clean: ## remove what can be made again (never the data)
	rm -rf $(VENV) $(addprefix $(TYPESCRIPT)/,node_modules dist out) examples/*/node_modules mutants mutants.log .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@[ -n "$(PYTHON)" ] || { echo "Qhronos needs Python 3.11 or later: install it, or set PYTHON." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is too old: Qhronos needs Python 3.11 or later." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv module is missing: on Debian, install python3-venv." >&2; exit 1; }

# Each lock holds the ones before it, so installing one renews the stamps of those.
$(RUNTIME): | $(PY)
	@echo "Installing what requirements.lock lists"
	@$(PIP) -r requirements.lock
	@rm -f $(VENV)/.runtime-* && touch $@

$(DOCS): | $(PY)
	@echo "Installing what requirements-docs.lock lists"
	@$(PIP) -r requirements-docs.lock
	@rm -f $(VENV)/.docs-* $(VENV)/.runtime-* && touch $@ $(RUNTIME)

$(DEV): | $(PY)
	@echo "Installing what requirements-dev.lock lists"
	@$(PIP) -r requirements-dev.lock
	@rm -f $(VENV)/.dev-* $(VENV)/.docs-* $(VENV)/.runtime-* && touch $@ $(DOCS) $(RUNTIME)

$(BROWSER): | $(PY)
	@echo "Installing $(BROWSING)"
	@$(PY) -m venv --clear $(VENV)/browser
	@$(VENV)/browser/bin/pip --disable-pip-version-check -q install $(BROWSING)
	@touch $@

$(VALIDATOR): | $(PY)
	@echo "Installing $(MANIFESTS) $(COMPOSE)"
	@$(PY) -m venv --clear $(VENV)/manifests
	@$(VENV)/manifests/bin/pip --disable-pip-version-check -q install $(MANIFESTS)
	@! command -v npm > /dev/null || npm install --silent --no-fund --no-audit --prefix $(VENV)/manifests $(COMPOSE)
	@touch $@

$(SUBSCRIBERS): | $(PY)
	@echo "Installing $(CALENDAR_PROGRAMS)"
	@$(PY) -m venv --clear $(VENV)/subscribers
	@$(VENV)/subscribers/bin/pip --disable-pip-version-check -q install $(CALENDAR_PROGRAMS)
	@touch $@

# Files of other projects are fetched, never committed.
$(CALENDAR_FILES): | $(PY)
	@echo "Fetching $(words $(PACKAGES)) packages for their calendar files"
	@$(PY) -m venv --clear $(VENV)/calendar-files
	@$(VENV)/calendar-files/bin/pip --disable-pip-version-check -q install --upgrade \
		'$(ORACLE)' $(SETUPS)
	@$(VENV)/calendar-files/bin/pip --disable-pip-version-check -q download --no-deps \
		--no-build-isolation --no-binary :all: --dest $(VENV)/calendar-files/sdists $(PACKAGES)
	@touch $@

$(GENERATED): | $(PY)
	@echo "Installing what makes clients"
	@for tool in java go npm; do command -v $$tool > /dev/null || { echo "make clients needs $$tool." >&2; exit 1; }; done
	@$(PY) -m venv --clear $(VENV)/clients
	@$(VENV)/clients/bin/pip --disable-pip-version-check -q install $(GENERATORS)
	@npm install --silent --no-fund --no-audit --prefix $(VENV)/clients $(NODE_TOOLS)
	@GOBIN=$(abspath $(VENV))/clients/bin go install $(GO_TOOLS)
	@touch $@

$(NODE_MODULES):
	@command -v npm > /dev/null || { echo "make typescript needs Node.js 20 or later, and npm." >&2; exit 1; }
	@echo "Installing what $(TYPESCRIPT)/package-lock.json lists"
	@npm ci --prefix $(TYPESCRIPT) --silent --no-fund --no-audit
	@touch $@

$(MUTATE): | $(PY)
	@echo "Installing what requirements-dev.lock lists, and $(MUTMUT)"
	@$(PY) -m venv --clear $(VENV)/mutate
	@$(VENV)/mutate/bin/pip --disable-pip-version-check -q install --require-hashes -r requirements-dev.lock
	@$(VENV)/mutate/bin/pip --disable-pip-version-check -q install '$(MUTMUT)'
	@touch $@
