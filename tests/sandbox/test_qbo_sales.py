"""Sales in the simulated QuickBooks: invoices, payments, deposits, taxes, goods."""

from __future__ import annotations

import pytest

from tests.sandbox.qbo_client import (
    Caller,
    Json,
    gone,
    invoice,
    link,
    payment,
    sales_line,
    sparse,
    trial,
    whole,
)


@pytest.fixture
def caller() -> Caller:
    return Caller()


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

    def test_what_pays_an_invoice_posts_to_its_receivable_account(self, caller: Caller) -> None:
        other = caller.post("Account", {"Name": "Other A/R", "AccountType": "Accounts Receivable"})
        made = caller.post("Invoice", invoice(sales_line(100)))
        paid = payment(100, link(100, "Invoice", made["Id"]))
        refused = caller.refused("POST", "payment", {**paid, "ARAccountRef": {"value": other["Id"]}})
        assert "must be the one of its invoices" in str(refused)
        assert caller.post("Payment", {**paid, "ARAccountRef": {"value": "4"}})["UnappliedAmt"] == 0

    def test_an_account_with_money_on_it_stays_active(self, caller: Caller) -> None:
        till, spare = (caller.post("Account", {"Name": name, "AccountType": "Bank"}) for name in ("Till", "Spare"))
        caller.post("Payment", {**payment(100), "DepositToAccountRef": {"value": till["Id"]}})
        for account, stays in ((till, True), (spare, False)):
            shown = caller.read("Account", account["Id"])
            gone = {**shown, "Active": False}
            if stays:
                caller.refused("POST", "account", gone)
            else:
                assert caller.post("Account", gone)["Active"] is False

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
