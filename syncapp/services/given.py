"""What people gave held records, a number or an account: how a plan writes it where the record is."""

from __future__ import annotations

from collections.abc import Mapping

from syncapp.core.giving import say_otherwise
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.records import Decision, Outcome
from syncapp.core.schema import Kind, Terms
from syncapp.kinds import KINDS
from syncapp.kinds._shared import NUMBER_LENGTH
from syncapp.models import Company, ObjectState, SyncedObject
from syncapp.services import linking, rows

NUMBERS = (HoldCode.NEEDS_NUMBER, HoldCode.NUMBER_TAKEN)


def comes_first(row: SyncedObject) -> bool:
    """What a person gave it is written before it looks for its twin: by that it may find it."""
    return bool(row.wanted) and not row.linked and not row.excluded


def solves(row: SyncedObject, decision: Decision) -> bool:
    """Whether a pair is held for a number that a person has given it meanwhile: by the plan, or by a refusal before."""
    held = row.hold_code in NUMBERS or (decision.hold is not None and decision.hold.code in NUMBERS)
    return held and KINDS[row.kind].number in row.wanted


def written(kind: Kind, row: SyncedObject, terms: Terms) -> Decision | None:
    """Write it on the only side the record has; with the next look it goes over. What is wanted is used up by that."""
    side = rows.one_side(row)
    assert side is not None
    wanted = {name: each["value"] for name, each in row.wanted.items() if each["side"] == side}
    row.wanted = {}
    found = say_otherwise(kind, rows.seen(row), side, wanted, terms) if wanted else None
    if isinstance(found, Hold):
        return Decision(row.pk, Outcome.HELD, hold=found)
    return Decision(row.pk, Outcome.WRITE, writes=(found,)) if found else None


def namesakes(company: Company, kind: Kind, chunk: Mapping[int, SyncedObject]) -> list[int]:
    """Those of the chunk that have a number which another one of the same vendor or customer is about to get: they may
    be its twin, so they wait for the next round instead of being created beside it.
    """
    alone = {key: row for key, row in chunk.items() if not row.linked and row.number and not row.wanted}
    if not kind.transaction or not alone:
        return []
    # What is held is few, and found by that; for what, may have changed since the number was given.
    held = SyncedObject.objects.to_look_at(company, kind.name).filter(state=ObjectState.HELD)
    asked = held.filter(linking.ONE_SIDED, excluded=False).exclude(wanted={}).order_by()
    given = {
        (party, _compared(str(each[kind.number]["value"])))
        for party, each in asked.values_list("party", "wanted")
        if kind.number in each
    }
    return [
        key
        for key, row in alone.items()
        if any(_compared(row.number) == number and row.party_id in (None, party) for party, number in given)
    ]


def _compared(number: str) -> str:
    """As two records' numbers are matched: in any spelling, and as far as QuickBooks keeps them."""
    return normalise(number[:NUMBER_LENGTH])
