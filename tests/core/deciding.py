"""Deciding on pairs of the toy kinds: in step but for an edit, just linked, on one side only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from syncapp.core.holds import HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Decision, WriteVerb
from syncapp.core.schema import Kind, Terms, Values
from syncapp.core.sides import Side
from tests.core.toys import BILLCOM, LOOKUP, ORDER, QBO, TERMS, agreed, fruit, order, pair, terms

ONE_WAY = terms(one_way=True)
QBO_IS_MASTER = terms(master=QBO)
APPROVED_ONLY = terms(approved_only=True)
CLOSED = terms(books_closed_on=date(2026, 3, 31))
OFF = terms(classes=False)

CREATE, UPDATE, RETIRE, RESTORE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE, WriteVerb.RESTORE
FLOWS_NOT = HoldCode.FLOW_NOT_IN_MATRIX
EVERYTHING = frozenset(ORDER.compared)
Written = tuple[Side, WriteVerb, frozenset[str]]


def record(kind: Kind, side: Side, changes: Mapping[str, Any]) -> Values:
    return fruit(**changes) if kind.name == "fruit" else order(side, **changes)


def in_step_but(
    kind: Kind, billcom: Mapping[str, Any], qbo: Mapping[str, Any], *, by: Terms = TERMS, base: Mapping[str, Any] = {}
) -> Decision:
    """A pair that was in step with ``base`` until these edits."""
    was = agreed(kind, record(kind, BILLCOM, base), record(kind, QBO, base))
    ours, theirs = record(kind, BILLCOM, {**base, **billcom}), record(kind, QBO, {**base, **qbo})
    return decide(kind, pair(kind, ours, theirs, was), by, LOOKUP)


def linked_now(kind: Kind, billcom: Mapping[str, Any], qbo: Mapping[str, Any], *, by: Terms = TERMS) -> Decision:
    return decide(kind, pair(kind, record(kind, BILLCOM, billcom), record(kind, QBO, qbo)), by, LOOKUP)


def alone(kind: Kind, side: Side, changes: Mapping[str, Any], *, by: Terms = TERMS) -> Decision:
    one = record(kind, side, changes)
    return decide(kind, pair(kind, one, None) if side is BILLCOM else pair(kind, None, one), by, LOOKUP)


def written(decision: Decision) -> list[Written]:
    return [(write.side, write.verb, write.changed) for write in decision.writes]


def code(decision: Decision) -> HoldCode | None:
    return decision.hold.code if decision.hold else None


def one(side: Side, verb: WriteVerb, *names: str) -> list[Written]:
    return [(side, verb, frozenset(names))]
