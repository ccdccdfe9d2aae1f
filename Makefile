# make run        from scratch: sample deliveries, a full run, the dashboard in the terminal; SOURCE=files or
#                 SOURCE=postgresql pulls the same people from exports or from a database of another shape
# make test       from scratch: the tests
# make dev        the Dagster UI on the same state
# make dashboard  the dashboard in a browser; runs sample deliveries first if nothing is published yet
# make superset   Superset with its dashboards, on the same state; the same

# The newest Python that fits; uv brings one where there is none.
FITS := -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))"
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python $(FITS) 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
SUPERSET := .venv-superset
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The person that `make dashboard` signs in: a super user of the sample. (AS is taken: make uses it for the assembler.)
VIEWER ?= staff.sx000000001@example.org

# Most of a test's time is one process starting up, so use a worker per processor. A file's tests stay together.
WORKERS ?= logical
SIDE_BY_SIDE := -n $(WORKERS) --maxprocesses 4 --dist loadfile

# Where `make test-clients` has each client, by the name of its lock.
CLIENTS := $(patsubst requirements/%.txt,$(VENV)/%/.installed,$(wildcard requirements/clients/*.txt)) \
	$(VENV)/clients/node/.installed

# How long `make fuzz` runs.
MINUTES ?= 10

# Where `make sbom` writes.
SBOM ?= sbom.json

.PHONY: run dashboard superset sample-days test test-durations test-faults test-browser test-clients test-container test-superset test-security test-spark test-state check-lock fuzz bench bench-dashboard dev setup lint lock audit sbom licenses contract clean

run: setup
ifdef SOURCE
	examples/sources/run $(SOURCE)
else
	$(BIN)/yacp generate
	$(BIN)/yacp run
	$(BIN)/yacp show
endif

setup: $(VENV)/.runtime

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@if [ -n "$(PYTHON)" ]; then \
		$(PYTHON) $(FITS) || { echo "yacp needs Python 3.11, 3.12, or 3.13, and $(PYTHON) is none." >&2; exit 2; }; \
		$(PYTHON) -m venv $(VENV); \
	elif command -v uv >/dev/null; then uv venv --quiet --clear --seed --python 3.13 $(VENV); \
	else echo "yacp needs Python 3.11, 3.12, or 3.13: install one of them (Debian: python3 and python3-venv), or uv." >&2; exit 2; fi
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.spark: $(VENV)/.dev requirements/spark.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/spark.txt
	@touch $@

# Superset has an environment of its own: it needs older packages than yacp does.
$(SUPERSET)/.installed: requirements/superset.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)) and 'Superset needs Python 3.11 or 3.12; set PYTHON=/path/to/python3.11')"
	$(PYTHON) -m venv $(SUPERSET)
	$(SUPERSET)/bin/pip install --quiet --no-deps --require-hashes -r requirements/superset.txt
	@touch $@

test: $(VENV)/.dev
	$(BIN)/pytest tests --ignore tests/browser --ignore tests/clients --ignore tests/container --ignore tests/faults --ignore tests/spark --ignore tests/superset \
		--ignore tests/state/test_damage.py --ignore tests/state/test_repair.py $(SIDE_BY_SIDE) --no-loadscope-reorder $(DURATIONS)

# The same, and which tests take longest.
test-durations: DURATIONS := --durations 20
test-durations: test

# The slow tests: killed runs, full disks, clocks set back, concurrent readers, servers that hang up. They need root or
# user namespaces; one test needs libfaketime (Debian: faketime) and is skipped without it.
test-faults: $(VENV)/.dev
	$(BIN)/pytest tests/faults $(SIDE_BY_SIDE) --durations 15

# Damages every kind of file in every way, runs every command on it, and repairs it.
test-state: $(VENV)/.dev
	$(BIN)/pytest tests/state -n $(WORKERS) --maxprocesses 4 --durations 5

# The tests that attack; `make test` has them too.
test-security: $(VENV)/.dev
	$(BIN)/pytest tests/security $(SIDE_BY_SIDE)

# The dashboard in a real browser; needs Chromium.
test-browser: $(VENV)/.dev
	$(BIN)/pytest tests/browser

# Reads what is published with the libraries that people use, old ones too; needs npm, and Python 3.11 or 3.12, the last
# with a DuckDB 1.0. WRITE_TABLE=1 writes what works into docs/bi.md.
test-clients: $(CLIENTS)
	$(BIN)/pytest tests/clients --durations 5

$(VENV)/clients/%/.installed: requirements/clients/%.txt | $(VENV)/.dev
	@rm -rf $(@D)
	$(BIN)/pip install --quiet --no-deps --require-hashes --only-binary :all: --target $(@D) -r $<
	@touch $@

$(VENV)/clients/node/.installed: requirements/clients/package.json requirements/clients/package-lock.json | $(VENV)/.dev
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	npm ci --prefix $(@D) --silent --no-audit --no-fund
	@touch $@

# Builds the image, and runs a day and each service of deploy/container in podman; needs root, podman, runc, debootstrap.
test-container: $(VENV)/.dev
	$(BIN)/pytest tests/container --durations 5

# Superset's charts, roles, and row-level security over a sample, and its dashboards in a real browser; needs Chromium.
test-superset: $(VENV)/.dev $(SUPERSET)/.installed
	$(BIN)/pytest tests/superset

# Generates random deliveries and checks them against the contract and, with other random customers each time, against
# a second implementation of the rules. Failures of the former are replayed first on the next run.
fuzz: $(VENV)/.dev
	@end=$$(($$(date +%s) + 60 * $(MINUTES))); \
	while [ $$(date +%s) -lt $$end ]; do \
		$(BIN)/pytest tests/landing/test_fuzzing.py --hypothesis-profile=long || exit; \
		export FUZZ_SEED=$$(date +%s); echo "FUZZ_SEED=$$FUZZ_SEED"; \
		$(BIN)/pytest tests/models/test_second_opinion.py || exit; done

# Compares the models on Spark with those on DuckDB; needs Java.
test-spark: $(VENV)/.spark
	$(BIN)/pytest tests/spark $(wildcard tests/internals/test_*spark*.py) $(SIDE_BY_SIDE)

# Compares the pipeline with a hand-written script and pandas, for up to 1,000,000 customers; takes half an hour.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/pipeline/measure.py
	$(BIN)/python benchmarks/pull.py

# Twenty people using the dashboard of 1,000 providers, then 100,000 requests; takes a quarter of an hour, needs wrk.
bench-dashboard: $(VENV)/.dev
	$(BIN)/python benchmarks/pages.py --memory

dev: setup
	$(BIN)/yacp dev

# Several days of the sample, so that there is some history to look at.
sample-days: setup
	@test -e "$${YACP_HOME:-.yacp}/published/current" || { \
		$(BIN)/yacp generate --days 4 && \
		for day in $$(ls "$${YACP_HOME:-.yacp}/extracts/iwds"); do $(BIN)/yacp run --as-of $$day || exit; done; }

dashboard: sample-days
	$(BIN)/yacp serve --as $(VIEWER)

superset: sample-days $(SUPERSET)/.installed
	$(SUPERSET)/bin/python bi/superset/start.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint models dbt_project/tests dbt_project/macros

# Hashed requirements for pip and npm, without an index address. Needs uv and npm.
lock:
	uv pip compile pyproject.toml --extra setup --extra postgresql --extra records --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --output-file requirements/runtime.txt
	uv pip compile pyproject.toml --extra setup --extra postgresql --extra records --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --constraint requirements/runtime.txt --override requirements/left_out.in --output-file requirements/dev.txt
	uv pip compile pyproject.toml --extra setup --extra postgresql --extra records --extra spark --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --constraint requirements/dev.txt --output-file requirements/spark.txt
	for client in requirements/clients/*.in; do \
		uv pip compile $$client --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --output-file $${client%.in}.txt || exit; done
	npm install --prefix requirements/clients --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	uv pip compile bi/superset/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --output-file requirements/superset.txt

# Whether the lock can be resolved for every Python and machine that the README names. Needs uv.
check-lock:
	@for python in 3.11 3.12 3.13; do for platform in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin; do \
		uv pip compile requirements/runtime.txt --quiet --generate-hashes --python-version $$python --python-platform $$platform --output-file /dev/null \
			&& echo "$$python on $$platform: resolved" || exit; done; done

# What is known of the locked packages: vulnerabilities, if a database can be reached; a bill of materials in CycloneDX
# format; their licenses, as docs/licenses.md.
audit: $(VENV)/.dev
	$(BIN)/python requirements/supply_chain.py audit

sbom: $(VENV)/.dev
	$(BIN)/python requirements/supply_chain.py sbom $(SBOM)

licenses: $(VENV)/.dev
	$(BIN)/python requirements/supply_chain.py licenses

# After changing the input contract or a published table: writes the dbt sources, docs/extracts.md, docs/data-model.md.
contract: setup
	$(BIN)/python -m orchestration.contract.documents
	$(BIN)/python -m orchestration.warehouse.data_model

clean:
	rm -rf .yacp
