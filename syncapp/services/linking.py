"""Find twins among one-sided rows, in bulk: keys first, then pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from syncapp.core.matching import Candidate, Matches, pair_up
from syncapp.core.schema import Keys, Kind, Lookup
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, GLMapping, ObjectState, Operation, SyncedObject
from syncapp.services import references, rows

KEY_FIELDS = ("match_key", "second_key", "proposal_key")
LINKED_FIELDS = (*rows.shown_fields(Side.BILLCOM), "part_of")
"""What ``absorb`` changes of the row that stays, besides what deciding may change."""
ONE_SIDED = Q(billcom_id__isnull=True) | Q(qbo_id__isnull=True)


def set_keys(company: Company, kind: Kind, chunk: Sequence[SyncedObject]) -> None:
    """Compute the match keys of these rows and save those that changed."""
    lookup = references.load(company, kind, chunk) if kind.key_refs else Lookup()
    changed = []
    for row in chunk:
        keys = keys_of(kind, row, lookup)
        if (keys.first, keys.second, keys.proposal) != (row.match_key, row.second_key, row.proposal_key):
            row.match_key, row.second_key, row.proposal_key = keys.first, keys.second, keys.proposal
            changed.append(row)
    rows.save(changed, KEY_FIELDS)


def set_waiting_keys(company: Company, kind: Kind) -> None:
    """Keys of everything new, before the first of them looks for its twin."""
    after = 0
    looked_at = SyncedObject.objects.to_look_at(company, kind.name).defer("billcom_raw", "qbo_raw", "base")
    if not kind.names_path:
        looked_at = looked_at.filter(ONE_SIDED)
    while chunk := list(looked_at.filter(pk__gt=after).order_by("pk")[: rows.CHUNK]):
        after = chunk[-1].pk
        set_keys(company, kind, chunk)


def keys_of(kind: Kind, row: SyncedObject, lookup: Lookup) -> Keys:
    """BILL's side where there is one: linked rows are found by their name too (as parents are)."""
    side = Side.BILLCOM if row.billcom_id is not None else Side.QBO
    return kind.keys(getattr(row, f"{side}_values"), side, lookup)


def candidates(company: Company, kind: Kind, chunk: Iterable[SyncedObject]) -> dict[int, SyncedObject]:
    """One-sided rows that share a key with one of the chunk's, the chunk's own among them."""
    ours = {row.pk: row for row in chunk}
    others: dict[int, SyncedObject] = {}
    for name in KEY_FIELDS:
        if keys := {getattr(row, name) for row in ours.values()} - {""}:
            others |= {row.pk: row for row in _by_key(company, kind, name, keys)}
    return {pk: others[pk] for pk in sorted(others, reverse=True) if pk not in ours} | ours


def _by_key(company: Company, kind: Kind, name: str, keys: set[str]) -> list[SyncedObject]:
    """One statement per key, each with its own index: together, or with ``ONE_SIDED``, everything would be read."""
    found = SyncedObject.objects.of(company, kind.name).filter(**{f"{name}__in": keys}, excluded=False)
    return [row for row in found.order_by() if not row.linked]


def pairs(kind: Kind, found: dict[int, SyncedObject]) -> Matches:
    return pair_up([_candidate(kind, row) for row in found.values()], kind.matched_by, kind.exact_keys)


def _candidate(kind: Kind, row: SyncedObject) -> Candidate:
    side = rows.one_side(row)
    assert side is not None
    values = getattr(row, f"{side}_values")
    keys = Keys(row.match_key, row.second_key, row.proposal_key)
    active = values.get("active") is not False
    details = tuple(_detail(values.get(name)) for name in kind.told_by)
    return Candidate(row.pk, side, keys, active, row.told_apart, is_gone(kind, row), details)


def _detail(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value or "")


def is_gone(kind: Kind, row: SyncedObject) -> bool:
    """Whether this one-sided row is a transaction that was deleted, archived or voided."""
    values = getattr(row, f"{rows.one_side(row) or Side.BILLCOM}_values") or {}
    return kind.transaction and values.get("active") is False


def free(company: Company, kind: Kind, keys: Sequence[int]) -> None:
    """What waited for these pairs looks again; so does what went over without naming one of them."""
    SyncedObject.objects.free_waiting(keys)
    naming = [
        (each.name, name) for each in KINDS.values() for name in each.optional if each.fields[name].ref == kind.name
    ]
    if not naming or not keys:
        return
    ids = SyncedObject.objects.filter(pk__in=keys).values_list("billcom_id", "qbo_id")
    named = {Side.BILLCOM: [each for each, _ in ids], Side.QBO: [each for _, each in ids]}
    for other, name in naming:
        tests = [
            Q(**{f"{side}_shown__contains": f'"{name}":"{each}"'}) for side in Side for each in named[side] if each
        ]
        shown = {f"{side}_shown": Cast(f"{side}_values", TextField()) for side in Side}
        SyncedObject.objects.of(company, other).annotate(**shown).filter(reduce(or_, tests)).look_again()


def absorb(kind: Kind, keep: SyncedObject, other: SyncedObject) -> None:
    """Make one pair of two rows: ``keep`` has QuickBooks' side (mappings point at it) and takes over BILL's."""
    keep.billcom_id = other.billcom_id
    rows.show(keep, kind, Side.BILLCOM, other.billcom_values, other.billcom_raw, other.billcom_version)
    if other.part_of_id is not None:
        keep.part_of_id = other.part_of_id  # What BILL drew is in one transfer, whatever it is linked with.
    rows.release(keep, ObjectState(keep.state))
    keep.needs_look = True
    keep.told_apart = False


def remove_absorbed(kind: Kind, gone: dict[int, SyncedObject]) -> None:
    """Delete the absorbed rows after everything that pointed at them has been turned to the row that stays.

    ``gone``: key of an absorbed row -> the row it became part of.
    """
    if not gone:
        return
    waiting = SyncedObject.objects.filter(waits_for__in=gone)
    waiting.update(needs_look=True, waits_for=None)
    # Whoever has dealings with it: the next look names the row that stays.
    SyncedObject.objects.filter(party__in=gone).update(needs_look=True, party=None)
    named = SyncedObject.objects.filter(part_of__in=gone).order_by().values_list("part_of", flat=True).distinct()
    for transfer in list(named):
        SyncedObject.objects.filter(part_of=transfer).update(part_of=gone[transfer or 0])
    for mapping in GLMapping.objects.filter(account__in=gone):
        GLMapping.objects.filter(pk=mapping.pk).update(account=gone[mapping.account_id or 0])
    _look_again_where_named(kind, gone)
    moved = list(Operation.objects.filter(object__in=gone).defer("payload", "values"))
    for operation in moved:
        Operation.objects.filter(pk=operation.pk).update(object=gone[operation.object_id or 0])
    doomed = SyncedObject.objects.filter(pk__in=gone)
    doomed._raw_delete(doomed.db)


def _look_again_where_named(kind: Kind, gone: dict[int, SyncedObject]) -> None:
    """Held records whose match key names an absorbed row: the key is worked out anew before they meet a twin."""
    keyed = [each.name for each in KINDS.values() if kind.name in each.keyed_by]
    if not keyed:
        return
    company = next(iter(gone.values())).company_id
    named = {str(key) for key in gone}
    settled = SyncedObject.objects.filter(ONE_SIDED, company=company, kind__in=keyed, needs_look=False)
    stale = [pk for pk, *keys in settled.values_list("pk", *KEY_FIELDS).iterator() if _names(keys) & named]
    for start in range(0, len(stale), rows.CHUNK):
        SyncedObject.objects.filter(pk__in=stale[start : start + rows.CHUNK]).look_again()


def _names(keys: Iterable[str]) -> set[str]:
    """The pairs that keys name: "12/…" a vendor or a parent, "…/7,9" the bills of a payment."""
    found: set[str] = set()
    for key in filter(None, keys):
        first, *_, last = key.split("/") if "/" in key else (key, key)
        found |= {first, *last.split(",")}
    return found
