"""Which accounts of QuickBooks money is posted to: named, mapped, the only one, or asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import Rejected
from syncapp.models import Company, Conflict, GLMapping, GLRole, SetupStep, SyncedObject
from syncapp.services import clearing, holds, preferences, setup
from tests.services.test_funds_transfers import TODAY, Books, transfer_of
from tests.services.test_invoices import Sales
from tests.services.test_rules import pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, synced, writes


@pytest.fixture
def books(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Books:
    found = Books(company, sandbox, loaded)
    choose_banks(company, found.banks())
    synced(company, clock)
    return found


@pytest.fixture
def told(books: Books) -> Iterator[None]:
    """BILL shows of recorded payments what they were recorded with."""
    books.sandbox.switch(billcom_payments_show_reference=True)
    yield
    books.sandbox.switch(billcom_payments_show_reference=False)


def recorded(books: Books, number: str, **more: Any) -> dict[str, Any]:
    """A bill of 100 that is paid outside BILL."""
    bill = books.bill(number, 100)
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False}
    return books.enters("payments", {**paid, "payments": [{"billId": bill["id"], "amount": 100}], **more})


def row_of(company: Company, payment: dict[str, Any]) -> SyncedObject:
    return SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=payment["id"])


def test_a_payment_waits_for_the_account_that_it_names(
    company: Company, clock: Clock, books: Books, told: None
) -> None:
    """And isn't posted from the default bank account meanwhile."""
    named = books.enters("chart-of-accounts", {"name": "Payroll bank"})
    payment = recorded(books, "NA-1", classifications={"chartOfAccountId": named["id"]})
    synced(company, clock)
    account = SyncedObject.objects.get(company=company, kind="account", billcom_id=named["id"])
    assert account.qbo_id is None
    row = row_of(company, payment)
    assert (row.qbo_id, row.hold_code, row.waits_for_id) == (None, HoldCode.WAITS_FOR, account.pk)
    assert row.hold is not None and "Payroll bank" in row.hold.describe()

    books.enters("chart-of-accounts", {"id": named["id"], "account": {"type": "BANK"}})
    synced(company, clock)

    there = books.twin("bill_payment", "BillPayment", payment["id"])
    made = next(each for each in books.qbo("Account") if each["Name"] == "Payroll bank")
    assert there["CheckPayment"]["BankAccountRef"]["value"] == made["Id"]
    assert writes(synced(company, clock)) == 0


def new_bank(books: Books) -> dict[str, Any]:
    """A bank account that BILL got after the set-up."""
    bank = {
        "bankName": "Second Bank",
        "accountNumber": "123456789",
        "routingNumber": "021000021",
        "nameOnAccount": "Payroll",
        "type": "CHECKING",
        "ownerType": "BUSINESS",
        "status": "VERIFIED",
    }
    return books.enters("banks", bank)


def pays_from(books: Books, number: str, bank: dict[str, Any]) -> dict[str, Any]:
    funding = {"type": "BANK_ACCOUNT", "id": bank["id"]}
    bill = books.bill(number, 70)
    paid = {"billId": bill["id"], "processDate": TODAY.isoformat(), "amount": 70, "fundingAccount": funding}
    return books.enters("payments", paid)


def test_a_bank_account_that_came_after_the_set_up_can_be_mapped(
    company: Company, clock: Clock, books: Books, admin_user: User, client: Client
) -> None:
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    pays_from(books, "SB-1", new_bank(books))
    synced(company, clock)

    transfer = transfer_of(company)
    assert transfer.hold_code == HoldCode.NEEDS_MAPPING
    assert transfer.hold is not None and "Second Bank ****6789" in transfer.hold.describe()
    client.force_login(admin_user)
    page = client.get(reverse("syncapp:edit-preferences", args=[company.pk])).content.decode()
    assert "Second Bank ****6789" in page

    mapping = GLMapping.objects.get(company=company, role=GLRole.BANK_ACCOUNT, label="Second Bank ****6789")
    assert mapping.account is None
    others = setup.account_choices(company, GLRole.BANK_ACCOUNT).exclude(label="Operating Checking")
    payroll = next(each for each in others if "Clearing" not in each.label)
    preferences.save_sync_preferences(company, admin_user, {}, {f"bank:{mapping.pk}": payroll.pk}, now=clock())
    before = books.balance(payroll.label)
    synced(company, clock)
    assert (books.clearing(), books.balance(payroll.label)) == (0, before - 70)
    assert writes(synced(company, clock)) == 0


def test_where_the_role_shows_no_bank_accounts_they_go_by_their_ids(
    company: Company, clock: Clock, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: BillcomGateway) -> list[dict[str, Any]]:
        raise Rejected(Side.BILLCOM, "You do not have permission", status=403, code="BDC_1145")

    monkeypatch.setattr(BillcomGateway, "bank_accounts", refused)
    bank = new_bank(books)
    pays_from(books, "SB-2", bank)
    synced(company, clock)
    assert GLMapping.objects.get(company=company, billcom_bank_id=bank["id"]).label == bank["id"]


def test_making_the_clearing_account_releases_what_was_held_for_it(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.MONEY_OUT_CLEARING).update(account=None)
    payment = books.pays_online("MC-1", 70)
    synced(company, clock)
    assert row_of(company, payment).hold_code == HoldCode.NEEDS_MAPPING

    clearing.make_account(company, admin_user, GLRole.MONEY_OUT_CLEARING, now=clock())
    synced(company, clock)

    assert row_of(company, payment).hold_code == ""
    assert books.twin("bill_payment", "BillPayment", payment["id"])["TotalAmt"] == 70
    assert books.clearing() == 0


def test_matching_bank_accounts_releases_what_was_held_for_it(company: Company, clock: Clock, books: Books) -> None:
    mappings = list(GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT))
    chosen = {each.pk: each.account_id for each in mappings}
    GLMapping.objects.filter(pk__in=chosen).update(account=None)
    books.pays_online("MB-1", 70)
    synced(company, clock)
    assert transfer_of(company).hold_code == HoldCode.NEEDS_MAPPING

    setup.save_bank_mappings(company, chosen, now=clock())
    synced(company, clock)
    assert (transfer_of(company).hold_code, books.clearing()) == ("", 0)


def second(books: Books, name: str, of_type: str) -> dict[str, Any]:
    """One more account of that type in QuickBooks."""
    made = {"Name": name, "AccountType": of_type, "AccountSubType": of_type.replace(" ", "")}
    return books.sandbox.person("qbo", books.realm, "Account", made)


def test_of_two_payables_accounts_one_has_to_be_chosen(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """QuickBooks would take one of them by itself."""
    GLMapping.objects.filter(company=company, role=GLRole.ACCOUNTS_PAYABLE).delete()
    alone = books.bill("AP-1", 100)
    synced(company, clock)
    assert books.twin("bill", "Bill", alone["id"])["TotalAmt"] == 100

    west = second(books, "A/P West", "Accounts Payable")
    bill, credit = books.bill("AP-2", 100), books.credit("AP-C")
    synced(company, clock)
    for kind, each in (("bill", bill), ("vendor_credit", credit)):
        row = SyncedObject.objects.get(company=company, kind=kind, billcom_id=each["id"])
        assert (row.qbo_id, row.hold_code) == (None, HoldCode.NEEDS_MAPPING)
        assert row.hold is not None and "Accounts Payable Account" in row.hold.describe()

    chosen = SyncedObject.objects.get(company=company, kind="account", qbo_id=west["Id"])
    preferences.save_sync_preferences(company, admin_user, {}, {GLRole.ACCOUNTS_PAYABLE: chosen.pk}, now=clock())
    synced(company, clock)
    assert books.twin("bill", "Bill", bill["id"])["APAccountRef"]["value"] == west["Id"]


def test_a_second_payables_account_that_goes_away_again_holds_nothing(
    company: Company, clock: Clock, books: Books
) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.ACCOUNTS_PAYABLE).delete()
    west = second(books, "A/P West", "Accounts Payable")
    bill = books.bill("AP-3", 100)
    synced(company, clock)
    assert SyncedObject.objects.get(kind="bill", billcom_id=bill["id"]).hold_code == HoldCode.NEEDS_MAPPING

    books.sandbox.person_deletes("qbo", books.realm, "Account", west["Id"])
    synced(company, clock)
    assert books.twin("bill", "Bill", bill["id"])["TotalAmt"] == 100


def test_of_two_receivables_accounts_one_has_to_be_chosen(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], books: Books
) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.ACCOUNTS_RECEIVABLE).delete()
    west = second(books, "A/R West", "Accounts Receivable")
    sales = Sales(company, sandbox, loaded)
    invoice = sales.in_bill("AR-1")
    synced(company, clock)
    payment = sales.received(invoice, 100)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="receivable_payment", billcom_id=payment)
    assert (row.qbo_id, row.hold_code) == (None, HoldCode.NEEDS_MAPPING)
    assert row.hold is not None and "Accounts Receivable Account" in row.hold.describe()

    books.sandbox.person_deletes("qbo", books.realm, "Account", west["Id"])
    synced(company, clock)
    row.refresh_from_db()
    assert (row.linked, row.hold_code) == (True, "")


def test_an_account_that_is_chosen_and_inactive_counts_as_none(company: Company, clock: Clock, books: Books) -> None:
    made = {"Name": "Old bank", "AccountType": "Bank", "AccountSubType": "Checking"}
    old = books.sandbox.person("qbo", books.realm, "Account", made)
    synced(company, clock)
    account = SyncedObject.objects.get(company=company, kind="account", qbo_id=old["Id"])
    setup.set_account(company, GLRole.DEFAULT_BANK, account)
    books.sandbox.person_deletes("qbo", books.realm, "Account", old["Id"])
    payment = recorded(books, "IN-1")
    synced(company, clock)
    row = row_of(company, payment)
    assert (row.qbo_id, row.hold_code) == (None, HoldCode.NEEDS_MAPPING)
    assert row.hold is not None and "Default Bank Account" in row.hold.describe()

    books.sandbox.person("qbo", books.realm, "Account", {"Id": old["Id"], "Name": "Old bank", "Active": True})
    synced(company, clock)
    there = books.twin("bill_payment", "BillPayment", payment["id"])
    assert there["CheckPayment"]["BankAccountRef"]["value"] == old["Id"]


def test_a_payment_without_the_tick_stays_out_until_a_person_includes_it(
    company: Company, clock: Clock, books: Books, told: None, admin_user: User, client: Client
) -> None:
    payment = recorded(books, "NT-1", allowExport=False)
    ticked = recorded(books, "NT-2", allowExport=True)
    synced(company, clock)
    row = row_of(company, payment)
    assert (row.qbo_id, row.hold_code) == (None, HoldCode.EXCLUDED)
    assert row.hold is not None and "without the tick" in row.hold.describe()
    assert not holds.needs_a_person().filter(pk=row.pk).exists()
    assert books.twin("bill_payment", "BillPayment", ticked["id"])["TotalAmt"] == 100
    books.tie_out()

    client.force_login(admin_user)
    page = reverse("admin:syncapp_syncedobject_change", args=[row.pk])
    assert 'value="let-in"' in client.get(page).content.decode()
    client.post(reverse("admin:syncapp_syncedobject_decide", args=[row.pk]), {"what": "let-in"})
    synced(company, clock)
    assert books.twin("bill_payment", "BillPayment", payment["id"])["TotalAmt"] == 100
    assert writes(synced(company, clock)) == 0


def test_where_bill_does_not_show_the_tick_it_counts_as_set(company: Company, clock: Clock, books: Books) -> None:
    payment = recorded(books, "NT-3", allowExport=False)
    synced(company, clock)
    assert books.twin("bill_payment", "BillPayment", payment["id"])["TotalAmt"] == 100


def test_a_reference_that_quickbooks_has_no_room_for_is_cut_and_the_log_says_so(
    company: Company, clock: Clock, books: Books, told: None
) -> None:
    payment = recorded(books, "RC-1", syncReference="WIRE-2026-10-10-0000000000012345")
    run = synced(company, clock)
    assert books.twin("bill_payment", "BillPayment", payment["id"])["DocNumber"] == "WIRE-2026-10-10-00000"
    assert run.log.filter(message__contains="Reference is cut to 21 characters in QuickBooks Online").count() == 1


def test_voiding_a_payment_that_was_in_both_from_the_start_is_no_conflict(
    company: Company, clock: Clock, books: Books
) -> None:
    """The number of BILL's check isn't agreed on where others entered the payment, and that is nobody's edit."""
    bill = books.bill("VC-1", 100)
    synced(company, clock)
    pay_in_qbo(company, books.sandbox, books.realm, books.twin("bill", "Bill", bill["id"]), 100)
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-05", "toPrintCheck": False}
    payment = books.enters("payments", {**paid, "payments": [{"billId": bill["id"], "amount": 100}]})
    assert writes(synced(company, clock)) == 0
    row = row_of(company, payment)
    assert row.base is not None and "check_number" not in row.base["qbo"]
    books.sandbox.switch(billcom_void_at_once=True)
    books.sandbox.person_voids("billcom", books.organization, "payments", row.billcom_id or "")
    synced(company, clock)

    assert next(each for each in books.qbo("BillPayment") if each["Id"] == row.qbo_id)["TotalAmt"] == 0
    assert not Conflict.objects.filter(object=row).exists()


def test_a_held_payment_is_what_differs_also_where_its_bill_is_held_for_something_else(
    company: Company, clock: Clock, books: Books
) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.DEFAULT_BANK).update(account=None)
    bill = books.bill("TO-1", 100)
    synced(company, clock)
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False}
    payment = books.enters("payments", {**paid, "payments": [{"billId": bill["id"], "amount": 40}]})
    there = books.twin("bill", "Bill", bill["id"])
    books.sandbox.person("qbo", books.realm, "Bill", {"Id": there["Id"], "PrivateNote": "Recoded"})
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", billcom_id=bill["id"])
    assert (row.hold_code, row_of(company, payment).hold_code) == (
        HoldCode.FLOW_NOT_IN_MATRIX,
        HoldCode.NEEDS_MAPPING,
    )

    held = {each.pk: (float(each.amount), each.code) for each in books.tie_out().payables.held}

    assert held[row_of(company, payment).pk] == (-40, HoldCode.NEEDS_MAPPING)
    assert row.pk not in held, "it differs in nothing but what is paid"
