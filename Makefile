# make demo       fit the predator-prey model and compare its derivatives
# make test       ruff and the test suite, which executes the notebooks
# make bench      the benchmark tables
# make notebooks  execute the notebooks and store what they show
# make clean      remove everything that make made

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check

.PHONY: demo test bench notebooks clean

demo: $(VENV)/.core
	$(RUN) -m dualad

test: $(VENV)/.test
	$(RUN) -m ruff check .
	$(RUN) -m pytest -n auto

bench: $(VENV)/.bench
	$(RUN) -m bench

notebooks: $(VENV)/.notebooks
	$(RUN) -m notebooks

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp file an installed set of packages. The install is editable, so only pyproject.toml makes it stale.
$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml
	$(PIP) --editable .
	touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml
	$(PIP) --editable '.[test]'
	touch $@

$(VENV)/.bench: $(VENV)/.made pyproject.toml
	$(PIP) --editable '.[bench]'
	touch $@

$(VENV)/.notebooks: $(VENV)/.made pyproject.toml
	$(PIP) --editable '.[notebooks]'
	touch $@
