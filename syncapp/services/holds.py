"""Which held records need a person, and which are settled by a rule, so that there is nothing to do about them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from syncapp.core.holds import HoldCode
from syncapp.kinds import KINDS
from syncapp.models import ObjectState, SyncedObject
from syncapp.services import rows

SETTLED = (
    HoldCode.PAID_BEFORE_FIRST_SEEN,
    HoldCode.ZERO_AMOUNT,
    HoldCode.ONE_WAY,
    HoldCode.FLOW_NOT_IN_MATRIX,
    HoldCode.EXCLUDED,
)


def is_settled() -> Q:
    """Of held records: by a rule, or waiting for one that is. Whoever wants such a one to sync still can."""
    derived = [kind.name for kind in KINDS.values() if kind.billcom.derived]
    asked = Q(hold_code=HoldCode.PAID_BEFORE_FIRST_SEEN, kind__in=derived)
    deferred = Q(rows.APPLIED_CREDITS, hold_code=HoldCode.WAITS_FOR, waits_for=None)
    return (
        Q(hold_code__in=SETTLED) & ~asked | deferred | Q(hold_code=HoldCode.WAITS_FOR, waits_for__hold_code__in=SETTLED)
    )


def needs_a_person() -> QuerySet[SyncedObject]:
    """Of every company: narrow it down to what the person may see."""
    return SyncedObject.objects.filter(state=ObjectState.HELD).exclude(is_settled())
