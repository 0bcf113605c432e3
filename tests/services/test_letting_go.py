"""What is taken away on one side goes on the other, too, unless something is open on it there or the sync needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.models import Company, GLRole, ObjectState, SyncedObject
from syncapp.services import links, preferences
from tests.services.test_invoices import Sales
from tests.services.test_named_errors import Office
from tests.services.test_rules import expense_line
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, linked, synced, writes

ADDRESS = {"line1": "1 Main St", "city": "Reno", "stateOrProvince": "NV", "zipOrPostalCode": "89501", "country": "US"}
MADE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "vendor": ("vendors", "Vendor", {"name": "Owed Works", "address": ADDRESS}),
    "customer": ("customers", "Customer", {"name": "Owing Client", "email": "owing@client.example"}),
    "account": ("chart-of-accounts", "Account", {"name": "Petty Cash", "account": {"type": "BANK"}}),
}


@pytest.fixture
def office(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Iterator[Office]:
    found = Office(company, sandbox, loaded, clock)
    choose_banks(company, [each["id"] for each in sandbox.books("billcom", found.organization)["banks"]])
    found.sync()
    yield found
    sandbox.switch(qbo_balance_moves_time=True)
    sandbox.clock(real=True)


def pass_minutes(office: Office, clock: Clock) -> None:
    """What was read till now isn't read again only because it is so fresh."""
    office.sync()
    office.sandbox.clock(advance=600)
    clock.wait(600)


def made(office: Office, kind: str) -> SyncedObject:
    """One that is new in BILL, and in QuickBooks too."""
    path, _, fields = MADE[kind]
    record = office.enters(path, dict(fields))
    office.sync()
    return office.row(kind, billcom_id=record["id"])


def owes(office: Office, kind: str, row: SyncedObject) -> tuple[str, str]:
    """Something is open on it in QuickBooks alone; entity and id of what."""
    if kind == "vendor":
        line = expense_line(office.company, 120)
        head = {"VendorRef": {"value": row.qbo_id}, "TxnDate": "2026-10-01"}
        return "Bill", office.there("Bill", {**head, "Line": [line]})["Id"]
    if kind == "customer":
        loaded = {"qbo": {"realm_id": office.realm}, "billcom": {"organization_id": office.organization}}
        sold = Sales(office.company, office.sandbox, loaded).in_quickbooks("", 120, CustomerRef={"value": row.qbo_id})
        return "Invoice", sold["Id"]
    other = next(
        each.qbo_id for each in linked(office.company, "account") if each.qbo_values["account_type"] == "EXPENSE"
    )
    lines = [
        {
            "DetailType": "JournalEntryLineDetail",
            "Amount": 120,
            "JournalEntryLineDetail": {"PostingType": posting, "AccountRef": {"value": account}},
        }
        for posting, account in (("Debit", row.qbo_id), ("Credit", other))
    ]
    return "JournalEntry", office.there("JournalEntry", {"TxnDate": "2026-10-01", "Line": lines})["Id"]


def in_quickbooks(office: Office, kind: str, row: SyncedObject) -> dict[str, Any]:
    return next(each for each in office.qbo(MADE[kind][1]) if each["Id"] == row.qbo_id)


def is_kept(row: SyncedObject, words: str) -> None:
    row.refresh_from_db()
    assert (row.state, row.hold_code) == (ObjectState.HELD, HoldCode.REJECTED), row.hold
    assert row.hold is not None and words in row.hold.describe()
    assert not row.operations.filter(verb="retire").exists()


@pytest.mark.parametrize("kind", list(MADE))
@pytest.mark.parametrize("told", [True, False])
def test_it_stays_in_quickbooks_while_something_is_open_on_it(
    office: Office, clock: Clock, kind: str, told: bool
) -> None:
    """``told``: whether QuickBooks tells that the balance has changed; what counts is what it shows at that moment."""
    row = made(office, kind)
    pass_minutes(office, clock)
    office.sandbox.switch(qbo_balance_moves_time=told)
    entity, open_id = owes(office, kind, row)
    office.archives(MADE[kind][0], row.billcom_id)
    office.sync()

    is_kept(row, "QuickBooks Online shows 120.00")
    assert in_quickbooks(office, kind, row)["Active"] is True
    assert writes(synced(office.company, clock)) == 0

    office.sandbox.person_deletes("qbo", office.realm, entity, open_id)
    SyncedObject.objects.filter(pk=row.pk).look_again()
    office.sync()
    row.refresh_from_db()
    assert (row.state, in_quickbooks(office, kind, row)["Active"]) == (ObjectState.RETIRED, False)


def test_it_follows_by_itself_where_quickbooks_tells_that_nothing_is_open_any_more(office: Office) -> None:
    row = made(office, "vendor")
    entity, open_id = owes(office, "vendor", row)
    office.archives("vendors", row.billcom_id)
    office.sync()
    is_kept(row, "120.00")

    office.sandbox.person_deletes("qbo", office.realm, entity, open_id)
    office.sync()

    row.refresh_from_db()
    assert (row.state, in_quickbooks(office, "vendor", row)["Active"]) == (ObjectState.RETIRED, False)


def test_it_stays_in_bill_until_what_is_open_there_is_settled(office: Office, clock: Clock) -> None:
    """BILL tells no change of a balance, so what it keeps is asked for with each sync."""
    row = made(office, "vendor")
    bill = office.bill("LG-1", 75, vendorId=row.billcom_id)
    office.sandbox.person_deletes("qbo", office.realm, "Vendor", str(row.qbo_id))
    office.sync()

    is_kept(row, "BILL shows 75.00")
    assert office.billcom("vendors", str(row.billcom_id))["archived"] is False
    assert writes(synced(office.company, clock)) == 0

    office.archives("bills", bill["id"])
    office.sync()
    row.refresh_from_db()
    assert row.state == ObjectState.RETIRED
    assert office.billcom("vendors", str(row.billcom_id))["archived"] is True


def test_what_is_kept_is_brought_back_by_a_button(office: Office, admin_client: Client) -> None:
    row = made(office, "customer")
    owes(office, "customer", row)
    office.archives("customers", row.billcom_id)
    office.sync()
    page = admin_client.get(reverse("admin:syncapp_syncedobject_change", args=[row.pk])).content.decode()
    assert "Bring it back in BILL" in page and "120.00 open on it" in page

    decide = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    admin_client.post(decide, {"what": "bring-back", "sure": "yes"})
    office.sync()

    row.refresh_from_db()
    assert (row.state, row.hold_code) == (ObjectState.LINKED, "")
    assert office.billcom("customers", str(row.billcom_id))["archived"] is False


@pytest.mark.parametrize("where", ["billcom", "qbo"])
def test_an_account_that_the_sync_posts_to_stays(office: Office, admin_user: User, clock: Clock, where: str) -> None:
    row = made(office, "account")
    chosen: dict[str, int | None] = {GLRole.DEFAULT_BANK: row.pk}
    preferences.save_sync_preferences(office.company, admin_user, {}, chosen, now=clock())
    if where == "billcom":
        office.archives("chart-of-accounts", row.billcom_id)
    else:
        office.sandbox.person_deletes("qbo", office.realm, "Account", str(row.qbo_id))
    office.sync()

    is_kept(row, "the sync uses it as default bank")
    shown = office.billcom("chart-of-accounts", str(row.billcom_id))["archived"], in_quickbooks(office, "account", row)
    assert (shown[0], shown[1]["Active"]) == ((True, True) if where == "billcom" else (False, False))

    bank = next(each for each in linked(office.company, "account") if each.label == "Operating Checking")
    preferences.save_sync_preferences(office.company, admin_user, {}, {GLRole.DEFAULT_BANK: bank.pk}, now=clock())
    office.sync()
    row.refresh_from_db()
    assert row.state == ObjectState.RETIRED


def test_an_account_of_a_year_goes_whatever_was_posted_to_it(office: Office) -> None:
    record = office.enters("chart-of-accounts", {"name": "Short-lived", "account": {"type": "EXPENSE"}})
    line = {"amount": 100, "classifications": {"chartOfAccountId": record["id"]}}
    office.bill("LG-2", billLineItems=[line])
    office.sync()
    row = office.row("account", billcom_id=record["id"])
    office.archives("chart-of-accounts", record["id"])

    office.sync()

    row.refresh_from_db()
    assert row.state == ObjectState.RETIRED


def test_another_edit_of_what_is_kept_goes_over(office: Office, admin_user: User) -> None:
    """Two that are linked by hand, one of them inactive and owed: its other fields meet all the same."""
    row = made(office, "vendor")
    owes(office, "vendor", row)
    office.sync()
    keep, part = links.unlink(SyncedObject.objects.get(pk=row.pk), admin_user)
    office.enters("vendors", {"id": row.billcom_id, "phone": "775-555-0100"})
    office.archives("vendors", row.billcom_id)
    office.sync()
    links.link(SyncedObject.objects.get(pk=part.pk), SyncedObject.objects.get(pk=keep.pk), admin_user)
    office.sync()

    found = office.row("vendor", billcom_id=row.billcom_id)
    there = in_quickbooks(office, "vendor", found)
    assert (there["Active"], there["PrimaryPhone"]["FreeFormNumber"]) == (True, "775-555-0100")
    assert found.hold is not None and "120.00 open on it" in found.hold.describe()
