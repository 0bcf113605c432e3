"""Bringing back the value that lost a conflict, while a worker may be at the same record."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.sides import Side
from syncapp.models import (
    Company,
    Conflict,
    ConflictState,
    Operation,
    OperationState,
    SyncedObject,
    SyncPreferences,
    Verb,
)
from syncapp.services import links
from syncapp.services.conflicts import restore
from syncapp.services.errors import ServiceError
from tests.services.test_vendor_credits import Both
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


@pytest.fixture
def conflict(company: Company, clock: Clock) -> Conflict:
    synced(company, clock)
    row = linked(company, "vendor")[0]
    return Conflict.objects.create(
        company=company, object=row, kind="vendor", field="email", billcom_value="a@b.test", kept=Side.QBO
    )


def wanted(conflict: Conflict) -> dict[str, object]:
    return SyncedObject.objects.get(pk=conflict.object_id).wanted


def test_nothing_is_restored_while_the_record_is_being_written(conflict: Conflict, admin_user: User) -> None:
    row = conflict.object
    Operation.objects.create(
        id=uuid.uuid4(),
        company=row.company,
        object=row,
        kind=row.kind,
        side=Side.QBO,
        verb=Verb.UPDATE,
        state=OperationState.PLANNED,
        payload={},
    )

    with pytest.raises(ServiceError, match="being written"):
        restore(conflict, admin_user)

    assert wanted(conflict) == {}
    assert Conflict.objects.get(pk=conflict.pk).state == ConflictState.OPEN


def test_nothing_is_restored_to_a_record_that_is_excluded(conflict: Conflict, admin_user: User) -> None:
    SyncedObject.objects.filter(pk=conflict.object_id).update(excluded=True)

    with pytest.raises(ServiceError, match="Include it again"):
        restore(conflict, admin_user)


def test_what_was_to_be_restored_is_open_again_once_its_record_is_excluded(
    conflict: Conflict, admin_user: User
) -> None:
    restore(conflict, admin_user)
    links.exclude(SyncedObject.objects.filter(pk=conflict.object_id), admin_user)

    assert wanted(conflict) == {}
    conflict.refresh_from_db()
    assert (conflict.state, conflict.closed_by) == (ConflictState.OPEN, None)
    links.include(SyncedObject.objects.filter(pk=conflict.object_id), admin_user)
    restore(conflict, admin_user)
    assert wanted(conflict) == {"email": {"side": "billcom", "value": "a@b.test"}}


def test_a_value_is_restored_once_though_two_pages_show_the_button(conflict: Conflict, admin_user: User) -> None:
    shown_twice = Conflict.objects.get(pk=conflict.pk)
    restore(conflict, admin_user)
    SyncedObject.objects.filter(pk=conflict.object_id).update(wanted={})

    with pytest.raises(ServiceError, match="already"):
        restore(shown_twice, admin_user)

    assert wanted(conflict) == {}


def test_restoring_leaves_what_a_worker_saved_meanwhile(conflict: Conflict, admin_user: User) -> None:
    assert conflict.object.qbo_version != "99"
    SyncedObject.objects.filter(pk=conflict.object_id).update(qbo_version="99")

    restore(conflict, admin_user)

    row = SyncedObject.objects.get(pk=conflict.object_id)
    assert (row.qbo_version, row.needs_look) == ("99", True)
    assert row.wanted == {"email": {"side": "billcom", "value": "a@b.test"}}


@pytest.mark.parametrize("kept", list(Side))
def test_lines_that_lost_a_conflict_come_back_with_their_amount(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User, kept: Side
) -> None:
    SyncPreferences.objects.filter(company=company).update(master=kept)
    synced(company, clock)
    books = Both(company, sandbox, loaded)
    made = books.bill("C-1", 80)
    synced(company, clock)
    there = books.twin("bill", "Bill", made["id"])
    there["Line"][0]["Amount"] = 99
    sandbox.person("qbo", books.realm, "Bill", {"Id": there["Id"], "Line": there["Line"]})
    line = {**books.billcom("bills", made["id"])["billLineItems"][0], "amount": 77}
    sandbox.person("billcom", books.organization, "bills", {"id": made["id"], "billLineItems": [line]})
    synced(company, clock)
    totals = {Side.BILLCOM: 77, Side.QBO: 99}
    assert books.twin("bill", "Bill", made["id"])["TotalAmt"] == totals[kept]
    assert books.billcom("bills", made["id"])["amount"] == totals[kept]

    restore(Conflict.objects.get(object__billcom_id=made["id"], field="lines"), admin_user)
    synced(company, clock)
    assert books.twin("bill", "Bill", made["id"])["TotalAmt"] == totals[kept.other]
    assert books.billcom("bills", made["id"])["amount"] == totals[kept.other]
    assert writes(synced(company, clock)) == 0
