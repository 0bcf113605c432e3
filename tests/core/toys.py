"""Two kinds of our own making, so that the tests of the core depend on no real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.records import Seen, View
from syncapp.core.schema import (
    TO_QBO,
    BillcomShape,
    Draft,
    Field,
    Keys,
    Kind,
    Lookup,
    QboShape,
    Raw,
    Retirement,
    Target,
    Terms,
    Type,
    Values,
)
from syncapp.core.sides import Cohort, Side

BILLCOM, QBO = Side.BILLCOM, Side.QBO
ACTIVE = Field(billcom="archived", qbo="Active", type=Type.BOOL, inverted=frozenset({BILLCOM}), label="Active")


def one_way(towards: Side, terms: Terms) -> Hold | None:
    return Hold(HoldCode.ONE_WAY) if towards is BILLCOM and terms.one_way else None


def approved(values: Values, towards: Side, terms: Terms) -> Hold | None:
    return Hold(HoldCode.NOT_APPROVED) if terms.approved_only and towards is QBO else None


def closed(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    return Hold(HoldCode.BOOKS_CLOSED) if terms.books_closed_on and towards is QBO else None


def by_name(values: Values, side: Side, lookup: Lookup) -> Keys:
    return Keys(first=normalise(values["name"]))


def by_number(values: Values, side: Side, lookup: Lookup) -> Keys:
    return Keys(first=normalise(values["number"]) if values["active"] else "")


def write_lines(payload: Raw, draft: Draft) -> Raw:
    if "lines" in draft.changed:
        payload["lines" if draft.side is BILLCOM else "Lines"] = [dict(line) for line in draft.values["lines"]]
    return payload


def lines_of(values: Values, raw: Raw, side: Side) -> Values:
    values["lines"] = list(raw.get("lines") or raw.get("Lines") or [])
    return values


FRUIT = Kind(
    name="fruit",
    label="Fruit",
    plural="Fruits",
    billcom=BillcomShape(path="fruits"),
    qbo=QboShape(entity="Fruit", always=("name",)),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", limits={QBO: 10}),
        "colour": Field(billcom="look.colour", qbo="Look.Colour", label="Colour"),
        "shape": Field(billcom="look.shape", qbo="Look.Shape", label="Shape"),
        "code": Field(billcom="code", qbo="Code", label="Code", to=TO_QBO, fill_only=True),
        "sort": Field(
            billcom="sort",
            qbo="Sort",
            type=Type.CHOICE,
            choices={"POME": "Pome", "STONE": "Stone"},
            label="Sort",
            fixed=True,
        ),
        "price": Field(billcom="price", qbo="Price", type=Type.NUMBER, label="Price"),
        "parent": Field(billcom="parentId", qbo="ParentRef.value", type=Type.REF, ref="fruit", label="Kind of"),
        "active": ACTIVE,
        "weight": Field(billcom="weight", qbo="Weight", type=Type.MONEY, label="Weight", fact=True),
    },
    keys=by_name,
    flow=lambda towards, terms: None if terms.classes else Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": "Off."}),
)

ORDER = Kind(
    name="order",
    label="Order",
    plural="Orders",
    billcom=BillcomShape(path="orders", replace=True),
    qbo=QboShape(entity="Order", retire=Retirement.DELETE),
    fields={
        "number": Field(billcom="number", qbo="DocNumber", label="Number"),
        "date": Field(billcom="date", qbo="TxnDate", type=Type.DATE, label="Date"),
        "memo": Field(billcom="memo", qbo="Memo", label="Memo"),
        "lines": Field(
            type=Type.LINES,
            label="Lines",
            lines={
                "fruit": Field(type=Type.REF, ref="fruit", label="Fruit"),
                "amount": Field(type=Type.MONEY, label="Amount"),
                "note": Field(label="Note"),
            },
        ),
        "active": ACTIVE,
    },
    transaction=True,
    flow=one_way,
    gates=(approved,),
    update_gates=(closed,),
    keys=by_number,
    read=lines_of,
    write=write_lines,
)

TERMS = Terms(cohort=Cohort.A, classes=True)

#: apple is on both sides, pear in BILL only, plum in QuickBooks only.
LOOKUP = Lookup(
    {
        ("fruit", BILLCOM, "b-apple"): Target(1, "b-apple", "q-apple", "Apple"),
        ("fruit", QBO, "q-apple"): Target(1, "b-apple", "q-apple", "Apple"),
        ("fruit", BILLCOM, "b-pear"): Target(2, "b-pear", None, "Pear"),
        ("fruit", QBO, "q-plum"): Target(3, None, "q-plum", "Plum"),
    }
)


def terms(**changes: Any) -> Terms:
    return replace(TERMS, **changes)


def fruit(**values: Any) -> Values:
    blank = {
        "name": "Apple",
        "colour": "red",
        "shape": "",
        "code": "",
        "sort": "POME",
        "price": Decimal(2),
        "parent": "",
        "active": True,
        "weight": None,
    }
    return {**blank, **values}


def order(side: Side, **values: Any) -> Values:
    apple = "b-apple" if side is BILLCOM else "q-apple"
    lines = [{"fruit": apple, "amount": Decimal("5.00"), "note": ""}]
    return {"number": "7", "date": "2026-03-01", "memo": "", "lines": lines, "active": True, **values}


def pair(
    kind: Kind, billcom: Values | None, qbo: Values | None, base: Mapping[str, Mapping[str, Any]] | None = None
) -> Seen:
    ours = View("b-1", billcom) if billcom is not None else None
    theirs = View("q-1", qbo) if qbo is not None else None
    return Seen(1, ours, theirs, base)


def agreed(kind: Kind, billcom: Values, qbo: Values) -> dict[str, dict[str, Any]]:
    """The base of a pair that was in step with these values."""
    return {
        "billcom": {name: billcom[name] for name in kind.compared},
        "qbo": {name: qbo[name] for name in kind.compared},
    }
