"""Vendors and customers that were merged with another in QuickBooks: noticed, and not taken for ones that were let go.

QuickBooks tells of a merge only that the one is inactive; its transactions name the other from then on. So when a
linked one becomes inactive, a few of its transactions are read by their ids, which costs a call that is made at no
other time. Reference: spec, QuickBooks API: merges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import SyncedObject
from syncapp.services import pulling_qbo, rows
from syncapp.services.context import Context

PARTIES = ("vendor", "customer")
SAMPLE = 5
"""Transactions that are looked at of each: a merge takes all of them along."""


def find(context: Context) -> None:
    """Hold those that were merged, with what they were merged with; a person decides what becomes of BILL's."""
    for name in PARTIES:
        gone = _newly_gone(context, KINDS[name])
        if gone:
            samples = _samples(context, KINDS[name], gone)
            _read_again(context, samples)
            _hold(context, KINDS[name], gone, samples)


def _newly_gone(context: Context, kind: Kind) -> list[SyncedObject]:
    """Linked ones that QuickBooks has let go of since both agreed on them."""
    changed = SyncedObject.objects.to_look_at(context.company, kind.name).defer("billcom_raw", "qbo_raw")
    linked = changed.filter(billcom_id__isnull=False, qbo_id__isnull=False, excluded=False, told_apart=False)
    return [
        row
        for row in linked.filter(base__isnull=False).order_by("pk")
        if not row.qbo_values["active"] and row.billcom_values["active"] and row.base["qbo"].get("active", True)
    ]


def _samples(context: Context, kind: Kind, gone: Sequence[SyncedObject]) -> dict[int, list[SyncedObject]]:
    """Row -> the latest transactions with it that are in QuickBooks."""
    kinds = [each.name for each in KINDS.values() if each.party and each.fields[each.party].ref == kind.name]
    found = {}
    for row in gone[: pulling_qbo.IDS_AT_ONCE]:
        own = row.transactions.filter(kind__in=kinds, billcom_id__isnull=False, qbo_id__isnull=False)
        found[row.pk] = list(own.order_by("-date", "-pk").only("pk", "kind", "qbo_id")[:SAMPLE])
    return found


def _read_again(context: Context, samples: dict[int, list[SyncedObject]]) -> None:
    by_kind = defaultdict(list)
    for several in samples.values():
        for each in several:
            by_kind[each.kind].append(str(each.qbo_id))
    for name, ids in by_kind.items():
        pulling_qbo.refresh(context, KINDS[name], ids)


def _hold(context: Context, kind: Kind, gone: Sequence[SyncedObject], samples: dict[int, list[SyncedObject]]) -> None:
    merged = {row.pk: other for row in gone if (other := _merged_with(row, samples.get(row.pk, [])))}
    others = SyncedObject.objects.of(context.company, kind.name).filter(qbo_id__in=merged.values())
    known = {str(each.qbo_id): each for each in others}
    held = [row for row in gone if merged.get(row.pk) in known]
    for row in held:
        stays = known[merged[row.pk]]
        rows.hold(row, Hold(HoldCode.PROPOSED_MATCH, _facts(stays)), candidates=[stays.pk])
        context.note(f"{row} was merged with {stays} in QuickBooks Online.", kind=kind.name)
    with transaction.atomic():
        context.confirm_lease()
        rows.save(held, rows.OUTCOME_FIELDS)


def _merged_with(row: SyncedObject, samples: Sequence[SyncedObject]) -> str:
    """QuickBooks' id of the only other one that its transactions name now; "" where they name none, or several."""
    now = SyncedObject.objects.filter(pk__in=[each.pk for each in samples])
    shown = [(KINDS[kind], values or {}) for kind, values in now.values_list("kind", "qbo_values")]
    named = {str(values[kind.party]) for kind, values in shown if values.get("active")}
    return named.pop() if len(named) == 1 and row.qbo_id not in named else ""


def _facts(other: SyncedObject) -> dict[str, str]:
    """``other``: what it was merged with, linked or in QuickBooks alone."""
    meaning = f"It was merged with {other} in QuickBooks Online: its transactions name {other} now."
    if other.linked:
        fix = (
            f"Merge the two in {Side.BILLCOM.label} as well, and keep {other}: then both sides agree. If it wasn't a "
            "merge, say that they are different; it is archived in BILL then."
        )
    else:
        fix = f"Link BILL's record with {other}, or say that they are different; it is archived in BILL then."
    return {"by": "merged", "merged": "yes", "meaning": meaning, "fix": fix}
