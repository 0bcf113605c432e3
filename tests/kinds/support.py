"""Records in the vendors' own shapes, and the company they belong to.

``payloads/<kind>.<side>.json`` hold one record of each kind as each product would show it: the same thing, in step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from syncapp.core.codec import decode, encode, put
from syncapp.core.holds import HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Decision, Seen, View, WriteVerb
from syncapp.core.schema import Account, Draft, Kind, Lookup, Raw, Target, Terms, Values
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS

BILLCOM, QBO = Side.BILLCOM, Side.QBO
PAYLOADS = Path(__file__).parent / "payloads"

#: kind -> (id in BILL, id in QuickBooks, name) of what the records refer to, and of the records themselves.
LINKED: dict[str, list[tuple[str, str, str]]] = {
    "account": [
        ("0ca01RENT00000000001", "61", "Rent or lease"),
        ("0ca01OCCUPANCY000001", "60", "Occupancy"),
        ("0ca01SALES0000000001", "45", "Sales of Product Income"),
        ("0ca01MATERIALS000001", "63", "Job Materials"),
        ("0ca01CHECKING0000001", "35", "Checking"),
        ("0ca01CLEARING0000001", "98", "Bill.com Money Out Clearing"),
    ],
    "accounting_class": [
        ("cls01NORTH0000000001", "5000000000000000011", "North"),
        ("cls01REGIONS00000001", "5000000000000000010", "Regions"),
    ],
    "location": [("loc01YARD00000000001", "4", "Yard"), ("loc01HARBOUR00000001", "3", "Harbour")],
    "customer": [
        ("0cu01ORCHARD00000001", "13", "Harbour Works:Orchard Street"),
        ("0cu01HARBOUR00000001", "12", "Harbour Works"),
    ],
    "vendor": [("00901BRIGHT000000001", "56", "Brightwater Plumbing")],
    "item": [("0ii01PIPE00000000001", "21", "Copper pipe 22 mm")],
    "term": [("00p01NET3000000000001", "3", "Net 30")],
    "sales_tax": [("0ii01STATE0000000001", "2", "Nevada")],
    "bill": [("00n01BILL00000000001", "145", "BW-2026/0311")],
    "vendor_credit": [("vcr01CREDIT000000001", "160", "CR-2026/07")],
    "bill_payment": [("stp01PAY000000000001", "190", "5113")],
    "invoice": [("00e01INVOICE00000001", "220", "INV-2026/07")],
    "credit_memo": [("ccr01MEMO00000000001", "241", "CM-2026/07")],
    "receivable_payment": [("0rp01PAID0000000001", "231", "4471")],
    "funds_transfer": [("bac01CHECKING000001:260410:98", "201", "Checking ****1234, drawn")],
}

FALLBACK = Account(900, "99")
CLEARING = Account(901, "98")
BANK = Account(904, "35")
DEFAULT_BANK = Account(902, "97")
PAYABLES = Account(903, "33")
DEPOSITS = Account(905, "96")

#: A company of cohort A with everything switched on that can be.
TERMS = Terms(
    cohort=Cohort.A,
    account_numbers=True,
    locations=True,
    classes=True,
    class_per_line=True,
    customers_in_payables=True,
    items_in_payables=True,
    sales_tax=True,
    payment_terms=True,
    accounts={
        "unallocated-expense": FALLBACK,
        "money-out-clearing": CLEARING,
        "default-bank": DEFAULT_BANK,
        "accounts-payable": PAYABLES,
        "deposit-to": DEPOSITS,
    },
    banks={"bac01CHECKING000001": BANK},
)


def terms(**changes: Any) -> Terms:
    return replace(TERMS, **changes)


def lookup(*, without: tuple[tuple[str, Side], ...] = ()) -> Lookup:
    """Everything linked; ``without``: (id, side) pairs that are on their other side only, or nowhere."""
    targets: dict[tuple[str, Side, str], Target] = {}
    key = 0
    for kind, rows in LINKED.items():
        for billcom_id, qbo_id, label in rows:
            key += 1
            ours = None if (billcom_id, BILLCOM) in without else billcom_id
            theirs = None if (qbo_id, QBO) in without else qbo_id
            target = Target(key, ours, theirs, label)
            targets |= {(kind, BILLCOM, billcom_id): target, (kind, QBO, qbo_id): target}
            if kind == "customer":
                path = ":".join(part.casefold().replace(" ", "") for part in label.split(":"))
                targets |= {(kind, side, f"~{path}"): target for side in Side}
    return Lookup(targets)


LOOKUP = lookup()


def payload(kind: str, side: Side, changes: Mapping[str, Any] | None = None) -> Raw:
    """The record as the side shows it; ``changes``: dotted path -> value, None = not shown."""
    raw: Raw = json.loads((PAYLOADS / f"{kind}.{side}.json").read_text(encoding="utf-8"), parse_float=Decimal)
    for path, value in (changes or {}).items():
        put(raw, path, deepcopy(value))
    return without_none(raw)


def without_none(raw: Raw) -> Raw:
    """Both products leave out what is empty."""
    return {
        name: without_none(value) if isinstance(value, dict) else value
        for name, value in raw.items()
        if value is not None
    }


def shown(kind: str, side: Side, changes: Mapping[str, Any] | None = None) -> Values:
    return decode(KINDS[kind], payload(kind, side, changes), side)


def view(kind: str, side: Side, changes: Mapping[str, Any] | None = None) -> View:
    raw = payload(kind, side, changes)
    return View(str(raw.get("id") or raw.get("Id")), decode(KINDS[kind], raw, side), "1", raw)


def in_step(kind: Kind, billcom: Values, qbo: Values) -> dict[str, dict[str, Any]]:
    """The base of two records that agreed as they are."""
    return {
        "billcom": {name: billcom.get(name) for name in kind.compared},
        "qbo": {name: qbo.get(name) for name in kind.compared},
    }


Changes = Mapping[str, Any] | None


def only_in(side: Side, kind: str, changes: Changes = None, *, by: Terms = TERMS, refs: Lookup = LOOKUP) -> Decision:
    """What is decided on a record that is new on one side."""
    one = view(kind, side, changes)
    pair = Seen(1, one, None) if side is BILLCOM else Seen(1, None, one)
    return decide(KINDS[kind], pair, by, refs)


def edited(
    kind: str, billcom: Changes = None, qbo: Changes = None, *, by: Terms = TERMS, refs: Lookup = LOOKUP
) -> Decision:
    """What is decided on a pair that was in step before these edits."""
    base = in_step(KINDS[kind], shown(kind, BILLCOM), shown(kind, QBO))
    return decide(KINDS[kind], Seen(1, view(kind, BILLCOM, billcom), view(kind, QBO, qbo), base), by, refs)


def just_linked(
    kind: str, billcom: Changes = None, qbo: Changes = None, *, by: Terms = TERMS, refs: Lookup = LOOKUP
) -> Decision:
    return decide(KINDS[kind], Seen(1, view(kind, BILLCOM, billcom), view(kind, QBO, qbo)), by, refs)


def edited_on(side: Side, kind: str, changes: Changes, *, by: Terms = TERMS) -> Decision:
    return edited(kind, changes, by=by) if side is BILLCOM else edited(kind, None, changes, by=by)


def code(decision: Decision) -> HoldCode | None:
    return decision.hold.code if decision.hold else None


def body(
    decision: Decision,
    kind: str,
    side: Side,
    *,
    current: Raw | None = None,
    by: Terms = TERMS,
    refs: Lookup = LOOKUP,
) -> Raw:
    """The request that the decision's write to ``side`` makes, as the services build it."""
    write = next(each for each in decision.writes if each.side is side)
    creating = write.verb is WriteVerb.CREATE
    whole = creating or (side is BILLCOM and KINDS[kind].billcom.replace)
    names = frozenset(KINDS[kind].compared) if whole else write.changed
    remote_id = "" if creating else "1"
    draft = Draft(side, write.values, names, current, by, refs, remote_id, "1")
    return encode(KINDS[kind], draft, creating=creating)


def planned(decision: Decision) -> list[tuple[Side, WriteVerb, list[str]]]:
    return [(write.side, write.verb, sorted(write.changed)) for write in decision.writes]


def billcom_lines(*changes: Mapping[str, Any]) -> list[Raw]:
    """BILL's two lines; each change merged into one of them, classifications too."""
    lines = payload("bill", BILLCOM)["billLineItems"]
    for line, change in zip(lines, changes, strict=False):
        codes = {**line["classifications"], **change.get("classifications", {})}
        line |= {**change, "classifications": {name: value for name, value in codes.items() if value}}
    return list(lines)


def qbo_lines(*changes: Mapping[str, Any]) -> list[Raw]:
    lines = payload("bill", QBO)["Line"]
    for line, change in zip(lines, changes, strict=False):
        line |= change
    return list(lines)


def one_line(amount: str, **classifications: str) -> list[Raw]:
    return [{"id": "bli9", "amount": Decimal(amount), "description": "", "classifications": classifications}]
