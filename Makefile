# Everything a newcomer types: `make demo` and `make test`. Both work in .venv, installed from requirements.lock.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# A job's result must not depend on what else is installed in the user's home.
export PYTHONNOUSERSITE := 1
# Images of containers often set it. Every one of some hundred jobs would compile all that it imports: seconds each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit slow test-slurm site lock clean benchmarks speed graph share

help:
	@echo "make demo        environment, then the default workflow on synthetic data: tables, figures, report"
	@echo "make test        environment, then lint, types and tests"
	@echo "make slow        the tests that take minutes or real data (SEMTOK_MIRROR=FOLDER)"
	@echo "make test-slurm  Table 2 of a tiny demo on a Slurm of one machine (needs its programs; says which)"
	@echo "make site        the documentation as a site, in site/"
	@echo "make benchmarks  the speed figures, each a ratio against a named peer"
	@echo "make speed       of these the ones of TIGER on one core, as rows of docs/benchmarks.md (a quarter of an hour)"
	@echo "make share       results and provenance as one RO-Crate (OVER=config/paper.yaml RESULTS=results)"
	@echo "make graph       the rule graph of the README (needs graphviz)"
	@echo "make lock        requirements.lock and requirements-site.lock anew from pyproject.toml"
	@echo "make clean       remove the environment and the results"

# The stamp is newer than the lock when the environment is what the lock says.
# Not compiled: Python compiles what a job imports when it is first imported, which is less than half of it.
$(VENV)/installed: requirements.lock pyproject.toml
	command -v $(PYTHON) >/dev/null || { echo "make needs $(PYTHON); set PYTHON=/path/to/python (3.11 or later)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# What the site and the notebooks need beside that; the demo does without, and is not to wait for it.
$(VENV)/site: $(VENV)/installed requirements-site.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements-site.lock
	touch $@

demo: $(VENV)/installed
	snakemake
	snakemake --report results/demo/report.html
	@echo
	@cat results/demo/papers/cost/table2.md
	@echo
	@python -m semtok.papers.planted results/demo
	@echo
	@echo "tables: results/demo/table*.csv    by paper: results/demo/papers/    report: results/demo/report.html"
	@echo "first: results/demo/report/index.html"

# The types are checked on one core while the other lints and installs what the tests have beside the demo.
test: $(VENV)/installed
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint types $(VENV)/site
	$(MAKE) --no-print-directory unit

lint: $(VENV)/installed
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

types: $(VENV)/installed
	mypy

# One of the tests builds the site, others run the notebooks.
unit: $(VENV)/site
	pytest --numprocesses auto --dist worksteal

slow: $(VENV)/installed
	pytest -m slow

site: $(VENV)/site
	mkdocs build

# What is missing is said before the environment is made.
test-slurm:
	tests/slurm/up.sh --check
	$(MAKE) --no-print-directory $(VENV)/installed
	timeout --signal=INT --kill-after=120 1800 pytest -m slurm tests/slurm

benchmarks: $(VENV)/installed
	for benchmark in benchmarks/*.py; do python $$benchmark || exit 1; done

# Each prints its figures as JSON, too.
speed: $(VENV)/installed
	for benchmark in one_pass roofline beam_search; do \
		OMP_NUM_THREADS=1 python benchmarks/$$benchmark.py | grep '^|' || exit 1; \
	done

# Forced, since a change of the README or of a caption is in it and is no input.
share: RESULTS ?= results/demo
share: $(VENV)/installed
	snakemake $(if $(OVER),--configfile "$(OVER)") --forcerun ro_crate -- $(RESULTS)/ro-crate.zip
	python -m semtok.verify $(RESULTS)/ro-crate.zip

graph: $(VENV)/installed
	snakemake --rulegraph | dot -Tsvg > docs/rulegraph.svg

# torch is asked for by its exact version: here the CPU build has no further needs, and the lock names none.
# The site's lock holds what it adds to the other.
COMPILE = $(VENV)-lock/bin/pip-compile --quiet --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --no-annotate --no-header pyproject.toml
WITHOUT_US = sed -i -e 's/^torch==\([0-9.]*\)+cpu$$/torch==\1/' -e '/^semtok @/d'
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet pip-tools
	echo "torch==2.13.0" > $(VENV)-lock/constraints.txt
	$(COMPILE) --extra test --constraint $(VENV)-lock/constraints.txt --output-file requirements.lock.new
	$(WITHOUT_US) requirements.lock.new
	mv requirements.lock.new requirements.lock
	$(COMPILE) --extra site --constraint requirements.lock --output-file $(VENV)-lock/site.txt
	$(WITHOUT_US) $(VENV)-lock/site.txt
	grep --invert-match --line-regexp --fixed-strings --file requirements.lock $(VENV)-lock/site.txt > requirements-site.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) results site .snakemake
