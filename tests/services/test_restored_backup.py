"""Last night's database is restored: what was written since is there on both sides, and nothing of it is made again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.gateways.http import Http
from syncapp.models import (
    Attachment,
    Company,
    Conflict,
    Connection,
    Cursor,
    Operation,
    SyncedObject,
    SyncLogEntry,
    SyncPreferences,
    SyncRun,
    UnreadRecord,
)
from syncapp.services import remotes, tie_out
from tests.services.test_faults import no_doubles
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, sync, synced, writes

# In the order in which they can be put back; sign-ins stay as they are, since a restored token would be an old one.
BACKED_UP: tuple[type[models.Model], ...] = (
    SyncRun,
    SyncedObject,
    Operation,
    Attachment,
    Conflict,
    SyncLogEntry,
    Cursor,
    UnreadRecord,
)
Backup = list[tuple[type[models.Model], list[models.Model]]]


def back_up() -> Backup:
    return [(model, list(model._default_manager.order_by("pk"))) for model in BACKED_UP]


def restore(backup: Backup) -> None:
    with transaction.atomic():
        for model, _ in reversed(backup):
            found = model._default_manager.all()
            found._raw_delete(found.db)
        for model, rows in backup:
            model._default_manager.bulk_create(rows, batch_size=200)


def test_every_table_that_says_what_was_synced_is_in_the_backup() -> None:
    known = {*BACKED_UP, Company, Connection, SyncPreferences}
    ours = {model for model in apps.get_app_config("syncapp").get_models() if "company" in _names(model)}
    kept = {"AccountingPreferences", "GLMapping", "Membership", "MeteredCalls", "WebhookEvent"}
    assert {model.__name__ for model in ours - known} == kept


def _names(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.get_fields()}


def busy_day(company: Company, sandbox: Sandbox, loaded: dict[str, Any], day: int) -> None:
    """New records and edits on both sides."""
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    active = [row for row in linked(company, "vendor") if row.qbo_values["active"]]
    for number in range(4):
        address = {"line1": "1 Quay", "city": "Dover", "zipOrPostalCode": "19901", "country": "US"}
        new = {"name": f"New of day {day} number {number}", "address": address}
        vendor = sandbox.person("billcom", organization, "vendors", new)
        for position in range(3):
            bill = {
                "vendorId": vendor["id"] if position else active[number % len(active)].billcom_id,
                "dueDate": "2026-12-01",
                "invoice": {"invoiceNumber": f"D{day}-{number}-{position}", "invoiceDate": "2026-11-01"},
                "billLineItems": [{"amount": 10 + position, "description": "Backed up"}],
            }
            sandbox.person("billcom", organization, "bills", bill)
        made = {
            "DisplayName": f"QuickBooks' of day {day} number {number}",
            "BillAddr": {"Line1": "2 Quay", "Country": "US"},
        }
        sandbox.person("qbo", realm, "Vendor", made)
    email = {"Address": f"day{day}@vendor.example"}
    sandbox.person("qbo", realm, "Vendor", {"Id": active[0].qbo_id, "PrimaryEmailAddr": email})
    sandbox.person("billcom", organization, "vendors", {"id": active[-1].billcom_id, "phone": f"555-010{day}"})


@pytest.mark.parametrize("days_lost", [1, 3])
def test_what_was_written_after_the_backup_is_recognised(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], days_lost: int
) -> None:
    synced(company, clock)
    backup = back_up()
    for day in range(days_lost):
        clock.wait(3600)
        busy_day(company, sandbox, loaded, day)
        assert writes(synced(company, clock)) > 20
    before = _counts(sandbox, loaded)

    restore(backup)
    synced(company, clock)

    no_doubles(sandbox, loaded)
    assert _counts(sandbox, loaded) == before
    assert tie_out.tie_out(company, now=timezone.now()).ties
    assert writes(synced(company, clock)) == 0


def test_a_backup_taken_in_the_middle_of_a_run_doubles_nothing(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intents are in it that were carried out after it was taken."""
    from syncapp.services import applying

    taken: list[Backup] = []
    send = applying.send_qbo

    def send_qbo(*args: Any) -> Any:
        if not taken:
            taken.append(back_up())
        return send(*args)

    monkeypatch.setattr(applying, "send_qbo", send_qbo)
    synced(company, clock)
    before = _counts(sandbox, loaded)

    restore(taken[0])
    run = sync(company, clock)

    assert run.state == "done", run.message
    no_doubles(sandbox, loaded)
    assert _counts(sandbox, loaded) == before
    assert not Operation.objects.unfinished(company).exists()


def test_a_whole_dump_from_500_writes_ago_is_restored(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    """Every table goes back, sign-ins too; QuickBooks has changed its refresh token since, so people connect again."""
    synced(company, clock)
    dump = [(model, list(model._default_manager.order_by("pk"))) for model in _in_order()]
    clock.wait(3600)
    _much_entered(company, sandbox, loaded)
    assert writes(synced(company, clock)) >= 500
    before = _counts(sandbox, loaded)
    qbo = Connection.objects.filter(company=company, side=Side.QBO)
    with _daily_change(sandbox):
        qbo.update(access_expires_at=None)
        signed_in = remotes.access_token(qbo.get().pk, Http(), clock, ""), qbo.get()

        restore(dump)
        qbo.update(access_expires_at=None)
        lost = sync(company, clock)
    assert (lost.state, lost.stop_code) == ("failed", "needs-reconnect")
    signed_in[1].save()
    synced(company, clock)

    no_doubles(sandbox, loaded)
    assert _counts(sandbox, loaded) == before
    assert tie_out.tie_out(company, now=timezone.now()).ties
    assert writes(synced(company, clock)) == 0


def _in_order() -> list[type[models.Model]]:
    """All tables of ours, each after those it points at."""
    waiting, ordered = list(apps.get_app_config("syncapp").get_models()), []
    while waiting:
        ready = [model for model in waiting if not _points_at(model) & set(waiting)]
        ordered += ready
        waiting = [model for model in waiting if model not in ready]
    return ordered


def _points_at(model: type[models.Model]) -> set[Any]:
    return {each.related_model for each in model._meta.concrete_fields if each.is_relation} - {model}


def _much_entered(company: Company, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    """250 bills on either side."""
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    vendor = next(row for row in linked(company, "vendor") if row.qbo_values["active"] and row.billcom_values["active"])
    expense = next(each for each in sandbox.books("qbo", realm)["Account"] if each["AccountType"] == "Expense")
    detail = {"AccountRef": {"value": expense["Id"]}}
    for number in range(250):
        bill = {
            "vendorId": vendor.billcom_id,
            "dueDate": "2026-12-01",
            "invoice": {"invoiceNumber": f"B{number}", "invoiceDate": "2026-11-01"},
            "billLineItems": [{"amount": 10 + number, "description": "Backed up"}],
        }
        sandbox.person("billcom", organization, "bills", bill)
        line = {
            "Amount": 1000 + number,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": detail,
        }
        entered = {"VendorRef": {"value": vendor.qbo_id}, "DocNumber": f"Q{number}", "TxnDate": "2026-11-01"}
        sandbox.person("qbo", realm, "Bill", {**entered, "DueDate": "2026-12-01", "Line": [line]})


@contextmanager
def _daily_change(sandbox: Sandbox) -> Iterator[None]:
    sandbox.switch(qbo_refresh_rotation_hours=0)
    try:
        yield
    finally:
        sandbox.switch(qbo_refresh_rotation_hours=24)


def _counts(sandbox: Sandbox, loaded: dict[str, Any]) -> dict[str, int]:
    qbo = sandbox.books("qbo", loaded["qbo"]["realm_id"])
    billcom = sandbox.books("billcom", loaded["billcom"]["organization_id"])
    return {name: len(rows) for name, rows in (qbo | billcom).items()}
