"""What a person decides about single records: link, tell apart, exclude, include, retry."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from syncapp.core.holds import Hold, HoldCode
from syncapp.kinds import KINDS
from syncapp.models import OPEN_STATES, ObjectState, Operation, SyncedObject, is_support
from syncapp.models.companies import Company
from syncapp.services import linking, rows
from syncapp.services.errors import ServiceError


def _workable(objects: QuerySet[SyncedObject], user: User) -> QuerySet[SyncedObject]:
    return objects.filter(company__in=Company.objects.workable_by(user))


def _requeueable(objects: QuerySet[SyncedObject], user: User) -> QuerySet[SyncedObject]:
    """Support may put records back into the queue, but decide nothing about them."""
    return objects if is_support(user) else _workable(objects, user)


def link(first: SyncedObject, second: SyncedObject, user: User) -> SyncedObject:
    """Make one pair of two one-sided records; the next sync merges their fields."""
    if first.company_id != second.company_id or first.kind != second.kind:
        raise ServiceError("Only two records of the same kind and company can be linked.")
    if not Company.objects.workable_by(user).filter(pk=first.company_id).exists():
        raise ServiceError("You may look at this company, but not link its records.")
    with transaction.atomic():
        pair = list(SyncedObject.objects.select_for_update().filter(pk__in=[first.pk, second.pk]))
        sides = {rows.one_side(row) for row in pair}
        if len(pair) != 2 or None in sides or len(sides) != 2:
            raise ServiceError("Link one record of BILL with one of QuickBooks that aren't linked yet.")
        if Operation.objects.filter(object__in=pair, state__in=OPEN_STATES).exists():
            raise ServiceError("One of the two is being written just now. Try again after the sync.")
        keep, other = sorted(pair, key=lambda row: row.qbo_id is None)
        linking.absorb(KINDS[keep.kind], keep, other)
        keep.state = ObjectState.NEW
        linking.remove_absorbed(KINDS[keep.kind], {other.pk: keep})
        keep.save()
    return keep


def tell_apart(objects: QuerySet[SyncedObject], user: User) -> int:
    """These have no twin among the proposed ones: create them on the other side with the next sync."""
    held = [HoldCode.PROPOSED_MATCH, HoldCode.AMBIGUOUS_MATCH]
    return _workable(objects, user).filter(hold_code__in=held).update(told_apart=True, needs_look=True)


def exclude(objects: QuerySet[SyncedObject], user: User) -> int:
    """Leave these out of the sync until they are included again."""
    reason = Hold(HoldCode.EXCLUDED, {"by": str(user)})
    busy = Operation.objects.filter(state__in=OPEN_STATES, object__isnull=False).values("object")
    return (
        _workable(objects, user)
        .filter(excluded=False)
        .exclude(pk__in=busy)
        .update(
            excluded=True,
            excluded_by=user,
            state=ObjectState.HELD,
            hold_code=reason.code,
            hold_facts=dict(reason.facts),
            waits_for=None,
            needs_look=False,
        )
    )


def include(objects: QuerySet[SyncedObject], user: User) -> int:
    return _workable(objects, user).filter(excluded=True).update(excluded=False, excluded_by=None, needs_look=True)


def retry(objects: QuerySet[SyncedObject], user: User) -> int:
    """Look at held records again with the next sync."""
    return _requeueable(objects, user).filter(state=ObjectState.HELD, excluded=False).update(needs_look=True)
