"""Worker processes over one database: what the products count never passes what they allow."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from syncapp.core.budgets import Budget
from syncapp.models import ApiBudget, BudgetWait, Company, RunState, SyncRun, Trigger
from syncapp.services import budgets, runs
from tests.services.test_crash import ROOT, environment
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, set_up

WORKER = """
import sys, django
django.setup()
from django.utils import timezone
from syncapp.services import runs
while runs.work_slice(int(sys.argv[1]), clock=timezone.now):
    pass
"""
# Of what each of the three needs for reading alone, two thirds.
CALLS = 16
MOST_SECONDS = 60


@pytest.fixture
def waiting(sandbox: Sandbox, clock: Clock, settings: Any) -> list[SyncRun]:
    """First full syncs of three companies, which share the developer key."""
    found = []
    for seed in (31, 32, 33):
        shown = sandbox.load(f"generated:seed={seed},accounts=20,vendors=3,customers=2,items=1,bills=3")
        settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
        settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
        company = set_up(shown, clock, name=f"Company {seed}")
        found.append(runs.request_run(company, trigger=Trigger.COMMAND, now=clock()))
    ApiBudget.objects.all().delete()
    budgets.forget()
    sandbox.clear_calls()
    return found


def work(sandbox: Sandbox, waiting: list[SyncRun], **limits: str) -> None:
    """A process for each run, all at once, until each has done what it can."""
    processes = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(run.pk)], cwd=ROOT, env={**environment(sandbox), **limits})
        for run in waiting
    ]
    assert [process.wait(MOST_SECONDS) for process in processes] == [0, 0, 0]


def test_three_processes_keep_to_one_hour(sandbox: Sandbox, waiting: list[SyncRun], clock: Clock) -> None:
    work(sandbox, waiting, BILLCOM_CALLS_AN_HOUR=str(CALLS))
    hours = Counter(call["at"][:13] for call in sandbox.calls() if call["purse"] in ("billcom", "login"))
    assert 0 < max(hours.values()) <= CALLS
    if len(hours) == 1:
        assert sum(hours.values()) == CALLS
    assert set(BudgetWait.objects.in_line().values_list("budget", flat=True)) == {Budget.BILLCOM_CALLS}
    in_the_next_hour(waiting, clock)


def in_the_next_hour(waiting: list[SyncRun], clock: Clock) -> None:
    clock.wait(3700)
    for wait in list(BudgetWait.objects.in_line().select_related("run")):
        assert runs.run_to_end(wait.run, clock=clock, sleep=clock.wait).state == RunState.DONE
    assert set(SyncRun.objects.values_list("state", flat=True)) == {RunState.DONE}
    assert Company.objects.filter(set_up_at__isnull=False).count() == len(waiting)
