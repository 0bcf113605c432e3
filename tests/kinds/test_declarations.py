"""Every kind, whatever it is: a file put into the folder is held against all of this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import syncapp.kinds
from syncapp.core.codec import blanks, decode, dig, encode
from syncapp.core.merging import carry, same
from syncapp.core.planning import ACTIVE
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.schema import Draft, Field, Kind, Raw, Type, Values
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from tests.kinds.support import LINKED, LOOKUP, PAYLOADS, TERMS, edited, edited_on, just_linked, payload, shown

FOLDER = Path(syncapp.kinds.__file__).parent
SHAPES = Path(__file__).resolve().parent.parent / "sandbox" / "billcom_shapes.json"
SHAPE_OF = {
    "account": ("chart-of-accounts",),
    "accounting_class": ("accounting-classes",),
    "location": ("accounting-classes",),
    "term": ("payment-terms",),
    "vendor": ("vendors",),
    "customer": ("customers",),
    "item": ("items",),
    "sales_tax": ("items",),
    "bill": ("bills",),
    "vendor_credit": ("vendor-credit",),
    "bill_payment": ("payments", "bills-record-payment"),
    "invoice": ("invoices",),
    "receivable_payment": ("receivable-payments",),
    "credit_memo": ("credit-memos",),
}

STAY_IN_BILL = {"bill_payment", "vendor_credit", "funds_transfer", "invoice", "receivable_payment"}
"""What isn't taken back in BILL because QuickBooks' side was."""
STAY_IN_QUICKBOOKS = {"sales_tax"}
"""What isn't taken back in QuickBooks because BILL's side was."""
NEVER_TAKEN_AWAY = {"term"}
"""What BILL can't archive, and so stays there when QuickBooks' side is inactive."""

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
sides = pytest.mark.parametrize("side", Side)
#: BILL records payments by a call of its own shape; tests/kinds/test_bill_payment.py looks at that. Vendor credits are
#: never written there, nor sales taxes to QuickBooks.
created = pytest.mark.parametrize(
    ("kind", "side"),
    [
        pytest.param(kind, side, id=f"{kind.name}-{side}")
        for kind in KINDS.values()
        for side in Side
        if not (kind.flow(side, TERMS) or (side is Side.BILLCOM and kind.billcom.recorded))
    ],
)


def fields_of(kind: Kind) -> Iterator[tuple[str, Field]]:
    for name, each in kind.fields.items():
        yield name, each
        yield from ((f"{name}.{inner}", sub) for inner, sub in each.lines.items())


def leaves(raw: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of everything in a payload; lists by position."""
    if isinstance(raw, dict):
        for name, value in raw.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(raw, list):
        for position, value in enumerate(raw):
            yield from leaves(value, f"{path}[{position}]")
    else:
        yield path, raw


def draft(kind: Kind, side: Side, values: Values, changed: frozenset[str], current: Raw | None) -> Draft:
    remote_id = str((current or {}).get("id") or (current or {}).get("Id") or "")
    return Draft(side, values, changed, current, TERMS, LOOKUP, remote_id, "1")


def carried(kind: Kind, towards: Side) -> Values:
    values = carry(kind, shown(kind.name, towards.other), towards, TERMS, LOOKUP)
    assert isinstance(values, dict), values
    return values


def test_every_file_declares_one_kind_of_its_name() -> None:
    files = {file.stem for file in FOLDER.glob("*.py") if not file.name.startswith("_")}
    assert files == set(KINDS)
    assert all(name == kind.name for name, kind in KINDS.items())


def test_what_is_referred_to_comes_first() -> None:
    order = list(KINDS)
    for kind in KINDS.values():
        assert all(order.index(target) < order.index(kind.name) for target in kind.refs)


@kinds
def test_its_references_name_kinds(kind: Kind) -> None:
    for name, each in fields_of(kind):
        assert not each.ref or each.ref in KINDS, name
        assert (each.type is Type.REF) == bool(each.ref), f"{name}: a reference has a type and a target"


@kinds
def test_what_it_points_to_among_its_own_fields_is_there(kind: Kind) -> None:
    named = {kind.title, kind.number, kind.amount, kind.date, *kind.qbo.always} - {""}
    assert named <= set(kind.fields) | ({"name"} - set(kind.fields))
    assert set(kind.key_refs) <= set(kind.fields)
    assert ACTIVE in kind.compared
    assert kind.fields[ACTIVE].type is Type.BOOL


@kinds
def test_every_field_has_words_for_people(kind: Kind) -> None:
    assert kind.label and kind.plural
    assert all(each.label for _, each in fields_of(kind))


@kinds
def test_a_field_that_is_written_says_where_or_how(kind: Kind) -> None:
    """A compared field has a path on a side, or the kind's own functions read and write it."""
    for name in kind.compared:
        each = kind.fields[name]
        own = kind.read.__module__.startswith("syncapp.kinds") and kind.write.__module__.startswith("syncapp.kinds")
        assert (each.billcom and each.qbo) or own or not each.to, name


@kinds
def test_the_longest_text_it_lets_through_fits(kind: Kind) -> None:
    for name, each in fields_of(kind):
        for side, limit in each.limits.items():
            assert each.type is Type.TEXT, name
            assert limit > 0 and side in Side


@kinds
@sides
def test_every_path_is_in_the_recorded_shape(kind: Kind, side: Side) -> None:
    """No path of a declaration is a slip: the vendor's record has it."""
    raw = payload(kind.name, side)
    for name, each in kind.fields.items():
        path = each.path(side)
        assert path is None or dig(raw, tuple(path.split("."))) is not None, f"{name}: {path}"


@kinds
def test_the_recorded_shape_is_bills_own(kind: Kind) -> None:
    """Names of fields as BILL documents them: ours have no others. What is derived BILL doesn't have at all."""
    if kind.billcom.derived:
        assert kind.name not in SHAPE_OF
        return
    documented = json.loads(SHAPES.read_text(encoding="utf-8"))["shapes"]
    known = {path for shape in SHAPE_OF[kind.name] for path in documented[shape]}
    ours = {path.replace("[0]", "[]").replace("[1]", "[]") for path, _ in leaves(payload(kind.name, Side.BILLCOM))}
    assert ours <= known


@kinds
@sides
def test_every_field_is_read_with_its_type(kind: Kind, side: Side) -> None:
    wanted = {Type.BOOL: bool, Type.MONEY: Decimal, Type.NUMBER: Decimal, Type.LINES: list}
    for name, value in shown(kind.name, side).items():
        each = kind.fields[name]
        assert value is None or isinstance(value, wanted.get(each.type, str)), name


@kinds
@sides
def test_it_reads_every_field_even_where_a_side_shows_none(kind: Kind, side: Side) -> None:
    assert set(shown(kind.name, side)) == set(kind.fields)
    assert set(decode(kind, {}, side)) == set(kind.fields) == set(blanks(kind.fields))


@kinds
@sides
def test_a_record_in_step_means_the_same_on_the_other_side(kind: Kind, side: Side) -> None:
    there = shown(kind.name, side.other)
    ours = carried(kind, side.other)
    differ = [
        name
        for name in kind.compared
        if name in ours and not same(kind.fields[name], ours[name], there[name], side.other)
    ]
    # The tax id is shown masked in QuickBooks.
    assert [name for name in differ if not kind.fields[name].fill_only] == []


@kinds
def test_linking_a_pair_in_step_writes_nothing(kind: Kind) -> None:
    decision = just_linked(kind.name)
    assert decision.outcome is Outcome.IN_STEP
    later = {
        name
        for name, each in kind.fields.items()
        if kind.transaction and each.fill_only and not shown(kind.name, Side.BILLCOM)[name]
    }
    assert decision.agreed == frozenset(kind.compared) - later
    assert (decision.writes, decision.clashes, decision.hold) == ((), (), None)


@kinds
def test_nothing_changed_means_nothing_to_do(kind: Kind) -> None:
    decision = edited(kind.name)
    assert (decision.outcome, decision.writes, decision.clashes) == (Outcome.IN_STEP, (), ())


@created
def test_a_new_record_is_written_as_the_other_side_shows_it(kind: Kind, side: Side) -> None:
    """Everything that is sent stands in the recorded record, at the same place with the same value."""
    sent = encode(kind, draft(kind, side, carried(kind, side), frozenset(kind.compared), None), creating=True)
    recorded = dict(leaves(payload(kind.name, side)))
    special = {"TaxIdentifier": "04-3456789", "DisplayName": recorded.get("DisplayName")}
    # An invoice's customer is shown flat, and what is asked for with it is not shown at all.
    special |= {"customer.id": recorded.get("customerId"), "processingOptions.sendEmail": False}
    for path, value in leaves(sent):
        wanted = special.get(path, recorded.get(path))
        assert wanted is not None, f"{path} is nowhere in the recorded record"
        assert value == wanted or {value, wanted} <= {"US", "United States", "USA"}, path


@created
def test_what_was_written_reads_back_as_it_was_meant(kind: Kind, side: Side) -> None:
    values = carried(kind, side)
    sent = encode(kind, draft(kind, side, values, frozenset(kind.compared), None), creating=True)
    back = decode(kind, sent, side)
    # The full name of a sub-customer and the sides' own switches are given by QuickBooks, not to it.
    given = {"name"} if kind.names_path and side is Side.QBO else set()
    missing = [
        name
        for name in kind.compared
        if name not in given
        and side in kind.fields[name].to
        and not same(kind.fields[name], values[name], back[name], side)
    ]
    assert missing == []


@kinds
@sides
def test_it_never_sends_what_is_only_a_fact_or_does_not_flow(kind: Kind, side: Side) -> None:
    sent = encode(kind, draft(kind, side, carried(kind, side), frozenset(kind.compared), None), creating=True)
    paths = {path for path, _ in leaves(sent)}
    for name, each in kind.fields.items():
        path = each.path(side)
        own = kind.write.__module__.startswith("syncapp.kinds") and (each.type is Type.REF or kind.billcom.recorded)
        if path and not own and (each.fact or side not in each.to):
            assert path not in paths, name


@kinds
@sides
def test_an_update_sends_only_what_changed_and_its_surroundings(kind: Kind, side: Side) -> None:
    current, values = payload(kind.name, side), shown(kind.name, side)
    for name in kind.compared:
        each = kind.fields[name]
        path = each.path(side)
        if path is None or side not in each.to or kind.billcom.recorded or kind.billcom.replace:
            continue
        sent = encode(kind, draft(kind, side, values, frozenset({name}), current), creating=False)
        assert path.split(".")[0] in sent or kind.names_path
        heads = {path.split(".")[0], "SubAccount", "SubClass", "SubDepartment", "AccountSubType"}
        assert set(sent) <= heads | {"DisplayName", "ParentRef", "Job"}
        assert dig(sent, tuple(path.split("."))) == dig(current, tuple(path.split("."))) or name in (
            "name",
            "address_country",
            "shipping_country",
        )


@kinds
def test_an_update_to_quickbooks_repeats_what_it_must(kind: Kind) -> None:
    """Reference: Intuit docs, required in a sparse update: VendorRef of a bill, Name and AccountType of an account."""
    needed = {
        "bill": {"vendor"},
        "bill_payment": {"vendor"},
        "vendor_credit": {"vendor"},
        "account": {"name", "account_type"},
    }
    assert needed.get(kind.name, set()) <= set(kind.qbo.always)


@kinds
def test_it_can_be_decided_for_every_company(kind: Kind) -> None:
    """No preference makes a decision stumble; nothing is ever held without a code, a meaning and a way out."""
    switches = ("approved_only", "one_way", "two_way_payments", "locations", "classes", "items_in_payables")
    for cohort in Cohort:
        for switch in switches:
            for on in (True, False):
                changes: dict[str, Any] = {switch: on}
                terms = replace(TERMS, cohort=cohort, **changes)
                for decision in (just_linked(kind.name, by=terms), edited(kind.name, {"archived": True}, by=terms)):
                    assert decision.hold is None or (decision.hold.describe() and decision.hold.fix())


@kinds
@sides
def test_taking_one_away_is_planned_for_the_other_side_or_held(kind: Kind, side: Side) -> None:
    gone: dict[Side, dict[str, Any]] = {
        Side.BILLCOM: {"archived": True, "status": "VOID"},
        Side.QBO: {"Active": False, "status": "Deleted"},
    }
    decision = edited_on(side, kind.name, gone[side])
    if kind.name in NEVER_TAKEN_AWAY:
        assert (decision.outcome, decision.writes, decision.hold) == (Outcome.IN_STEP, (), None)
    elif decision.hold is None:
        (write,) = decision.writes
        assert (write.side, write.verb, write.changed) == (side.other, WriteVerb.RETIRE, frozenset({ACTIVE}))
    else:
        assert kind.name in (STAY_IN_BILL if side is Side.QBO else STAY_IN_QUICKBOOKS)


@kinds
@sides
def test_retiring_changes_nothing_else(kind: Kind, side: Side) -> None:
    """The record is taken away as its own side shows it, whatever else was edited on the other."""
    gone: dict[str, Any] = (
        {"archived": True, "status": "VOID"} if side is Side.QBO else {"Active": False, "status": "Deleted"}
    )
    other = (
        {"name": "Renamed", "account.type": "BANK"} if side is Side.QBO else {"Name": "Renamed", "AccountType": "Bank"}
    )
    decision = edited_on(side.other, kind.name, {**gone, **other})
    stays = STAY_IN_BILL | NEVER_TAKEN_AWAY if side is Side.BILLCOM else STAY_IN_QUICKBOOKS
    assert bool(decision.writes) is (kind.name not in stays)
    for write in decision.writes:
        there = shown(kind.name, side)
        if kind.name in NEVER_TAKEN_AWAY:
            assert ACTIVE not in write.changed
        else:
            assert write.values == {**there, ACTIVE: False}


@kinds
@sides
def test_its_keys_find_the_twin(kind: Kind, side: Side) -> None:
    keys = kind.keys(shown(kind.name, side), side, LOOKUP)
    twin = kind.keys(shown(kind.name, side.other), side.other, LOOKUP)
    assert keys.first and keys.first == twin.first
    # A payment's second key is for one that was voided on the other side.
    assert keys.second == twin.second or kind.name in ("bill_payment", "receivable_payment")
    assert max(len(keys.first), len(keys.second), len(keys.proposal)) <= 300


def test_every_kind_has_a_golden_pair_and_no_pair_is_left_over() -> None:
    files = {file.name for file in PAYLOADS.glob("*.json")}
    assert files == {f"{name}.{side}.json" for name in KINDS for side in Side}
    assert set(LINKED) == set(KINDS)
