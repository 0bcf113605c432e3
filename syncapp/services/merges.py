"""Vendors and customers that were merged with another in QuickBooks: noticed, and not taken for ones that were let go.

QuickBooks tells of a merge only that the one is inactive; its transactions name the other from then on. So when a
linked one becomes inactive, a few of its transactions are read by their ids, which costs a call that is made at no
other time. Reference: spec, QuickBooks API: merges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import SyncedObject
from syncapp.services import guards, pulling_qbo, rows
from syncapp.services.context import Context

PARTIES = ("vendor", "customer")
SAMPLE = 5
"""Transactions that are looked at of each: a merge takes all of them along."""


def find(context: Context) -> None:
    """Hold those that were merged, with what they were merged with; a person decides what becomes of BILL's.

    After both sides were read: whatever else has changed of them, in BILL too, waits for that person.
    """
    for name in PARTIES:
        kind = KINDS[name]
        stopped = not context.run.let_pass and guards.retired_at_once(context.company, kind)
        if not stopped and (gone := _newly_gone(context, kind)):
            samples = _samples(gone)
            _read_again(context, samples)
            _hold(context, kind, gone, _named_now(samples))


def stands(row: SyncedObject) -> bool:
    """Whether it is known as merged, and nobody has said or done anything about that yet."""
    if row.hold_facts.get("merged") != "yes" or row.told_apart or not row.linked:
        return False
    return not row.qbo_values["active"] and bool(row.billcom_values["active"])


def _newly_gone(context: Context, kind: Kind) -> list[SyncedObject]:
    """Linked ones that QuickBooks has let go of since both agreed on them."""
    changed = SyncedObject.objects.to_look_at(context.company, kind.name).defer("billcom_raw", "qbo_raw")
    linked = changed.filter(billcom_id__isnull=False, qbo_id__isnull=False, excluded=False, told_apart=False)
    return [
        row
        for row in linked.filter(base__isnull=False).order_by("pk").iterator(rows.CHUNK)
        if not row.qbo_values["active"] and row.billcom_values["active"] and row.base["qbo"].get("active", True)
    ]


def _samples(gone: Sequence[SyncedObject]) -> list[SyncedObject]:
    """The latest transactions with each that are in QuickBooks, linked or there alone."""
    kinds = [each.name for each in KINDS.values() if each.party and each.fields[each.party].ref in PARTIES]
    latest = Window(RowNumber(), partition_by="party", order_by=[F("date").desc(), F("pk").desc()])
    found: list[SyncedObject] = []
    for start in range(0, len(gone), rows.CHUNK):
        keys = [row.pk for row in gone[start : start + rows.CHUNK]]
        own = SyncedObject.objects.filter(party__in=keys, kind__in=kinds, qbo_id__isnull=False)
        found += own.annotate(place=latest).filter(place__lte=SAMPLE).only("pk", "kind", "qbo_id", "party")
    return found


def _read_again(context: Context, samples: Sequence[SyncedObject]) -> None:
    by_kind = defaultdict(list)
    for each in samples:
        by_kind[each.kind].append(str(each.qbo_id))
    for name, ids in by_kind.items():
        pulling_qbo.refresh(context, KINDS[name], ids)


def _named_now(samples: Sequence[SyncedObject]) -> dict[int, set[str]]:
    """Vendor or customer -> QuickBooks' ids of whom its transactions name now. What was voided says nothing."""
    of = {each.pk: each.party_id or 0 for each in samples}
    named: dict[int, set[str]] = defaultdict(set)
    for start in range(0, len(samples), rows.CHUNK):
        now = SyncedObject.objects.filter(pk__in=[each.pk for each in samples[start : start + rows.CHUNK]])
        for pk, kind, values in now.values_list("pk", "kind", "qbo_values"):
            if values and values.get("active"):
                named[of[pk]].add(str(values[KINDS[kind].party]))
    return named


def _hold(context: Context, kind: Kind, gone: Sequence[SyncedObject], named: dict[int, set[str]]) -> None:
    merged = {row.pk: other for row in gone if (other := _only_other(row, named.get(row.pk, set())))}
    others = SyncedObject.objects.of(context.company, kind.name).filter(qbo_id__in=merged.values())
    known = {str(each.qbo_id): each for each in others}
    held = [row for row in gone if merged.get(row.pk) in known]
    for row in held:
        stays = known[merged[row.pk]]
        if not stands(row):
            context.note(f"{row} was merged with {stays} in QuickBooks Online.", kind=kind.name)
        rows.hold(row, Hold(HoldCode.PROPOSED_MATCH, _facts(stays)), candidates=[stays.pk])
    with transaction.atomic():
        context.confirm_lease()
        rows.save(held, rows.OUTCOME_FIELDS)


def _only_other(row: SyncedObject, named: set[str]) -> str:
    """The only other one that is named; "" where none is, or several, or it is still named itself."""
    (found,) = named if len(named) == 1 else ("",)
    return "" if found == row.qbo_id else found


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
