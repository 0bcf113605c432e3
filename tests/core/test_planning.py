"""The decision table, row by row: what is seen, and what is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Clash, Decision, Outcome, WriteVerb
from syncapp.core.schema import Kind, Retirement, Terms, Values
from syncapp.core.sides import Side
from tests.core.toys import BILLCOM, FRUIT, LOOKUP, ORDER, QBO, TERMS, agreed, fruit, order, pair, terms

ONE_WAY = terms(one_way=True)
QBO_IS_MASTER = terms(master=QBO)
APPROVED_ONLY = terms(approved_only=True)
CLOSED = terms(books_closed_on=date(2026, 3, 31))
OFF = terms(classes=False)

CREATE, UPDATE, RETIRE, RESTORE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE, WriteVerb.RESTORE
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
FLOWS_NOT = HoldCode.FLOW_NOT_IN_MATRIX

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


def test_both_gone_since_the_last_sync_needs_nothing() -> None:
    decision = in_step_but(ORDER, {"active": False}, {"active": False})
    assert (decision.outcome, decision.agreed) == (Outcome.RETIRED, frozenset({"active"}))


def test_what_rests_gone_on_both_sides_stays_so() -> None:
    assert in_step_but(ORDER, {}, {}, base={"active": False}).outcome is Outcome.RETIRED


def test_a_create_carries_the_whole_record_in_the_other_sides_terms() -> None:
    (write,) = alone(ORDER, BILLCOM, {}).writes
    assert write.values == order(QBO)


def test_an_update_carries_the_targets_own_values_but_for_what_changed() -> None:
    (write,) = in_step_but(ORDER, {"memo": "a"}, {"number": "7"}).writes
    assert write.values == order(QBO, memo="a")


def test_an_update_of_a_shared_field_leaves_the_others_pending_edit_alone() -> None:
    """What the target's person has just changed is not written back to them."""
    decision = in_step_but(ORDER, {"memo": "a"}, {"number": "8"})
    to_qbo = next(write for write in decision.writes if write.side is QBO)
    assert to_qbo.values["number"] == "8"


def test_it_waits_for_a_reference_and_says_for_which() -> None:
    decision = alone(FRUIT, BILLCOM, {"parent": "b-pear"})
    assert decision.outcome is Outcome.HELD
    assert decision.hold == Hold(HoldCode.WAITS_FOR, {"target": "fruit Pear"}, waits_for=2)


def test_it_writes_the_other_way_while_one_waits() -> None:
    decision = in_step_but(FRUIT, {"parent": "b-pear"}, {"colour": "green"})
    assert written(decision) == one(BILLCOM, UPDATE, "colour")
    assert code(decision) is HoldCode.WAITS_FOR


def test_a_conflict_is_on_record_once_with_its_write() -> None:
    """While the write can't be made the conflict isn't settled, so it isn't recorded either."""
    waiting = in_step_but(FRUIT, {"parent": "b-pear", "colour": "green"}, {"colour": "blue"})
    assert (waiting.writes, waiting.clashes, code(waiting)) == ((), (), HoldCode.WAITS_FOR)
    both = in_step_but(
        FRUIT, {"parent": "b-pear", "colour": "green", "shape": "long"}, {"colour": "blue", "name": "Fig"}
    )
    assert written(both) == one(BILLCOM, UPDATE, "name")
    assert both.clashes == ()


def test_a_conflict_keeps_both_values_and_the_base() -> None:
    (clash,) = in_step_but(FRUIT, {"colour": "green"}, {"colour": "blue"}).clashes
    assert clash == Clash("colour", "red", "green", "blue", BILLCOM)


def test_retiring_leaves_the_other_edits_for_the_next_look() -> None:
    decision = in_step_but(FRUIT, {"active": False, "colour": "green"}, {})
    (write,) = decision.writes
    assert (write.verb, write.changed) == (RETIRE, frozenset({"active"}))
    assert write.values == fruit(active=False)
    assert "colour" not in decision.agreed


def test_a_conflict_of_another_field_waits_while_a_record_is_retired() -> None:
    """It comes up with its own write, not before and not twice."""
    decision = in_step_but(FRUIT, {"active": False, "colour": "green"}, {"colour": "blue"})
    assert [clash.field for clash in decision.clashes] == ["active"]


def test_a_list_record_comes_back_on_both_sides() -> None:
    decision = in_step_but(FRUIT, {}, {"active": True}, base={"active": False})
    assert written(decision) == one(BILLCOM, RESTORE, "active")
    back = in_step_but(FRUIT, {"active": True}, {}, base={"active": False})
    assert written(back) == one(QBO, RESTORE, "active")


@pytest.mark.parametrize(
    ("retirement", "held"), [(Retirement.DELETE, True), (Retirement.VOID, True), (Retirement.DEACTIVATE, False)]
)
def test_what_quickbooks_deletes_or_voids_never_comes_back(retirement: Retirement, held: bool) -> None:
    kind = replace(ORDER, qbo=replace(ORDER.qbo, retire=retirement))
    decision = in_step_but(kind, {"active": True}, {}, base={"active": False})
    assert (code(decision) is FLOWS_NOT) is held
    assert bool(decision.writes) is not held


def test_an_inactive_list_record_is_brought_over_too() -> None:
    """Future edits of it can then sync. Reference: BILL's set-up article, first sync."""
    assert written(alone(FRUIT, QBO, {"active": False})) == one(BILLCOM, CREATE, *FRUIT.compared)


def test_a_list_pair_of_which_one_is_inactive_takes_the_masters_word() -> None:
    decision = linked_now(FRUIT, {"active": False}, {})
    assert written(decision) == one(QBO, RETIRE, "active")
    assert [(clash.field, clash.kept) for clash in decision.clashes] == [("active", BILLCOM)]


# --- fields with a rule of their own ---------------------------------------------------------------------------------


def test_a_fixed_field_is_given_once_and_never_changed() -> None:
    (write,) = alone(FRUIT, BILLCOM, {"sort": "STONE"}).writes
    assert write.values["sort"] == "STONE"
    decision = in_step_but(FRUIT, {"sort": "STONE"}, {})
    assert (decision.outcome, decision.writes) == (Outcome.IN_STEP, ())


def test_a_field_that_only_fills_never_overwrites() -> None:
    assert written(in_step_but(FRUIT, {"code": "C1"}, {})) == one(QBO, UPDATE, "code")
    assert in_step_but(FRUIT, {"code": "C2"}, {}, base={"code": "XX1"}).writes == ()


def test_a_field_never_goes_where_it_does_not_flow() -> None:
    decision = in_step_but(FRUIT, {}, {"code": "C1"})
    assert (decision.outcome, decision.writes, decision.hold) == (Outcome.IN_STEP, (), None)


def test_a_fact_is_neither_compared_nor_written() -> None:
    assert in_step_but(FRUIT, {"weight": Decimal("3.00")}, {}).outcome is Outcome.IN_STEP


def test_an_edit_made_while_the_kind_is_switched_off_is_shown_and_not_lost() -> None:
    """Otherwise base would take it for agreed, and nothing would happen when the preference is turned on."""
    decision = in_step_but(FRUIT, {"colour": "green"}, {}, by=OFF)
    assert (decision.outcome, code(decision)) == (Outcome.HELD, FLOWS_NOT)
    assert "colour" not in decision.agreed
    assert written(in_step_but(FRUIT, {"colour": "green"}, {})) == one(QBO, UPDATE, "colour")
    assert code(linked_now(FRUIT, {"colour": "green"}, {}, by=OFF)) is FLOWS_NOT


def test_under_one_way_an_old_difference_is_left_and_a_new_one_is_shown() -> None:
    left = linked_now(ORDER, {}, {"memo": "b"}, by=ONE_WAY)
    assert (left.outcome, left.writes, left.hold) == (Outcome.IN_STEP, (), None)
    assert code(in_step_but(ORDER, {}, {"memo": "b"}, by=ONE_WAY)) is HoldCode.ONE_WAY


def test_a_record_nobody_may_touch_stays_as_each_side_has_it() -> None:
    kind = replace(FRUIT, untouchable=lambda values, side: True)
    decision = in_step_but(kind, {"name": "Fig"}, {"active": False})
    assert (decision.writes, decision.clashes) == ((), ())


def test_what_bill_records_is_never_updated_there() -> None:
    kind = replace(ORDER, billcom=replace(ORDER.billcom, recorded=True))
    assert code(in_step_but(kind, {}, {"memo": "b"})) is FLOWS_NOT
    assert written(in_step_but(kind, {"memo": "a"}, {})) == one(QBO, UPDATE, "memo")
    assert written(in_step_but(kind, {}, {"active": False})) == one(BILLCOM, RETIRE, "active")


def test_what_a_preference_takes_out_is_neither_compared_nor_written() -> None:
    kind = replace(ORDER, prepare=lambda values, towards, by: {n: v for n, v in values.items() if n != "memo"})
    decision = linked_now(kind, {"memo": "a"}, {"memo": "b"})
    assert (decision.outcome, decision.writes, decision.clashes) == (Outcome.IN_STEP, (), ())
    assert in_step_but(kind, {}, {"memo": "b"}).writes == ()


def test_a_default_that_was_filled_in_is_no_difference() -> None:
    def filled(values: Values, towards: Side, by: Terms, lookup: object) -> Values:
        return {**values, "memo": values["memo"] or "none"} if towards is QBO else values

    kind = replace(ORDER, adapt=filled)
    assert linked_now(kind, {}, {"memo": "none"}).outcome is Outcome.IN_STEP


# --- agreements that were only in part -------------------------------------------------------------------------------


def test_linked_records_whose_writes_never_came_about_are_still_just_linked() -> None:
    """The base then has only what agreed from the start: a blank must not win the next time either."""
    ours, theirs = fruit(colour="", name="Apple"), fruit(colour="green", name="Apple")
    base = {side: {name: fruit()[name] for name in ("name", "sort", "active")} for side in ("billcom", "qbo")}
    decision = decide(FRUIT, pair(FRUIT, ours, theirs, base), TERMS, LOOKUP)
    assert written(decision) == one(BILLCOM, UPDATE, "colour")
    assert decision.clashes == ()


def test_a_pair_that_was_held_before_it_was_linked_is_just_linked() -> None:
    """A held row already has a base, with nothing in it."""
    seen = pair(ORDER, order(BILLCOM, active=False), order(QBO), {"billcom": {}, "qbo": {}})
    decision = decide(ORDER, seen, TERMS, LOOKUP)
    assert (decision.outcome, decision.writes) == (Outcome.HELD, ())
    blank = pair(ORDER, order(BILLCOM), order(QBO, memo="b"), {"billcom": {}, "qbo": {}})
    assert written(decide(ORDER, blank, TERMS, LOOKUP)) == one(BILLCOM, UPDATE, "memo")


def test_it_agrees_on_everything_that_is_the_same_and_on_nothing_else() -> None:
    decision = in_step_but(FRUIT, {"colour": "green", "name": "Fig"}, {"name": "Fig"})
    assert decision.agreed == frozenset(FRUIT.compared) - {"colour"}


def test_our_own_write_coming_back_is_no_change() -> None:
    """After the write both sides show what they agreed on."""
    first = in_step_but(ORDER, {"memo": "a"}, {})
    (write,) = first.writes
    ours, theirs = order(BILLCOM, memo="a"), write.values
    again = decide(ORDER, pair(ORDER, ours, theirs, agreed(ORDER, ours, theirs)), TERMS, LOOKUP)
    assert (again.outcome, again.writes) == (Outcome.IN_STEP, ())
