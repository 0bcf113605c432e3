"""What a person decides about single records, and what the next sync makes of it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.models import (
    Company,
    ObjectState,
    Operation,
    OperationState,
    SyncedObject,
    SyncLogEntry,
    Verb,
)
from syncapp.services import links
from syncapp.services.errors import ServiceError
from syncapp.services.why import why
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, mapping, synced, writes


@pytest.fixture
def in_step(company: Company, clock: Clock) -> Company:
    synced(company, clock)
    return company


def records(sandbox: Sandbox, loaded: dict[str, Any]) -> dict[str, int]:
    """How many records of each sort both products hold."""
    books = (
        *sandbox.books("qbo", loaded["qbo"]["realm_id"]).items(),
        *sandbox.books("billcom", loaded["billcom"]["organization_id"]).items(),
    )
    return {name: len(found) for name, found in books}


def begin_write(row: SyncedObject) -> Operation:
    return Operation.objects.create(
        id=uuid.uuid4(),
        company=row.company,
        object=row,
        kind=row.kind,
        side=Side.QBO,
        verb=Verb.UPDATE,
        state=OperationState.IN_DOUBT,
        payload={},
    )


def a_vendor(company: Company) -> SyncedObject:
    return next(row for row in linked(company, "vendor") if row.qbo_values["active"])


@pytest.mark.parametrize("kind", ["vendor", "bill", "account"])
def test_a_link_taken_apart_stays_apart_and_nothing_is_made_twice(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User, kind: str
) -> None:
    row, before = linked(in_step, kind)[0], records(sandbox, loaded)
    journal = list(row.operations.values_list("pk", flat=True))

    kept, part = links.unlink(row, admin_user)
    for _ in range(2):
        assert writes(synced(in_step, clock)) == 0

    assert records(sandbox, loaded) == before
    kept.refresh_from_db()
    part.refresh_from_db()
    assert (kept.pk, kept.qbo_id, kept.billcom_id) == (row.pk, row.qbo_id, None)
    assert (part.billcom_id, part.qbo_id, part.billcom_values) == (row.billcom_id, None, row.billcom_values)
    assert {kept.hold_code, part.hold_code} == {HoldCode.EXCLUDED}
    assert list(kept.operations.values_list("pk", flat=True)) == journal
    assert SyncLogEntry.objects.filter(company=in_step, message__contains="took the link").exists()


def test_edits_of_the_halves_link_and_make_nothing(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    row = a_vendor(in_step)
    links.unlink(row, admin_user)
    before = records(sandbox, loaded)
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Vendor", {"Id": row.qbo_id, "AcctNum": "C-1"})
    organization = loaded["billcom"]["organization_id"]
    sandbox.person("billcom", organization, "vendors", {"id": row.billcom_id, "accountNumber": "C-2"})

    assert writes(synced(in_step, clock)) == 0

    assert records(sandbox, loaded) == before
    # The proposal outlives another look at the record.
    kept = SyncedObject.objects.get(pk=row.pk)
    assert [each.billcom_id for each in links.candidates(kept)] == [row.billcom_id]


def test_what_is_mapped_stays_mapped_to_the_half_of_quickbooks(in_step: Company, admin_user: User) -> None:
    account = mapping(in_step, "unallocated-expense").account
    assert account is not None
    assert account.linked

    links.unlink(account, admin_user)

    still = mapping(in_step, "unallocated-expense").account
    assert still is not None
    assert (still.pk, still.qbo_id, still.billcom_id) == (account.pk, account.qbo_id, None)


def test_a_link_is_made_again_by_hand(in_step: Company, clock: Clock, admin_user: User) -> None:
    row = a_vendor(in_step)
    kept, part = links.unlink(row, admin_user)

    links.link(part, kept, admin_user)
    synced(in_step, clock)

    row.refresh_from_db()
    assert (row.linked, row.state, row.excluded, row.told_apart) == (True, ObjectState.LINKED, False, False)
    assert not SyncedObject.objects.filter(pk=part.pk).exists()


def test_a_half_that_is_included_is_made_on_the_other_side(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    row = linked(in_step, "bill")[0]
    kept, part = links.unlink(row, admin_user)
    sandbox.person_deletes("billcom", loaded["billcom"]["organization_id"], "bills", row.billcom_id or "")

    assert links.include(SyncedObject.objects.filter(pk__in=[kept.pk, part.pk]), admin_user) == 0
    links.include(SyncedObject.objects.filter(pk=kept.pk), admin_user, create=True)
    synced(in_step, clock)

    kept.refresh_from_db()
    part.refresh_from_db()
    assert kept.billcom_id not in (None, part.billcom_id)
    assert part.qbo_id is None


def test_bills_of_the_half_in_bill_are_not_taken_for_those_of_the_half_in_quickbooks(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    bill = linked(in_step, "bill")[0]
    kept, _ = links.unlink(bill, admin_user)
    vendor = SyncedObject.objects.get(company=in_step, kind="vendor", qbo_id=kept.qbo_values["vendor"])
    key = SyncedObject.objects.get(company=in_step, kind="bill", billcom_id=bill.billcom_id)
    SyncedObject.objects.filter(pk=key.pk).update(excluded=False, told_apart=False, needs_look=False)

    links.unlink(vendor, admin_user)
    synced(in_step, clock)

    key.refresh_from_db()
    other = SyncedObject.objects.get(company=in_step, kind="vendor", billcom_id=key.billcom_values["vendor"])
    assert not key.linked
    assert key.match_key.startswith(f"{other.pk}/")


def test_nothing_is_decided_about_a_record_that_is_being_written(in_step: Company, admin_user: User) -> None:
    row = a_vendor(in_step)
    begin_write(row)

    with pytest.raises(ServiceError, match="being written"):
        links.unlink(row, admin_user)
    one = SyncedObject.objects.filter(pk=row.pk)
    assert links.exclude(one, admin_user) == 0
    one.update(excluded=True)
    assert links.include(one, admin_user) == 0
    one.update(hold_code=HoldCode.PROPOSED_MATCH)
    assert links.tell_apart(one, admin_user) == 0


def test_the_explanation_of_a_record_that_is_being_written_says_so(in_step: Company) -> None:
    row = a_vendor(in_step)
    begin_write(row)

    assert any("the write under way" in line for line in why(row, now=timezone.now()))


def test_who_only_looks_takes_nothing_apart(in_step: Company) -> None:
    clerk = User.objects.create_user("clerk")
    row = a_vendor(in_step)

    with pytest.raises(ServiceError, match="may look"):
        links.unlink(row, clerk)
    row.refresh_from_db()
    assert row.linked


def test_what_is_not_linked_is_not_taken_apart(in_step: Company, admin_user: User) -> None:
    kept, _ = links.unlink(a_vendor(in_step), admin_user)

    with pytest.raises(ServiceError, match="nothing to take apart"):
        links.unlink(kept, admin_user)


def proposed(company: Company) -> tuple[SyncedObject, SyncedObject]:
    """A vendor in BILL and one in QuickBooks of the same e-mail, each other's only possible match."""
    kept, part = links.unlink(a_vendor(company), User.objects.get(is_superuser=True))
    for row, other in ((kept, part), (part, kept)):
        SyncedObject.objects.filter(pk=row.pk).update(
            excluded=False, told_apart=False, hold_code=HoldCode.PROPOSED_MATCH, candidates=[other.pk], needs_look=False
        )
    return kept, part


def test_who_waited_for_what_was_told_apart_is_looked_at_again(in_step: Company, admin_user: User) -> None:
    kept, part = proposed(in_step)

    assert links.tell_apart(SyncedObject.objects.filter(pk=kept.pk), admin_user) == 1

    part.refresh_from_db()
    kept.refresh_from_db()
    assert (kept.told_apart, kept.needs_look) == (True, True)
    assert (part.told_apart, part.needs_look) == (False, True)
    assert links.tell_apart(SyncedObject.objects.filter(pk=kept.pk), admin_user) == 0


def test_that_two_are_different_can_be_taken_back_until_one_is_created(in_step: Company, admin_user: User) -> None:
    kept, _ = proposed(in_step)
    mine = SyncedObject.objects.filter(pk=kept.pk)
    links.tell_apart(mine, admin_user)
    assert links.may_be_taken_back(mine.get())

    assert links.take_back(mine, admin_user) == 1

    assert not mine.get().told_apart and not links.may_be_taken_back(mine.get())
    assert links.take_back(mine, admin_user) == 0


def test_a_name_that_is_taken_proposes_who_has_it(in_step: Company, admin_user: User) -> None:
    kept, part = links.unlink(a_vendor(in_step), admin_user)
    SyncedObject.objects.filter(pk=part.pk).update(
        hold_code=HoldCode.NAME_TAKEN, excluded=False, told_apart=False, match_key="", candidates=[]
    )
    part.refresh_from_db()

    assert [each.pk for each in links.candidates(part)] == [kept.pk]
