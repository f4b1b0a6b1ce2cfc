# make demo       fit the predator-prey model and compare its derivatives
# make test       ruff and the test suite, which executes the notebooks
# make test-all   the same with all cases of the long lists
# make test-versions  the core of the suite on each Python, with the two newest minor versions of Numba and NumPy
# make fuzz       random programs by the thousand (FUZZ="--kind joins --seed 1000 --count 500 --jobs 4")
# make bench      the benchmark tables
# make notebooks  execute the notebooks and store what they show
# make docs       the site, in docs/_build/html
# make pictures   what the examples draw, for the site, where an example has changed
# make clean      remove everything that make made

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check

FUZZ ?=
VERSIONS ?=

.PHONY: demo test test-all test-versions fuzz bench notebooks docs pictures clean

demo: $(VENV)/.core
	$(RUN) -m dualad

test: $(VENV)/.test
	$(RUN) -m ruff check .
	$(RUN) -m pytest -n auto

test-all: $(VENV)/.test
	$(RUN) -m ruff check .
	$(RUN) -m pytest -n auto --all

test-versions: $(VENV)/.made
	$(RUN) -m tests.versions $(VERSIONS)

fuzz: $(VENV)/.test
	$(RUN) -m tests.fuzz $(FUZZ)

bench: $(VENV)/.bench
	$(RUN) -m bench

notebooks: $(VENV)/.notebooks
	$(RUN) -m notebooks

docs: $(VENV)/.docs
	$(RUN) -m sphinx -q -W --keep-going -b html docs docs/_build/html

pictures: $(VENV)/.examples
	$(RUN) -m docs.draw

clean:
	rm -rf $(VENV) .versions build dist docs/_build *.egg-info .pytest_cache .ruff_cache .hypothesis
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

$(VENV)/.docs: $(VENV)/.made pyproject.toml
	$(PIP) --editable '.[docs]'
	touch $@

$(VENV)/.examples: $(VENV)/.made pyproject.toml
	$(PIP) --editable '.[examples]'
	touch $@
