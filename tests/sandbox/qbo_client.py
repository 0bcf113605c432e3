"""A simulated QuickBooks in this process, a small company in it, and somebody who calls its API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from syncapp.sandbox.clock import Clock
from syncapp.sandbox.http import Request, Response, decode, encode
from syncapp.sandbox.qbo import Qbo
from syncapp.sandbox.switches import Switches

Json = dict[str, Any]
NOON = datetime(2026, 1, 5, 20, 0, tzinfo=UTC)

COMPANY: dict[str, list[Json]] = {
    "Account": [
        {"Id": "1", "Name": "Checking", "AccountType": "Bank"},
        {"Id": "2", "Name": "Visa", "AccountType": "Credit Card"},
        {"Id": "3", "Name": "Accounts Payable (A/P)", "AccountType": "Accounts Payable"},
        {"Id": "4", "Name": "Accounts Receivable (A/R)", "AccountType": "Accounts Receivable"},
        {"Id": "5", "Name": "Rent", "AccountType": "Expense"},
        {"Id": "6", "Name": "Sales", "AccountType": "Income"},
        {"Id": "7", "Name": "Parts", "AccountType": "Cost of Goods Sold"},
        {"Id": "8", "Name": "Savings", "AccountType": "Bank", "AccountSubType": "Savings", "ParentRef": {"value": "1"}},
        {"Id": "9", "Name": "Closed", "AccountType": "Expense", "Active": False},
    ],
    "Vendor": [{"Id": "20", "DisplayName": "Acme"}, {"Id": "21", "DisplayName": "Birch Supply"}],
    "Customer": [
        {"Id": "30", "DisplayName": "Coast Hotel"},
        {"Id": "31", "DisplayName": "Kitchen", "ParentRef": {"value": "30"}, "Job": True},
    ],
    "Term": [{"Id": "1", "Name": "Net 30", "DueDays": 30}],
    "Class": [{"Id": "1", "Name": "North"}],
    "Department": [{"Id": "1", "Name": "Main Street"}],
    "Item": [
        {"Id": "1", "Name": "Hours", "Type": "Service", "IncomeAccountRef": {"value": "6"}},
        {"Id": "2", "Name": "Bolt", "Type": "NonInventory", "ExpenseAccountRef": {"value": "7"}},
    ],
}


class Caller:
    """Calls the API of one company as its connected app."""

    def __init__(self, data: dict[str, list[Json]] | None = None, **switches: Any) -> None:
        self.clock = Clock()
        self.clock.set(NOON)
        self.switches = Switches(enforce_limits=False)
        self.switches.set(switches)
        self.events: list[Json] = []
        self.qbo = Qbo(self.clock, self.switches, self.events.append)
        self.credentials = self.qbo.load(data if data is not None else COMPANY, "Harbour Works")
        self.realm = self.credentials["realm_id"]
        self.token = self.credentials["access_token"]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Response:
        sent = body if isinstance(body, bytes) else b"" if body is None else encode(body)
        accepted = {"authorization": f"Bearer {self.token}", "accept": "application/json", "host": "localhost:80"}
        whole = f"/v3/company/{self.realm}/{path}"
        return self.qbo.handle(Request(method, whole, query, {**accepted, **(headers or {})}, sent))

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer of a call that must succeed."""
        response = self.send(method, path, body, **query)
        assert response.status == 200, response.body.decode()
        return decode(response.body)

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> Json:
        """The error of a call that must be refused with 400, with its type and status."""
        response = self.send(method, path, body, **query)
        fault = decode(response.body)["Fault"]
        assert response.status == 400
        return {**fault["Error"][0], "type": fault["type"]}

    def code(self, entity: str, payload: Json, **query: Any) -> str:
        return str(self.refused("POST", entity.lower(), payload, **query)["code"])

    def post(self, entity: str, payload: Json, **query: Any) -> Json:
        answer: Json = self.ask("POST", entity.lower(), payload, **query)[entity]
        return answer

    def read(self, entity: str, id: str) -> Json:
        answer: Json = self.ask("GET", f"{entity.lower()}/{id}")[entity]
        return answer

    def sparse(self, entity: str, record: Json, **changes: Any) -> Json:
        return self.post(entity, sparse(record, **changes))

    def query(self, text: str) -> Json:
        answer: Json = self.ask("GET", "query", query=text)["QueryResponse"]
        return answer

    def ids(self, text: str) -> list[str]:
        rows = [row for rows in self.query(text).values() if isinstance(rows, list) for row in rows]
        return [row["Id"] for row in rows]

    def balance(self, account: str) -> Any:
        return self.read("Account", account)["CurrentBalance"]


def sparse(record: Json, **changes: Any) -> Json:
    return {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **changes}


def whole(record: Json, **changes: Any) -> Json:
    """A full update of what was read."""
    return {**record, "sparse": False, **changes}


def gone(record: Json) -> Json:
    return {"Id": record["Id"], "SyncToken": record["SyncToken"]}


def account_line(amount: Any, account: str = "5", **more: Any) -> Json:
    kind = "AccountBasedExpenseLineDetail"
    return {"DetailType": kind, "Amount": amount, kind: {"AccountRef": {"value": account}, **more}}


def item_line(amount: Any, quantity: Any, price: Any, item: str = "2") -> Json:
    kind = "ItemBasedExpenseLineDetail"
    return {
        "DetailType": kind,
        "Amount": amount,
        kind: {"ItemRef": {"value": item}, "Qty": quantity, "UnitPrice": price},
    }


def sales_line(amount: Any, item: str = "1", **more: Any) -> Json:
    kind = "SalesItemLineDetail"
    return {"DetailType": kind, "Amount": amount, kind: {"ItemRef": {"value": item}, **more}}


def bill(*lines: Json, vendor: str = "20", **more: Any) -> Json:
    return {"VendorRef": {"value": vendor}, "Line": list(lines) or [account_line(100)], **more}


def invoice(*lines: Json, customer: str = "30", **more: Any) -> Json:
    return {"CustomerRef": {"value": customer}, "Line": list(lines) or [sales_line(100)], **more}


def link(amount: Any, entity: str, id: str) -> Json:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": entity}]}


def check(total: Any, *links: Json, vendor: str = "20", **more: Any) -> Json:
    paid = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "1"}}}
    return {"VendorRef": {"value": vendor}, "TotalAmt": total, **paid, "Line": list(links), **more}


def payment(total: Any, *links: Json, customer: str = "30", **more: Any) -> Json:
    return {"CustomerRef": {"value": customer}, "TotalAmt": total, "Line": list(links), **more}


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


def trial(caller: Caller) -> dict[str, Decimal]:
    """The trial balance: account -> debit as plus."""
    return {row["account_id"]: row["debit"] - row["credit"] for row in caller.qbo.trial_balance(caller.realm)}
