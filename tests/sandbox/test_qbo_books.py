"""The books of the simulated QuickBooks: postings, balances, links between transactions, voids and deletions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

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
    journal,
    link,
    sales_line,
    sparse,
    trial,
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
