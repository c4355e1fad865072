# A newcomer's two commands: `make demo` and `make test`. Needs Python 3.10+, make and the network.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-fleet test test-browser test-ray lint rules docs format clean bench bench-batch lab

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -c 'from logdoctor import rulebook; rulebook.load()'  # compile the rules once
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed  ## explain a recorded two-host vLLM failure
	@$(BIN)/logdoctor explain fixtures/vllm-two-hosts-gloo-loopback/logs --fail-on never

demo-fleet: $(VENV)/.installed  ## 300 made-up jobs with planted causes: diagnose them, and show what they say together
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[batch]'
	rm -rf build/fleet build/fleet.duckdb
	$(BIN)/python benchmarks/fleets.py build/fleet
	$(BIN)/logdoctor batch build/fleet -o build/fleet.duckdb > build/fleet.txt
	$(BIN)/logdoctor fleet build/fleet.duckdb --format html -o build/fleet.html
	@$(BIN)/logdoctor fleet build/fleet.duckdb

test: lint  ## linter, formatter check, type checker, the whole suite
	$(BIN)/pytest -n auto

test-browser: $(VENV)/.installed-dev  ## the HTML report in a real browser (needs Chromium)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[browser]'
	LOGDOCTOR_BROWSER=1 $(BIN)/pytest tests/test_browser.py

test-ray: $(VENV)/.installed-dev  ## batches on a real Ray cluster of several nodes on this machine
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[ray]'
	$(BIN)/pytest tests/test_ray.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

rules: $(VENV)/.installed-dev  ## check the rules alone
	$(BIN)/logdoctor rules lint
	$(BIN)/logdoctor rules test

docs: $(VENV)/.installed  ## the handbook as a site: site/html/index.html
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python docs/site/build.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

lab: $(VENV)/.installed  ## break real runs on two hosts made of one Linux machine, and prove the printed fix (root)
	@# exec: make passes SIGTERM on to its child, and that must not be a shell in between
	exec env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python fixtures/lab/run.py $(SCENARIO)

bench-batch: $(VENV)/.installed-dev  ## measure batches: 2,000 jobs, 1 GB
	$(BIN)/python benchmarks/batch.py

bench: $(VENV)/.installed-dev  ## measure beside ripgrep and wc; takes minutes
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/start.py
