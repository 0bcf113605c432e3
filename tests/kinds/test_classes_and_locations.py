"""Classes and locations: both ways with their parents, and only where they are in use."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.schema import Keys, Lookup
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    body,
    code,
    edited,
    edited_on,
    lookup,
    only_in,
    payload,
    planned,
    shown,
    terms,
)

CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
BOTH = pytest.mark.parametrize(
    ("kind", "switch", "label", "flag", "parents"),
    [
        ("accounting_class", "classes", "Use Classes", "SubClass", ("cls01REGIONS00000001", "5000000000000000010")),
        ("location", "locations", "Use Locations", "SubDepartment", ("loc01HARBOUR00000001", "3")),
    ],
    ids=["class", "location"],
)


@BOTH
@pytest.mark.parametrize("side", Side)
def test_it_goes_both_ways_where_it_is_in_use(
    side: Side, kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    assert planned(only_in(side, kind, by=terms(one_way=True)))[0][:2] == (side.other, CREATE)
    held = only_in(side, kind, by=terms(**{switch: False}))
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert held.hold and label in held.hold.describe() and "Accounting preferences" in held.hold.fix()


@BOTH
def test_an_edit_made_while_it_is_not_in_use_waits_for_the_preference(
    kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    decision = edited(kind, {"name": "Renamed"}, by=terms(**{switch: False}))
    assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert "name" not in decision.agreed
    assert planned(edited(kind, {"name": "Renamed"})) == [(QBO, UPDATE, ["name"])]


@BOTH
def test_it_is_made_below_its_parent_and_waits_for_it(
    kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    sent = body(only_in(BILLCOM, kind), kind, QBO)
    assert (sent["ParentRef"], sent[flag]) == ({"value": parents[1]}, True)
    assert body(only_in(QBO, kind), kind, BILLCOM)["parentId"] == parents[0]
    assert code(only_in(BILLCOM, kind, refs=lookup(without=((parents[1], QBO),)))) is HoldCode.WAITS_FOR


@BOTH
def test_one_that_becomes_its_own_leaves_its_parent(
    kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    sent = body(edited(kind, {"parentId": None}), kind, QBO, current=payload(kind, QBO))
    assert sent == {"ParentRef": None, flag: False}
    back = body(edited_on(QBO, kind, {"ParentRef": None, flag: False}), kind, BILLCOM, current=payload(kind, BILLCOM))
    assert back == {"parentId": ""}


@BOTH
def test_its_twin_has_the_same_name_below_the_same_parent(
    kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    def keys(side: Side, changes: dict[str, Any] | None = None, refs: Lookup = LOOKUP) -> Keys:
        return KINDS[kind].keys(shown(kind, side, changes), side, refs)

    assert keys(BILLCOM).first == keys(QBO).first
    assert keys(BILLCOM, {"parentId": None}).first != keys(QBO).first
    assert keys(BILLCOM, {"parentId": None}).first == keys(QBO, {"ParentRef": None}).first
    assert keys(BILLCOM, refs=Lookup()) == Keys()


@BOTH
def test_words_that_quickbooks_has_no_place_for_stay_in_bill(
    kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    assert edited(kind, {"description": "new words", "shortName": "X"}).outcome is Outcome.IN_STEP


@BOTH
def test_it_goes_inactive_on_both_sides(
    kind: str, switch: str, label: str, flag: str, parents: tuple[str, str]
) -> None:
    name = payload(kind, QBO)["Name"]
    assert planned(edited(kind, {"archived": True})) == [(QBO, RETIRE, ["active"])]
    assert planned(edited_on(QBO, kind, {"Active": False, "Name": f"{name} (deleted)"})) == [
        (BILLCOM, RETIRE, ["active"])
    ]
