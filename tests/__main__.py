"""`make test`: the whole suite on SQLite, then on PostgreSQL; how each ended is said again at the very end.

Tests that use no database are run once: on SQLite.
Arguments go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from tests.support.browser import NO_CHROMIUM, chromium_path
from tests.support.postgres import NoPostgres, postgres_server

DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
# They wait more than they compute: for the sandbox, the browser, processes that are killed.
WORKERS = min((os.cpu_count() or 1) + 1, 5)


@dataclass(frozen=True)
class Outcome:
    name: str
    code: int
    last_line: str


def main(arguments: list[str]) -> int:
    left_out = missing()
    outcomes = [run(name, arguments) for name in DATABASES if name not in left_out]
    print("\nmake test")
    for outcome in outcomes:
        print(f"  {outcome.name + ':':<12} {outcome.last_line}")
    for reason in left_out.values():
        print(f"\n!!! NOT RUN: {reason}", flush=True)
    return max(outcome.code for outcome in outcomes)


def missing() -> dict[str, str]:
    """What this machine lacks for the whole suite, and what is left out for it."""
    lacks = {}
    try:
        with postgres_server():
            pass
    except NoPostgres as error:
        lacks["postgres"] = f"the whole suite on PostgreSQL. {error}"
    if chromium_path() is None:
        lacks["browser"] = f"the browser tests. {NO_CHROMIUM}"
    return lacks


def run(database: str, arguments: list[str]) -> Outcome:
    name = DATABASES[database]
    print(f"\n===== {name} =====", flush=True)
    options = ["-n", str(WORKERS), "--dist", "worksteal", f"--color={'yes' if sys.stdout.isatty() else 'no'}"]
    # The whole suite has just been run: what uses no database wouldn't tell anything new.
    once = ["--with-database"] if database == "postgres" else []
    command = [sys.executable, "-m", "pytest", *options, *once, *arguments]
    environment = {**os.environ, "TIEOUT_TEST_DB": database, "PYTHONUNBUFFERED": "1"}
    last_line = ""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as pytest:
        for line in pytest.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            last_line = line.strip() or last_line
    return Outcome(name, pytest.returncode, last_line.strip("= "))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
