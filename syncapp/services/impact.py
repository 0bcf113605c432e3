"""What turning an irreversible preference on would mean for the records there are, kind by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q

from syncapp.core.schema import Kind, Terms
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, ObjectState, SyncedObject
from syncapp.services import rows, terms

APPROVED = "APPROVED"
LINKED = Q(billcom_id__isnull=False, qbo_id__isnull=False)


@dataclass(frozen=True)
class Impact:
    """So many records of a kind, and what will be different for them."""

    kind: Kind
    records: int
    words: str


def impact(company: Company, turned_on: Collection[str]) -> list[Impact]:
    """``turned_on``: names of sync preferences that are off. What they concern not at all is left out."""
    now = terms.load(company)
    chosen: dict[str, Any] = dict.fromkeys(turned_on, True)
    then = replace(now, **chosen)
    found = [each for kind in KINDS.values() for each in _directions(company, kind, now, then)]
    if then.approved_only and not now.approved_only:
        found += [each for kind in KINDS.values() if "approval" in kind.fields for each in _unapproved(company, kind)]
        found += [each for kind in KINDS.values() if not kind.approval_told for each in _untold(company, kind)]
    return [each for each in found if each.records]


def _there(company: Company, kind: Kind, side: Side) -> Any:
    own = SyncedObject.objects.of(company, kind.name).exclude(state=ObjectState.RETIRED)
    return own.filter(**{f"{side}_id__isnull": False})


def _directions(company: Company, kind: Kind, now: Terms, then: Terms) -> Iterator[Impact]:
    for towards in Side:
        if kind.stopped(towards, now) is not None or kind.stopped(towards, then) is None:
            continue
        source, there = towards.other, _there(company, kind, towards.other)
        pairs = there.filter(LINKED).count()
        yield Impact(kind, pairs, f"in both products: what is changed in {source.label} stays there.")
        yield Impact(kind, there.count() - pairs, f"in {source.label} only: they never come to {towards.label}.")


def _untold(company: Company, kind: Kind) -> Iterator[Impact]:
    there = _there(company, kind, Side.BILLCOM)
    pairs = there.filter(LINKED).count()
    alone = there.count() - pairs
    yield Impact(kind, alone, "in BILL only: BILL doesn't tell which are approved, so they wait until included.")
    yield Impact(kind, pairs, "in both products: edits made in BILL wait until included, one by one.")


def _unapproved(company: Company, kind: Kind) -> Iterator[Impact]:
    """Asked of the values themselves, which no database can search: in chunks, the one column."""
    found: Counter[bool] = Counter()
    shown = _there(company, kind, Side.BILLCOM).values_list("qbo_id", "billcom_values").order_by()
    for qbo_id, values in shown.iterator(chunk_size=rows.CHUNK):
        if values.get("active") is not False and values.get("approval") != APPROVED:
            found[qbo_id is not None] += 1
    yield Impact(kind, found[False], "in BILL only and not approved: they wait there until they are.")
    yield Impact(kind, found[True], "in both products and not approved: edits made in BILL wait until they are.")
