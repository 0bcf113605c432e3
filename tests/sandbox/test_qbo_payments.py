"""Paying bills in the simulated QuickBooks: links both ways, credits, voids, deletions, what is left out."""

from __future__ import annotations

import pytest

from tests.sandbox.qbo_client import (
    Caller,
    Json,
    account_line,
    bill,
    check,
    gone,
    invoice,
    journal,
    link,
    sales_line,
    sparse,
    whole,
)


@pytest.fixture
def caller() -> Caller:
    return Caller()


class TestBillPayments:
    def test_paying_settles_both_ways(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        caller.clock.advance(60)
        paid = caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))
        after = caller.read("Bill", made["Id"])

        assert paid["Line"] == [{"Amount": 100, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Bill"}]}]
        assert paid["CheckPayment"]["PrintStatus"] == "NotSet"
        assert after["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "BillPaymentCheck"}]
        assert (after["Balance"], after["SyncToken"]) == (0, "1")
        assert after["MetaData"]["LastUpdatedTime"] == paid["MetaData"]["CreateTime"]
        assert (caller.read("Vendor", "20")["Balance"], caller.balance("1"), caller.balance("3")) == (0, -100, 0)

    def test_a_card_is_owed_what_it_paid(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        by_card: Json = {
            "VendorRef": {"value": "20"},
            "TotalAmt": 40,
            "PayType": "CreditCard",
            "CreditCardPayment": {"CCAccountRef": {"value": "2"}},
            "Line": [link(40, "Bill", made["Id"])],
        }
        caller.post("BillPayment", by_card)
        after = caller.read("Bill", made["Id"])

        assert (after["Balance"], after["LinkedTxn"][0]["TxnType"]) == (60, "BillPaymentCreditCard")
        assert caller.balance("2") == 40

    def test_a_credit_pays_a_part(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        credit = caller.post("VendorCredit", bill(account_line(30)))
        caller.post("BillPayment", check(70, link(100, "Bill", made["Id"]), link(30, "VendorCredit", credit["Id"])))

        assert caller.read("Bill", made["Id"])["Balance"] == 0
        assert caller.read("VendorCredit", credit["Id"])["Balance"] == 0
        assert (caller.read("Vendor", "20")["Balance"], caller.balance("1")) == (0, -70)

    def test_a_credit_that_pays_for_all_needs_no_bank(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        credit = caller.post("VendorCredit", bill(account_line(100)))
        lines = [link(100, "Bill", made["Id"]), link(100, "VendorCredit", credit["Id"])]
        applied = caller.post("BillPayment", check(0, *lines, CheckPayment={"PrintStatus": "NotSet"}))

        assert applied["TotalAmt"] == 0
        assert caller.read("Bill", made["Id"])["Balance"] == 0

    def test_what_is_overpaid_stays_with_the_vendor(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        paid = caller.post("BillPayment", check(150, link(120, "Bill", made["Id"])))

        assert (paid["TotalAmt"], paid["Line"][0]["Amount"]) == (150, 100)
        assert caller.read("Vendor", "20")["Balance"] == -50

    def test_a_bill_already_paid_empties_the_payment(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))
        again = caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))

        assert (again["Line"], again["TotalAmt"], again["PrivateNote"]) == ([], 0, "Voided")
        assert caller.read("Bill", made["Id"])["SyncToken"] == "1"
        assert caller.balance("1") == -100

    @pytest.mark.parametrize(("lowers", "total"), [(False, 90), (True, 40)])
    def test_links_that_cannot_be_are_left_out_without_a_word(self, lowers: bool, total: int) -> None:
        caller = Caller(qbo_dropped_link_lowers_total=lowers)
        mine = caller.post("Bill", bill(account_line(40)))
        theirs = caller.post("Bill", bill(account_line(50), vendor="21"))
        paid = caller.post("BillPayment", check(90, link(40, "Bill", mine["Id"]), link(50, "Bill", theirs["Id"])))

        assert [line["LinkedTxn"][0]["TxnId"] for line in paid["Line"]] == [mine["Id"]]
        assert paid["TotalAmt"] == total
        assert caller.read("Bill", theirs["Id"])["Balance"] == 50

    def test_a_link_to_a_purchase_is_left_out(self, caller: Caller) -> None:
        spent: Json = {"PaymentType": "Cash", "AccountRef": {"value": "1"}, "Line": [account_line(5)]}
        bought = caller.post("Purchase", spent)

        assert caller.post("BillPayment", check(5, link(5, "Purchase", bought["Id"])))["Line"] == []

    def test_links_can_be_made_to_fall_off(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        caller.qbo.drop_links(caller.realm)
        assert caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))["Line"] == []
        assert caller.read("Bill", made["Id"])["Balance"] == 100

        assert caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))["Line"] != []

    def test_a_journal_entry_can_be_paid(self, caller: Caller) -> None:
        entry = caller.post("JournalEntry", journal("3", "5", 80, vendor="20"))
        paid = caller.post("BillPayment", check(80, link(80, "JournalEntry", entry["Id"])))

        assert paid["Line"][0]["Amount"] == 80
        assert caller.read("Vendor", "20")["Balance"] == 0

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"Line": []}, "2020"),
            ({"Line": [{"Amount": 100}]}, "2020"),
            ({"CheckPayment": {}}, "6000"),
            ({"CheckPayment": {"BankAccountRef": {"value": "5"}}}, "6000"),
            ({"PayType": "CreditCard"}, "6000"),
            ({"PayType": "Cash"}, "2170"),
            ({"TotalAmt": 90}, "6000"),
            ({"TotalAmt": -1}, "2080"),
            ({"TotalAmt": None}, "2020"),
            ({"Line": [link(100, "Bill", "999")]}, "2500"),
            ({"Line": [link(-100, "Bill", "1")]}, "6000"),
        ],
    )
    def test_what_is_refused(self, caller: Caller, change: Json, code: str) -> None:
        caller.post("Bill", bill(account_line(100)))

        assert caller.code("BillPayment", {**check(100, link(100, "Bill", "1")), **change}) == code
        assert caller.read("Bill", "1")["SyncToken"] == "0"

    def test_a_payment_can_change_what_it_pays(self, caller: Caller) -> None:
        first, second = (caller.post("Bill", bill(account_line(100))) for _ in range(2))
        paid = caller.post("BillPayment", check(100, link(100, "Bill", first["Id"])))
        moved = caller.sparse("BillPayment", paid, Line=[link(60, "Bill", first["Id"]), link(40, "Bill", second["Id"])])

        assert [caller.read("Bill", each["Id"])["Balance"] for each in (first, second)] == [40, 60]
        assert moved["SyncToken"] == "1"
        noted = caller.sparse("BillPayment", moved, PrivateNote="sent")
        assert noted["Line"] == moved["Line"]
        assert caller.read("Bill", first["Id"])["SyncToken"] == "2"

    def test_a_deleted_payment_reopens_its_bill(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        paid = caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))
        caller.post("BillPayment", gone(paid), operation="delete")
        after = caller.read("Bill", made["Id"])

        assert (after["Balance"], after["LinkedTxn"], after["SyncToken"]) == (100, [], "2")
        assert (caller.read("Vendor", "20")["Balance"], caller.balance("1")) == (100, 0)

    def test_a_voided_payment_stays_empty(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        paid = caller.post("BillPayment", check(100, link(100, "Bill", made["Id"]), PrivateNote="May"))
        assert caller.code("BillPayment", sparse(paid), operation="void") == "500"
        void = caller.post("BillPayment", sparse(paid), operation="update", include="void")

        assert (void["TotalAmt"], void["Line"], void["PrivateNote"]) == (0, [], "Voided - May")
        assert (void["SyncToken"], void["VendorRef"]["value"]) == ("1", "20")
        assert caller.read("Bill", made["Id"])["Balance"] == 100
        assert (caller.balance("1"), caller.events[-2]["operation"]) == (0, "Void")

    def test_what_is_void_stays_void(self, caller: Caller) -> None:
        made = caller.post("Invoice", invoice(PrivateNote="Voided cheque came back"))
        assert made["TotalAmt"] == 100
        void = caller.post("Invoice", gone(made), operation="void")
        later = caller.sparse("Invoice", void, PrivateNote="", CustomerMemo={"value": "sorry"}, Line=[sales_line(70)])

        assert (void["PrivateNote"], later["TotalAmt"], later["Line"]) == (made["PrivateNote"], 0, void["Line"])
        assert caller.balance("4") == 0

    def test_a_void_may_answer_with_a_stub(self) -> None:
        caller = Caller(qbo_void_reply="stub")
        made = caller.post("Invoice", invoice())
        void = caller.post("Invoice", gone(made), operation="void")

        assert void == {"status": "Voided", "domain": "QBO", "Id": made["Id"]}
        assert caller.read("Invoice", made["Id"])["TotalAmt"] == 0


class TestPaidBills:
    def test_deleting_one_leaves_the_payment_unapplied(self, caller: Caller) -> None:
        made, paid = self.paid(caller)
        caller.post("Bill", gone(made), operation="delete")
        left = caller.read("BillPayment", paid["Id"])

        assert (left["Line"], left["TotalAmt"], left["SyncToken"]) == ([], 100, "1")
        assert caller.read("Vendor", "20")["Balance"] == -100

    def test_deleting_one_can_be_refused(self, caller: Caller) -> None:
        caller.switches.qbo_paid_bill_stays = True
        made, _ = self.paid(caller)

        assert caller.code("Bill", gone(made), operation="delete") == "6000"

    def test_a_smaller_bill_holds_less(self, caller: Caller) -> None:
        made, paid = self.paid(caller)
        changed = caller.post("Bill", whole(made, Line=[account_line(60)]))

        assert (changed["TotalAmt"], changed["Balance"]) == (60, 0)
        assert caller.read("BillPayment", paid["Id"])["Line"][0]["Amount"] == 60
        assert caller.read("Vendor", "20")["Balance"] == -40

    def test_a_bill_of_another_vendor_is_not_paid(self, caller: Caller) -> None:
        made, paid = self.paid(caller)
        changed = caller.sparse("Bill", made, VendorRef={"value": "21"})

        assert (changed["Balance"], changed["LinkedTxn"]) == (100, [])
        assert caller.read("BillPayment", paid["Id"])["Line"] == []

    def paid(self, caller: Caller) -> tuple[Json, Json]:
        made = caller.post("Bill", bill(account_line(100)))
        paid = caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))
        return caller.read("Bill", made["Id"]), paid
