"""Which held records need a person, and which are settled by a rule, so that there is nothing to do about them."""

from __future__ import annotations

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import Contains

from syncapp.core.holds import ACT, ALWAYS, WHOLE_KIND, HoldCode
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


# As it is stored: without blanks.
ASKS_FOR_AN_ACT = f'"{ACT}":"{ALWAYS}"'
NOT_THERE = f'"{WHOLE_KIND}":"{ALWAYS}"'


def is_settled() -> Q:
    """Of held records: by a rule, or waiting for one that is. Whoever wants such a one to sync still can."""
    deferred = Q(rows.APPLIED_CREDITS, hold_code=HoldCode.WAITS_FOR, waits_for=None)
    return _by_rule() | deferred | Q(hold_code=HoldCode.WAITS_FOR) & _by_rule("waits_for__")


def _by_rule(of: str = "") -> Q:
    """By a rule, and nobody has to do anything: neither does the rule ask for it, nor do two linked ones differ."""
    derived = [kind.name for kind in KINDS.values() if kind.billcom.derived]
    transactions = [kind.name for kind in KINDS.values() if kind.transaction]
    asked = _q(of, hold_code=HoldCode.PAID_BEFORE_FIRST_SEEN, kind__in=derived)
    differs = _q(of, kind__in=transactions, billcom_id__isnull=False, qbo_id__isnull=False, excluded=False)
    asks = Q(Contains(Cast(f"{of}hold_facts", TextField()), ASKS_FOR_AN_ACT))
    facts = Cast(f"{of}hold_facts", TextField())
    settled = _q(of, hold_code__in=SETTLED) | _q(of, hold_code=HoldCode.PLAN_OR_ROLE) & Q(Contains(facts, NOT_THERE))
    return settled & ~asked & ~differs & ~asks


def _q(of: str, **tests: object) -> Q:
    return Q(**{f"{of}{name}": test for name, test in tests.items()})


def needs_a_person() -> QuerySet[SyncedObject]:
    """Of every company: narrow it down to what the person may see."""
    return SyncedObject.objects.filter(state=ObjectState.HELD).exclude(is_settled())
