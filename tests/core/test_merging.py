from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.merging import carry, changed_fields, fuller, same
from syncapp.core.schema import Field, Type
from syncapp.core.sides import Side
from tests.core.toys import BILLCOM, FRUIT, LOOKUP, ORDER, QBO, TERMS, fruit, order


def line(fruit: str = "q-apple", amount: str | None = "5.00", note: str = "") -> dict[str, Any]:
    return {"fruit": fruit, "amount": Decimal(amount) if amount else None, "note": note}


def test_a_reference_is_carried_as_the_other_sides_id() -> None:
    carried = carry(FRUIT, fruit(parent="b-apple"), QBO, TERMS, LOOKUP)
    assert isinstance(carried, dict)
    assert carried["parent"] == "q-apple"


def test_references_in_lines_are_carried_too() -> None:
    carried = carry(ORDER, order(QBO), BILLCOM, TERMS, LOOKUP)
    assert carried == order(BILLCOM)


@pytest.mark.parametrize(
    ("side", "parent", "key", "words"),
    [
        (BILLCOM, "b-pear", 2, "fruit Pear"),
        (QBO, "q-plum", 3, "fruit Plum"),
        (QBO, "q-lost", None, "fruit q-lost"),
    ],
)
def test_it_waits_for_what_the_other_side_does_not_have(side: Side, parent: str, key: int | None, words: str) -> None:
    hold = carry(FRUIT, fruit(parent=parent), side.other, TERMS, LOOKUP)
    assert isinstance(hold, Hold)
    assert (hold.code, hold.waits_for, hold.facts["target"]) == (HoldCode.WAITS_FOR, key, words)


def test_a_line_that_refers_to_nothing_known_holds_the_whole_record() -> None:
    hold = carry(ORDER, order(BILLCOM, lines=[line("b-apple"), line("b-pear")]), QBO, TERMS, LOOKUP)
    assert isinstance(hold, Hold) and hold.code is HoldCode.WAITS_FOR


def test_a_text_is_cut_where_the_other_side_has_no_room() -> None:
    """What is recorded as sent is what was sent: a write in doubt is looked for by it."""
    carried = carry(FRUIT, fruit(name="Golden   Delicious"), QBO, TERMS, LOOKUP)
    assert isinstance(carried, dict)
    assert carried["name"] == "Golden   D"
    assert carry(FRUIT, fruit(name="Golden Delicious"), BILLCOM, TERMS, LOOKUP) == fruit(name="Golden Delicious")
    shorter = carry(FRUIT, fruit(name="Goldenday Delicious"), QBO, TERMS, LOOKUP)
    assert isinstance(shorter, dict) and shorter["name"] == "Goldenday"


@pytest.mark.parametrize(
    ("field", "carried", "actual", "equal"),
    [
        (Field(), "", None, True),
        (Field(), "a", "A", False),
        (Field(limits={QBO: 3}), "abcdef", "abc", True),
        (Field(limits={QBO: 3}), "ab def", "ab", True),
        (Field(limits={QBO: 3}), "abcdef", "abx", False),
        (Field(limits={BILLCOM: 3}), "abcdef", "abc", False),
        (Field(type=Type.MONEY), Decimal("0.00"), None, True),
        (Field(type=Type.NUMBER), Decimal("10"), Decimal("10.0"), True),
        (Field(type=Type.NUMBER), 10, Decimal("10"), True),
        (Field(type=Type.BOOL), False, True, False),
        (Field(type=Type.BOOL), False, False, True),
        (Field(type=Type.REF), "", "", True),
        (Field(type=Type.REF), "1", "", False),
    ],
)
def test_values_are_the_same_as_far_as_a_side_can_hold_them(
    field: Field, carried: object, actual: object, equal: bool
) -> None:
    assert same(field, carried, actual, QBO) is equal


LINES = ORDER.fields["lines"]
SHUFFLED = Field(type=Type.LINES, lines=LINES.lines, unordered=True)


def test_lines_are_compared_one_by_one_in_their_order() -> None:
    two = [line(amount="1.00"), line(amount="2.00")]
    assert same(LINES, two, [dict(each) for each in two], QBO)
    assert not same(LINES, two, two[::-1], QBO)
    assert not same(LINES, two, two[:1], QBO)
    assert not same(LINES, two, [two[0], line(amount="2.01")], QBO)


def test_what_a_line_does_not_say_is_not_compared() -> None:
    """A preference that is off takes the column out of the comparison."""
    assert same(LINES, [{"fruit": "q-apple", "amount": 5}], [line(note="from QuickBooks")], QBO)


@given(st.permutations([line(amount="1.00"), line(amount="1.00"), line("q-plum", "1.00"), line(amount="2.00")]))
def test_the_order_of_lines_can_mean_nothing(lines: list[dict[str, Any]]) -> None:
    fixed = [line("q-plum", "1.00"), line(amount="1.00"), line(amount="2.00"), line(amount="1.00")]
    assert same(SHUFFLED, lines, fixed, QBO)
    assert not same(SHUFFLED, lines, [*fixed[:3], line(amount="2.00")], QBO)


@pytest.mark.parametrize(
    ("ours", "theirs", "side"),
    [
        ([line("b-apple", note="a")], [line(note="")], BILLCOM),
        ([line("b-apple", note="")], [line(note="b")], QBO),
        ([line("b-apple", note="a")], [line(note="b")], None),
        ([line("b-apple", note="a"), line("b-apple")], [line(), line(note="b")], None),
        ([line("b-apple")], [line(), line()], None),
        ([line("b-pear")], [line()], None),
    ],
)
def test_the_side_whose_lines_say_more_is_told(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], side: Side | None
) -> None:
    assert fuller(ORDER, "lines", order(BILLCOM, lines=ours), order(QBO, lines=theirs), TERMS, LOOKUP) is side


def test_plain_fields_have_no_fuller_side() -> None:
    assert fuller(ORDER, "memo", order(BILLCOM, memo="a"), order(QBO), TERMS, LOOKUP) is None


def test_a_change_is_what_differs_from_the_last_agreement() -> None:
    base = {name: fruit()[name] for name in FRUIT.compared}
    assert changed_fields(FRUIT, fruit(), base) == frozenset()
    assert changed_fields(FRUIT, fruit(name="Fig", weight=Decimal(3)), base) == {"name"}
    assert changed_fields(FRUIT, fruit(price=Decimal("2.0")), base) == frozenset()
