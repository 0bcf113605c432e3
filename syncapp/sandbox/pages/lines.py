"""What a record consists of besides its fields, what it belongs to, and how a bill is paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.sandbox.pages.books import Books, Record, dig
from syncapp.sandbox.pages.inputs import LINES
from syncapp.sandbox.pages.markup import Safe, joined, link, table, tag, text
from syncapp.sandbox.qbo.entities import ENTITIES

TRANSACTIONS = {"bills", "payments", "vendor-credits"} | {
    each.name for each in ENTITIES.values() if each.is_transaction
}
_PARTIES = (("VendorRef", "Vendor"), ("CustomerRef", "Customer"), ("EntityRef", "Vendor"), ("ParentRef", ""))
_LINKED = {"BillPaymentCheck": "BillPayment", "BillPaymentCreditCard": "BillPayment"}
_FACTS = {
    "qbo": (
        ("Balance", "Balance"),
        ("CurrentBalance", "Balance"),
        ("TotalAmt", "Total"),
        ("Active", "Active"),
        ("SyncToken", "Version"),
        ("MetaData.CreateTime", "Made"),
        ("MetaData.LastUpdatedTime", "Changed"),
    ),
    "billcom": (
        ("balance.amount", "Balance"),
        ("amount", "Total"),
        ("dueAmount", "Due"),
        ("paidAmount", "Paid"),
        ("approvalStatus", "Approval"),
        ("paymentStatus", "Payment status"),
        ("singleStatus", "Status"),
        ("networkStatus", "Network"),
        ("role.type", "Role"),
        ("archived", "Archived"),
        ("createdTime", "Made"),
        ("updatedTime", "Changed"),
    ),
}


def party(books: Books, record: Record) -> str:
    """Whose it is, in words."""
    if books.side == "billcom":
        return books.label_of("vendors", record["vendorId"]) if record.get("vendorId") else ""
    for name, _ in _PARTIES:
        if name in record:
            return str(record[name].get("name") or record[name].get("value"))
    return ""


def shown(books: Books, entity: str, record: Record) -> Safe:
    found = [(label, dig(record, path.split("."))) for path, label in _FACTS[books.side]]
    facts = [(label, _plain(value)) for label, value in found if value is not None]
    parts = [table(("Fact", "Value"), facts)]
    if rows := record.get(LINES[books.side]) or record.get("vendorCreditLineItems"):
        parts.append(table(("Line", "Amount"), [_line(books, line) for line in rows], caption="Lines", numbers=(1,)))
    if linked := _links(books, entity, record):
        parts.append(table(("Linked", "Amount"), linked, caption="Payments and what they pay", numbers=(1,)))
    return tag("section", tag("h2", "What it says"), joined(parts))


def _plain(value: Any) -> Any:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _line(books: Books, line: Record) -> tuple[str, Any]:
    amount = line.get("Amount") if books.side == "qbo" else line.get("amount")
    return ", ".join(_line_words(books, line)), amount


def _line_words(books: Books, line: Record) -> list[str]:
    if books.side == "billcom":
        tables = {
            "chartOfAccountId": "chart-of-accounts",
            "itemId": "items",
            "accountingClassId": "accounting-classes",
            "locationId": "locations",
            "customerId": "customers",
        }
        codes = line.get("classifications") or {}
        named = [books.label_of(tables[name], code) for name, code in codes.items() if name in tables]
        return [*filter(None, [line.get("description")]), *named]
    detail = line.get(str(line.get("DetailType"))) or {}
    named = [str(each.get("name") or each.get("value")) for each in detail.values() if isinstance(each, dict)]
    return [*filter(None, [line.get("Description")]), *named]


def _links(books: Books, entity: str, record: Record) -> list[tuple[Safe, Any]]:
    if books.side == "qbo":
        own = [(each, "") for each in record.get("LinkedTxn") or []]
        lines = [(each, line["Amount"]) for line in record.get("Line") or [] for each in line.get("LinkedTxn") or []]
        kinds = [(_LINKED.get(each["TxnType"], each["TxnType"]), each["TxnId"], amount) for each, amount in own + lines]
        return [(_to(books, kind, id), amount) for kind, id, amount in kinds]
    if entity == "payments":
        return [(_to(books, "bills", each["billId"]), each["amount"]) for each in record.get("billPayments") or []]
    if entity != "bills":
        return []
    paying = books.world.billcom.organizations[books.company].paid_by.get(record["id"], {})
    payments = books.table("payments")
    return [(_to(books, "payments", id), payments[id]["amount"]) for id in paying if id in payments]


def _to(books: Books, entity: str, id: str) -> Safe:
    if entity not in books.entities():
        return text(f"{entity} {id}")
    return link(f"{books.address}/{entity}/{id}", f"{books.singular(entity)} {books.label_of(entity, id)}")


def pay_in_qbo(books: Books, bill: Record, amount: Decimal, day: str, account: str) -> None:
    """By cheque from a bank account, or with a card."""
    by_card = books.table("Account").get(account, {}).get("AccountType") == "Credit Card"
    means: Record = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": account}}}
    if by_card:
        means = {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": {"value": account}}}
    payment = {
        "VendorRef": bill["VendorRef"],
        **means,
        "TotalAmt": amount,
        "TxnDate": day,
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}],
    }
    books.save("BillPayment", payment)


def pay_in_billcom(books: Books, bill: Record, amount: Decimal, day: str, bank: str) -> None:
    """Through BILL from a bank account, or recorded as paid elsewhere."""
    if bank:
        funding = {"type": "BANK_ACCOUNT", "id": bank}
        payment = {"billId": bill["id"], "vendorId": bill["vendorId"], "amount": amount, "fundingAccount": funding}
        books.save("payments", {**payment, "processDate": day})
        return
    shares = [{"billId": bill["id"], "amount": amount}]
    recorded = {"vendorId": bill["vendorId"], "processDate": day, "toPrintCheck": False, "payments": shares}
    books.save("payments", recorded)
