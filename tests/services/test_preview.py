"""The preview against what the sync then does."""

from __future__ import annotations

import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, Operation, OperationState, RunState, SyncedObject, SyncRun, Trigger, Verb
from syncapp.services import preview as service
from syncapp.services import stages
from syncapp.services.errors import ServiceError
from syncapp.services.preview import Preview
from tests.support.syncing import Clock, linked, synced


def look(company: Company, **how: Any) -> Preview:
    return service.preview(company, now=timezone.now(), **how)


@pytest.fixture
def read(company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Everything of both sides is known, and nothing has been planned."""
    with monkeypatch.context() as patched:
        patched.setattr(stages, "_plan_all", lambda context, save: True)
        synced(company, clock)
    return company


@pytest.fixture
def in_step(company: Company, clock: Clock) -> Company:
    synced(company, clock)
    return company


def test_the_first_sync_links_and_creates_what_the_preview_said(read: Company, clock: Clock) -> None:
    rows = list(SyncedObject.objects.order_by("pk").values())

    found = look(read)

    assert list(SyncedObject.objects.order_by("pk").values()) == rows
    run = synced(read, clock)
    for kind in ("account", "vendor", "customer", "item", "bill"):
        assert found.counts.get(f"{kind}.link", 0) == run.counts.get(f"{kind}.linked", 0), kind
    # Nothing of these waits for a record that is made in the same sync.
    for name in ("vendor.create.qbo", "vendor.create.billcom", "vendor.update.qbo", "account.create.billcom"):
        assert found.counts.get(name, 0) == run.counts.get(name, 0), name
    assert found.counts["bill.link"]


def test_planned_records_are_told_by_vendor_date_and_amount(read: Company) -> None:
    found = look(read)

    created = {row.key: row for row in found.rows if row.kind == "bill" and row.verb == Verb.CREATE}
    assert created
    for bill in SyncedObject.objects.filter(pk__in=created):
        values = bill.billcom_values or bill.qbo_values
        side = "billcom" if bill.billcom_values else "qbo"
        vendor = SyncedObject.objects.get(company=read, kind="vendor", **{f"{side}_id": values["vendor"]})
        assert created[bill.pk].about == (vendor.label, bill.date, bill.amount)
    assert {row.reason for row in found.holds} >= {"ambiguous-match", "flow-not-in-matrix"}


def test_records_being_written_are_counted_and_left_alone(in_step: Company) -> None:
    row = linked(in_step, "vendor")[0]
    row.qbo_values["email"] = "changed@vendor.example"
    row.needs_look = True
    row.save()
    assert [each.key for each in look(in_step).rows] == [row.pk]

    Operation.objects.create(
        id=uuid.uuid4(),
        company=in_step,
        object=row,
        kind="vendor",
        side=Side.BILLCOM,
        verb=Verb.UPDATE,
        state=OperationState.IN_DOUBT,
        payload={},
    )

    found = look(in_step)
    assert found.rows == []
    assert found.in_flight == 1


def test_it_says_that_a_guard_would_stop_the_sync(in_step: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncapp.core.limits.RETIRED_AT_LEAST", 2)
    for row in linked(in_step, "vendor"):
        row.qbo_values["active"] = False
        row.needs_look = True
        row.save()

    found = look(in_step)

    assert "vendors became inactive or were deleted" in found.stop
    assert found.rows == []


def test_kinds_beyond_the_limit_are_named_and_not_looked_at(read: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, waiting = look(read), SyncedObject.objects.filter(company=read, needs_look=True)
    vendors = waiting.filter(kind="vendor").count()
    earlier = list(KINDS)[: list(KINDS).index("vendor")]
    monkeypatch.setattr(service, "MOST_RECORDS", waiting.filter(kind__in=earlier).count() + vendors - 1)

    found = look(read)

    assert found.unseen["vendor"] == vendors
    assert "bill" in found.unseen
    assert found.counts == {name: number for name, number in whole.counts.items() if name.split(".")[0] in earlier}


def test_nothing_is_locked_while_a_sync_runs(in_step: Company) -> None:
    SyncRun.objects.create(company=in_step, trigger=Trigger.PERSON, state=RunState.RUNNING)

    with pytest.raises(ServiceError, match="is running"):
        look(in_step)


def test_a_list_that_is_cut_says_so_and_counts_everything(read: Company) -> None:
    whole, found = look(read), look(read, limit=2)

    assert found.more
    assert len(found.links) == 2
    assert found.counts == whole.counts


def test_sub_customers_are_found_by_the_name_of_a_parent_that_is_linked(in_step: Company) -> None:
    """A linked parent was renamed on both sides, and its child is known by the parent's new name."""
    parent = linked(in_step, "customer")[0]
    for side in Side:
        getattr(parent, f"{side}_values")["name"] = "Renamed Parent"
    parent.needs_look = True
    parent.save()
    child = {**parent.billcom_values, "name": "Renamed Parent:Child", "email": "child@customer.example"}
    row = SyncedObject.objects.create(
        company=in_step, kind="customer", billcom_id="0cuchild", billcom_values=child, billcom_raw={}, label="Child"
    )

    found = look(in_step)

    assert [each.verb for each in found.rows if each.key == row.pk] == ["create"], found.holds


def test_the_command_says_what_it_leaves_out(in_step: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Preview(stop="30 of 90 vendors were deleted", unseen={"bill": 7000}, in_flight=3)
    monkeypatch.setattr(service, "preview", lambda company, now: plan)
    out = StringIO()

    call_command("sync", str(in_step.pk), "--preview", stdout=out)

    assert "would stop before it writes, because 30 of 90 vendors were deleted." in out.getvalue()
    assert "Not looked at: 7000 bills" in out.getvalue()
    assert "Left out: 3" in out.getvalue()
