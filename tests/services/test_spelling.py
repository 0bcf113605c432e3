"""Names that differ in case, spaces or punctuation only: linked, and each side keeps its own way of writing."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.models import Company, Conflict, ObjectState, SyncedObject
from tests.services.test_letting_go import ADDRESS
from tests.services.test_named_errors import Office
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes

WAYS: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "vendor",
        "vendors",
        {"name": "Osprey Paper & Sons", "address": ADDRESS, "additionalInfo": {"companyName": "OSPREY PAPER"}},
        "Vendor",
        {"DisplayName": "OSPREY PAPER & SONS.", "CompanyName": "Osprey Paper", "BillAddr": {"Country": "US"}},
    ),
    (
        "customer",
        "customers",
        {"name": "Dune-Cafe", "email": "dune@client.example"},
        "Customer",
        {"DisplayName": "dune cafe", "PrimaryEmailAddr": {"Address": "dune@client.example"}},
    ),
    (
        "account",
        "chart-of-accounts",
        {"name": "Shop Rent", "account": {"type": "EXPENSE"}},
        "Account",
        {"Name": "SHOP-RENT", "AccountType": "Expense"},
    ),
    ("item", "items", {"name": "Consulting hour", "type": "SERVICE"}, "Item", {"Name": "consulting Hour"}),
]


@pytest.fixture
def office(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Office:
    synced(company, clock)
    return Office(company, sandbox, loaded, clock)


def entered(office: Office, path: str, ours: dict[str, Any], entity: str, theirs: dict[str, Any]) -> tuple[str, str]:
    """On both sides, each in its own way of writing; the two ids."""
    if entity == "Item":
        income = SyncedObject.objects.of(office.company, "account").filter(billcom_id__isnull=False)
        account = next(row for row in income if row.qbo_values and row.qbo_values["account_type"] == "INCOME")
        ours = {**ours, "chartOfAccountId": account.billcom_id}
        theirs = {**theirs, "Type": "Service", "IncomeAccountRef": {"value": account.qbo_id}}
    return office.enters(path, ours)["id"], office.there(entity, theirs)["Id"]


@pytest.mark.parametrize(("kind", "path", "ours", "entity", "theirs"), [pytest.param(*way, id=way[0]) for way in WAYS])
def test_each_side_keeps_its_own_way_of_writing_until_somebody_edits_it(
    office: Office, clock: Clock, kind: str, path: str, ours: dict[str, Any], entity: str, theirs: dict[str, Any]
) -> None:
    billcom_id, qbo_id = entered(office, path, ours, entity, theirs)
    before = office.billcom(path, billcom_id)["name"]
    called = "DisplayName" if "DisplayName" in theirs else "Name"

    office.sync()

    row = office.row(kind, billcom_id=billcom_id)
    there = next(each for each in office.qbo(entity) if each["Id"] == qbo_id)
    assert (row.qbo_id, row.state) == (qbo_id, ObjectState.LINKED), row.hold
    assert (office.billcom(path, billcom_id)["name"], there[called]) == (before, theirs[called])
    assert there.get("CompanyName") == theirs.get("CompanyName")
    assert not Conflict.objects.filter(object=row).exists()
    assert not any("name" in operation.values["changed"] for operation in row.operations.all())
    assert writes(synced(office.company, clock)) == 0

    office.there(entity, {"Id": qbo_id, called: before.upper()})
    office.sync()
    assert office.billcom(path, billcom_id)["name"] == before.upper()
    assert writes(synced(office.company, clock)) == 0


def test_a_sub_customer_goes_under_a_parent_that_is_written_otherwise(office: Office, clock: Clock) -> None:
    _, parent = entered(office, *WAYS[1][1:])
    child = office.enters("customers", {"name": "Dune-Cafe:Kitchen", "email": "kitchen@client.example"})

    office.sync()

    row = office.row("customer", billcom_id=child["id"])
    there = next(each for each in office.qbo("Customer") if each["Id"] == row.qbo_id)
    assert (there["FullyQualifiedName"], there["ParentRef"]["value"]) == ("dune cafe:Kitchen", parent)
    assert (row.state, row.hold_code) == (ObjectState.LINKED, "")
    assert writes(synced(office.company, clock)) == 0


def test_a_vendor_with_the_end_of_a_tax_id_and_the_beginning_of_a_name_is_asked_about(office: Office) -> None:
    """QuickBooks masks the number, so it can't be more than a proposal."""
    there = office.there(
        "Vendor", {"DisplayName": "Alder Holdings LLC", "TaxIdentifier": "12-3456789", "BillAddr": {"Country": "US"}}
    )
    number = {"taxId": "12-3456789", "taxIdType": "EIN"}
    made = office.enters("vendors", {"name": "Alder & Co", "address": ADDRESS, "additionalInfo": number})

    office.sync()

    ours, theirs = office.row("vendor", billcom_id=made["id"]), office.row("vendor", qbo_id=there["Id"])
    assert (ours.linked, ours.hold_code, ours.candidates) == (False, HoldCode.PROPOSED_MATCH, [theirs.pk])
    assert theirs.hold_code == HoldCode.PROPOSED_MATCH
