"""What the simulated QuickBooks refuses, and with which code."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.qbo_client import Caller, Json, account_line, bill, gone, item_line


@pytest.fixture
def caller() -> Caller:
    return Caller()


class TestRefusals:
    @pytest.mark.parametrize(
        ("entity", "payload", "code", "element"),
        [
            ("Vendor", {"DisplayName": "Cedar", "Shoe": "44"}, "2010", "Shoe"),
            ("Vendor", {"DisplayName": "Cedar", "VendorEx": {"any": []}}, "2010", "VendorEx"),
            ("Vendor", {"DisplayName": "Cedar", "BillAddr": {"Street": "x"}}, "2010", "BillAddr.Street"),
            ("Vendor", {"DisplayName": "Cedar", "Vendor1099": "perhaps"}, "2010", "Vendor1099"),
            ("Vendor", {"DisplayName": "x" * 501}, "2050", "DisplayName"),
            ("Vendor", {"DisplayName": "Cedar: Print"}, "6000", "DisplayName"),
            ("Vendor", {"DisplayName": "Cedar", "PrimaryPhone": {"FreeFormNumber": "1" * 31}}, "2050", None),
            ("Vendor", {"DisplayName": "Cedar", "PrimaryEmailAddr": {"Address": "cedar"}}, "2210", None),
            ("Vendor", {"DisplayName": "Cedar", "TermRef": {"value": "99"}}, "2500", "TermRef"),
            ("Vendor", {"DisplayName": "Cedar", "CurrencyRef": {"value": "EUR"}}, "6000", "CurrencyRef"),
            ("Account", {"Name": "Fees"}, "2020", "AccountType"),
            ("Account", {"Name": "Fees", "AccountType": "Shoes"}, "2170", "AccountType"),
            ("Account", {"Name": 'The "Fees"', "AccountType": "Expense"}, "6000", "Name"),
            ("Account", {"Name": "Sub", "AccountType": "Expense", "ParentRef": {"value": "1"}}, "6000", None),
            ("Account", {"Name": "Sub", "AccountType": "Expense", "SubAccount": True}, "2020", "ParentRef"),
            ("Item", {"Name": "Nut", "Type": "Service"}, "2020", "IncomeAccountRef"),
            ("Item", {"Name": "Nut", "Type": "Inventory", "IncomeAccountRef": {"value": "6"}}, "2020", None),
            ("Item", {"Name": "Nut"}, "2020", "Type"),
            ("Term", {"Name": "x" * 32}, "2050", "Name"),
            ("Term", {"Name": "Never", "DueDays": 1000}, "2080", "DueDays"),
            ("Employee", {"GivenName": "Ann"}, "2020", "FamilyName"),
            ("Bill", {"Line": [account_line(1)]}, "2020", "VendorRef"),
            ("Bill", {"VendorRef": {"value": "20"}, "Line": []}, "2020", "Line"),
            ("Bill", bill(account_line(1), DocNumber="1" * 22), "2050", "DocNumber"),
            ("Bill", bill(account_line(1), TxnDate="soon"), "2010", "TxnDate"),
            ("Bill", bill(account_line("much")), "2080", "Line.Amount"),
            ("Bill", bill(account_line(-5)), "6000", "Line"),
            ("Bill", bill({"Amount": 1}), "2020", "Line.DetailType"),
            ("Bill", bill({"Amount": 1, "DetailType": "Shoes"}), "2170", "Line.DetailType"),
            ("Bill", bill(account_line(1, DepartmentRef={"value": "1"})), "2010", None),
            ("Bill", bill(account_line(1, BillableStatus="HasBeenBilled")), "2170", None),
            ("Bill", bill(account_line(1, BillableStatus="Billable")), "6000", None),
            ("Bill", bill(account_line(1, account="77")), "2500", None),
            ("Bill", bill(item_line("33.34", 3, "11.11")), "6070", "Line.Amount"),
            ("Bill", bill(account_line(1), APAccountRef={"value": "1"}), "6000", "APAccountRef"),
        ],
    )  # fmt: skip
    def test_code(self, caller: Caller, entity: str, payload: Json, code: str, element: str | None) -> None:
        error = caller.refused("POST", entity.lower(), payload)

        assert error["code"] == code, error
        assert element is None or error["element"] == element
        assert not caller.events

    def test_the_fault_has_shape_a(self, caller: Caller) -> None:
        response = caller.send("POST", "bill", {"Line": [account_line(1)]})

        assert response.status == 400
        assert b'"Fault":{"Error":[{"Message":"Required param missing' in response.body
        assert b'"code":"2020","element":"VendorRef"}],"type":"ValidationFault"},"time":"2026-01-05T' in response.body

    def test_what_is_not_there(self, caller: Caller) -> None:
        assert caller.refused("GET", "vendor/999")["code"] == "610"
        assert caller.refused("GET", "shoe/1")["code"] == "500"
        assert (
            caller.refused("POST", "vendor", gone({"Id": "20", "SyncToken": "0"}), operation="delete")["code"] == "500"
        )
        assert caller.refused("POST", "taxcode", {"Name": "VAT"})["code"] == "500"

    def test_a_body_that_is_no_json(self, caller: Caller) -> None:
        assert caller.refused("POST", "vendor", b"{")["code"] == "2010"
        assert caller.refused("POST", "vendor", [1])["code"] == "2010"

    def test_xml_is_not_spoken(self, caller: Caller) -> None:
        assert caller.send("GET", "vendor/20", headers={"accept": "*/*"}).status == 400
        caller.switches.qbo_needs_json_accept = False
        assert caller.send("GET", "vendor/20", headers={"accept": "*/*"}).status == 200

    def test_item_lines_keep_the_precision_of_a_price(self, caller: Caller) -> None:
        made = caller.post("Bill", bill(item_line(100, 3, Decimal("33.333333"))))

        assert made["Line"][0]["ItemBasedExpenseLineDetail"]["UnitPrice"] == Decimal("33.333333")

    def test_an_account_number_may_be_short_only(self, caller: Caller) -> None:
        caller.switches.qbo_account_number_length = 7

        assert caller.code("Account", {"Name": "Fees", "AccountType": "Expense", "AcctNum": "12345678"}) == "2050"

    def test_an_ended_subscription_is_read_only(self, caller: Caller) -> None:
        caller.switches.qbo_subscription_ended = True

        assert caller.code("Vendor", {"DisplayName": "Cedar"}) == "6190"
        assert caller.read("Vendor", "20")
