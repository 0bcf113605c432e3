"""What BILL drew from a bank account on one day goes from there to clearing, which comes back to zero."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.gateways.errors import Unavailable
from syncapp.gateways.qbo import QboGateway
from syncapp.models import (
    Company,
    GLMapping,
    GLRole,
    ObjectState,
    Operation,
    SetupStep,
    SyncedObject,
    SyncPreferences,
)
from syncapp.services import clearing, holds, links, preferences, setup
from syncapp.services.errors import ServiceError
from tests.services.test_invoices import Sales
from tests.services.test_rules import bill_in_qbo
from tests.services.test_vendor_credits import Both
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, held, synced, writes

TODAY = date.today()
RECEIVED = "receivable-payments"
MONEY_OUT, MONEY_IN = GLRole.MONEY_OUT_CLEARING, GLRole.MONEY_IN_CLEARING


class Books(Both):
    def banks(self) -> list[str]:
        return [each["id"] for each in self.sandbox.books("billcom", self.organization)["banks"]]

    def pays_online(self, number: str, amount: float, day: date = TODAY) -> dict[str, Any]:
        bill = self.bill(number, amount)
        bank = {"type": "BANK_ACCOUNT", "id": self.banks()[0]}
        payment = {"billId": bill["id"], "processDate": day.isoformat(), "amount": amount, "fundingAccount": bank}
        return self.enters("payments", payment)

    def transfers(self) -> list[dict[str, Any]]:
        entries = self.qbo("JournalEntry")
        return [each for each in entries if str(each.get("PrivateNote")).startswith("BILL funds transfer")]

    def balance(self, name: str) -> float:
        account = next(each for each in self.qbo("Account") if each["Name"] == name)
        return float(account["CurrentBalance"])

    def clearing(self) -> float:
        return self.balance("Bill.com Money Out Clearing")


@pytest.fixture
def books(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Books:
    found = Books(company, sandbox, loaded)
    choose_banks(company, found.banks())
    synced(company, clock)
    assert found.clearing() == 0
    return found


def entry(accounts: dict[str, str], postings: list[tuple[str, str]], amount: float) -> list[dict[str, Any]]:
    return [
        {
            "DetailType": "JournalEntryLineDetail",
            "Amount": amount,
            "JournalEntryLineDetail": {"PostingType": posting, "AccountRef": {"value": accounts[name]}},
        }
        for posting, name in postings
    ]


def transfer_of(company: Company, day: date = TODAY) -> SyncedObject:
    return SyncedObject.objects.get(company=company, kind="funds_transfer", date=day)


def test_payments_of_a_day_are_one_transfer_and_clearing_is_zero(company: Company, clock: Clock, books: Books) -> None:
    before, bank = len(books.transfers()), books.balance("Operating Checking")
    for number, amount in (("F-1", 100), ("F-2", 50)):
        books.pays_online(number, amount)

    synced(company, clock)

    (entry,) = books.transfers()[before:]
    assert (entry["TxnDate"], [line["Amount"] for line in entry["Line"]]) == (TODAY.isoformat(), [150, 150])
    assert (books.clearing(), books.balance("Operating Checking")) == (0, bank - 150)
    row = transfer_of(company)
    assert (row.linked, row.state, float(row.amount or 0)) == (True, ObjectState.LINKED, 150)
    assert sorted(float(each.amount or 0) for each in row.parts.all()) == [50, 100]
    assert writes(synced(company, clock)) == 0


def test_a_payment_more_makes_the_days_transfer_larger_and_a_void_is_given_back(
    company: Company, clock: Clock, books: Books
) -> None:
    books.pays_online("F-3", 100)
    synced(company, clock)
    second = books.pays_online("F-4", 50)
    synced(company, clock)
    row = transfer_of(company)
    assert (float(row.amount or 0), books.clearing()) == (150, 0)
    assert Operation.objects.filter(object=row, verb="create").count() == 1

    voids(books, second)
    synced(company, clock)
    row.refresh_from_db()
    assert (float(row.amount or 0), books.clearing()) == (150, 0)
    assert moved(books) == [("out", 150), ("back", 50)]
    assert writes(synced(company, clock)) == 0


def voids(books: Books, *payments: dict[str, Any]) -> None:
    books.sandbox.switch(billcom_void_at_once=True)
    for each in payments:
        books.sandbox.person_voids("billcom", books.organization, "payments", each["id"])


def moved(books: Books, bank: str = "Operating Checking", day: date = TODAY) -> list[tuple[str, float]]:
    """The day's transfers in the bank's register, in the order they were made."""
    names = {each["Id"]: each["Name"] for each in books.qbo("Account")}
    found = []
    for each in books.transfers():
        for line in each["Line"]:
            detail = line["JournalEntryLineDetail"]
            if each["TxnDate"] == day.isoformat() and names[detail["AccountRef"]["value"]] == bank:
                found.append(("out" if detail["PostingType"] == "Credit" else "back", float(line["Amount"])))
    return found


def test_what_the_banks_statement_shows_stays_where_payments_are_voided_later(
    company: Company, clock: Clock, books: Books
) -> None:
    """A reversal dated as the original, as large as what was voided of it."""
    bank = books.balance("Operating Checking")
    first, second = books.pays_online("F-5", 70), books.pays_online("F-6", 30)
    synced(company, clock)
    assert moved(books) == [("out", 100)]

    voids(books, first)
    synced(company, clock)
    assert (moved(books), books.clearing()) == ([("out", 100), ("back", 70)], 0)
    assert writes(synced(company, clock)) == 0

    voids(books, second)
    books.pays_online("F-7", 5)
    synced(company, clock)
    assert (moved(books), books.clearing()) == ([("out", 105), ("back", 100)], 0)
    assert books.balance("Operating Checking") == bank - 5
    assert writes(synced(company, clock)) == 0
    assert books.tie_out().clearing[MONEY_OUT].unexplained == 0


def test_what_is_voided_before_it_is_transferred_leaves_nothing_in_the_bank(
    company: Company, clock: Clock, books: Books
) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT).update(account=None)
    payment = books.pays_online("F-8", 70)
    synced(company, clock)
    assert transfer_of(company).hold_code == HoldCode.NEEDS_MAPPING
    voids(books, payment)
    choose_banks(company, books.banks())
    synced(company, clock)
    assert (moved(books), books.clearing()) == ([], 0)
    assert transfer_of(company).state == ObjectState.RETIRED


def test_what_gives_back_is_shown_in_clearing_until_it_is_there(company: Company, clock: Clock, books: Books) -> None:
    payment = books.pays_online("F-9", 70)
    synced(company, clock)
    voids(books, payment)
    synced(company, clock)
    back = SyncedObject.objects.get(company=company, kind="funds_transfer", billcom_id__startswith="void.")
    assert float(back.amount or 0) == 70
    books.sandbox.person_deletes("qbo", books.realm, "JournalEntry", back.qbo_id or "")
    synced(company, clock)
    assert books.clearing() == 70
    cleared = books.tie_out().clearing[MONEY_OUT]
    assert ([float(each.amount) for each in cleared.payments], float(cleared.unexplained)) == ([-70], 0)


def test_a_voided_payments_transfer_that_somebody_deleted_is_not_given_back(
    company: Company, clock: Clock, books: Books
) -> None:
    payment = books.pays_online("F-10", 70)
    synced(company, clock)
    books.sandbox.person_deletes("qbo", books.realm, "JournalEntry", transfer_of(company).qbo_id or "")
    synced(company, clock)
    voids(books, payment)
    synced(company, clock)
    assert (moved(books), books.clearing()) == ([], 0)
    assert writes(synced(company, clock)) == 0


def test_what_is_drawn_after_another_account_was_chosen_for_the_bank_goes_to_that_one(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """On a day that has a transfer already, which stays where it was posted; so does what gives a part of it back."""
    first = books.pays_online("F-11", 100)
    synced(company, clock)
    others = setup.account_choices(company, GLRole.BANK_ACCOUNT).exclude(label="Operating Checking")
    other = next(each for each in others if "Clearing" not in each.label)
    before = books.balance(other.label)
    banks = GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT)
    choices = {f"bank:{each.pk}": other.pk for each in banks}
    preferences.save_sync_preferences(company, admin_user, {}, choices, now=clock())

    books.pays_online("F-12", 50)
    synced(company, clock)
    assert (moved(books), moved(books, other.label), books.clearing()) == ([("out", 100)], [("out", 50)], 0)
    books.pays_online("F-13", 20)
    voids(books, first)
    synced(company, clock)
    assert moved(books) == [("out", 100), ("back", 100)]
    assert (moved(books, other.label), books.balance(other.label)) == ([("out", 70)], before - 70)
    assert books.clearing() == 0
    assert writes(synced(company, clock)) == 0


def test_what_is_scheduled_waits_in_clearing_until_it_is_drawn(company: Company, clock: Clock, books: Books) -> None:
    day = TODAY + timedelta(days=3)
    before = len(books.transfers())
    books.pays_online("F-7", 80, day)
    synced(company, clock)
    assert (len(books.transfers()), books.clearing()) == (before, -80)
    cleared = books.tie_out().clearing[MONEY_OUT]
    assert [(float(each.amount), each.why) for each in cleared.payments] == [(80, "not drawn from the bank yet")]
    assert (float(cleared.balance), float(cleared.unexplained)) == (-80, 0)

    books.sandbox.clock(advance=4 * 86_400)
    clock.wait(4 * 86_400)
    try:
        synced(company, clock)
    finally:
        books.sandbox.clock(real=True)

    assert (len(books.transfers()), books.clearing()) == (before + 1, 0)
    assert transfer_of(company, day).amount == 80


def test_a_bank_without_an_account_holds_its_transfers(company: Company, clock: Clock, books: Books) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT).delete()
    books.pays_online("F-8", 90)
    synced(company, clock)
    row = transfer_of(company)
    assert row.hold_code == HoldCode.NEEDS_MAPPING
    assert row.hold is not None and "GL Account For Bank Account" in row.hold.describe()

    cleared = books.tie_out().clearing[MONEY_OUT]
    assert [each.why for each in cleared.payments] == ["its transfer is held: account not chosen"]
    assert cleared.unexplained == 0

    choose_banks(company, books.banks())
    links.retry(SyncedObject.objects.filter(pk=row.pk), User.objects.create_superuser("boss", "boss@example.com"))
    synced(company, clock)
    assert books.clearing() == 0


def test_what_somebody_else_entered_in_quickbooks_is_asked_about(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """Linked and not made here: whoever entered the payment may have entered the transfer."""
    before = len(books.transfers())
    payment = books.pays_online("F-9", 60)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=payment["id"])
    transfer = transfer_of(company)
    books.sandbox.person_deletes("qbo", books.realm, "JournalEntry", transfer.qbo_id or "")
    Operation.objects.filter(object=row).delete()
    SyncedObject.objects.filter(part_of=transfer).update(part_of=None)
    transfer.delete()

    synced(company, clock)

    found = transfer_of(company)
    assert (found.hold_code, found.qbo_id) == (HoldCode.PAID_BEFORE_FIRST_SEEN, None)
    assert found.hold is not None and "include it" in found.hold.fix()
    assert len(books.transfers()) == before

    assert holds.needs_a_person().filter(pk=found.pk).exists()
    assert links.may_be_let_in(found)
    links.let_in(SyncedObject.objects.filter(pk=found.pk), admin_user)
    synced(company, clock)
    assert (len(books.transfers()), books.clearing()) == (before + 1, 0)


def test_a_transfer_that_the_database_forgot_is_found_again(company: Company, clock: Clock, books: Books) -> None:
    books.pays_online("F-10", 60)
    synced(company, clock)
    before, transfer = len(books.transfers()), transfer_of(company)
    SyncedObject.objects.filter(part_of=transfer).update(part_of=None)
    qbo_id = transfer.qbo_id
    transfer.delete()
    company.cursors.filter(kind="funds_transfer").delete()

    synced(company, clock)

    assert (transfer_of(company).qbo_id, len(books.transfers()), books.clearing()) == (qbo_id, before, 0)


def test_what_was_posted_to_an_account_that_was_clearing_then_leaves_that_one(
    company: Company, clock: Clock, books: Books
) -> None:
    """Payments scheduled before another clearing account is chosen stay with the one they were posted to."""
    day, before = TODAY + timedelta(days=3), len(books.transfers())
    books.pays_online("F-13", 80, day)
    synced(company, clock)
    other = books.sandbox.person("qbo", books.realm, "Account", {"Name": "New Clearing", "AccountType": "Bank"})
    synced(company, clock)
    setup.set_account(company, GLRole.MONEY_OUT_CLEARING, SyncedObject.objects.get(kind="account", qbo_id=other["Id"]))
    books.pays_online("F-14", 20, day)
    synced(company, clock)
    assert (books.clearing(), books.balance("New Clearing")) == (-80, -20)

    books.sandbox.clock(advance=4 * 86_400)
    clock.wait(4 * 86_400)
    try:
        synced(company, clock)
        assert writes(synced(company, clock)) == 0
    finally:
        books.sandbox.clock(real=True)

    assert (len(books.transfers()), books.clearing(), books.balance("New Clearing")) == (before + 2, 0, 0)


@pytest.mark.parametrize("change", [{"TxnDate": "2026-01-01"}, None])
def test_what_is_changed_in_quickbooks_is_held_and_stays(
    company: Company, clock: Clock, books: Books, change: dict[str, Any] | None
) -> None:
    books.pays_online("F-11", 60)
    synced(company, clock)
    row = transfer_of(company)
    if change is None:
        books.sandbox.person_deletes("qbo", books.realm, "JournalEntry", row.qbo_id or "")
    else:
        books.sandbox.person("qbo", books.realm, "JournalEntry", {"Id": row.qbo_id, **change})

    synced(company, clock)

    row.refresh_from_db()
    assert row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    assert writes(synced(company, clock)) == 0


def test_a_transfer_whose_note_was_rewritten_is_read_held_and_still_changed(
    company: Company, clock: Clock, books: Books
) -> None:
    books.pays_online("F-40", 60)
    books.pays_online("F-41", 40)
    synced(company, clock)
    row = transfer_of(company)
    books.sandbox.person("qbo", books.realm, "JournalEntry", {"Id": row.qbo_id, "PrivateNote": "Bill.com batch"})

    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.qbo_values["note"]) == (HoldCode.FLOW_NOT_IN_MATRIX, "Bill.com batch")
    assert row.hold is not None and "Note" in row.hold.describe()
    books.pays_online("F-44", 30)
    synced(company, clock)
    shown = next(each for each in books.qbo("JournalEntry") if each["Id"] == row.qbo_id)
    assert ({line["Amount"] for line in shown["Line"]}, shown["PrivateNote"]) == ({130}, "Bill.com batch")
    assert books.clearing() == 0
    assert writes(synced(company, clock)) == 0


def test_a_payment_that_is_linked_with_another_is_drawn_once(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """Linked with the wrong payment first: what BILL drew goes with BILL's half."""
    drawn = books.pays_online("F-42", 60)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=drawn["id"])
    wrong = next(each for each in books.qbo("BillPayment") if each["Id"] == row.qbo_id)
    bill = bill_in_qbo(company, books.sandbox, books.realm, "F-43")
    copied = {name: wrong[name] for name in ("TxnDate", "PayType", "CheckPayment", "TotalAmt")}
    paid = [{"Amount": 60, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}]
    right = books.sandbox.person(
        "qbo", books.realm, "BillPayment", {**copied, "VendorRef": bill["VendorRef"], "Line": paid}
    )
    synced(company, clock)
    other = SyncedObject.objects.get(company=company, kind="bill_payment", qbo_id=right["Id"])

    keep, part = links.unlink(row, admin_user)
    synced(company, clock)
    links.link(other, part, admin_user)
    synced(company, clock)

    other.refresh_from_db()
    transfer = transfer_of(company)
    assert (other.part_of, float(transfer.amount or 0)) == (transfer, 60)
    assert [float(each["Line"][0]["Amount"]) for each in books.transfers() if each["TxnDate"] == TODAY.isoformat()] == [
        60
    ]
    keep.refresh_from_db()
    assert keep.part_of is None


def test_one_that_was_deleted_by_mistake_is_posted_again(
    company: Company, clock: Clock, books: Books, client: Client, admin_user: User
) -> None:
    before = len(books.transfers())
    books.pays_online("F-60", 60)
    synced(company, clock)
    row = transfer_of(company)
    books.sandbox.person_deletes("qbo", books.realm, "JournalEntry", row.qbo_id or "")
    synced(company, clock)
    client.force_login(admin_user)
    page = client.get(reverse("admin:syncapp_syncedobject_change", args=[row.pk])).content.decode()
    assert "Post it again …" in page and "deleted in QuickBooks Online" in page

    decide = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    assert "makes a new one there" in client.post(decide, {"what": "post-again"}).content.decode()
    client.post(decide, {"what": "post-again", "sure": "yes"})
    synced(company, clock)

    row.refresh_from_db()
    assert (row.state, len(books.transfers()), books.clearing()) == (ObjectState.RETIRED, before + 1, 0)
    assert writes(synced(company, clock)) == 0
    with pytest.raises(ServiceError, match="isn't one that was deleted"):
        links.post_again(row, admin_user)


def in_qbo(books: Books, payment: dict[str, Any]) -> dict[str, Any]:
    return books.twin("bill_payment", "BillPayment", payment["id"])


def pays_from(books: Books, number: str, source: str) -> SyncedObject:
    bill = books.bill(number, 45)
    funding = {"type": source, "id": "0cc01"}
    paid = {"billId": bill["id"], "processDate": TODAY.isoformat(), "amount": 45, "fundingAccount": funding}
    made = books.enters("payments", paid)
    synced(books.company, Clock())
    return SyncedObject.objects.get(company=books.company, kind="bill_payment", billcom_id=made["id"])


def test_what_is_paid_by_card_posts_to_the_card_account(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    before = len(books.transfers())
    row = pays_from(books, "F-50", "CARD_ACCOUNT")
    assert (row.hold_code, row.qbo_id) == (HoldCode.NEEDS_MAPPING, None)
    assert row.hold is not None and "Card Account" in row.hold.describe()

    card = books.sandbox.person("qbo", books.realm, "Account", {"Name": "Visa", "AccountType": "Credit Card"})
    synced(company, clock)
    setup.set_account(company, GLRole.CARD, SyncedObject.objects.get(kind="account", qbo_id=card["Id"]))
    links.retry(SyncedObject.objects.filter(pk=row.pk), admin_user)
    synced(company, clock)

    row.refresh_from_db()
    posted = next(each for each in books.qbo("BillPayment") if each["Id"] == row.qbo_id)
    assert (posted["PayType"], posted["CreditCardPayment"]["CCAccountRef"]["value"]) == ("CreditCard", card["Id"])
    assert (len(books.transfers()), books.clearing()) == (before, 0)
    assert writes(synced(company, clock)) == 0


def test_what_is_paid_from_a_wallet_is_held(company: Company, clock: Clock, books: Books) -> None:
    row = pays_from(books, "F-51", "WALLET")
    assert (row.hold_code, row.qbo_id, books.clearing()) == (HoldCode.NEEDS_MAPPING, None, 0)
    assert row.hold is not None and "from a wallet" in row.hold.describe()


def test_the_number_of_a_check_comes_to_the_memo_when_bill_prints_it(
    company: Company, clock: Clock, books: Books
) -> None:
    """And stays as a bookkeeper leaves it after that."""
    day = TODAY + timedelta(days=3)
    payment = books.pays_online("F-52", 80, day)
    synced(company, clock)
    assert "check" not in in_qbo(books, payment)["PrivateNote"]
    books.sandbox.person(
        "qbo", books.realm, "BillPayment", {"Id": in_qbo(books, payment)["Id"], "PrivateNote": "October rent"}
    )
    books.sandbox.clock(advance=4 * 86_400)
    clock.wait(4 * 86_400)
    try:
        synced(company, clock)
        check = books.billcom("payments", payment["id"])["disbursementInfo"]["checkDisbursement"]["checkNumber"]
        assert in_qbo(books, payment)["PrivateNote"] == f"October rent, check {check}"
        assert writes(synced(company, clock)) == 0

        plain = {"Id": in_qbo(books, payment)["Id"], "PrivateNote": "October rent"}
        books.sandbox.person("qbo", books.realm, "BillPayment", plain)
        before = held(company)
        assert writes(synced(company, clock)) == 0
        assert (in_qbo(books, payment)["PrivateNote"], held(company)) == ("October rent", before)
    finally:
        books.sandbox.clock(real=True)


@pytest.mark.parametrize("linked_before", [True, False])
def test_the_memo_of_a_check_that_others_entered_stays_as_it_is(
    company: Company, clock: Clock, books: Books, linked_before: bool
) -> None:
    """Whether BILL tells its number before the two are linked, or after."""
    day = TODAY + timedelta(days=3)
    bill = books.bill("F-53", 80)
    synced(company, clock)
    bank = next(each for each in books.qbo("Account") if each["Name"] == "Operating Checking")
    there = books.twin("bill", "Bill", bill["id"])
    entered = {
        "VendorRef": there["VendorRef"],
        "TxnDate": day.isoformat(),
        "TotalAmt": 80,
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": bank["Id"]}},
        "PrivateNote": "Rent, by hand",
        "Line": [{"Amount": 80, "LinkedTxn": [{"TxnId": there["Id"], "TxnType": "Bill"}]}],
    }
    made = books.sandbox.person("qbo", books.realm, "BillPayment", entered)
    funding = {"type": "BANK_ACCOUNT", "id": books.banks()[0]}
    paid = {"billId": bill["id"], "processDate": day.isoformat(), "amount": 80, "fundingAccount": funding}
    payment = books.enters("payments", paid)
    if linked_before:
        assert writes(synced(company, clock)) == 0
    books.sandbox.clock(advance=4 * 86_400)
    clock.wait(4 * 86_400)
    try:
        assert writes(synced(company, clock)) == 0
        assert in_qbo(books, payment)["Id"] == made["Id"]
        assert books.billcom("payments", payment["id"])["disbursementInfo"]["checkDisbursement"]["checkNumber"]
        assert in_qbo(books, payment)["PrivateNote"] == "Rent, by hand"
    finally:
        books.sandbox.clock(real=True)


def test_the_bank_accounts_balances_are_shown(
    company: Company, clock: Clock, books: Books, client: Client, admin_user: User
) -> None:
    books.pays_online("F-61", 60)
    synced(company, clock)
    balance = books.balance("Operating Checking")

    (found,) = books.tie_out().banks

    assert (found.account, float(found.balance)) == ("Operating Checking", balance)
    client.force_login(admin_user)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    page = client.post(reverse("syncapp:tie-out", args=[company.pk])).content.decode()
    assert "Bank accounts" in page and f"{balance:,.2f}" in page
    sheet = client.post(reverse("syncapp:tie-out", args=[company.pk]), {"as": "csv"}).content.decode()
    assert f"Operating Checking,{found.banks},{found.balance}" in sheet and not found.banks.startswith(",")


def test_one_payment_taken_apart_makes_the_others_nobody_elses(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    parted = books.pays_online("F-70", 60)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=parted["id"])
    links.unlink(row, admin_user)
    books.pays_online("F-71", 40)

    synced(company, clock)

    transfer = transfer_of(company)
    assert (transfer.hold_code, float(transfer.amount or 0), books.clearing()) == ("", 100, 0)


def test_journal_entries_of_others_are_none_of_ours(company: Company, clock: Clock, books: Books) -> None:
    accounts = {each["Name"]: each["Id"] for each in books.qbo("Account")}
    lines = entry(accounts, [("Debit", "Advertising"), ("Credit", "Operating Checking")], 10)
    before = held(company)
    made = books.sandbox.person("qbo", books.realm, "JournalEntry", {"TxnDate": "2026-10-01", "Line": lines})

    synced(company, clock)

    assert not SyncedObject.objects.filter(company=company, kind="funds_transfer", qbo_id=made["Id"]).exists()
    assert held(company) == before


def test_a_transfer_is_not_taken_apart(company: Company, clock: Clock, books: Books, admin_user: User) -> None:
    books.pays_online("F-12", 60)
    synced(company, clock)
    with pytest.raises(ServiceError, match="worked out from other records"):
        links.unlink(transfer_of(company), admin_user)


def test_what_nobody_can_explain_in_clearing_is_said(
    company: Company, clock: Clock, books: Books, client: Client, admin_user: User
) -> None:
    accounts = {each["Name"]: each["Id"] for each in books.qbo("Account")}
    by_hand = [("Debit", "Bill.com Money Out Clearing"), ("Credit", "Operating Checking")]
    books.sandbox.person(
        "qbo", books.realm, "JournalEntry", {"TxnDate": "2026-10-01", "Line": entry(accounts, by_hand, 10)}
    )
    synced(company, clock)
    company.refresh_from_db()
    client.force_login(admin_user)

    page = client.post(reverse("syncapp:tie-out", args=[company.pk])).content.decode()

    assert "10.00 of it is explained by no payment" in page
    found = books.tie_out()
    assert found.clearing[MONEY_OUT].unexplained == 10
    assert any("unexplained" in line and "10.00" in line for line in found.summary())


def test_what_is_drawn_after_the_days_transfer_was_excluded_has_one_of_its_own(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    books.pays_online("E-1", 100)
    synced(company, clock)
    excluded = transfer_of(company)
    links.exclude(SyncedObject.objects.filter(pk=excluded.pk), admin_user)
    books.pays_online("E-2", 50)

    synced(company, clock)

    assert moved(books) == [("out", 100), ("out", 50)]
    assert books.clearing() == 0
    assert books.tie_out().clearing[MONEY_OUT].unexplained == 0
    later = SyncedObject.objects.get(company=company, kind="funds_transfer", date=TODAY, excluded=False)
    assert [float(each.amount or 0) for each in later.parts.all()] == [50]
    assert writes(synced(company, clock)) == 0


def test_what_is_voided_after_what_gives_back_was_excluded_is_given_back_alone(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    first, second = books.pays_online("E-3", 70), books.pays_online("E-4", 30)
    synced(company, clock)
    voids(books, first)
    synced(company, clock)
    back = SyncedObject.objects.get(company=company, kind="funds_transfer", billcom_id__startswith="void.")
    links.exclude(SyncedObject.objects.filter(pk=back.pk), admin_user)
    voids(books, second)

    synced(company, clock)

    assert moved(books) == [("out", 100), ("back", 70), ("back", 30)]
    assert books.clearing() == 0
    assert writes(synced(company, clock)) == 0


def test_what_is_called_clearing_stands_for_no_bank(company: Company, clock: Clock, without_clearing: Books) -> None:
    books = without_clearing
    account = SyncedObject.objects.get(company=company, kind="account", label="Old Float")
    renamed = {"Id": account.qbo_id, "Name": "Money Out Clearing", "AccountType": "Bank"}
    books.sandbox.person("qbo", books.realm, "Account", renamed)
    synced(company, clock)
    banks = list(GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT))

    with pytest.raises(ServiceError, match="is a clearing account"):
        setup.save_bank_mappings(company, {each.pk: account.pk for each in banks}, now=clock())
    assert setup.obvious_account(company, MONEY_OUT) == account
    GLMapping.objects.filter(pk=banks[0].pk).update(account=account)
    assert setup.obvious_account(company, MONEY_OUT) is None


@pytest.mark.parametrize("role", [GLRole.DEFAULT_BANK, MONEY_IN])
def test_a_clearing_account_stands_for_nothing_else(
    company: Company, clock: Clock, books: Books, admin_user: User, role: GLRole
) -> None:
    out = GLMapping.objects.get(company=company, role=MONEY_OUT).account
    assert out is not None
    with pytest.raises(ServiceError):
        preferences.save_sync_preferences(company, admin_user, {}, {role: out.pk}, now=clock())
    assert not GLMapping.objects.filter(company=company, role=role, account=out).exists()
    bank = GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT)[0]
    with pytest.raises(ServiceError):
        setup.save_bank_mappings(company, {bank.pk: out.pk}, now=clock())
    bank.refresh_from_db()
    assert bank.account_id != out.pk


@pytest.fixture
def without_clearing(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Books:
    """A QuickBooks company that has no account of that name, and none chosen."""
    found = Books(company, sandbox, loaded)
    choose_banks(company, found.banks())
    synced(company, clock)
    account = SyncedObject.objects.get(company=company, kind="account", label=clearing.NAMES[MONEY_OUT])
    renamed = {"Id": account.qbo_id, "Name": "Old Float", "AccountType": "Bank"}
    sandbox.person("qbo", found.realm, "Account", renamed)
    synced(company, clock)
    GLMapping.objects.filter(company=company, role=GLRole.MONEY_OUT_CLEARING).delete()
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    company.refresh_from_db()
    return found


def test_the_clearing_account_is_made_on_request_and_once(
    company: Company, clock: Clock, without_clearing: Books, client: Client, admin_user: User
) -> None:
    books = without_clearing
    client.force_login(admin_user)
    page, offer = reverse("syncapp:preferences", args=[company.pk]), "Make Money Out Clearing Account in QuickBooks"
    make = reverse("syncapp:make-clearing", args=[company.pk])
    assert offer in client.get(page).content.decode()

    done = client.post(make, {"role": MONEY_OUT}, follow=True).content.decode()
    assert "chosen as the Money Out Clearing Account" in done and offer not in done
    assert "chosen already" in client.post(make, {"role": MONEY_OUT}, follow=True).content.decode()
    assert "Choose which clearing account" in client.post(make, {"role": "deposit-to"}, follow=True).content.decode()

    made = [each["AccountType"] for each in books.qbo("Account") if each["Name"] == clearing.NAMES[MONEY_OUT]]
    assert made == ["Bank"]
    books.pays_online("F-20", 40)
    synced(company, clock)
    assert (books.clearing(), writes(synced(company, clock))) == (0, 0)
    assert SyncedObject.objects.get(company=company, kind="account", label=clearing.NAMES[MONEY_OUT]).linked


def test_a_lost_answer_makes_no_second_clearing_account(
    company: Company, clock: Clock, without_clearing: Books, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, write = without_clearing, QboGateway.write

    def lost(self: QboGateway, each: Any) -> Any:
        write(self, each)
        raise Unavailable(Side.QBO, "lost", outcome_unknown=True)

    with monkeypatch.context() as broken:
        broken.setattr(QboGateway, "write", lost)
        with pytest.raises(ServiceError, match="didn't make the account"):
            clearing.make_account(company, admin_user, MONEY_OUT, now=clock())
    made = clearing.make_account(company, admin_user, MONEY_OUT, now=clock())

    assert [each["Id"] for each in books.qbo("Account") if each["Name"] == clearing.NAMES[MONEY_OUT]] == [made.qbo_id]


def test_a_name_that_is_taken_is_not_asked_for_over_and_over(
    company: Company, clock: Clock, without_clearing: Books, admin_user: User
) -> None:
    other = {"Name": clearing.NAMES[MONEY_OUT], "AccountType": "Other Current Asset"}
    without_clearing.sandbox.person("qbo", without_clearing.realm, "Account", other)

    with pytest.raises(ServiceError, match="inactive or of another type") as refused:
        clearing.make_account(company, admin_user, MONEY_OUT, now=clock())

    assert "Try again" not in str(refused.value)


def test_transfers_of_the_account_that_was_clearing_then_are_not_counted(
    company: Company, clock: Clock, books: Books
) -> None:
    """One of them is held with another amount than it has; the account chosen since has nothing of it."""
    books.pays_online("F-53", 60)
    synced(company, clock)
    there = next(each for each in books.transfers() if each["Id"] == transfer_of(company).qbo_id)
    lines = [{**line, "Amount": 70} for line in there["Line"]]
    books.sandbox.person("qbo", books.realm, "JournalEntry", {"Id": there["Id"], "Line": lines})
    synced(company, clock)
    assert transfer_of(company).hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    found = books.tie_out().clearing[MONEY_OUT]
    assert found.payments
    other = books.sandbox.person("qbo", books.realm, "Account", {"Name": "New Clearing", "AccountType": "Bank"})
    synced(company, clock)
    setup.set_account(company, GLRole.MONEY_OUT_CLEARING, SyncedObject.objects.get(kind="account", qbo_id=other["Id"]))

    found = books.tie_out().clearing[MONEY_OUT]

    assert not found.payments and not found.unexplained


def test_what_stands_in_an_account_that_was_clearing_is_still_broken_down(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    books.pays_online("F-54", 80, TODAY + timedelta(days=3))
    synced(company, clock)
    made = {"Name": "Clearing two", "AccountType": "Bank", "AccountSubType": "Checking"}
    other = books.sandbox.person("qbo", books.realm, "Account", made)
    synced(company, clock)
    chosen = SyncedObject.objects.get(company=company, kind="account", qbo_id=other["Id"])
    preferences.save_sync_preferences(company, admin_user, {}, {MONEY_OUT: chosen.pk}, now=clock())
    synced(company, clock)

    found = books.tie_out()

    now = found.clearing[MONEY_OUT]
    assert (now.account, float(now.balance)) == ("Clearing two", 0)
    (former,) = [each for each in found.clearing.values() if each.former]
    assert (former.account, float(former.balance)) == ("Bill.com Money Out Clearing", -80)
    assert [(float(each.amount), each.why) for each in former.payments] == [(80, "not drawn from the bank yet")]
    assert former.unexplained == 0
    assert any("Former Money Out Clearing" in line for line in found.summary())


def test_one_that_is_there_is_chosen(company: Company, clock: Clock, books: Books, admin_user: User) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.MONEY_OUT_CLEARING).delete()
    before = len(books.qbo("Account"))
    assert clearing.make_account(company, admin_user, MONEY_OUT, now=clock()).label == clearing.NAMES[MONEY_OUT]
    assert len(books.qbo("Account")) == before


class Receiving(Books):
    """Customers pay invoices through BILL."""

    def pays_in(self, number: str, amount: float, day: date = TODAY, by: str = "BANK_ACCOUNT") -> str:
        sales = Sales(self.company, self.sandbox, {"qbo": {"realm_id": self.realm}, "billcom": self.ids})
        invoice = sales.in_bill(number, 1, amount)
        paid = {"invoices": [{"id": invoice["id"], "amount": amount}], "paymentDate": day.isoformat()}
        made = {**paid, "fundingAccount": {"type": by}}
        return str(self.sandbox.person("billcom", self.organization, RECEIVED, made)["id"])

    @property
    def ids(self) -> dict[str, Any]:
        return {"organization_id": self.organization}

    def money_in(self) -> float:
        return self.balance("Bill.com Money In Clearing")


@pytest.fixture
def receiving(company: Company, clock: Clock, books: Books, loaded: dict[str, Any], admin_user: User) -> Receiving:
    clearing.make_account(company, admin_user, MONEY_IN, now=clock())
    return Receiving(company, books.sandbox, loaded)


def test_what_customers_pay_through_bill_reaches_the_bank_and_clearing_is_zero(
    company: Company, clock: Clock, receiving: Receiving
) -> None:
    bank, out = receiving.balance("Operating Checking"), receiving.clearing()
    payments = [receiving.pays_in("R-1", 100), receiving.pays_in("R-2", 50)]
    receiving.pays_online("F-60", 30)

    synced(company, clock)

    assert (receiving.money_in(), receiving.clearing(), receiving.balance("Operating Checking")) == (0, out, bank + 120)
    transfers = SyncedObject.objects.filter(company=company, kind="funds_transfer", date=TODAY).order_by("amount")
    assert [float(each.amount or 0) for each in transfers] == [30, 150]
    into = transfers[1]
    assert sorted(str(each.billcom_id) for each in into.parts.all()) == sorted(payments)
    (entry,) = (each for each in receiving.transfers() if each["Id"] == into.qbo_id)
    assert [line["Description"] for line in entry["Line"]] == [f"Received through BILL on {TODAY.isoformat()}"] * 2
    assert writes(synced(company, clock)) == 0
    receiving.tie_out()

    receiving.sandbox.person_voids("billcom", receiving.organization, RECEIVED, payments[0])
    synced(company, clock)
    assert (receiving.money_in(), receiving.balance("Operating Checking")) == (0, bank + 20)
    receiving.sandbox.person_voids("billcom", receiving.organization, RECEIVED, payments[1])
    synced(company, clock)
    into.refresh_from_db()
    assert (receiving.money_in(), into.state, float(into.amount or 0)) == (0, ObjectState.LINKED, 150)
    assert sorted(moved(receiving)) == [("back", 150), ("out", 30), ("out", 150)]
    assert writes(synced(company, clock)) == 0


def test_what_is_paid_by_card_stays_in_clearing_and_says_so(
    company: Company, clock: Clock, receiving: Receiving, client: Client, admin_user: User
) -> None:
    receiving.pays_in("R-3", 80, by="CARD_ACCOUNT")
    synced(company, clock)

    assert receiving.money_in() == 80
    assert not SyncedObject.objects.filter(company=company, kind="funds_transfer", date=TODAY).exists()
    found = receiving.tie_out().clearing[MONEY_IN]
    assert [(float(each.amount), each.why[:12]) for each in found.payments] == [(80, "paid by card")]
    assert (float(found.balance), float(found.unexplained)) == (80, 0)
    client.force_login(admin_user)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    page = client.post(reverse("syncapp:tie-out", args=[company.pk]))
    assert "Money In Clearing" in page.content.decode() and "Paid by card" in page.content.decode()
    sheet = client.post(reverse("syncapp:tie-out", args=[company.pk]), {"as": "csv"}).content.decode()
    assert "Bill.com Money In Clearing,balance,80" in sheet


def test_each_payment_has_its_own_transfer_where_that_is_preferred(
    company: Company, clock: Clock, receiving: Receiving, admin_user: User
) -> None:
    """Those that are in a transfer of a day stay in it."""
    receiving.pays_online("F-61", 10)
    synced(company, clock)
    before = len(receiving.transfers())
    preferences.save_sync_preferences(company, admin_user, {"transfer_per": "payment"}, {}, now=clock())
    second, third = receiving.pays_online("F-62", 20), receiving.pays_online("F-63", 40)
    paid = receiving.pays_in("R-4", 70)
    synced(company, clock)

    assert (len(receiving.transfers()), receiving.clearing(), receiving.money_in()) == (before + 3, 0, 0)
    notes = {each["PrivateNote"].rsplit(" ", 1)[1] for each in receiving.transfers()}
    assert {second["id"], third["id"], paid} <= notes
    assert writes(synced(company, clock)) == 0

    receiving.sandbox.switch(billcom_void_at_once=True)
    receiving.sandbox.person_voids("billcom", receiving.organization, "payments", second["id"])
    synced(company, clock)
    assert (len(receiving.transfers()), receiving.clearing()) == (before + 4, 0)
    assert writes(synced(company, clock)) == 0

    preferences.save_sync_preferences(company, admin_user, {"transfer_per": "day"}, {}, now=clock())
    receiving.pays_online("F-64", 5)
    synced(company, clock)
    assert (len(receiving.transfers()), receiving.clearing()) == (before + 4, 0)
    first = SyncedObject.objects.get(company=company, kind="funds_transfer", amount=15)
    assert first.parts.count() == 2


def test_a_transfer_of_a_payment_that_was_deleted_is_posted_again_on_request(
    company: Company, clock: Clock, receiving: Receiving, admin_user: User
) -> None:
    SyncPreferences.objects.filter(company=company).update(transfer_per="payment")
    receiving.pays_in("R-5", 25)
    synced(company, clock)
    row = transfer_of(company)
    receiving.sandbox.person_deletes("qbo", receiving.realm, "JournalEntry", str(row.qbo_id))
    synced(company, clock)
    row.refresh_from_db()
    assert (row.state, receiving.money_in()) == (ObjectState.HELD, 25)
    links.post_again(row, admin_user)
    synced(company, clock)
    assert (receiving.money_in(), writes(synced(company, clock))) == (0, 0)


def test_a_transfer_goes_by_the_name_of_its_bank(company: Company, clock: Clock, books: Books) -> None:
    GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT).update(label="Reserve ****7788")
    books.pays_online("F-90", 60)
    synced(company, clock)
    row = transfer_of(company)
    assert row.full_name == "Funds transfer Reserve ****7788, drawn"
    [there] = [each for each in books.transfers() if each["Id"] == row.qbo_id]
    assert books.banks()[0] in there["PrivateNote"], "in QuickBooks it is known by the id, as before"
    assert writes(synced(company, clock)) == 0
