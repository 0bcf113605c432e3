"""Payment terms, where the option is on: both lists, and the vendors that name them."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.models import Company, Cursor, SyncedObject, SyncPreferences
from syncapp.services.preferences import save_sync_preferences
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


class Terms:
    """What people do about terms on either side."""

    def __init__(self, company: Company, sandbox: Sandbox, loaded: dict[str, Any], user: Any, clock: Clock) -> None:
        self.company, self.sandbox, self.user, self.clock = company, sandbox, user, clock
        self.realm = loaded["qbo"]["realm_id"]
        self.organization = loaded["billcom"]["organization_id"]

    def turn(self, *, on: bool) -> None:
        save_sync_preferences(self.company, self.user, {"payment_terms": on}, {}, now=self.clock())

    def in_qbo(self, name: str, days: int | None = None, **more: Any) -> str:
        record = {"Name": name, **({} if days is None else {"DueDays": days}), **more}
        return str(self.sandbox.person("qbo", self.realm, "Term", record)["Id"])

    def in_bill(self, name: str, days: int) -> str:
        record = {"name": name, "daysDue": days}
        return str(self.sandbox.person("billcom", self.organization, "payment-terms", record)["id"])

    def bills_list(self) -> dict[str, int]:
        found = self.sandbox.books("billcom", self.organization)["payment-terms"]
        return {each["name"]: each["daysDue"] for each in found}

    def qbos_list(self) -> dict[str, int]:
        return {each["Name"]: each["DueDays"] for each in self.sandbox.books("qbo", self.realm)["Term"]}

    def row(self, name: str) -> SyncedObject:
        return SyncedObject.objects.get(company=self.company, kind="term", label=name)

    def vendor(self) -> SyncedObject:
        found = next(each for each in linked(self.company, "vendor") if each.qbo_values["active"])
        found.refresh_from_db()
        return found

    def of_vendor(self, row: SyncedObject, side: Side) -> str:
        """The id of the term that the product itself shows."""
        if side is Side.QBO:
            books = self.sandbox.books("qbo", self.realm)["Vendor"]
            shown = next(each for each in books if each["Id"] == row.qbo_id)
            return str(shown.get("TermRef", {}).get("value", ""))
        books = self.sandbox.books("billcom", self.organization)["vendors"]
        shown = next(each for each in books if each["id"] == row.billcom_id)
        return str(shown.get("additionalInfo", {}).get("paymentTermId", ""))

    def gives(self, row: SyncedObject, term: str, side: Side) -> None:
        if side is Side.QBO:
            self.sandbox.person("qbo", self.realm, "Vendor", {"Id": row.qbo_id, "TermRef": {"value": term}})
            return
        change = {"id": row.billcom_id, "additionalInfo": {"paymentTermId": term}}
        self.sandbox.person("billcom", self.organization, "vendors", change)


@pytest.fixture
def terms(company: Company, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any, clock: Clock) -> Terms:
    synced(company, clock)
    return Terms(company, sandbox, loaded, admin_user, clock)


def test_without_the_option_none_is_read(company: Company, clock: Clock, terms: Terms) -> None:
    terms.in_qbo("Net 30", 30)
    terms.in_bill("Net 60", 60)
    run = synced(company, clock)
    assert writes(run) == 0
    assert not SyncedObject.objects.of(company, "term").exists()
    assert not SyncPreferences.objects.get(company=company).payment_terms


def test_terms_are_made_changed_and_linked_both_ways(company: Company, clock: Clock, terms: Terms) -> None:
    terms.in_qbo("Net 30", 30)
    terms.in_qbo("Thirty-one", 31)
    terms.in_bill("Net 60", 60)
    terms.in_bill("31 days", 31)
    terms.turn(on=True)
    synced(company, clock)
    assert terms.bills_list() == {"Net 30": 30, "Net 60": 60, "31 days": 31}
    assert terms.qbos_list() == {"Net 30": 30, "Net 60": 60, "31 days": 31}, "linked by the days; BILL is master"
    assert writes(synced(company, clock)) == 0

    terms.sandbox.person("qbo", terms.realm, "Term", {"Id": terms.row("Net 30").qbo_id, "DueDays": 28})
    change = {"id": terms.row("Net 60").billcom_id, "name": "Sixty days"}
    terms.sandbox.person("billcom", terms.organization, "payment-terms", change)
    synced(company, clock)
    assert terms.bills_list()["Net 30"] == 28
    assert terms.qbos_list()["Sixty days"] == 60
    assert writes(synced(company, clock)) == 0


def test_one_that_goes_inactive_in_quickbooks_stays_in_bill(company: Company, clock: Clock, terms: Terms) -> None:
    made = terms.in_qbo("Net 30", 30)
    terms.turn(on=True)
    synced(company, clock)
    terms.sandbox.person("qbo", terms.realm, "Term", {"Id": made, "Active": False})
    assert writes(synced(company, clock)) == 0
    assert terms.bills_list() == {"Net 30": 30}
    assert terms.row("Net 30").hold is None


def test_what_bill_has_no_word_for_is_held_and_holds_up_no_vendor(company: Company, clock: Clock, terms: Terms) -> None:
    special = terms.in_qbo("10th of the month", DayOfMonthDue=10, DueNextMonthDays=5)
    vendor = terms.vendor()
    terms.gives(vendor, special, Side.QBO)
    terms.turn(on=True)
    synced(company, clock)
    assert terms.row("10th of the month").hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    vendor.refresh_from_db()
    assert vendor.hold is None
    assert terms.of_vendor(vendor, Side.BILLCOM) == ""
    assert writes(synced(company, clock)) == 0


def test_a_second_term_of_as_many_days_is_refused_by_bill_with_a_way_out(
    company: Company, clock: Clock, terms: Terms
) -> None:
    terms.in_qbo("Net 30", 30)
    terms.turn(on=True)
    synced(company, clock)
    second = terms.in_qbo("Net 30 for friends", 30)
    vendor = terms.vendor()
    terms.gives(vendor, second, Side.QBO)
    synced(company, clock)
    row = terms.row("Net 30 for friends")
    assert row.hold is not None and "one payment term for each number of days" in row.hold.describe()
    assert terms.of_vendor(vendor, Side.BILLCOM) == ""
    assert writes(synced(company, clock)) == 0

    # Once it can be there, the vendors that have it get it.
    terms.sandbox.person("qbo", terms.realm, "Term", {"Id": second, "DueDays": 33})
    synced(company, clock)
    assert terms.bills_list() == {"Net 30": 30, "Net 30 for friends": 33}
    row.refresh_from_db()
    assert terms.of_vendor(vendor, Side.BILLCOM) == row.billcom_id
    assert writes(synced(company, clock)) == 0


@pytest.mark.parametrize("side", Side)
def test_a_vendor_gets_and_loses_its_term(company: Company, clock: Clock, terms: Terms, side: Side) -> None:
    terms.in_qbo("Net 30", 30)
    terms.turn(on=True)
    synced(company, clock)
    term, vendor = terms.row("Net 30"), terms.vendor()
    own = str(term.qbo_id if side is Side.QBO else term.billcom_id)
    terms.gives(vendor, own, side)
    synced(company, clock)
    assert terms.of_vendor(vendor, Side.QBO) == term.qbo_id
    assert terms.of_vendor(vendor, Side.BILLCOM) == term.billcom_id
    assert writes(synced(company, clock)) == 0


def test_the_option_reaches_vendors_that_were_in_step_without_it(company: Company, clock: Clock, terms: Terms) -> None:
    made = terms.in_qbo("Net 30", 30)
    vendor = terms.vendor()
    terms.gives(vendor, made, Side.QBO)
    assert writes(synced(company, clock)) == 0
    # As an earlier release read it, which knew of no terms.
    for values in (vendor.billcom_values, vendor.qbo_values):
        del values["term"]
    SyncedObject.objects.filter(pk=vendor.pk).update(billcom_values=vendor.billcom_values, qbo_values=vendor.qbo_values)
    terms.turn(on=True)
    synced(company, clock)
    assert terms.of_vendor(vendor, Side.BILLCOM) == terms.row("Net 30").billcom_id
    assert writes(synced(company, clock)) == 0


def test_what_changed_while_the_option_was_off_is_read_when_it_goes_on_again(
    company: Company, clock: Clock, terms: Terms
) -> None:
    terms.turn(on=True)
    synced(company, clock)
    terms.turn(on=False)
    terms.in_qbo("Net 30", 30)
    synced(company, clock)
    assert Cursor.objects.filter(company=company, kind="term").count() == 2
    terms.turn(on=True)
    synced(company, clock)
    assert terms.bills_list() == {"Net 30": 30}


def test_a_name_that_is_taken_in_quickbooks_is_told_as_that(company: Company, clock: Clock, terms: Terms) -> None:
    terms.in_qbo("2% 10 Net 30", 30, DiscountPercent=2, DiscountDays=10)
    made = terms.in_bill("2% 10 Net 30", 30)
    terms.turn(on=True)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="term", billcom_id=made)
    assert row.hold is not None and "one payment term for each number of days" not in row.hold.describe()
