# make demo          look at it: three companies in sync, one to try, the sandbox, web server, worker; Ctrl-C ends it
# make demo ONCE=1   connect the three, sync them fully, print what happened, end
# make test          the whole suite, on SQLite and on a PostgreSQL it starts itself; ARGS="-k vendor" narrows it
# make check         ruff, mypy, and whether a migration is missing
# make simulate      people, faults and crashes at random, then what must hold; SEEDS=2000, SEED=123 alone, PLANTED=1
# make year          a year of a company's life, by SEED=1; then both books agree to the cent, but for what is held
# make chaos         200 companies, three workers that are killed for five minutes, then what must hold
# make bench         what a sync costs, as a table and in bench.json
# make lock          renew requirements/*.txt after a change of requirements/*.in
# make clean         remove everything that these have made
#
# PYTHON=python3.13 chooses the interpreter; each version has a virtual environment of its own.

.DEFAULT_GOAL := help
.PHONY: help demo test check simulate year chaos bench lock clean
.DELETE_ON_ERROR:

ifeq ($(strip $(PYTHON)),)
  INTERPRETER := python3
  VENV := .venv
else
  INTERPRETER := $(PYTHON)
  VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  ifeq ($(VENV),.venv-)
    $(error $(PYTHON) does not run)
  endif
endif
BIN := $(VENV)/bin

DEMO := TIEOUT_ENV_FILE="$(CURDIR)/var/secrets.env" \
  DATABASE_URL="$(or $(DEMO_DATABASE_URL),sqlite:///$(CURDIR)/var/demo/tieout.sqlite3)"

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

demo: $(VENV)/.runtime var/secrets.env
	@mkdir -p var/demo
	@$(DEMO) $(BIN)/python manage.py demo $(if $(ONCE),--once)

test: $(VENV)/.dev
	@$(BIN)/python -m tests $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run

simulate: $(VENV)/.dev
	@$(BIN)/python -m tests.simulation $(if $(PLANTED),--planted) $(if $(SEED),--seed $(SEED),$(if $(PLANTED),,--seeds $(or $(SEEDS),300))) $(ARGS)

year: $(VENV)/.dev
	@$(BIN)/python -m tests.simulation --year --seed $(or $(SEED),1) $(ARGS)

chaos: $(VENV)/.dev
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: $(VENV)/.dev
	@$(BIN)/python -m tests.bench $(ARGS)

COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: $(VENV)/.installer
	for set in installer runtime dev; do $(BIN)/uv $(COMPILE) requirements/$$set.in -o requirements/$$set.txt || exit 1; done

clean:
	rm -rf .venv .venv-* var bench.json .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Locked by hash: what is installed is what was tested. A second call finds the stamps and does nothing.
$(VENV)/.python:
	@$(INTERPRETER) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tieout needs Python 3.11 or later; this is " + sys.version + ". Name another by PYTHON=")'
	@echo "Making $(VENV) …"
	@$(INTERPRETER) -m venv $(VENV)
	@touch $@

$(VENV)/.installer: requirements/installer.txt | $(VENV)/.python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $< \
	  || echo "uv cannot be installed here; pip does its work."
	@touch $@

$(VENV)/.runtime $(VENV)/.dev: $(VENV)/.%: requirements/%.txt $(VENV)/.installer
	@echo "Installing requirements/$*.txt …"
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv pip install --quiet --require-hashes -r $< 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

var/secrets.env: | $(VENV)/.python
	@mkdir -p var
	@umask 077 && $(BIN)/python -m config.keys > $@
