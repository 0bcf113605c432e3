"""What `make demo` shows at once: companies that are synced, each another way, and one that is left for Get Started."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncapp.management.demonstration import COMPANIES, TO_TRY
from syncapp.models import Company, ObjectState, Operation, RunState, SetupStep, SyncedObject, SyncRun, Trigger
from syncapp.sandbox.generate import FIXTURES, generate
from syncapp.sandbox.http import encode
from syncapp.services import demo, runs
from tests.support.sandbox import Sandbox

SMALL = {"accounts": 30, "vendors": 4, "customers": 3, "items": 2, "bills": 6, "overlap": 0.7}


@pytest.fixture
def companies(sandbox: Sandbox, settings: Any, tmp_path: Path) -> Path:
    """The demonstration's companies in small, as its command keeps them for `demo_prepare`."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.BILLCOM_DEVELOPER_KEY = ""
    kept = {name: sandbox.load(data=_small(name)) for name in COMPANIES}
    settings.QBO_CLIENT_ID = kept[TO_TRY]["qbo"]["client_id"]
    settings.QBO_CLIENT_SECRET = kept[TO_TRY]["qbo"]["client_secret"]
    path = tmp_path / "companies.json"
    path.write_text(json.dumps(kept))
    return path


def _small(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(encode(generate(**{**FIXTURES[name], **SMALL})))
    return made


def prepared(companies: Path) -> str:
    out = StringIO()
    call_command("demo_prepare", companies=companies, stdout=out)
    return out.getvalue()


def test_a_visitor_sees_three_synced_companies_and_one_to_try(companies: Path) -> None:
    said = prepared(companies)

    steps = dict(Company.objects.values_list("name", "setup_step"))
    to_try = steps.pop("Fern Street Florist")
    assert to_try == SetupStep.CONNECT_BILLCOM and set(steps.values()) == {SetupStep.DONE}
    assert not SyncRun.objects.exclude(state=RunState.DONE).exists()
    assert {"Harbor Bakery", "Northfield Dental", "Lakeside Builders"} == set(
        SyncedObject.objects.filter(kind="bill", state=ObjectState.LINKED).values_list("company__name", flat=True)
    )
    assert not Company.objects.get(name="Fern Street Florist").connections.exists()

    shown = re.findall(r"^  (\w+ \w+) +(.+): \d+ on both sides, \d+ held$", said, re.MULTILINE)
    assert shown == [
        ("Harbor Bakery", "Under a console (cohort A)"),
        ("Northfield Dental", "Direct (cohort B), 2-Way AP Payment Sync"),
        ("Lakeside Builders", "Under a console (cohort A), 1-Way Transactions Sync, Sync Only Approved"),
    ]
    assert re.search(r"^  Fern Street Florist +not connected: .*Get Started", said, re.MULTILINE)

    client = Client()
    client.force_login(User.objects.get(username="admin"))
    page = client.get(reverse("syncapp:home")).content.decode()
    assert all(told in page for _, told in shown)


def test_another_start_writes_nothing_and_once_syncs_them_again(companies: Path) -> None:
    prepared(companies)
    ran, written = SyncRun.objects.count(), Operation.objects.count()
    said = prepared(companies)
    assert (SyncRun.objects.count(), Operation.objects.count()) == (ran, written)
    assert "Connecting" not in said and "on both sides" in said

    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("demo_prepare", companies=companies, once=True, stdout=out)
    assert (ended.value.code, SyncRun.objects.count(), Operation.objects.count()) == (0, ran + 3, written)
    assert out.getvalue().count("Writes: 0.") == 3
    assert Company.objects.get(name="Fern Street Florist").setup_step == SetupStep.CONNECT_BILLCOM


def test_a_start_goes_on_where_the_last_one_was_broken_off(companies: Path) -> None:
    loaded = json.loads(companies.read_text())["lakeside-builders"]
    demo.prepare([loaded], password="for-tests", now=timezone.now())
    company = Company.objects.get()
    demo.make_ready(company, loaded, now=timezone.now())
    run = runs.request_run(company, trigger=Trigger.COMMAND, now=timezone.now())

    prepared(companies)

    company.refresh_from_db()
    run.refresh_from_db()
    assert (company.setup_step, run.state) == (SetupStep.DONE, RunState.DONE)
    assert company.preferences.turned_on == ["1-Way Transactions Sync", "Sync Only Approved"]
