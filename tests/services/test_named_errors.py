"""The errors that BILL's own sync names, each brought about, and what the record's page says of it.

Reference: spec, behaviour of BILL's sync, section 9; the numbers are those of its table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.models import Company, GLMapping, GLRole, ObjectState, SyncedObject, SyncPreferences
from syncapp.services import links
from syncapp.services.errors import ServiceError
from tests.services.test_rules import bill_in_qbo, pay_in_qbo
from tests.services.test_vendor_credits import Both
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


class Office(Both):
    """Both products, and a clock to sync by."""

    def __init__(self, company: Company, sandbox: Sandbox, loaded: dict[str, Any], clock: Clock) -> None:
        super().__init__(company, sandbox, loaded)
        self.clock_ = clock

    def sync(self) -> None:
        synced(self.company, self.clock_)

    def row(self, kind: str, **ids: Any) -> SyncedObject:
        return SyncedObject.objects.get(company=self.company, kind=kind, **ids)

    def there(self, entity: str, payload: dict[str, Any]) -> dict[str, Any]:
        return self.sandbox.person("qbo", self.realm, entity, payload)

    def archives(self, entity: str, remote_id: str | None) -> None:
        self.sandbox.person_deletes("billcom", self.organization, entity, str(remote_id))

    def obstructed(self, kind: str, path: str, entity: str, obstacle: str) -> SyncedObject:
        """One that is made in BILL, in QuickBooks too, kept there by something, and archived in BILL."""
        address = {"line1": "1 Main St", "city": "Reno", "stateOrProvince": "NV", "zipOrPostalCode": "89501"}
        fields: dict[str, dict[str, Any]] = {
            "vendor": {"name": "Obstructed Works", "address": {**address, "country": "US"}},
            "customer": {"name": "Obstructed Client", "email": "client@obstructed.example"},
            "account": {"name": "Obstructed Costs", "account": {"type": "EXPENSE"}},
        }
        made = self.enters(path, fields[kind])
        self.sync()
        row = self.row(kind, billcom_id=made["id"])
        self.sandbox.obstruct(self.realm, entity, str(row.qbo_id), obstacle)
        self.archives(path, row.billcom_id)
        self.sync()
        return row


def name_in_use(office: Office) -> SyncedObject:
    """1: among vendors, customers and employees a name is there once."""
    office.there("Employee", {"GivenName": "Robin", "FamilyName": "Vale", "DisplayName": "Robin Vale"})
    address = {"line1": "1 Main St", "city": "Reno", "zipOrPostalCode": "89501", "country": "US"}
    made = office.enters("vendors", {"name": "Robin Vale", "address": address})
    office.sync()
    return office.row("vendor", billcom_id=made["id"])


def books_closed(office: Office) -> SyncedObject:
    """5."""
    office.there("Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-31"}})
    made = office.bill("E-5")
    office.sync()
    return office.row("bill", billcom_id=made["id"])


def related_isnt_there(office: Office) -> SyncedObject:
    """6: the bill's vendor never came over, because its name is taken there."""
    vendor = name_in_use(office)
    made = office.bill("E-6", vendorId=vendor.billcom_id)
    office.sync()
    return office.row("bill", billcom_id=made["id"])


def account_inactive(office: Office) -> SyncedObject:
    """7: between our reading of the accounts and the write of the bill, a bookkeeper makes its account inactive."""
    made = office.enters("chart-of-accounts", {"name": "Short-lived", "account": {"type": "EXPENSE"}})
    office.sync()
    account = office.row("account", billcom_id=made["id"])
    line = {"amount": 100, "classifications": {"chartOfAccountId": made["id"]}}
    bill = office.bill("E-7", billLineItems=[line])
    office.sandbox.person_deletes("qbo", office.realm, "Account", str(account.qbo_id))
    office.sync()
    return office.row("bill", billcom_id=bill["id"])


def number_in_use(office: Office) -> SyncedObject:
    """12: another bill of the vendor has the number in QuickBooks, where numbers are checked."""
    office.there("Preferences", warns_of("Bill"))
    bill_in_qbo(office.company, office.sandbox, office.realm, "E-12")
    second = office.bill("E-12b")
    office.sync()
    invoice = {"invoiceNumber": "E-12", "invoiceDate": "2026-10-01"}
    office.enters("bills", {"id": second["id"], "invoice": invoice})
    office.sync()
    return office.row("bill", billcom_id=second["id"])


def warns_of(what: str) -> dict[str, Any]:
    return {"OtherPrefs": {"NameValue": [{"Name": f"OtherPrefs.WarnDuplicate{what}Number", "Value": "true"}]}}


def invoice_number_in_use(office: Office) -> SyncedObject:
    """13: in QuickBooks, with custom numbers, another customer's invoice has the number."""
    office.there("Preferences", {"SalesFormsPrefs": {"CustomTxnNumbers": True}})
    item = next(row for row in linked(office.company, "item") if row.qbo_values["active"])
    one, other = [row for row in linked(office.company, "customer") if row.qbo_values["active"]][:2]
    detail = {"ItemRef": {"value": item.qbo_id}}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    head = {"CustomerRef": {"value": one.qbo_id}, "DocNumber": "E-13", "TxnDate": "2026-10-02"}
    office.there("Invoice", {**head, "Line": [line]})
    sold = {"quantity": 1, "price": 60, "description": "d", "classifications": {"itemId": item.billcom_id}}
    entered = {"customer": {"id": other.billcom_id}, "invoiceNumber": "E-13", "invoiceDate": "2026-10-02"}
    made = office.enters("invoices", {**entered, "dueDate": "2026-11-02", "invoiceLineItems": [sold]})
    office.sync()
    return office.row("invoice", billcom_id=made["id"])


def reference_in_use(office: Office) -> SyncedObject:
    """14, 16: two payments outside BILL have one reference, and QuickBooks checks the numbers of checks."""
    office.there("Preferences", warns_of("Check"))
    office.sandbox.switch(billcom_payments_show_reference=True)
    rows = []
    for number in ("E-16", "E-16b"):
        made = office.bill(number)
        share = {"billId": made["id"], "amount": 100}
        head = {"vendorId": made["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False}
        paid = office.enters("payments", {**head, "payments": [share], "syncReference": "4711"})
        office.sync()
        rows.append(office.row("bill_payment", billcom_id=paid["id"]))
    return rows[-1]


def paid_there(office: Office) -> SyncedObject:
    """18: archived in BILL, and paid in QuickBooks, which keeps it."""
    office.sandbox.switch(qbo_paid_bill_stays=True)
    made = office.bill("E-18", 120)
    office.sync()
    there = office.twin("bill", "Bill", made["id"])
    pay_in_qbo(office.company, office.sandbox, office.realm, there, 120)
    office.archives("bills", made["id"])
    office.sync()
    return office.row("bill", billcom_id=made["id"])


def overpaid(office: Office) -> SyncedObject:
    """19: a part was paid in QuickBooks, and all of it in BILL."""
    made = office.bill("E-19", 120)
    office.sync()
    pay_in_qbo(office.company, office.sandbox, office.realm, office.twin("bill", "Bill", made["id"]), 50)
    share = {"billId": made["id"], "amount": 120}
    paid = {"vendorId": made["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    payment = office.enters("payments", paid)
    office.sync()
    return office.row("bill_payment", billcom_id=payment["id"])


def no_bank(office: Office) -> SyncedObject:
    """23: no default bank account is chosen."""
    GLMapping.objects.filter(company=office.company, role=GLRole.DEFAULT_BANK).delete()
    made = office.bill("E-23")
    share = {"billId": made["id"], "amount": 100}
    paid = {"vendorId": made["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    payment = office.enters("payments", paid)
    office.sync()
    return office.row("bill_payment", billcom_id=payment["id"])


def deposited(office: Office) -> SyncedObject:
    """26: a customer's payment that was deposited is voided in BILL."""
    item = next(row for row in linked(office.company, "item") if row.qbo_values["active"])
    customer = next(row for row in linked(office.company, "customer") if row.qbo_values["active"])
    line = {"quantity": 1, "price": 60, "description": "d", "classifications": {"itemId": item.billcom_id}}
    head = {"customer": {"id": customer.billcom_id}, "invoiceNumber": "E-26", "invoiceDate": "2026-10-02"}
    invoice = office.enters("invoices", {**head, "dueDate": "2026-11-02", "invoiceLineItems": [line]})
    paid = {"paymentDate": "2026-10-20", "paymentType": "CHECK", "amount": 60}
    received = office.enters("receivable-payments", {**paid, "invoices": [{"id": invoice["id"], "amount": 60}]})
    office.sync()
    row = office.row("receivable_payment", billcom_id=received["id"])
    bank = next(each for each in office.qbo("Account") if each["AccountType"] == "Bank")
    link = {"Amount": 60, "LinkedTxn": [{"TxnId": row.qbo_id, "TxnType": "Payment", "TxnLineId": "0"}]}
    office.there("Deposit", {"DepositToAccountRef": {"value": bank["Id"]}, "TxnDate": "2026-10-21", "Line": [link]})
    office.sandbox.person_voids("billcom", office.organization, "receivable-payments", received["id"])
    office.sync()
    return row


def matched(office: Office) -> SyncedObject:
    """27: voided in BILL, and matched in QuickBooks to what the bank has sent."""
    made = office.bill("E-27")
    share = {"billId": made["id"], "amount": 100}
    paid = {"vendorId": made["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    payment = office.enters("payments", paid)
    office.sync()
    row = office.row("bill_payment", billcom_id=payment["id"])
    office.sandbox.obstruct(office.realm, "BillPayment", str(row.qbo_id), "matched")
    office.sandbox.person_voids("billcom", office.organization, "payments", payment["id"])
    office.sync()
    return row


def invoiced(office: Office) -> SyncedObject:
    """40: archived in BILL; in QuickBooks an invoice consists of its billable line."""
    made = office.bill("E-40")
    office.sync()
    row = office.row("bill", billcom_id=made["id"])
    office.sandbox.obstruct(office.realm, "Bill", str(row.qbo_id), "invoiced")
    office.archives("bills", made["id"])
    office.sync()
    return row


def no_address_to_write_to(office: Office) -> SyncedObject:
    """44: a customer without an e-mail address, which BILL wants."""
    SyncPreferences.objects.filter(company=office.company).update(customer_email="")
    made = office.there("Customer", {"DisplayName": "Silent Client"})
    office.sync()
    return office.row("customer", qbo_id=made["Id"])


def number_missing(office: Office) -> SyncedObject:
    """BILL wants a number on every bill."""
    made = bill_in_qbo(office.company, office.sandbox, office.realm, "")
    office.sync()
    return office.row("bill", qbo_id=made["Id"])


def locations_differ(office: Office) -> SyncedObject:
    """+a: QuickBooks keeps one location for the whole bill."""
    SyncPreferences.objects.filter(company=office.company).update(two_way_payments=True)
    places = [row.billcom_id for row in linked(office.company, "location") if row.qbo_values["active"]][:2]
    account = next(row for row in linked(office.company, "account") if row.qbo_values["account_type"] == "EXPENSE")
    lines = [
        {"amount": 10, "classifications": {"chartOfAccountId": account.billcom_id, "locationId": place}}
        for place in places
    ]
    made = office.bill("E-48", billLineItems=lines)
    office.sync()
    return office.row("bill", billcom_id=made["id"])


CASES: list[tuple[str, Callable[[Office], SyncedObject], HoldCode, str, str]] = [
    ("1", name_in_use, HoldCode.NAME_TAKEN, "already has a record with this name", "Rename one of the two"),
    ("5", books_closed, HoldCode.BOOKS_CLOSED, "the books are closed", "open the books"),
    ("6", related_isnt_there, HoldCode.WAITS_FOR, "Robin Vale", "Solve what holds"),
    ("7", account_inactive, HoldCode.REJECTED, "deleted or made inactive", "Make that active again"),
    ("12", number_in_use, HoldCode.NUMBER_TAKEN, "already has a transaction with this number", "Change the number"),
    ("13", invoice_number_in_use, HoldCode.NUMBER_TAKEN, "transaction with this number", "Change the number"),
    ("14, 16", reference_in_use, HoldCode.NUMBER_TAKEN, "transaction with this number", "Change the number"),
    ("18", paid_there, HoldCode.REJECTED, "a payment or a credit is linked to it", "Void or delete that payment"),
    (
        "19",
        overpaid,
        HoldCode.REJECTED,
        "applied less of it to bill E-19 than BILL did",
        "delete the one entered by hand",
    ),
    ("23", no_bank, HoldCode.NEEDS_MAPPING, "Default Bank Account", "Choose the account"),
    ("26", deposited, HoldCode.REJECTED, "in a bank deposit already", "Take it out of the deposit"),
    ("27", matched, HoldCode.REJECTED, "matched to a downloaded bank transaction", "Undo the match"),
    ("40", invoiced, HoldCode.REJECTED, "that invoice would be left empty", "Take the line off the invoice"),
    ("44", no_address_to_write_to, HoldCode.NEEDS_EMAIL, "needs an e-mail address", "fallback address"),
    ("needs a number", number_missing, HoldCode.NEEDS_NUMBER, "needs a number", "Enter a number"),
    ("+a", locations_differ, HoldCode.MIXED_LOCATIONS, "keeps one location", "Use one location"),
    *[
        (
            number,
            lambda office, kind=kind, path=path, entity=entity, obstacle=obstacle: office.obstructed(
                kind, path, entity, obstacle
            ),
            HoldCode.REJECTED,
            says,
            "bring it back in BILL",
        )
        for number, kind, path, entity, obstacle, says in (
            ("30", "vendor", "vendors", "Vendor", "balance", "something is still owed on it"),
            ("31", "customer", "customers", "Customer", "balance", "something is still owed on it"),
            ("32", "vendor", "vendors", "Vendor", "recurring", "a recurring template or a scheduled payment"),
            ("33", "vendor", "vendors", "Vendor", "unbilled", "unbilled charges name it"),
            ("34", "account", "chart-of-accounts", "Account", "1099", "a box of Form 1099"),
        )
    ],
]


def is_held_and_shown(row: SyncedObject, client: Client, code: HoldCode, meaning: str, fix: str) -> None:
    """The record is held for that reason, and its page says so in these words."""
    row.refresh_from_db()
    assert row.hold is not None and row.hold_code == code, (row.hold, row.state)
    assert meaning in row.hold.describe() and fix in row.hold.fix()
    page = client.get(reverse("admin:syncapp_syncedobject_change", args=[row.pk]), follow=True)
    shown = page.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
    assert row.hold.describe() in shown and row.hold.fix() in shown


@pytest.mark.parametrize(
    ("brought_about", "code", "meaning", "fix"),
    [pytest.param(*case, id=f"{number} {code}") for number, *case in CASES for code in [case[1]]],
)
def test_a_named_error_is_a_hold_whose_page_says_what_happened_and_what_to_do(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    admin_client: Client,
    brought_about: Callable[[Office], SyncedObject],
    code: HoldCode,
    meaning: str,
    fix: str,
) -> None:
    synced(company, clock)
    row = brought_about(Office(company, sandbox, loaded, clock))

    is_held_and_shown(row, admin_client, code, meaning, fix)
    assert writes(synced(company, clock)) == 0


def test_what_is_kept_there_is_brought_back_by_a_button(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_client: Client
) -> None:
    """30 to 34: the vendor stays in QuickBooks, so it is made active again in BILL."""
    synced(company, clock)
    office = Office(company, sandbox, loaded, clock)
    row = office.obstructed("vendor", "vendors", "Vendor", "recurring")
    decide = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    page = admin_client.get(reverse("admin:syncapp_syncedobject_change", args=[row.pk]))
    assert "Bring it back in BILL" in page.content.decode()
    assert "makes it active again" in admin_client.post(decide, {"what": "bring-back"}).content.decode()
    assert office.billcom("vendors", str(row.billcom_id))["archived"] is True

    admin_client.post(decide, {"what": "bring-back", "sure": "yes"})
    synced(company, clock)

    row.refresh_from_db()
    assert (row.state, row.hold_code, row.wanted) == (ObjectState.LINKED, "", {})
    assert office.billcom("vendors", str(row.billcom_id))["archived"] is False
    assert writes(synced(company, clock)) == 0
    again = admin_client.post(decide, {"what": "bring-back", "sure": "yes"}, follow=True)
    assert "taken away on one side" in again.content.decode()


def test_a_bill_that_quickbooks_keeps_is_brought_back(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    synced(company, clock)
    office = Office(company, sandbox, loaded, clock)
    row = paid_there(office)
    row.refresh_from_db()

    links.bring_back(row, admin_user)
    synced(company, clock)

    row.refresh_from_db()
    assert office.billcom("bills", str(row.billcom_id))["archived"] is False
    assert row.hold_code != HoldCode.REJECTED
    assert writes(synced(company, clock)) == 0


def test_the_location_of_the_first_line_counts_where_a_person_says_so(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_client: Client
) -> None:
    """+a: QuickBooks gets the first line's, and the lines keep their own in BILL, whatever is edited later."""
    synced(company, clock)
    office = Office(company, sandbox, loaded, clock)
    row = locations_differ(office)
    row.refresh_from_db()
    shown = office.billcom("bills", str(row.billcom_id))["billLineItems"]
    places = [line["classifications"]["locationId"] for line in shown]
    here = reverse("admin:syncapp_syncedobject_change", args=[row.pk])
    decide = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    assert "Use the first line&#x27;s location" in (page := admin_client.get(here).content.decode()) or (
        "Use the first line's location" in page
    )

    admin_client.post(decide, {"what": "first-location"})
    synced(company, clock)

    row.refresh_from_db()
    first = office.row("location", billcom_id=places[0])
    there = office.twin("bill", "Bill", str(row.billcom_id))
    assert (row.state, row.hold_code) == (ObjectState.LINKED, "")
    assert there["DepartmentRef"]["value"] == first.qbo_id
    assert writes(synced(company, clock)) == 0

    office.there("Bill", {**there, "PrivateNote": "looked at", "DueDate": "2026-12-24"})
    office.enters("bills", {"id": row.billcom_id, "description": "", "billLineItems": [*shown]})
    synced(company, clock)
    ours = office.billcom("bills", str(row.billcom_id))
    assert ours["dueDate"] == "2026-12-24"
    assert [line["classifications"]["locationId"] for line in ours["billLineItems"]] == places
    assert writes(synced(company, clock)) == 0

    assert "Don&#x27;t use" in (page := admin_client.get(here).content.decode()) or "Don't use" in page
    admin_client.post(decide, {"what": "own-locations"})
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold_code == HoldCode.MIXED_LOCATIONS
    assert office.twin("bill", "Bill", str(row.billcom_id))["DepartmentRef"]["value"] == first.qbo_id


def test_only_what_is_held_for_its_locations_can_get_the_first_lines(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    synced(company, clock)
    row = linked(company, "bill")[0]
    for use in (True, False):
        with pytest.raises(ServiceError, match="name several locations"):
            links.use_first_location(row, admin_user, use=use)
