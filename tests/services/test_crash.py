"""A worker killed in the middle of a first full sync; the next one goes on, and nobody has to help.

The worker is a process of its own on the same database, and it is killed without a warning (SIGKILL).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from django.db import connection

from syncapp.models import Company, RunState, SyncRun, Trigger
from syncapp.services import runs
from tests.services.test_faults import in_step
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, held, set_up, synced

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = """
import sys, django
django.setup()
from django.utils import timezone
from syncapp.models import SyncRun
from syncapp.services import runs
runs.run_to_end(SyncRun.objects.get(pk=int(sys.argv[1])), clock=timezone.now)
"""
COMPANY = "generated:seed=9,accounts=40,vendors=16,customers=12,items=4,bills=48"
# What is held where nothing was killed: the same for every test, so worked out once.
HELD_ANYWAY: dict[str, int] = {}
LEASE_SECONDS = 2
MOST_SECONDS = 60
LATENCY_MS = 20
# Where a write is under way when the worker dies: batches, bulk and single ones. The first batch reads.
WRITES = [
    ("qbo", "/batch", 1),
    ("qbo", "/account", 0),
    ("qbo", "/billpayment", 1),
    ("billcom", "/chart-of-accounts/bulk", 0),
    ("billcom", "/vendors/bulk", 0),
    ("billcom", "/customers", 3),
    ("billcom", "/bills/bulk", 0),
    ("billcom", "/bills/00n", 4),
]


def database_url() -> str:
    """The tests' own database, as a process beside this one opens it."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{connection.settings_dict['NAME']}"
    with_server = connection.settings_dict
    address = f"{with_server['USER']}@{with_server['HOST']}:{with_server['PORT']}"
    return f"postgres://{address}/{quote(with_server['NAME'])}"


def environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TIEOUT_TEST_DATABASE_URL": database_url(),
        "QBO_BASE_URL": sandbox.qbo_url,
        "BILLCOM_BASE_URL": sandbox.billcom_url,
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "IN_DOUBT_SECONDS": "1",
        "QBO_BATCH_FROM": "5",
        "LOG_LEVEL": "ERROR",
    }


@contextmanager
def worker(run: SyncRun, sandbox: Sandbox, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", WORKER, str(run.pk)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(sandbox), stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def killed_when(process: subprocess.Popen[bytes], due: Callable[[], bool], log: Path) -> None:
    """Watch until it is due, then kill; a worker that has ended by itself was not killed in the middle."""
    until = time.monotonic() + MOST_SECONDS
    while not due():
        assert process.poll() is None, f"The worker ended before it was killed: {log.read_text()}"
        assert time.monotonic() < until
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(MOST_SECONDS) == -signal.SIGKILL


def called(sandbox: Sandbox, times: int) -> bool:
    return len(sandbox.calls()) >= times


def met(sandbox: Sandbox) -> bool:
    """Whether the waiting fault has met its call."""
    return any(fault["hits"] for fault in requests.get(f"{sandbox.url}/control/faults", timeout=10).json())


def goes_on_and_ends(run: SyncRun, sandbox: Sandbox, log: Path) -> None:
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.company.lease_until is not None
    with worker(run, sandbox, log) as process:
        assert process.wait(MOST_SECONDS) == 0, log.read_text()
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.message


@pytest.fixture
def loaded(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.load(COMPANY)


@pytest.fixture
def run(company: Company, clock: Clock, sandbox: Sandbox) -> SyncRun:
    sandbox.clear_calls()
    return runs.request_run(company, trigger=Trigger.PERSON, now=clock())


def nobody_is_needed(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    """Both sides tie out, nothing is there twice, and no more is held than where nothing was killed."""
    in_step(company, clock, sandbox, loaded)
    if not HELD_ANYWAY:
        undisturbed = set_up(sandbox.load(COMPANY), clock, name="Undisturbed")
        synced(undisturbed, clock)
        HELD_ANYWAY.update(held(undisturbed))
    assert held(company) == HELD_ANYWAY


# The simulation crashes at any call and commit; here a real process is killed, as late as its last writes.
@pytest.mark.parametrize("calls", [3, 17, 28, 47])
def test_killed_after_some_calls(
    company: Company,
    run: SyncRun,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    tmp_path: Path,
    calls: int,
) -> None:
    sandbox.switch(latency_ms=LATENCY_MS)
    log = tmp_path / "worker.log"
    with worker(run, sandbox, log) as process:
        killed_when(process, partial(called, sandbox, calls), log)
    sandbox.switch(latency_ms=0)

    goes_on_and_ends(run, sandbox, log)

    nobody_is_needed(company, clock, sandbox, loaded)


@pytest.mark.parametrize(("side", "path", "skip"), WRITES)
def test_killed_while_a_write_is_under_way(
    company: Company,
    run: SyncRun,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    tmp_path: Path,
    side: str,
    path: str,
    skip: int,
) -> None:
    """It was carried out, and the one who asked for it never hears so."""
    sandbox.fault(side, "timeout_after", path_contains=path, skip=skip, seconds=1)
    log = tmp_path / "worker.log"
    with worker(run, sandbox, log) as process:
        killed_when(process, partial(met, sandbox), log)

    goes_on_and_ends(run, sandbox, log)

    nobody_is_needed(company, clock, sandbox, loaded)


def test_killed_again_and_again(
    company: Company, run: SyncRun, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    for _ in range(3):
        seen = len(sandbox.calls())
        sandbox.switch(latency_ms=LATENCY_MS)
        with worker(run, sandbox, log) as process:
            killed_when(process, partial(called, sandbox, seen + 8), log)
        sandbox.switch(latency_ms=0)

    goes_on_and_ends(run, sandbox, log)

    nobody_is_needed(company, clock, sandbox, loaded)
