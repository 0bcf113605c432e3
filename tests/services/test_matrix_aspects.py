"""The rows of the sync matrix that are no kind of their own: each has runs that prove it, here or where they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncapp.core.sides import Side
from syncapp.models import Company, SyncedObject
from syncapp.services import overview
from tests.services import test_attachments as attachments
from tests.services import test_funds_transfers as transfers
from tests.services import test_matrix_runs as runs
from tests.services import test_merges as merges
from tests.services import test_setup_guide as guide
from tests.services import test_vendor_credits as credits
from tests.services.test_rules import bill_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes

B, Q = Side.BILLCOM, Side.QBO
Record = dict[str, Any]


class Desk:
    """What people enter about customers, departments and employees on either side."""

    def __init__(self, company: Company, sandbox: Sandbox, loaded: Record) -> None:
        self.company, self.sandbox = company, sandbox
        self.of = {B: loaded["billcom"]["organization_id"], Q: loaded["qbo"]["realm_id"]}

    def enters(self, side: Side, entity: str, record: Record) -> str:
        made = self.sandbox.person(side, self.of[side], entity, record)
        return str(made["id" if side is B else "Id"])

    def shown(self, side: Side, entity: str, remote_id: str) -> Record:
        name = "id" if side is B else "Id"
        return next(each for each in self.sandbox.books(side, self.of[side])[entity] if each[name] == remote_id)

    def row(self, side: Side, remote_id: str) -> SyncedObject:
        return SyncedObject.objects.get(company=self.company, kind="customer", **{f"{side}_id": remote_id})

    def parent(self) -> SyncedObject:
        found = linked(self.company, "customer")
        return next(row for row in found if row.qbo_values["active"] and ":" not in row.billcom_values["name"])


@pytest.fixture
def desk(company: Company, clock: Clock, sandbox: Sandbox, loaded: Record) -> Desk:
    synced(company, clock)
    return Desk(company, sandbox, loaded)


def test_a_sub_customer_is_made_changed_and_taken_away_on_both_sides(
    company: Company, clock: Clock, desk: Desk
) -> None:
    parent = desk.parent()
    name = parent.billcom_values["name"]
    ours = desk.enters(B, "customers", {"name": f"{name}:Pier 4", "email": "pier@client.example"})
    theirs = desk.enters(
        Q,
        "Customer",
        {
            "DisplayName": "Pier 5",
            "ParentRef": {"value": parent.qbo_id},
            "Job": True,
            "PrimaryEmailAddr": {"Address": "pier5@client.example"},
        },
    )
    synced(company, clock)
    made, came = desk.row(B, ours), desk.row(Q, theirs)
    assert desk.shown(Q, "Customer", str(made.qbo_id))["ParentRef"]["value"] == parent.qbo_id
    assert desk.shown(B, "customers", str(came.billcom_id))["name"] == f"{name}:Pier 5"

    desk.enters(B, "customers", {"id": ours, "phone": "(555) 010-7101"})
    desk.enters(Q, "Customer", {"Id": theirs, "PrimaryPhone": {"FreeFormNumber": "(555) 010-7102"}})
    synced(company, clock)
    assert desk.shown(Q, "Customer", str(made.qbo_id))["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7101"
    assert desk.shown(B, "customers", str(came.billcom_id))["phone"] == "(555) 010-7102"

    desk.sandbox.person_deletes(B, desk.of[B], "customers", ours)
    desk.sandbox.person_deletes(Q, desk.of[Q], "Customer", theirs)
    synced(company, clock)
    assert desk.shown(Q, "Customer", str(made.qbo_id))["Active"] is False
    assert desk.shown(B, "customers", str(came.billcom_id))["archived"] is True
    assert writes(synced(company, clock)) == 0


def test_a_project_comes_to_bill_with_its_changes_and_takes_none_from_there(
    company: Company, clock: Clock, desk: Desk
) -> None:
    parent = desk.parent()
    project = {
        "DisplayName": "Quay wall",
        "ParentRef": {"value": parent.qbo_id},
        "Job": True,
        "IsProject": True,
        "PrimaryEmailAddr": {"Address": "quay@client.example"},
    }
    remote_id = desk.enters(Q, "Customer", project)
    synced(company, clock)
    row = desk.row(Q, remote_id)
    assert desk.shown(B, "customers", str(row.billcom_id))["name"] == f"{parent.billcom_values['name']}:Quay wall"

    desk.enters(Q, "Customer", {"Id": remote_id, "Notes": "Stage two"})
    synced(company, clock)
    assert desk.shown(B, "customers", str(row.billcom_id))["description"] == "Stage two"

    desk.enters(B, "customers", {"id": row.billcom_id, "phone": "(555) 010-7103"})
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold is not None and "A project is kept in QuickBooks" in row.hold.describe()
    assert "PrimaryPhone" not in desk.shown(Q, "Customer", remote_id)
    assert writes(synced(company, clock)) == 0


def test_departments_and_employees_stay_where_they_are(company: Company, clock: Clock, desk: Desk) -> None:
    before = {side: desk.sandbox.books(side, desk.of[side]) for side in Side}
    desk.enters(B, "departments", {"name": "Kitchen"})
    desk.enters(B, "employees", {"firstName": "Kim", "lastName": "Reed"})
    desk.enters(Q, "Employee", {"GivenName": "Lee", "FamilyName": "Marsh", "DisplayName": "Lee Marsh"})
    assert writes(synced(company, clock)) == 0
    assert len(desk.sandbox.books(Q, desk.of[Q])["Employee"]) == len(before[Q].get("Employee", [])) + 1
    assert len(desk.sandbox.books(B, desk.of[B])["employees"]) == len(before[B]["employees"]) + 1
    assert not SyncedObject.objects.filter(company=company, label__in=["Kitchen", "Lee Marsh", "Kim Reed"]).exists()


def test_a_closing_date_holds_what_falls_on_it_and_lets_go_when_it_is_lifted(
    company: Company, clock: Clock, desk: Desk, sandbox: Sandbox, loaded: Record
) -> None:
    """What QuickBooks itself has in those days still comes to BILL, where it is paid."""

    def closes(day: str) -> None:
        desk.enters(Q, "Preferences", {"Id": "1", "AccountingInfoPrefs": {"BookCloseDate": day}})

    theirs = bill_in_qbo(company, sandbox, loaded["qbo"]["realm_id"], "BC-3")
    closes("2026-10-01")
    books = transfers.Books(company, sandbox, loaded)
    on_it = books.bill("BC-1", invoice={"invoiceNumber": "BC-1", "invoiceDate": "2026-10-01"})
    books.bill("BC-2", invoice={"invoiceNumber": "BC-2", "invoiceDate": "2026-10-02"})
    assert theirs["TxnDate"] == "2026-10-01"
    synced(company, clock)
    rows = {each.number: each for each in SyncedObject.objects.filter(company=company, kind="bill")}
    assert rows["BC-1"].hold_code == "books-closed" and "2026-10-01" in rows["BC-1"].hold_facts["closed"]
    assert rows["BC-2"].linked and rows["BC-3"].linked

    closes("2026-09-30")
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", billcom_id=on_it["id"])
    assert row.linked and row.hold_code == ""
    assert writes(synced(company, clock)) == 0


PROVED_BY: dict[str, tuple[Callable[..., Any], ...]] = {
    "department": (test_departments_and_employees_stay_where_they_are,),
    "employee": (test_departments_and_employees_stay_where_they_are,),
    "sub_customer": (test_a_sub_customer_is_made_changed_and_taken_away_on_both_sides,),
    "project": (test_a_project_comes_to_bill_with_its_changes_and_takes_none_from_there,),
    "credit_application": (
        credits.test_a_credit_that_covers_a_part_is_applied_when_the_bill_is_paid_in_full,
        credits.test_a_credit_that_covers_a_whole_bill_is_applied_at_once,
    ),
    # A payment that was recorded outside is voided on each side, in every set of preferences.
    "void": (
        runs.test_each_cell_is_what_a_run_does,
        transfers.test_what_the_banks_statement_shows_stays_where_payments_are_voided_later,
        transfers.test_what_is_voided_before_it_is_transferred_leaves_nothing_in_the_bank,
    ),
    "check_number": (transfers.test_the_number_of_a_check_comes_to_the_memo_when_bill_prints_it,),
    "attachment": (
        attachments.test_the_file_of_a_bill_goes_over_with_it_and_once,
        attachments.test_both_ways_a_file_of_quickbooks_comes_to_bill_and_not_back,
        attachments.test_with_one_way_transactions_no_file_goes_to_bill,
    ),
    "bank_balance": (transfers.test_the_bank_accounts_balances_are_shown,),
    "books_closed_date": (test_a_closing_date_holds_what_falls_on_it_and_lets_go_when_it_is_lifted,),
    "deletion": (runs.test_each_cell_is_what_a_run_does, guide.test_the_first_sync_brings_active_and_inactive_ones),
    "merge": (merges.test_a_merge_is_noticed_and_nothing_is_archived_for_it,),
}


def test_no_row_of_the_matrix_is_without_a_run() -> None:
    assert set(PROVED_BY) == {each.name for each in overview.ASPECTS}
    assert all(PROVED_BY.values())
