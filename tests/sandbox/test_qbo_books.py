"""The books of the simulated QuickBooks: postings, balances, links between transactions, voids and deletions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.qbo_client import (
    NOON,
    Caller,
    Json,
    account_line,
    bill,
    check,
    gone,
    invoice,
    link,
    payment,
    sales_line,
    sparse,
    whole,
)


@pytest.fixture
def caller() -> Caller:
    return Caller()


def later(caller: Caller, seconds: int = 60) -> None:
    caller.clock.advance(seconds)


class TestBills:
    def test_a_bill_is_owed(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line("100.10"), account_line("-0.10")))

        assert (made["TotalAmt"], made["Balance"], made["LinkedTxn"]) == (100, 100, [])
        assert made["APAccountRef"] == {"value": "3", "name": "Accounts Payable (A/P)"}
        assert caller.read("Vendor", "20")["Balance"] == 100
        assert caller.balance("3") == -100
        assert caller.balance("5") == 0

    def test_a_balance_moves_the_time_and_not_the_version(self, caller: Caller) -> None:
        before = caller.read("Vendor", "20")
        later(caller)
        caller.post("Bill", bill())
        after = caller.read("Vendor", "20")
        assert after["SyncToken"] == before["SyncToken"] == "0"
        assert after["MetaData"]["LastUpdatedTime"] > before["MetaData"]["LastUpdatedTime"]

        caller.switches.qbo_balance_moves_time = False
        later(caller)
        caller.post("Bill", bill())
        assert caller.read("Vendor", "20")["MetaData"] == after["MetaData"]

    def test_a_changed_bill_is_posted_anew(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        caller.post("Bill", whole(made, VendorRef={"value": "21"}, Line=[account_line(70, account="7")]))

        assert [caller.read("Vendor", id)["Balance"] for id in ("20", "21")] == [0, 70]
        assert trial(caller) == {"3": -70, "7": 70}

    def test_a_deleted_bill_is_gone(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())
        stub = caller.post("Bill", gone(made), operation="delete")

        assert stub == {"status": "Deleted", "domain": "QBO", "Id": made["Id"]}
        assert caller.refused("GET", f"bill/{made['Id']}")["code"] == "610"
        assert caller.query("select * from Bill") == {}
        assert caller.read("Vendor", "20")["Balance"] == 0
        assert caller.code("Bill", gone(made), operation="delete") == "610"

    def test_transactions_share_their_ids(self, caller: Caller) -> None:
        ids = [
            caller.post("Bill", bill())["Id"],
            caller.post("Invoice", invoice())["Id"],
            caller.post("Bill", bill())["Id"],
        ]

        assert ids == ["1", "2", "3"]

    def test_a_bill_cannot_be_voided(self, caller: Caller) -> None:
        made = caller.post("Bill", bill())

        assert caller.code("Bill", gone(made), operation="void") == "500"


class TestBillPayments:
    def test_paying_settles_both_ways(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(account_line(100)))
        later(caller)
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


class TestSales:
    def test_an_invoice_is_due(self, caller: Caller) -> None:
        made = caller.post("Invoice", invoice(sales_line(100), sales_line(20), customer="31"))

        assert (made["TotalAmt"], made["Balance"], made["DocNumber"]) == (120, 120, "1001")
        assert made["Line"][-1] == {"Amount": 120, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
        assert made["Line"][0]["SalesItemLineDetail"]["ItemAccountRef"] == {"value": "6", "name": "Sales"}
        above = caller.read("Customer", "30")
        assert (above["Balance"], above["BalanceWithJobs"]) == (0, 120)
        assert caller.balance("4") == 120

    def test_a_discount(self, caller: Caller) -> None:
        off: Json = {"PercentBased": True, "DiscountPercent": 10}
        lines = [sales_line(100), {"DetailType": "DiscountLineDetail", "DiscountLineDetail": off}]
        made = caller.post("Invoice", invoice(*lines))

        assert made["TotalAmt"] == 90
        assert [line["Amount"] for line in made["Line"]] == [100, 100, 10]
        again = caller.post("Invoice", whole(made))
        assert (again["TotalAmt"], len(again["Line"])) == (90, 3)

    def test_payments_and_credits(self, caller: Caller) -> None:
        made = caller.post("Invoice", invoice(sales_line(100)))
        credit = caller.post("CreditMemo", invoice(sales_line(30)))
        lines = [link(100, "Invoice", made["Id"]), link(30, "CreditMemo", credit["Id"])]
        paid = caller.post("Payment", payment(80, *lines))

        assert (paid["UnappliedAmt"], caller.read("Invoice", made["Id"])["Balance"]) == (10, 0)
        assert caller.read("Invoice", made["Id"])["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
        after = caller.read("CreditMemo", credit["Id"])
        assert (after["Balance"], after["RemainingCredit"]) == (0, 0)
        assert caller.read("Customer", "30")["Balance"] == -10
        undeposited = paid["DepositToAccountRef"]
        assert (undeposited["name"], caller.balance(undeposited["value"])) == ("Undeposited Funds", 80)

    def test_a_payment_alone_is_a_credit(self, caller: Caller) -> None:
        assert caller.post("Payment", {"CustomerRef": {"value": "30"}, "TotalAmt": 10})["UnappliedAmt"] == 10

    def test_a_parent_pays_for_its_jobs(self, caller: Caller) -> None:
        made = caller.post("Invoice", invoice(sales_line(100), customer="31"))
        caller.post("Payment", payment(100, link(100, "Invoice", made["Id"]), customer="30"))

        assert caller.read("Invoice", made["Id"])["Balance"] == 0
        assert caller.read("Customer", "30")["BalanceWithJobs"] == 0

    def test_deleting_a_paid_invoice_is_refused(self, caller: Caller) -> None:
        made = caller.post("Invoice", invoice(sales_line(100)))
        caller.post("Payment", payment(100, link(100, "Invoice", made["Id"])))
        made = caller.read("Invoice", made["Id"])
        assert caller.code("Invoice", gone(made), operation="delete") == "6000"

        caller.switches.qbo_linked_invoice_stays = False
        caller.post("Invoice", gone(made), operation="delete")
        assert caller.read("Customer", "30")["Balance"] == -100

    def test_a_voided_invoice_is_worth_nothing(self, caller: Caller) -> None:
        made = caller.post("Invoice", invoice(sales_line(100, Qty=1, UnitPrice=100)))
        paid = caller.post("Payment", payment(100, link(100, "Invoice", made["Id"])))
        made = caller.read("Invoice", made["Id"])
        void = caller.post("Invoice", gone(made), operation="void")

        assert (void["TotalAmt"], void["Balance"], void["PrivateNote"], void["LinkedTxn"]) == (0, 0, "Voided", [])
        assert void["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
        assert caller.read("Payment", paid["Id"])["UnappliedAmt"] == 100
        assert caller.balance("4") == -100

    def test_a_deposited_payment_is_frozen(self, caller: Caller) -> None:
        paid = caller.post("Payment", payment(100))
        lines = [{"LinkedTxn": [{"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}]
        deposit = caller.post("Deposit", {"DepositToAccountRef": {"value": "1"}, "Line": lines})
        paid = caller.read("Payment", paid["Id"])

        assert deposit["TotalAmt"] == 100
        assert paid["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
        assert caller.code("Payment", sparse(paid, PrivateNote="x")) == "6540"
        assert caller.code("Payment", gone(paid), operation="delete") == "6540"
        assert caller.code("Payment", sparse(paid), operation="update", include="void") == "6540"
        assert caller.code("Deposit", {"DepositToAccountRef": {"value": "1"}, "Line": lines}) == "6540"
        assert (caller.balance("1"), caller.balance(paid["DepositToAccountRef"]["value"])) == (100, 0)

        caller.post("Deposit", gone(deposit), operation="delete")
        assert caller.sparse("Payment", caller.read("Payment", paid["Id"]), PrivateNote="x")

    def test_tax_by_the_code_of_the_invoice(self) -> None:
        caller = Caller(TAXED)
        tax: Json = {"TxnTaxCodeRef": {"value": "2"}}
        lines = [sales_line(100, TaxCodeRef={"value": "TAX"}), sales_line(50)]
        made = caller.post("Invoice", invoice(*lines, TxnTaxDetail=tax))

        assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (158, 8)
        assert caller.balance("90") == -8

    def test_goods_sold_become_a_cost(self, caller: Caller) -> None:
        accounts: Json = {"IncomeAccountRef": {"value": "6"}, "ExpenseAccountRef": {"value": "7"}}
        stock = caller.post(
            "Account", {"Name": "Stock", "AccountType": "Other Current Asset", "AccountSubType": "Inventory"}
        )
        accounts["AssetAccountRef"] = {"value": stock["Id"]}
        pump: Json = {
            "Name": "Pump",
            "Type": "Inventory",
            "QtyOnHand": 10,
            "InvStartDate": "2026-01-01",
            "PurchaseCost": 4,
        }
        item = caller.post("Item", pump | accounts)
        assert caller.balance(stock["Id"]) == 40

        caller.post("Invoice", invoice(sales_line(30, item["Id"], Qty=3, UnitPrice=10)))
        assert caller.balance(stock["Id"]) == 28
        assert trial(caller)["7"] == 12


TAXED: dict[str, list[Json]] = {
    "Account": [
        {"Id": "1", "Name": "Checking", "AccountType": "Bank"},
        {"Id": "4", "Name": "Receivable", "AccountType": "Accounts Receivable"},
        {"Id": "6", "Name": "Sales", "AccountType": "Income"},
        {"Id": "90", "Name": "State Board Payable", "AccountType": "Other Current Liability"},
    ],
    "Customer": [{"Id": "30", "DisplayName": "Coast Hotel"}],
    "Item": [{"Id": "1", "Name": "Hours", "Type": "Service", "IncomeAccountRef": {"value": "6"}}],
    "TaxAgency": [{"Id": "1", "DisplayName": "State Board"}],
    "TaxRate": [{"Id": "3", "Name": "State", "RateValue": 8, "AgencyRef": {"value": "1"}}],
    "TaxCode": [{"Id": "2", "Name": "State", "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": "3"}}]}}],
    "Preferences": [
        {"TaxPrefs": {"UsingSalesTax": True}, "CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}},
    ],
}  # fmt: skip


def journal(credit: str, debit: str, amount: Any, *, vendor: str = "") -> Json:
    owed: Json = {"Entity": {"Type": "Vendor", "EntityRef": {"value": vendor}}} if vendor else {}
    return {
        "Line": [
            {
                "DetailType": "JournalEntryLineDetail",
                "Amount": amount,
                "JournalEntryLineDetail": {"PostingType": "Credit", "AccountRef": {"value": credit}, **owed},
            },
            {
                "DetailType": "JournalEntryLineDetail",
                "Amount": amount,
                "JournalEntryLineDetail": {"PostingType": "Debit", "AccountRef": {"value": debit}},
            },
        ]
    }


class TestOtherTransactions:
    def test_a_journal_entry(self, caller: Caller) -> None:
        caller.post("JournalEntry", journal("3", "5", 80, vendor="20"))

        assert trial(caller) == {"3": -80, "5": 80}
        assert caller.read("Vendor", "20")["Balance"] == 80

    def test_one_that_does_not_balance(self, caller: Caller) -> None:
        entry = journal("1", "5", 80)
        entry["Line"][0]["Amount"] = 79
        assert caller.code("JournalEntry", entry) == "2300"
        assert caller.code("JournalEntry", {"Line": entry["Line"][:1]}) == "2020"

    def test_debts_need_a_name(self, caller: Caller) -> None:
        assert caller.code("JournalEntry", journal("3", "5", 80)) == "6000"
        assert caller.code("JournalEntry", journal("4", "5", 80, vendor="20")) == "6000"

    @pytest.mark.parametrize(
        ("kind", "account", "credit", "balance"),
        [
            ("Cash", "1", False, -9),
            ("Check", "1", True, -9),
            ("CreditCard", "2", False, 9),
            ("CreditCard", "2", True, -9),
        ],
    )
    def test_a_purchase(self, caller: Caller, kind: str, account: str, credit: bool, balance: int) -> None:
        spent: Json = {
            "PaymentType": kind,
            "AccountRef": {"value": account},
            "Line": [account_line(9)],
            "Credit": credit,
        }
        made = caller.post("Purchase", spent | {"EntityRef": {"value": "20", "type": "Vendor"}})

        assert (made["TotalAmt"], made["EntityRef"]["type"]) == (9, "Vendor")
        assert caller.balance(account) == balance

    def test_a_purchase_keeps_its_kind_and_fits_its_account(self, caller: Caller) -> None:
        spent: Json = {"PaymentType": "Cash", "AccountRef": {"value": "1"}, "Line": [account_line(9)]}
        made = caller.post("Purchase", spent)

        assert caller.code("Purchase", sparse(made, PaymentType="Check")) == "6000"
        assert caller.code("Purchase", sparse(made, PrivateNote="x")) == "2020"
        assert caller.code("Purchase", spent | {"AccountRef": {"value": "2"}}) == "6000"

    def test_a_transfer(self, caller: Caller) -> None:
        moved: Json = {"FromAccountRef": {"value": "1"}, "ToAccountRef": {"value": "8"}, "Amount": 25}
        caller.post("Transfer", moved)

        assert (caller.balance("1"), caller.balance("8")) == (-25, 25)
        assert caller.read("Account", "1")["CurrentBalanceWithSubAccounts"] == 0
        assert caller.code("Transfer", moved | {"ToAccountRef": {"value": "5"}}) == "6000"
        assert caller.code("Transfer", moved | {"ToAccountRef": {"value": "1"}}) == "6000"

    def test_a_person_voids_what_the_api_does_not(self, caller: Caller) -> None:
        made = caller.post("Purchase", {"PaymentType": "Cash", "AccountRef": {"value": "1"}, "Line": [account_line(9)]})
        assert caller.code("Purchase", gone(made), operation="void") == "500"

        void = caller.qbo.person_void(caller.realm, "Purchase", made["Id"])
        assert (void["TotalAmt"], void["PrivateNote"], caller.balance("1")) == (0, "Voided", 0)

        made = caller.post("Purchase", {"PaymentType": "Cash", "AccountRef": {"value": "1"}, "Line": [account_line(9)]})
        caller.switches.qbo_api_voids_everything = True
        assert caller.post("Purchase", gone(made), operation="void")["TotalAmt"] == 0

    def test_a_refund_and_a_sales_receipt(self, caller: Caller) -> None:
        to_bank: Json = {"DepositToAccountRef": {"value": "1"}}
        caller.post("SalesReceipt", invoice(sales_line(50)) | to_bank)
        caller.post("RefundReceipt", invoice(sales_line(20)) | to_bank)

        assert trial(caller) == {"1": 30, "6": -30}


class TestClosedBooks:
    def test_nothing_is_dated_in_a_closed_period(self, caller: Caller) -> None:
        old = caller.post("Bill", bill(TxnDate="2025-12-31"))
        new = caller.post("Bill", bill(TxnDate="2026-01-01"))
        caller.qbo.person_save(caller.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"}})

        assert caller.code("Bill", bill(TxnDate="2025-12-31")) == "6210"
        assert caller.code("Bill", whole(old, TxnDate="2026-01-02")) == "6210"
        assert caller.code("Bill", whole(new, TxnDate="2025-12-01")) == "6210"
        assert caller.code("Bill", gone(old), operation="delete") == "6210"
        assert caller.post("BillPayment", check(100, link(100, "Bill", old["Id"])))


class TestNumbers:
    def warn(self, caller: Caller, *names: str) -> None:
        pairs = [{"Name": f"OtherPrefs.{name}", "Value": "true"} for name in names]
        caller.qbo.person_save(caller.realm, "Preferences", {"OtherPrefs": {"NameValue": pairs}})

    def test_bills_may_share_a_number_unless_warned(self, caller: Caller) -> None:
        caller.post("Bill", bill(DocNumber="A-1"))
        made = caller.post("Bill", bill(DocNumber="A-1"))
        self.warn(caller, "WarnDuplicateBillNumber")

        error = caller.refused("POST", "bill", bill(DocNumber="a-1"))
        assert (error["code"], error["element"]) == ("6140", "DocNumber")
        assert caller.code("Bill", whole(made, PrivateNote="x")) == "6140"
        assert caller.post("Bill", bill(DocNumber="A-1"), include="allowduplicatedocnum")
        assert caller.post("Bill", bill(DocNumber="A-1", vendor="21"))

        caller.switches.qbo_duplicate_bill_numbers = "company"
        caller.qbo.realms[caller.realm].numbers.clear()
        caller.post("Bill", bill(DocNumber="B-1"))
        assert caller.code("Bill", bill(DocNumber="B-1", vendor="21")) == "6140"

    def test_checks_share_their_numbers_with_bill_payments(self, caller: Caller) -> None:
        self.warn(caller, "WarnDuplicateCheckNumber")
        caller.post("Bill", bill(account_line(100)))
        paid = caller.post("BillPayment", check(10, link(10, "Bill", "1"), DocNumber="7"))
        spent: Json = {
            "PaymentType": "Check",
            "AccountRef": {"value": "1"},
            "Line": [account_line(9)],
            "DocNumber": "7",
        }
        assert caller.code("Purchase", spent) == "6140"

        caller.post("BillPayment", gone(paid), operation="delete")
        assert caller.post("Purchase", spent)

    def test_sales_are_numbered_by_themselves_or_by_the_company(self, caller: Caller) -> None:
        assert [caller.post("Invoice", invoice())["DocNumber"] for _ in range(2)] == ["1001", "1002"]
        caller.qbo.person_save(caller.realm, "Preferences", {"SalesFormsPrefs": {"CustomTxnNumbers": True}})

        assert "DocNumber" not in caller.post("Invoice", invoice())
        assert caller.code("CreditMemo", invoice(DocNumber="1001")) == "6140"


def trial(caller: Caller) -> dict[str, Decimal]:
    return {row["account_id"]: row["debit"] - row["credit"] for row in caller.qbo.trial_balance(caller.realm)}


class TestTrialBalance:
    def test_earlier_years_are_retained_earnings(self, caller: Caller) -> None:
        caller.post(
            "Account", {"Name": "Retained Earnings", "AccountType": "Equity", "AccountSubType": "RetainedEarnings"}
        )
        caller.post("Bill", bill(account_line(100), TxnDate="2025-06-01"))
        caller.post("Bill", bill(account_line(30), TxnDate="2026-01-01"))
        retained = caller.ids("select * from Account where Name = 'Retained Earnings'")[0]

        assert trial(caller) == {"3": -130, "5": 30, retained: 100}
        caller.clock.advance(timedelta(days=365).total_seconds())
        assert trial(caller) == {"3": -130, "5": 0, retained: 130}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["bill", "credit", "pay", "edit", "delete", "void", "move"]),
        st.integers(1, 300),
        st.integers(0, 9),
        st.sampled_from(["20", "21"]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_books_hold_whatever_is_done(steps: list[tuple[str, int, int, str]]) -> None:
    """Debits equal credits, balances are what the records say, and links are seen from both ends."""
    caller = Caller()
    for action, amount, pick, vendor in steps:
        act(caller, action, amount, pick, vendor)
    books = caller.qbo.books(caller.realm)

    assert sum(trial(caller).values()) == 0
    for owed in books["Vendor"]:
        open_bills = sum((each["Balance"] for each in of(books["Bill"], owed["Id"])), Decimal())
        credits = sum((each["Balance"] for each in of(books["VendorCredit"], owed["Id"])), Decimal())
        unapplied = sum((unused(books, each) for each in of(books["BillPayment"], owed["Id"])), Decimal())
        assert owed["Balance"] == open_bills - credits - unapplied
    for target in ("Bill", "VendorCredit"):
        for record in books[target]:
            paying = [paid for paid in books["BillPayment"] if applied(paid, target, record["Id"])]
            assert {each["TxnId"] for each in record["LinkedTxn"]} == {each["Id"] for each in paying}
            settled = sum((applied(paid, target, record["Id"]) for paid in paying), Decimal())
            assert record["Balance"] == record["TotalAmt"] - settled >= 0


def of(records: list[Json], vendor: str) -> list[Json]:
    return [record for record in records if record["VendorRef"]["value"] == vendor]


def applied(paid: Json, target: str, id: str) -> Decimal:
    wanted = {"TxnId": id, "TxnType": target}
    return sum((line["Amount"] for line in paid["Line"] if line["LinkedTxn"] == [wanted]), Decimal())


def unused(books: dict[str, list[Json]], paid: Json) -> Decimal:
    bills = sum((applied(paid, "Bill", each["Id"]) for each in books["Bill"]), Decimal())
    credits = sum((applied(paid, "VendorCredit", each["Id"]) for each in books["VendorCredit"]), Decimal())
    return Decimal(paid["TotalAmt"]) - bills + credits


def act(caller: Caller, action: str, amount: int, pick: int, vendor: str) -> None:
    """One step; what the books refuse is refused."""
    books = caller.qbo.books(caller.realm)
    everything = [(name, record) for name in ("Bill", "VendorCredit", "BillPayment") for record in books[name]]
    if action == "bill":
        caller.post("Bill", bill(account_line(amount), vendor=vendor))
    elif action == "credit":
        caller.post("VendorCredit", bill(account_line(amount), vendor=vendor))
    elif action == "pay":
        lines = [link(each["Balance"], "Bill", each["Id"]) for each in books["Bill"][pick : pick + 2]]
        lines += [link(min(each["Balance"], 20), "VendorCredit", each["Id"]) for each in books["VendorCredit"][:1]]
        caller.send("POST", "billpayment", check(amount, *lines, vendor=vendor))
    elif everything:
        name, record = everything[pick % len(everything)]
        edit(caller, action, name, record, amount, vendor)


def edit(caller: Caller, action: str, name: str, record: Json, amount: int, vendor: str) -> None:
    path = name.lower()
    if action == "delete":
        caller.send("POST", path, gone(record), operation="delete")
    elif action == "void":
        caller.send("POST", path, sparse(record), operation="update", include="void")
    elif name == "BillPayment":
        caller.send("POST", path, sparse(record, TotalAmt=amount))
    else:
        lines = [account_line(amount)] if action == "edit" else record["Line"]
        caller.send("POST", path, sparse(record, Line=lines, VendorRef={"value": vendor}))


def test_a_bill_paid_in_a_second_shows_that_second(caller: Caller) -> None:
    made = caller.post("Bill", bill())
    caller.clock.set(NOON + timedelta(seconds=90))
    caller.post("BillPayment", check(100, link(100, "Bill", made["Id"])))

    assert caller.read("Bill", made["Id"])["MetaData"] == {
        "CreateTime": "2026-01-05T12:00:00-08:00",
        "LastUpdatedTime": "2026-01-05T12:01:30-08:00",
    }
