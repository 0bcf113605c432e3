"""Stop rather than guess: what no honest day's work looks like needs a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from syncapp.core import limits
from syncapp.models import Company, Connection, RunState, SyncedObject, SyncLogEntry, SyncPreferences
from syncapp.services import runs
from syncapp.services.preferences import save_sync_preferences
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, sync, synced, writes


def test_many_records_that_went_away_at_once_stop_the_run_until_somebody_lets_it_pass(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    admin_user: Any,
) -> None:
    monkeypatch.setattr(limits, "RETIRED_AT_LEAST", 1)
    synced(company, clock)
    address = {"Line1": "9 Hill", "City": "Dover", "PostalCode": "19901", "Country": "US"}
    for number in range(3):
        made = {"DisplayName": f"Owed nothing {number}", "BillAddr": address}
        sandbox.person("qbo", loaded["qbo"]["realm_id"], "Vendor", made)
    synced(company, clock)
    gone = [row for row in linked(company, "vendor") if row.label.startswith("Owed nothing")]
    assert len(gone) == 3
    for row in gone:
        sandbox.person("qbo", loaded["qbo"]["realm_id"], "Vendor", {"Id": row.qbo_id, "Active": False})

    stopped = sync(company, clock)

    assert (stopped.state, stopped.stop_code) == (RunState.STOPPED, "too-many-changes")
    assert writes(stopped) == 0
    again = sync(company, clock)
    assert again.state == RunState.STOPPED, "a second run must not slip past the guard"

    passed = runs.run_to_end(runs.let_pass(again, admin_user, now=clock()), clock=clock, sleep=clock.wait)

    assert passed.state == RunState.DONE
    vendors = sandbox.books("billcom", loaded["billcom"]["organization_id"])["vendors"]
    archived = {each["id"] for each in vendors if each["archived"]}
    assert {row.billcom_id for row in gone} <= archived


def test_another_company_behind_the_same_connection_stops_the_run(company: Company, clock: Clock) -> None:
    Connection.objects.filter(company=company, side="qbo").update(remote_name="Somebody else's books")

    stopped = sync(company, clock)

    assert (stopped.state, stopped.stop_code) == (RunState.STOPPED, "company-renamed")
    assert "Somebody else's books" in stopped.message
    assert writes(stopped) == 0


@pytest.mark.parametrize("latch", SyncPreferences.LATCHES)
def test_a_latch_never_goes_back_even_past_the_forms(company: Company, latch: str) -> None:
    SyncPreferences.objects.filter(company=company).update(**{latch: True})

    with pytest.raises(IntegrityError), transaction.atomic():
        SyncPreferences.objects.filter(company=company).update(**{latch: False})

    assert getattr(SyncPreferences.objects.get(company=company), latch)


def test_a_log_entry_is_never_edited(company: Company, clock: Clock) -> None:
    synced(company, clock)

    with pytest.raises(IntegrityError), transaction.atomic():
        SyncLogEntry.objects.filter(company=company).update(message="something else")


def test_one_run_per_company_and_a_second_request_joins_it(company: Company, clock: Clock) -> None:
    first = runs.request_run(company, trigger="person", now=clock())  # type: ignore[arg-type]
    second = runs.request_run(company, trigger="clock", now=clock())  # type: ignore[arg-type]

    assert first.pk == second.pk


def test_one_way_sends_nothing_from_quickbooks_to_bill(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any
) -> None:
    save_sync_preferences(company, admin_user, {"one_way": True}, {}, now=timezone.now())
    organization = loaded["billcom"]["organization_id"]
    before = {each["id"] for each in sandbox.books("billcom", organization)["bills"]}

    synced(company, clock)

    books = sandbox.books("billcom", organization)
    assert {each["id"] for each in books["bills"]} == before
    assert len(books["vendors"]) > 0


def test_a_daily_sync_comes_round_and_is_spread(company: Company, clock: Clock) -> None:
    synced(company, clock)
    company.refresh_from_db()
    assert company.next_sync_at is not None

    clock.wait(26 * 3600)

    assert [each.pk for each in runs.due_companies(clock())] == [company.pk]
    assert runs.start_due(clock()) == 1
    assert runs.due_companies(clock()) == []


def test_an_approval_brings_a_held_bill_over_with_the_next_sync(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any
) -> None:
    save_sync_preferences(company, admin_user, {"approved_only": True}, {}, now=timezone.now())
    synced(company, clock)
    organization = loaded["billcom"]["organization_id"]
    vendor = next(row for row in linked(company, "vendor") if row.billcom_values["active"])
    bill = {
        "vendorId": vendor.billcom_id,
        "dueDate": "2026-12-01",
        "invoice": {"invoiceNumber": "APPROVE-1", "invoiceDate": "2026-11-01"},
        "billLineItems": [{"amount": 12.5}],
        "approvalStatus": "ASSIGNED",
    }
    made = sandbox.person("billcom", organization, "bills", bill)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", billcom_id=made["id"])
    assert (row.hold_code, row.qbo_id) == ("not-approved", None)
    clock.wait(3600)

    sandbox.person("billcom", organization, f"bills/{made['id']}/approve", {})
    synced(company, clock)

    row.refresh_from_db()
    assert row.linked
