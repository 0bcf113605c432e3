"""What a decision carries, and the fields and records that have a rule of their own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Clash, Outcome
from syncapp.core.schema import Retirement, Terms, Values
from syncapp.core.sides import Side
from tests.core.deciding import (
    CREATE,
    FLOWS_NOT,
    OFF,
    ONE_WAY,
    RESTORE,
    RETIRE,
    UPDATE,
    alone,
    code,
    in_step_but,
    linked_now,
    one,
    written,
)
from tests.core.toys import BILLCOM, FRUIT, LOOKUP, ORDER, QBO, TERMS, agreed, fruit, order, pair


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


def test_an_edit_does_not_wait_for_what_it_has_nothing_to_do_with() -> None:
    """The plum was in the record before; the colour can go over without it."""
    was = agreed(FRUIT, fruit(), fruit(parent="q-plum"))
    decision = decide(FRUIT, pair(FRUIT, fruit(), fruit(parent="q-plum", colour="green"), was), TERMS, LOOKUP)
    (write,) = decision.writes
    assert (write.side, write.changed, decision.hold) == (BILLCOM, frozenset({"colour"}), None)
    assert write.values == fruit(colour="green")


def test_a_record_is_taken_away_even_if_it_names_something_unknown() -> None:
    was = agreed(FRUIT, fruit(), fruit(parent="q-plum"))
    decision = decide(FRUIT, pair(FRUIT, fruit(), fruit(parent="q-plum", active=False), was), TERMS, LOOKUP)
    assert written(decision) == one(BILLCOM, RETIRE, "active")


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
    kind = replace(FRUIT, untouchable=lambda field, values, shown, towards: "It stays.")
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


def test_a_blank_that_one_side_never_agreed_on_counts_as_its_word() -> None:
    """The answer to a write was lost and the field was blanked meanwhile: the base knows the other side's only."""
    ours, theirs = fruit(price=Decimal(1)), fruit(price=None)
    base = agreed(FRUIT, ours, theirs)
    del base[QBO]["price"]

    (write,) = decide(FRUIT, pair(FRUIT, ours, theirs, base), TERMS, LOOKUP).writes

    assert (write.side, set(write.changed), write.values["price"]) == (BILLCOM, {"price"}, None)
