"""Bringing back the value that lost a conflict, while a worker may be at the same record."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User

from syncapp.core.sides import Side
from syncapp.models import Company, Conflict, ConflictState, Operation, OperationState, SyncedObject, Verb
from syncapp.services.conflicts import restore
from syncapp.services.errors import ServiceError
from tests.support.syncing import Clock, linked, synced


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
