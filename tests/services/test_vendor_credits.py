"""Vendor credits from BILL to QuickBooks, and the payments that use them, to the cent on both sides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.models import Company, RunState, SyncedObject, SyncPreferences
from syncapp.services import holds, links, preferences, preview, stages, tie_out
from tests.services.test_rules import bill_in_qbo, expense_line, pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes

CREDITS = "vendor-credits"


class Both:
    """The books of both sides, and what people enter in BILL."""

    def __init__(self, company: Company, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
        self.company, self.sandbox = company, sandbox
        self.realm, self.organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]

    def billcom(self, entity: str, remote_id: str) -> dict[str, Any]:
        return next(
            each for each in self.sandbox.books("billcom", self.organization)[entity] if each["id"] == remote_id
        )

    def qbo(self, entity: str) -> list[dict[str, Any]]:
        return self.sandbox.books("qbo", self.realm)[entity]

    def enters(self, entity: str, record: dict[str, Any]) -> dict[str, Any]:
        return self.sandbox.person("billcom", self.organization, entity, record)

    def vendor(self) -> SyncedObject:
        return next(row for row in linked(self.company, "vendor") if row.qbo_values["active"])

    def _line(self, amount: float) -> dict[str, Any]:
        account = next(row for row in linked(self.company, "account") if row.qbo_values["account_type"] == "EXPENSE")
        return {"amount": amount, "classifications": {"chartOfAccountId": account.billcom_id}}

    def credit(self, number: str, amount: float = 30) -> dict[str, Any]:
        return self.enters(
            CREDITS,
            {
                "vendorId": self.vendor().billcom_id,
                "referenceNumber": number,
                "creditDate": "2026-10-02",
                "vendorCreditLineItems": [self._line(amount)],
            },
        )

    def bill(self, number: str, amount: float = 100, **more: Any) -> dict[str, Any]:
        return self.enters(
            "bills",
            {
                "vendorId": self.vendor().billcom_id,
                "dueDate": "2026-10-30",
                "invoice": {"invoiceNumber": number, "invoiceDate": "2026-10-01"},
                "billLineItems": [self._line(amount)],
                **more,
            },
        )

    def pays(self, bill: dict[str, Any], amount: float, credit: dict[str, Any], used: float) -> dict[str, Any]:
        share = {"billId": bill["id"], "amount": amount, "vendorCredits": [{"id": credit["id"], "amount": used}]}
        paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
        return self.enters("payments", paid)

    def twin(self, kind: str, entity: str, remote_id: str) -> dict[str, Any]:
        row = SyncedObject.objects.get(company=self.company, kind=kind, billcom_id=remote_id)
        assert row.linked, row.hold
        return next(each for each in self.qbo(entity) if each["Id"] == row.qbo_id)

    def tie_out(self) -> tie_out.TieOut:
        found = tie_out.tie_out(self.company, now=timezone.now())
        assert found.ties, found.summary()
        return found


@pytest.fixture
def both(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Both:
    synced(company, clock)
    return Both(company, sandbox, loaded)


def test_a_credit_is_made_changed_and_taken_away(company: Company, clock: Clock, both: Both) -> None:
    made = both.credit("CR-1")
    synced(company, clock)
    there = both.twin("vendor_credit", "VendorCredit", made["id"])
    assert (there["DocNumber"], there["TotalAmt"], there["Balance"]) == ("CR-1", 30, 30)
    assert there["VendorRef"]["value"] == both.vendor().qbo_id
    both.tie_out()

    both.enters(CREDITS, {"id": made["id"], "referenceNumber": "CR-1A"})
    synced(company, clock)
    assert both.twin("vendor_credit", "VendorCredit", made["id"])["DocNumber"] == "CR-1A"
    assert writes(synced(company, clock)) == 0

    both.sandbox.person_deletes("billcom", both.organization, CREDITS, made["id"])
    synced(company, clock)
    assert there["Id"] not in {each["Id"] for each in both.qbo("VendorCredit")}
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_the_same_credit_on_both_sides_is_linked(company: Company, clock: Clock, both: Both) -> None:
    vendor = both.vendor()
    both.sandbox.person(
        "qbo",
        both.realm,
        "VendorCredit",
        {
            "VendorRef": {"value": vendor.qbo_id},
            "DocNumber": "CR-2",
            "TxnDate": "2026-10-02",
            "Line": [expense_line(company, 30)],
        },
    )
    made = both.credit("CR-2")
    before = len(both.qbo("VendorCredit"))

    synced(company, clock)

    assert both.twin("vendor_credit", "VendorCredit", made["id"])["DocNumber"] == "CR-2"
    assert len(both.qbo("VendorCredit")) == before


@pytest.mark.parametrize(("money", "used"), [(70, 30), (50, 20)])
def test_a_payment_takes_its_credit_along(
    company: Company, clock: Clock, both: Both, money: float, used: float
) -> None:
    bill, credit = both.bill("B-1"), both.credit("CR-3")
    payment = both.pays(bill, money, credit, used)

    synced(company, clock)

    paid = both.twin("bill_payment", "BillPayment", payment["id"])
    assert paid["TotalAmt"] == money
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == both.billcom("bills", bill["id"])["dueAmount"]
    assert both.twin("vendor_credit", "VendorCredit", credit["id"])["Balance"] == 30 - used
    both.tie_out()
    assert writes(synced(company, clock)) == 0

    both.sandbox.person_voids("billcom", both.organization, "payments", payment["id"])
    synced(company, clock)
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 100
    assert both.twin("vendor_credit", "VendorCredit", credit["id"])["Balance"] == 30
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_a_credit_that_covers_a_bill_is_a_payment_of_nothing(company: Company, clock: Clock, both: Both) -> None:
    both.sandbox.switch(billcom_credit_only_payment=True)
    bill, credit = both.bill("B-2", 30), both.credit("CR-4")
    payment = both.pays(bill, 0, credit, 30)

    synced(company, clock)

    assert both.twin("bill_payment", "BillPayment", payment["id"])["TotalAmt"] == 0
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 0
    assert both.twin("vendor_credit", "VendorCredit", credit["id"])["Balance"] == 0
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def applications(both: Both) -> list[dict[str, Any]]:
    """QuickBooks' payments of nothing that stand."""
    return [each for each in both.qbo("BillPayment") if each["TotalAmt"] == 0 and len(each["Line"]) > 1]


def test_a_credit_that_covers_a_part_is_applied_when_the_bill_is_paid_in_full(
    company: Company, clock: Clock, both: Both
) -> None:
    """Used on the bill itself, without a payment: until then both stay open in QuickBooks, and come to the same."""
    credit = both.credit("CR-5")
    bill = both.bill("B-3", vendorCredits=[{"id": credit["id"], "amount": 30}])
    synced(company, clock)
    assert both.billcom("bills", bill["id"])["dueAmount"] == 70
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 100
    assert both.twin("vendor_credit", "VendorCredit", credit["id"])["Balance"] == 30
    assert applications(both) == []
    waiting = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    assert waiting.hold is not None and "isn't paid in full" in waiting.hold.describe()
    assert not holds.needs_a_person().filter(pk=waiting.pk).exists()
    both.tie_out()

    share = {"billId": bill["id"], "amount": 70}
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    both.enters("payments", paid)
    synced(company, clock)

    (joined,) = applications(both)
    assert (joined["TxnDate"], joined["PrivateNote"]) == ("2026-10-02", "Vendor credit applied in BILL")
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 0
    assert both.twin("vendor_credit", "VendorCredit", credit["id"])["Balance"] == 0
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_a_credit_that_covers_a_whole_bill_is_applied_at_once(company: Company, clock: Clock, both: Both) -> None:
    credit = both.credit("CR-8", 100)
    bill = both.bill("B-5", vendorCredits=[{"id": credit["id"], "amount": 100}])

    synced(company, clock)

    assert len(applications(both)) == 1
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 0
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_what_was_applied_at_once_follows_what_is_changed_in_bill(company: Company, clock: Clock, both: Both) -> None:
    SyncPreferences.objects.filter(company=company).update(credits_at_once=True)
    credit, other = both.credit("CR-9"), both.credit("CR-10", 20)
    bill = both.bill("B-6", vendorCredits=[{"id": credit["id"], "amount": 30}])
    synced(company, clock)
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 70

    def now_applied(*uses: tuple[dict[str, Any], float]) -> None:
        listed = [{"id": each["id"], "amount": amount} for each, amount in uses]
        both.enters("bills", {"id": bill["id"], "vendorCredits": listed})
        synced(company, clock)
        both.tie_out()
        assert writes(synced(company, clock)) == 0

    now_applied((credit, 10), (other, 20))
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 70
    assert both.twin("vendor_credit", "VendorCredit", credit["id"])["Balance"] == 20
    assert both.twin("vendor_credit", "VendorCredit", other["id"])["Balance"] == 0
    now_applied()
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 100
    assert applications(both) == []
    for _ in range(2):
        now_applied((other, 20))
        assert both.twin("bill", "Bill", bill["id"])["Balance"] == 80
        assert len(applications(both)) == 1
        now_applied()
        assert (applications(both), both.twin("bill", "Bill", bill["id"])["Balance"]) == ([], 100)


def test_what_waits_goes_over_once_credits_are_to_be_applied_at_once(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    credit = both.credit("CR-14")
    bill = both.bill("B-10", vendorCredits=[{"id": credit["id"], "amount": 30}])
    synced(company, clock)
    assert applications(both) == []

    preferences.save_sync_preferences(company, admin_user, {"credits_at_once": True}, {}, now=clock())
    synced(company, clock)

    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 70
    both.tie_out()


def test_a_credit_that_is_in_bill_alone_explains_the_bill_that_it_lowers(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    credit = both.credit("CR-15")
    bill = both.bill("B-11")
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="vendor_credit", billcom_id=credit["id"])
    both.sandbox.person_deletes("qbo", both.realm, "VendorCredit", row.qbo_id or "")
    links.exclude(SyncedObject.objects.filter(pk=row.pk), admin_user)
    both.enters("bills", {"id": bill["id"], "vendorCredits": [{"id": credit["id"], "amount": 30}]})

    synced(company, clock)

    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 100
    waiting = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    explained = [(each.pk, each.amount) for each in both.tie_out().payables.held if each.pk == waiting.pk]
    assert explained == [(waiting.pk, Decimal(-30))]


def test_a_credit_that_a_bookkeeper_applied_as_well_is_found(company: Company, clock: Clock, both: Both) -> None:
    """On another day: BILL doesn't tell its own."""
    credit = both.credit("CR-11", 100)
    bill = both.bill("B-7")
    synced(company, clock)
    there, own = (
        both.twin("bill", "Bill", bill["id"]),
        both.twin("vendor_credit", "VendorCredit", credit["id"]),
    )
    lines = [
        {"Amount": 100, "LinkedTxn": [{"TxnId": each["Id"], "TxnType": kind}]}
        for each, kind in ((there, "Bill"), (own, "VendorCredit"))
    ]
    by_hand = {"VendorRef": there["VendorRef"], "TxnDate": "2026-10-20", "TotalAmt": 0, "PayType": "Check"}
    both.sandbox.person("qbo", both.realm, "BillPayment", {**by_hand, "CheckPayment": {}, "Line": lines})
    both.enters("bills", {"id": bill["id"], "vendorCredits": [{"id": credit["id"], "amount": 100}]})

    synced(company, clock)

    assert len(applications(both)) == 1
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    assert row.linked and not row.hold_code
    assert applications(both)[0]["TxnDate"] == "2026-10-20"
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_a_payment_that_has_joined_the_credit_in_quickbooks_stays_as_it_is(
    company: Company, clock: Clock, both: Both
) -> None:
    """As BILL's own sync and bookkeepers enter it: one payment of the bill, with the credit in it."""
    credit, bill = both.credit("CR-16"), both.bill("B-12")
    synced(company, clock)
    there, own = both.twin("bill", "Bill", bill["id"]), both.twin("vendor_credit", "VendorCredit", credit["id"])
    bank = next(each for each in both.qbo("Account") if each["Name"] == "Operating Checking")
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": each["Id"], "TxnType": kind}]}
        for each, kind, amount in ((there, "Bill", 100), (own, "VendorCredit", 30))
    ]
    head = {"VendorRef": there["VendorRef"], "TxnDate": "2026-10-10", "TotalAmt": 70, "PayType": "Check"}
    paid_there = {**head, "CheckPayment": {"BankAccountRef": {"value": bank["Id"]}}, "Line": lines}
    made = both.sandbox.person("qbo", both.realm, "BillPayment", paid_there)
    both.enters("bills", {"id": bill["id"], "vendorCredits": [{"id": credit["id"], "amount": 30}]})
    share = {"billId": bill["id"], "amount": 70}
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    payment = both.enters("payments", paid)

    run = synced(company, clock)

    assert writes(run) == 0
    assert both.twin("bill_payment", "BillPayment", payment["id"])["Id"] == made["Id"]
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 0
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    assert row.hold is not None and "joins the bill with these credits already" in row.hold.describe()
    assert not holds.needs_a_person().filter(pk=row.pk).exists()
    both.tie_out()


@pytest.mark.parametrize(("used", "hold"), [(30, HoldCode.FLOW_NOT_IN_MATRIX), (10, HoldCode.AMBIGUOUS_MATCH)])
def test_what_quickbooks_has_joined_is_not_applied_again_where_credits_are_applied_at_once(
    company: Company, clock: Clock, both: Both, used: float, hold: HoldCode
) -> None:
    """A payment of 20 with the credit in it, of the same amount as in BILL or of another."""
    SyncPreferences.objects.filter(company=company).update(credits_at_once=True)
    credit, bill = both.credit("CR-17", 60), both.bill("B-13")
    synced(company, clock)
    there, own = both.twin("bill", "Bill", bill["id"]), both.twin("vendor_credit", "VendorCredit", credit["id"])
    bank = next(each for each in both.qbo("Account") if each["Name"] == "Operating Checking")
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": each["Id"], "TxnType": kind}]}
        for each, kind, amount in ((there, "Bill", 20 + used), (own, "VendorCredit", used))
    ]
    head = {"VendorRef": there["VendorRef"], "TxnDate": "2026-10-10", "TotalAmt": 20, "PayType": "Check"}
    paid_there = {**head, "CheckPayment": {"BankAccountRef": {"value": bank["Id"]}}, "Line": lines}
    both.sandbox.person("qbo", both.realm, "BillPayment", paid_there)
    both.enters("bills", {"id": bill["id"], "vendorCredits": [{"id": credit["id"], "amount": 30}]})
    share = {"billId": bill["id"], "amount": 20}
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    both.enters("payments", paid)

    assert writes(synced(company, clock)) == 0

    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    assert (row.hold_code, applications(both)) == (hold, [])
    assert holds.needs_a_person().filter(pk=row.pk).exists() is (used != 30)
    assert writes(synced(company, clock)) == 0


def test_what_is_taken_off_in_quickbooks_is_held(company: Company, clock: Clock, both: Both) -> None:
    credit = both.credit("CR-12", 100)
    bill = both.bill("B-8", vendorCredits=[{"id": credit["id"], "amount": 100}])
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    both.sandbox.person_deletes("qbo", both.realm, "BillPayment", row.qbo_id or "")

    synced(company, clock)

    row.refresh_from_db()
    assert row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    assert writes(synced(company, clock)) == 0
    both.tie_out()


def test_a_credit_of_a_closed_month_is_applied_on_the_first_open_day(
    company: Company, clock: Clock, both: Both
) -> None:
    credit = both.credit("CR-13", 100)
    bill = both.bill("B-9")
    synced(company, clock)
    both.sandbox.person("qbo", both.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-31"}})
    both.enters("bills", {"id": bill["id"], "vendorCredits": [{"id": credit["id"], "amount": 100}]})

    synced(company, clock)

    assert [each["TxnDate"] for each in applications(both)] == ["2026-11-01"]
    assert writes(synced(company, clock)) == 0
    both.tie_out()


def test_what_is_in_quickbooks_alone_stays_there_and_explains_the_difference(
    company: Company, clock: Clock, both: Both
) -> None:
    SyncPreferences.objects.filter(company=company).update(two_way_payments=True)
    bill = bill_in_qbo(company, both.sandbox, both.realm, "B-4")
    credit = both.sandbox.person(
        "qbo",
        both.realm,
        "VendorCredit",
        {"VendorRef": bill["VendorRef"], "TxnDate": "2026-10-02", "Line": [expense_line(company, 45)]},
    )
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="vendor_credit", qbo_id=credit["Id"])
    assert (row.hold_code, row.billcom_id) == (HoldCode.FLOW_NOT_IN_MATRIX, None)
    assert [each.amount for each in both.tie_out().payables.held if each.pk == row.pk] == [Decimal(45)]

    paid = pay_in_qbo(company, both.sandbox, both.realm, bill, 75)
    lines = [
        {"Amount": 120, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]},
        {"Amount": 45, "LinkedTxn": [{"TxnId": credit["Id"], "TxnType": "VendorCredit"}]},
    ]
    both.sandbox.person(
        "qbo", both.realm, "BillPayment", {"Id": paid["Id"], "VendorRef": bill["VendorRef"], "Line": lines}
    )
    synced(company, clock)
    payment = SyncedObject.objects.get(company=company, kind="bill_payment", qbo_id=paid["Id"])
    assert payment.hold is not None and "vendor credits" in payment.hold.describe()
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_where_only_approved_ones_sync_a_person_says_that_it_is(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    SyncPreferences.objects.filter(company=company).update(approved_only=True)
    made = both.credit("CR-6")
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="vendor_credit", billcom_id=made["id"])
    assert row.hold_code == HoldCode.NOT_APPROVED and links.may_be_let_in(row)
    both.tie_out()

    assert links.let_in(SyncedObject.objects.filter(pk=row.pk), admin_user) == 1
    synced(company, clock)

    assert both.twin("vendor_credit", "VendorCredit", made["id"])["TotalAmt"] == 30
    assert writes(synced(company, clock)) == 0


def test_where_only_approved_ones_sync_a_change_is_asked_about_too(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    """A credit in step from before: BILL doesn't tell whether what it was changed to is approved."""
    made = both.credit("CR-7")
    synced(company, clock)
    SyncPreferences.objects.filter(company=company).update(approved_only=True)
    line = {**both.billcom("vendor-credits", made["id"])["vendorCreditLineItems"][0], "amount": 55}
    both.enters(CREDITS, {"id": made["id"], "vendorCreditLineItems": [line]})

    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="vendor_credit", billcom_id=made["id"])
    assert row.hold_code == HoldCode.NOT_APPROVED and links.may_be_let_in(row)
    assert both.twin("vendor_credit", "VendorCredit", made["id"])["TotalAmt"] == 30

    links.let_in(SyncedObject.objects.filter(pk=row.pk), admin_user)
    synced(company, clock)
    assert both.twin("vendor_credit", "VendorCredit", made["id"])["TotalAmt"] == 55


def at_once(company: Company) -> None:
    SyncPreferences.objects.filter(company=company).update(credits_at_once=True)


def now_applied(both: Both, bill: dict[str, Any], *uses: tuple[dict[str, Any], float]) -> None:
    listed = [{"id": each["id"], "amount": amount} for each, amount in uses]
    both.enters("bills", {"id": bill["id"], "vendorCredits": listed})


def test_credits_change_places_between_bills(company: Company, clock: Clock, both: Both) -> None:
    """In QuickBooks each is free for the other bill only once it is taken off its own."""
    at_once(company)
    one, other = both.credit("CR-20", 30), both.credit("CR-21", 20)
    first, second, third = (both.bill(number) for number in ("B-20", "B-21", "B-22"))
    now_applied(both, first, (one, 30))
    now_applied(both, second, (other, 20))
    synced(company, clock)
    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second)] == [70, 80]

    for bill in (first, second):
        now_applied(both, bill)
    now_applied(both, first, (other, 20))
    now_applied(both, second, (one, 30))
    synced(company, clock)
    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second)] == [80, 70]
    both.tie_out()
    assert writes(synced(company, clock)) == 0

    now_applied(both, second)
    now_applied(both, third, (one, 30))
    synced(company, clock)
    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second, third)] == [80, 100, 70]
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_a_credit_that_cant_be_taken_off_one_bill_waits_for_the_other(
    company: Company, clock: Clock, both: Both
) -> None:
    """The books are closed on the day of what is to be taken off; both say why, and go on once they are opened."""
    at_once(company)
    credit, first, second = both.credit("CR-22", 30), both.bill("B-23"), both.bill("B-24")
    now_applied(both, first, (credit, 30))
    synced(company, clock)
    both.sandbox.person("qbo", both.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-31"}})
    now_applied(both, first)
    now_applied(both, second, (credit, 30))

    synced(company, clock)

    stays, waits = (
        SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
        for bill in (first, second)
    )
    assert stays.hold_code == HoldCode.BOOKS_CLOSED
    assert waits.hold is not None and "still applied to another bill" in waits.hold.describe()
    assert waits.waits_for == stays
    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second)] == [70, 100]
    both.tie_out()

    both.sandbox.person("qbo", both.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-09-30"}})
    synced(company, clock)
    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second)] == [100, 70]
    both.tie_out()


def test_what_was_deleted_in_quickbooks_is_posted_again_when_a_person_says_so(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    credit = both.credit("CR-23", 100)
    bill = both.bill("B-25", vendorCredits=[{"id": credit["id"], "amount": 100}])
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=f"credits:{bill['id']}")
    assert (row.label, row.number) == ("CR-23", "CR-23")
    both.sandbox.person_deletes("qbo", both.realm, "BillPayment", row.qbo_id or "")
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold is not None and "deleted in QuickBooks Online" in row.hold.describe()
    assert "Post it again" in row.hold.fix()

    links.post_again(row, admin_user)
    synced(company, clock)

    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 0
    assert len(applications(both)) == 1
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_a_credit_is_applied_on_the_first_day_on_which_its_bill_is_there(
    company: Company, clock: Clock, both: Both
) -> None:
    at_once(company)
    credit = both.credit("CR-24")
    dated = {"invoiceNumber": "B-26", "invoiceDate": "2026-10-20"}
    bill = both.bill("B-26", invoice=dated, vendorCredits=[{"id": credit["id"], "amount": 30}])

    synced(company, clock)

    assert [each["TxnDate"] for each in applications(both)] == ["2026-10-20"]
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 70


def test_a_bill_and_its_credit_are_taken_away_after_what_joins_them(company: Company, clock: Clock, both: Both) -> None:
    """All on one day: QuickBooks deletes no bill and no credit that a payment holds."""
    at_once(company)
    both.sandbox.switch(qbo_paid_bill_stays=True)
    credit, bill = both.credit("CR-25"), both.bill("B-27")
    now_applied(both, bill, (credit, 30))
    synced(company, clock)
    now_applied(both, bill)
    both.sandbox.person_deletes("billcom", both.organization, CREDITS, credit["id"])
    both.sandbox.person_deletes("billcom", both.organization, "bills", bill["id"])

    synced(company, clock)

    assert applications(both) == []
    for kind, entity, remote_id in (("bill", "Bill", bill["id"]), ("vendor_credit", "VendorCredit", credit["id"])):
        row = SyncedObject.objects.get(company=company, kind=kind, billcom_id=remote_id)
        assert row.qbo_id not in {each["Id"] for each in both.qbo(entity)}, row.hold
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_each_change_is_asked_about_where_only_approved_ones_sync(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    SyncPreferences.objects.filter(company=company).update(approved_only=True)
    made = both.credit("CR-27")
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="vendor_credit", billcom_id=made["id"])
    links.let_in(SyncedObject.objects.filter(pk=row.pk), admin_user)
    synced(company, clock)
    line = {**both.billcom(CREDITS, made["id"])["vendorCreditLineItems"][0], "amount": 55}
    both.enters(CREDITS, {"id": made["id"], "vendorCreditLineItems": [line]})

    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.included) == (HoldCode.NOT_APPROVED, False)
    assert both.twin("vendor_credit", "VendorCredit", made["id"])["TotalAmt"] == 30


def test_the_preview_says_what_is_applied_and_what_waits(
    company: Company, clock: Clock, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid, part = both.credit("CR-28", 100), both.credit("CR-29", 30)
    covered = both.bill("B-30", vendorCredits=[{"id": paid["id"], "amount": 100}])
    open_ = both.bill("B-31", vendorCredits=[{"id": part["id"], "amount": 30}])
    with monkeypatch.context() as patched:
        patched.setattr(stages, "_plan_all", lambda context, save: True)
        synced(company, clock)
    before = SyncedObject.objects.filter(company=company).count()

    found = preview.preview(company, now=timezone.now())

    about = {row.label: row.after for row in found.holds if row.kind == "bill_payment"}
    assert "isn't paid in full" in about["CR-29"]
    assert "CR-28" in about  # It waits for the bill and the credit, which this very sync makes.
    assert SyncedObject.objects.filter(company=company).count() == before
    synced(company, clock)
    assert both.twin("bill", "Bill", covered["id"])["Balance"] == 0
    assert both.twin("bill", "Bill", open_["id"])["Balance"] == 100

    both.enters("bills", {"id": open_["id"], "vendorCredits": []})
    SyncPreferences.objects.filter(company=company).update(credits_at_once=True)
    both.enters("bills", {"id": open_["id"], "vendorCredits": [{"id": part["id"], "amount": 20}]})
    with monkeypatch.context() as patched:
        patched.setattr(stages, "_plan_all", lambda context, save: True)
        synced(company, clock)
    assert preview.preview(company, now=timezone.now()).counts["bill_payment.create.qbo"] == 1


def application(both: Both, bill: dict[str, Any]) -> SyncedObject:
    """The latest of a bill's."""
    rows = SyncedObject.objects.filter(kind="bill_payment", billcom_id__startswith=f"credits:{bill['id']}")
    return rows.latest("pk")


@pytest.mark.parametrize("master", Side)
def test_what_both_sides_make_of_an_application_alike_agrees_in_place(
    company: Company, clock: Clock, both: Both, master: Side
) -> None:
    """A bookkeeper lowers it in QuickBooks; the hold says to do so in BILL, and that is done."""
    at_once(company)
    SyncPreferences.objects.filter(company=company).update(master=master)
    credit, bill = both.credit("CR-30", 30), both.bill("B-33")
    now_applied(both, bill, (credit, 30))
    synced(company, clock)
    row = application(both, bill)
    there = next(each for each in both.qbo("BillPayment") if each["Id"] == row.qbo_id)
    lines = [{**line, "Amount": 20} for line in there["Line"]]
    change = {"Id": there["Id"], "VendorRef": there["VendorRef"], "Line": lines}
    both.sandbox.person("qbo", both.realm, "BillPayment", change)
    synced(company, clock)
    now_applied(both, bill, (credit, 20))

    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.qbo_id) == ("", there["Id"])
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 80
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_many_changed_amounts_stop_no_sync(company: Company, clock: Clock, both: Both) -> None:
    at_once(company)
    pairs = [(both.credit(f"CS-{number}", 30), both.bill(f"BS-{number}")) for number in range(22)]
    for credit, bill in pairs:
        now_applied(both, bill, (credit, 30))
    synced(company, clock)
    for credit, bill in pairs:
        now_applied(both, bill, (credit, 20))

    run = synced(company, clock)

    assert run.state == RunState.DONE and run.counts["bill_payment.update.qbo"] == 22
    assert {both.twin("bill", "Bill", bill["id"])["Balance"] for _, bill in pairs} == {80}
    both.tie_out()


def test_what_no_longer_stands_in_quickbooks_blocks_nothing(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    """Deleted there by a bookkeeper, and excluded here; then the credit goes to another bill in BILL."""
    at_once(company)
    credit, first, second = both.credit("CR-31", 30), both.bill("B-34"), both.bill("B-35")
    now_applied(both, first, (credit, 30))
    synced(company, clock)
    row = application(both, first)
    both.sandbox.person_deletes("qbo", both.realm, "BillPayment", row.qbo_id or "")
    synced(company, clock)
    links.exclude(SyncedObject.objects.filter(pk=row.pk), admin_user)
    now_applied(both, first)
    now_applied(both, second, (credit, 30))

    synced(company, clock)

    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second)] == [100, 70]
    both.tie_out()


def test_a_credit_with_room_waits_for_nothing(company: Company, clock: Clock, both: Both) -> None:
    """One bill's use of it can't be lowered any more, and another bill gets more of it than that."""
    at_once(company)
    credit, first, second = both.credit("CR-32", 500), both.bill("B-36"), both.bill("B-37", 300)
    now_applied(both, first, (credit, 30))
    synced(company, clock)
    both.sandbox.person("qbo", both.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-31"}})
    now_applied(both, first, (credit, 20))
    now_applied(both, second, (credit, 100))

    synced(company, clock)

    assert [both.twin("bill", "Bill", each["id"])["Balance"] for each in (first, second)] == [70, 200]
    assert application(both, first).hold_code == HoldCode.BOOKS_CLOSED
    both.tie_out()


def test_what_has_gone_over_follows_a_lower_amount_and_keeps_its_day(
    company: Company, clock: Clock, both: Both
) -> None:
    """Also where credits wait for the bill to be paid in full, and it isn't any more."""
    credit, bill = both.credit("CR-33", 30), both.bill("B-38")
    now_applied(both, bill, (credit, 30))
    share = {"billId": bill["id"], "amount": 70}
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    both.enters("payments", paid)
    synced(company, clock)
    there = applications(both)[0]
    change = {"Id": there["Id"], "VendorRef": there["VendorRef"], "TxnDate": "2026-10-22", "PrivateNote": "Agreed"}
    both.sandbox.person("qbo", both.realm, "BillPayment", change)
    synced(company, clock)

    now_applied(both, bill, (credit, 20))
    synced(company, clock)

    (now,) = applications(both)
    assert (now["TxnDate"], now["PrivateNote"]) == ("2026-10-22", "Agreed")
    assert both.twin("bill", "Bill", bill["id"])["Balance"] == 10 == both.billcom("bills", bill["id"])["dueAmount"]
    both.tie_out()
    assert writes(synced(company, clock)) == 0


def test_what_changes_before_it_has_gone_over_is_asked_about_again(
    company: Company, clock: Clock, both: Both, admin_user: User
) -> None:
    """Approved as it was, and held for closed books meanwhile."""
    SyncPreferences.objects.filter(company=company).update(approved_only=True)
    made = both.credit("CR-34", 30)
    synced(company, clock)
    both.sandbox.person("qbo", both.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-31"}})
    row = SyncedObject.objects.get(company=company, kind="vendor_credit", billcom_id=made["id"])
    links.let_in(SyncedObject.objects.filter(pk=row.pk), admin_user)
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold_code == HoldCode.BOOKS_CLOSED
    line = {**both.billcom(CREDITS, made["id"])["vendorCreditLineItems"][0], "amount": 5000}
    both.enters(CREDITS, {"id": made["id"], "vendorCreditLineItems": [line]})
    both.sandbox.person("qbo", both.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-09-30"}})

    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.qbo_id) == (HoldCode.NOT_APPROVED, None)
