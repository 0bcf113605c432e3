"""Customers: both ways; BILL wants an e-mail address; a sub-customer is "Parent:Child" there; projects stay put."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.schema import Lookup, Target
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.kinds.customer import path_key
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    body,
    code,
    edited,
    edited_on,
    just_linked,
    lookup,
    only_in,
    payload,
    planned,
    shown,
    terms,
)

CUSTOMER = KINDS["customer"]
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
TOP: dict[str, Any] = {"FullyQualifiedName": "Pier Cafe", "DisplayName": "Pier Cafe", "ParentRef": None, "Job": False}


@pytest.mark.parametrize("side", Side)
def test_a_customer_goes_both_ways(side: Side) -> None:
    assert planned(only_in(side, "customer", by=terms(one_way=True)))[0][:2] == (side.other, CREATE)


# --- what BILL asks for ----------------------------------------------------------------------------------------------


def test_a_customer_without_email_is_held_where_no_fallback_is_set() -> None:
    assert code(only_in(QBO, "customer", {"PrimaryEmailAddr": None})) is HoldCode.NEEDS_EMAIL


def test_the_companys_own_fallback_address_is_used_and_none_is_invented() -> None:
    by = terms(customer_email="ar@firm.example")
    assert (
        body(only_in(QBO, "customer", {"PrimaryEmailAddr": None}, by=by), "customer", BILLCOM)["email"]
        == "ar@firm.example"
    )
    assert body(only_in(QBO, "customer", by=by), "customer", BILLCOM)["email"] == "noor@harbourworks.example"


def test_an_email_taken_away_in_quickbooks_is_held_because_bill_needs_one() -> None:
    assert code(edited_on(QBO, "customer", {"PrimaryEmailAddr": None})) is HoldCode.NEEDS_EMAIL


@pytest.mark.parametrize("head", ["BillAddr", "ShipAddr"])
def test_an_address_without_country_gets_the_companys_or_is_held(head: str) -> None:
    change = {f"{head}.Country": None}
    assert code(only_in(QBO, "customer", change)) is HoldCode.NEEDS_ADDRESS
    sent = body(only_in(QBO, "customer", change, by=terms(vendor_country="US")), "customer", BILLCOM)
    assert sent["billingAddress"]["country"] == sent["shippingAddress"]["country"] == "US"


def test_a_customer_needs_no_address_at_all() -> None:
    sent = body(only_in(QBO, "customer", {"BillAddr": None, "ShipAddr": None}), "customer", BILLCOM)
    assert "billingAddress" not in sent and "shippingAddress" not in sent


@pytest.mark.parametrize(("side", "path"), [(BILLCOM, "invoiceCurrency"), (QBO, "CurrencyRef.value")])
def test_a_customer_in_another_currency_is_held(side: Side, path: str) -> None:
    assert code(only_in(side, "customer", {path: "GBP"})) is HoldCode.CURRENCY


# --- sub-customers ---------------------------------------------------------------------------------------------------


def test_a_sub_customer_is_named_by_its_path_in_bill() -> None:
    assert body(only_in(QBO, "customer"), "customer", BILLCOM)["name"] == "Harbour Works:Orchard Street"


def test_a_customer_named_by_a_path_is_made_under_its_parent() -> None:
    sent = body(only_in(BILLCOM, "customer"), "customer", QBO)
    assert sent["DisplayName"] == "Orchard Street"
    assert (sent["ParentRef"], sent["Job"]) == ({"value": "12"}, True)
    assert "FullyQualifiedName" not in sent


def test_a_customer_of_its_own_has_no_parent() -> None:
    sent = body(only_in(BILLCOM, "customer", {"name": "Pier Cafe"}), "customer", QBO)
    assert sent["DisplayName"] == "Pier Cafe"
    assert "ParentRef" not in sent and "Job" not in sent


@pytest.mark.parametrize("refs", [lookup(without=(("12", QBO),)), Lookup()])
def test_it_waits_for_its_parent(refs: Lookup) -> None:
    held = only_in(BILLCOM, "customer", refs=refs)
    assert code(held) is HoldCode.WAITS_FOR
    assert held.hold and "customer Harbour Works" in held.hold.describe()


def test_a_customer_renamed_to_another_path_moves_in_quickbooks() -> None:
    """Its old parent would otherwise stay, and the new name be lost without a word."""
    refs = lookup()
    refs.targets["customer", BILLCOM, "~piercafe"] = Target(99, "0cu99", "50", "Pier Cafe")
    decision = edited("customer", {"name": "Pier Cafe:Orchard Street"}, refs=refs)
    sent = body(decision, "customer", QBO, current=payload("customer", QBO), refs=refs)
    assert sent == {"DisplayName": "Orchard Street", "ParentRef": {"value": "50"}, "Job": True}


def test_a_sub_customer_that_becomes_its_own_leaves_its_parent() -> None:
    decision = edited("customer", {"name": "Orchard Street"})
    sent = body(decision, "customer", QBO, current=payload("customer", QBO))
    assert sent == {"DisplayName": "Orchard Street", "ParentRef": None, "Job": False}


def test_renaming_the_parent_renames_the_path_in_bill() -> None:
    decision = edited_on(QBO, "customer", {"FullyQualifiedName": "Harbour Works Inc:Orchard Street"})
    assert body(decision, "customer", BILLCOM, current=payload("customer", BILLCOM)) == {
        "name": "Harbour Works Inc:Orchard Street"
    }


def test_other_edits_of_a_sub_customer_leave_its_name_and_parent_alone() -> None:
    sent = body(edited("customer", {"phone": "1"}), "customer", QBO, current=payload("customer", QBO))
    assert sent == {"PrimaryPhone": {"FreeFormNumber": "1"}}


@pytest.mark.parametrize("deleted", [" (deleted)", " (Deleted)"])
def test_an_inactive_sub_customer_keeps_its_path(deleted: str) -> None:
    gone = {"Active": False, "FullyQualifiedName": f"Harbour Works:Orchard Street{deleted}"}
    assert planned(edited_on(QBO, "customer", gone)) == [(BILLCOM, RETIRE, ["active"])]


def test_a_reply_without_full_name_falls_back_to_the_own_name() -> None:
    assert shown("customer", QBO, {**TOP, "FullyQualifiedName": None})["name"] == "Pier Cafe"


# --- projects --------------------------------------------------------------------------------------------------------


def test_a_project_comes_to_bill_and_nothing_goes_back() -> None:
    """Reference: BILL's sync matrix, projects: from QuickBooks only."""
    project = {"IsProject": True}
    assert only_in(QBO, "customer", project).outcome is Outcome.WRITE
    held = edited("customer", {"phone": "1"}, project)
    assert (code(held), held.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())
    assert planned(edited_on(QBO, "customer", {**project, "Notes": "x"})) == [(BILLCOM, UPDATE, ["description"])]


# --- twins -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Harbour Works:Orchard Street", "harbour works : orchard-street", True),
        ("Harbour Works:Orchard Street", "Harbour Works Orchard Street", False),
        ("Harbour:Works", "HarbourWorks", False),
    ],
)
def test_its_twin_has_the_same_path(one: str, other: str, alike: bool) -> None:
    assert (path_key(one) == path_key(other)) is alike


def test_the_same_email_is_proposed_but_never_within_a_family() -> None:
    """Sub-customers often share their parent's address."""
    own = CUSTOMER.keys(shown("customer", QBO, TOP), QBO, LOOKUP)
    assert own.proposal == "noor@harbourworks.example"
    for side in Side:
        assert CUSTOMER.keys(shown("customer", side), side, LOOKUP).proposal == ""


def test_when_first_linked_a_blank_is_filled() -> None:
    decision = just_linked("customer", {"description": None})
    assert planned(decision) == [(BILLCOM, UPDATE, ["description"])]
