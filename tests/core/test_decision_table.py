"""The decision table, row by row: what is seen, and what is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome
from syncapp.core.schema import Terms
from syncapp.core.sides import Side
from tests.core.deciding import (
    APPROVED_ONLY,
    CLOSED,
    CREATE,
    EVERYTHING,
    FLOWS_NOT,
    ONE_WAY,
    QBO_IS_MASTER,
    RESTORE,
    RETIRE,
    UPDATE,
    Written,
    alone,
    code,
    in_step_but,
    linked_now,
    written,
)
from tests.core.toys import BILLCOM, ORDER, QBO, TERMS


@dataclass(frozen=True)
class Row:
    """One line of the table. ``clashes``: field -> the side that is kept."""

    seen: str
    billcom: Mapping[str, Any] | None
    qbo: Mapping[str, Any] | None
    outcome: Outcome
    written: tuple[Written, ...] = ()
    hold: HoldCode | None = None
    clashes: Mapping[str, Side] = frozenset()  # type: ignore[assignment]
    by: Terms = TERMS
    base: bool = True


MEMO, LINES = frozenset({"memo"}), frozenset({"lines"})
GONE = frozenset({"active"})
OTHER_LINES = [{"fruit": "b-apple", "amount": Decimal("9.00"), "note": "x"}]
QBO_LINES = [{"fruit": "q-apple", "amount": Decimal("8.00"), "note": "y"}]

TABLE = [
    # On one side only, without a twin.
    Row("new in BILL", {}, None, Outcome.WRITE, ((QBO, CREATE, EVERYTHING),)),
    Row("new in QuickBooks", None, {}, Outcome.WRITE, ((BILLCOM, CREATE, EVERYTHING),)),
    Row("new, flow closed", None, {}, Outcome.HELD, hold=HoldCode.ONE_WAY, by=ONE_WAY),
    Row("new, flow open the other way", {}, None, Outcome.WRITE, ((QBO, CREATE, EVERYTHING),), by=ONE_WAY),
    Row("new, a gate is shut", {}, None, Outcome.HELD, hold=HoldCode.NOT_APPROVED, by=APPROVED_ONLY),
    Row("new, gone already", {"active": False}, None, Outcome.RETIRED),
    # Linked, neither changed.
    Row("nothing changed", {}, {}, Outcome.IN_STEP),
    Row("both gone", {"active": False}, {"active": False}, Outcome.RETIRED),
    # Linked, one changed.
    Row("edit in BILL", {"memo": "a"}, {}, Outcome.WRITE, ((QBO, UPDATE, MEMO),)),
    Row("edit in QuickBooks", {}, {"memo": "a"}, Outcome.WRITE, ((BILLCOM, UPDATE, MEMO),)),
    Row("edit that doesn't flow", {}, {"memo": "a"}, Outcome.HELD, hold=HoldCode.ONE_WAY, by=ONE_WAY),
    Row("edit the books are closed to", {"memo": "a"}, {}, Outcome.HELD, hold=HoldCode.BOOKS_CLOSED, by=CLOSED),
    # Linked, both changed.
    Row("same edit on both", {"memo": "a"}, {"memo": "a"}, Outcome.IN_STEP),
    Row(
        "different fields",
        {"memo": "a"},
        {"number": "8"},
        Outcome.WRITE,
        ((BILLCOM, UPDATE, frozenset({"number"})), (QBO, UPDATE, MEMO)),
    ),
    Row(
        "same field, BILL is master",
        {"memo": "a"},
        {"memo": "b"},
        Outcome.WRITE,
        ((QBO, UPDATE, MEMO),),
        clashes={"memo": BILLCOM},
    ),
    Row(
        "same field, QuickBooks is master",
        {"memo": "a"},
        {"memo": "b"},
        Outcome.WRITE,
        ((BILLCOM, UPDATE, MEMO),),
        clashes={"memo": QBO},
        by=QBO_IS_MASTER,
    ),
    Row(
        "same field, the master's way is closed",
        {"memo": "a"},
        {"memo": "b"},
        Outcome.WRITE,
        ((QBO, UPDATE, MEMO),),
        clashes={"memo": BILLCOM},
        by=replace(QBO_IS_MASTER, one_way=True),
    ),
    Row(
        "lines on both merge whole",
        {"lines": OTHER_LINES},
        {"lines": QBO_LINES},
        Outcome.WRITE,
        ((QBO, UPDATE, LINES),),
        clashes={"lines": BILLCOM},
    ),
    Row(
        "one field flows, another doesn't",
        {"memo": "a"},
        {"number": "8"},
        Outcome.WRITE,
        ((QBO, UPDATE, MEMO),),
        hold=HoldCode.ONE_WAY,
        by=ONE_WAY,
    ),
    # Gone on one side.
    Row("archived in BILL", {"active": False}, {}, Outcome.WRITE, ((QBO, RETIRE, GONE),)),
    Row("deleted in QuickBooks", {}, {"active": False}, Outcome.WRITE, ((BILLCOM, RETIRE, GONE),)),
    Row("deleted, flow closed", {}, {"active": False}, Outcome.HELD, hold=HoldCode.ONE_WAY, by=ONE_WAY),
    Row("deleted, books closed", {"active": False}, {}, Outcome.HELD, hold=HoldCode.BOOKS_CLOSED, by=CLOSED),
    Row(
        "archived in BILL, edited in QuickBooks",
        {"active": False},
        {"memo": "b"},
        Outcome.WRITE,
        ((QBO, RETIRE, GONE),),
        clashes={"active": BILLCOM},
    ),
    Row(
        "archived in BILL, edited in QuickBooks, which is master",
        {"active": False},
        {"memo": "b"},
        Outcome.WRITE,
        ((BILLCOM, RESTORE, GONE),),
        clashes={"active": QBO},
        by=QBO_IS_MASTER,
    ),
    Row(
        "deleted in QuickBooks for good, edited in BILL, which is master",
        {"memo": "a"},
        {"active": False},
        Outcome.HELD,
        hold=FLOWS_NOT,
    ),
    Row(
        "archived in BILL, then edited there", {"active": False, "memo": "a"}, {}, Outcome.WRITE, ((QBO, RETIRE, GONE),)
    ),
    # Just linked: there is no base yet.
    Row("just linked, alike", {}, {}, Outcome.IN_STEP, base=False),
    Row(
        "just linked, differing",
        {"memo": "a"},
        {"memo": "b"},
        Outcome.WRITE,
        ((QBO, UPDATE, MEMO),),
        clashes={"memo": BILLCOM},
        base=False,
    ),
    Row("just linked, a blank never wins", {}, {"memo": "b"}, Outcome.WRITE, ((BILLCOM, UPDATE, MEMO),), base=False),
    Row("just linked, one is gone", {"active": False}, {}, Outcome.HELD, hold=FLOWS_NOT, base=False),
    Row("just linked, the other is gone", {}, {"active": False}, Outcome.HELD, hold=FLOWS_NOT, base=False),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.seen.replace(" ", "-"))
def test_the_decision_table(row: Row) -> None:
    if row.billcom is None or row.qbo is None:
        side = QBO if row.billcom is None else BILLCOM
        decision = alone(ORDER, side, row.billcom or row.qbo or {}, by=row.by)
    else:
        decided = in_step_but if row.base else linked_now
        decision = decided(ORDER, row.billcom, row.qbo, by=row.by)
    assert decision.outcome is row.outcome
    assert sorted(written(decision)) == sorted(row.written)
    assert code(decision) is row.hold
    assert {clash.field: clash.kept for clash in decision.clashes} == dict(row.clashes)
