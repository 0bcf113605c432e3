"""What both products' books show, in one vocabulary of its own: nothing here asks the product's tables or kinds.

Everything people make carries a mark ("V0007") in its name or number, or is a payment of an amount that comes once. A
mark stands for one thing in the world, so the books alone say what is there twice, what is missing and what differs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

BILLCOM, QBO = "billcom", "qbo"
SIDES = (BILLCOM, QBO)
Raw = dict[str, Any]
Values = dict[str, Any]

ENTITIES = {
    "account": ("chart-of-accounts", "Account"),
    "accounting_class": ("accounting-classes", "Class"),
    "location": ("locations", "Department"),
    "vendor": ("vendors", "Vendor"),
    "customer": ("customers", "Customer"),
    "bill": ("bills", "Bill"),
    "vendor_credit": ("vendor-credits", "VendorCredit"),
    "bill_payment": ("payments", "BillPayment"),
    "invoice": ("invoices", "Invoice"),
    "credit_memo": ("credit-memos", "CreditMemo"),
    "receivable_payment": ("receivable-payments", "Payment"),
}
TRANSACTIONS = ("bill", "vendor_credit", "bill_payment", "invoice", "credit_memo", "receivable_payment")
PAYMENTS = ("bill_payment", "receivable_payment")
DELETED = ("bill", "vendor_credit", "invoice", "credit_memo")
"""What QuickBooks deletes without a trace."""
LISTS = tuple(name for name in ENTITIES if name not in TRANSACTIONS)
_MARK = re.compile(r"[A-Z]\d{4}")
_DELETED = re.compile(r" \(deleted[^)]*\)$")


def entity(side: str, kind: str) -> str:
    return ENTITIES[kind][SIDES.index(side)]


@dataclass
class Shown:
    """One record as one side shows it. ``gone``: archived, inactive or void."""

    side: str
    kind: str
    id: str
    mark: str
    values: Values
    gone: bool
    raw: Raw = field(repr=False)


class Books:
    """Both sides at one moment."""

    def __init__(self, billcom: dict[str, list[Raw]], qbo: dict[str, list[Raw]], voided: dict[str, str]) -> None:
        self.sides = {BILLCOM: billcom, QBO: qbo}
        self.marks: dict[tuple[str, str, str], str] = {}
        self.found: dict[tuple[str, str], dict[str, list[Shown]]] = {}
        for kind in ENTITIES:
            for side in SIDES:
                self._read(side, kind, voided)

    def _read(self, side: str, kind: str, voided: dict[str, str]) -> None:
        by_mark: dict[str, list[Shown]] = defaultdict(list)
        key = "id" if side == BILLCOM else "Id"
        raws = self.sides[side].get(entity(side, kind), [])
        for raw in raws:
            self.marks[side, kind, raw[key]] = _mark(side, kind, raw, voided)
        for raw in raws:
            mark = self.marks[side, kind, raw[key]]
            values = _READ[kind][SIDES.index(side)](self, raw)
            by_mark[mark].append(Shown(side, kind, raw[key], mark, values, _gone(side, kind, raw), raw))
        self.found[side, kind] = dict(by_mark)

    def all(self, side: str, kind: str) -> list[Shown]:
        return [each for same in self.found[side, kind].values() for each in same]

    def live(self, side: str, kind: str) -> list[Shown]:
        return [each for each in self.all(side, kind) if not each.gone]

    def of(self, side: str, kind: str, mark: str) -> list[Shown]:
        return self.found[side, kind].get(mark, [])

    def by_id(self, side: str, kind: str, remote_id: str) -> Shown | None:
        mark = self.marks.get((side, kind, remote_id), "")
        return next((each for each in self.of(side, kind, mark) if each.id == remote_id), None)

    def applied(self, bill: str) -> dict[str, Decimal]:
        """Credit -> what of it was applied in BILL to the bill of this id itself, without a payment."""
        return {
            each.mark: Decimal(str(use["amount"]))
            for each in self.live(BILLCOM, "vendor_credit")
            for use in each.raw["usage"]
            if use["billId"] == bill and "paymentId" not in use
        }

    def name(self, side: str, kind: str, remote_id: str) -> str:
        """What stands behind a reference."""
        return self.marks.get((side, kind, remote_id), f"nobody ({remote_id})") if remote_id else ""


def name_of(text: str) -> str:
    return _DELETED.sub("", text or "")


def _mark(side: str, kind: str, raw: Raw, voided: dict[str, str]) -> str:
    if kind in PAYMENTS:
        amount = Decimal(str(raw["amount" if side == BILLCOM else "TotalAmt"]))
        return f"{amount:.2f}" if amount else voided.get(raw.get("Id", ""), "nothing")
    if kind == "bill":
        return str(raw["invoice"]["invoiceNumber"] if side == BILLCOM else raw.get("DocNumber") or raw["Id"])
    if kind == "invoice":
        return str(raw["invoiceNumber"] if side == BILLCOM else raw.get("DocNumber") or raw["Id"])
    if kind in ("vendor_credit", "credit_memo"):
        return str(raw["referenceNumber"] if side == BILLCOM else raw.get("DocNumber") or raw["Id"])
    text = str(raw.get("name" if side == BILLCOM else "DisplayName") or raw.get("Name"))
    found = _MARK.search(text)
    return found.group() if found else name_of(text).casefold()


def _gone(side: str, kind: str, raw: Raw) -> bool:
    if kind in PAYMENTS:
        if side == BILLCOM and kind == "receivable_payment":
            return raw["status"] == "VOID"
        if side == BILLCOM:
            return raw["singleStatus"] in ("VOIDED", "CANCELLED", "CANCELED", "FAILED") or raw["status"] == "VOID"
        return not Decimal(str(raw["TotalAmt"]))
    return bool(raw.get("archived")) if side == BILLCOM else raw.get("Active") is False


def _inside(raw: Raw, *names: str) -> Any:
    found: Any = raw
    for name in names:
        found = (found or {}).get(name)
    return found or ""


def _billcom_account(books: Books, raw: Raw) -> Values:
    return {"name": raw["name"], "parent": books.name(BILLCOM, "account", raw.get("parentId") or "")}


def _qbo_account(books: Books, raw: Raw) -> Values:
    return {"name": name_of(raw["Name"]), "parent": books.name(QBO, "account", _inside(raw, "ParentRef", "value"))}


def _billcom_named(books: Books, raw: Raw) -> Values:
    return {"name": raw["name"]}


def _qbo_named(books: Books, raw: Raw) -> Values:
    return {"name": name_of(raw["Name"])}


def _billcom_party(books: Books, raw: Raw) -> Values:
    return {"name": raw["name"], "email": raw.get("email") or "", "phone": raw.get("phone") or ""}


def _qbo_party(books: Books, raw: Raw) -> Values:
    return {
        "name": name_of(raw["DisplayName"]),
        "email": _inside(raw, "PrimaryEmailAddr", "Address"),
        "phone": _inside(raw, "PrimaryPhone", "FreeFormNumber"),
    }


def _billcom_lines(books: Books, raw: Raw, name: str) -> Values:
    lines, places = [], set()
    for line in raw[name]:
        codes = line.get("classifications") or {}
        account = books.name(BILLCOM, "account", codes.get("chartOfAccountId") or "")
        tracked = books.name(BILLCOM, "accounting_class", codes.get("accountingClassId") or "")
        customer = books.name(BILLCOM, "customer", codes.get("customerId") or "")
        places.add(books.name(BILLCOM, "location", codes.get("locationId") or ""))
        lines.append((Decimal(str(line["amount"])), line.get("description") or "", account, tracked, customer))
    return {
        "vendor": books.name(BILLCOM, "vendor", raw["vendorId"]),
        "lines": tuple(lines),
        "location": min(places) if len(places) == 1 else "",
    }


def _billcom_bill(books: Books, raw: Raw) -> Values:
    dates = {"date": raw["invoice"]["invoiceDate"], "due": raw["dueDate"]}
    return {**_billcom_lines(books, raw, "billLineItems"), **dates}


def _billcom_credit(books: Books, raw: Raw) -> Values:
    return {**_billcom_lines(books, raw, "vendorCreditLineItems"), "date": raw["creditDate"]}


def _qbo_credit(books: Books, raw: Raw) -> Values:
    lines = []
    for line in raw["Line"]:
        detail = line.get("AccountBasedExpenseLineDetail") or {}
        account = books.name(QBO, "account", _inside(detail, "AccountRef", "value"))
        tracked = books.name(QBO, "accounting_class", _inside(detail, "ClassRef", "value"))
        customer = books.name(QBO, "customer", _inside(detail, "CustomerRef", "value"))
        lines.append((Decimal(str(line["Amount"])), line.get("Description") or "", account, tracked, customer))
    return {
        "vendor": books.name(QBO, "vendor", _inside(raw, "VendorRef", "value")),
        "date": raw["TxnDate"],
        "lines": tuple(lines),
        "location": books.name(QBO, "location", _inside(raw, "DepartmentRef", "value")),
    }


def _qbo_bill(books: Books, raw: Raw) -> Values:
    return {**_qbo_credit(books, raw), "due": raw.get("DueDate") or ""}


def _billcom_payment(books: Books, raw: Raw) -> Values:
    """What is paid on a bill is money and credits."""
    paid, used = [], []
    for each in raw["billPayments"]:
        uses = [(use["id"], Decimal(str(use["amount"]))) for use in each.get("vendorCredits") or ()]
        used += [(books.name(BILLCOM, "vendor_credit", credit), amount) for credit, amount in uses]
        settled = Decimal(str(each["amount"])) + sum((amount for _, amount in uses), Decimal())
        paid.append((books.name(BILLCOM, "bill", each["billId"]), settled))
    return {
        "vendor": books.name(BILLCOM, "vendor", raw["vendorId"]),
        "date": raw["processDate"],
        "paid": tuple(sorted(paid)),
        "credits": tuple(sorted(used)),
    }


def _qbo_payment(books: Books, raw: Raw) -> Values:
    links = [(line, link) for line in raw["Line"] for link in line.get("LinkedTxn", [])]
    found = {
        kind: sorted(
            (books.name(QBO, kind, link["TxnId"]), Decimal(str(line["Amount"])))
            for line, link in links
            if link["TxnType"] == name
        )
        for kind, name in (("bill", "Bill"), ("vendor_credit", "VendorCredit"))
    }
    return {
        "vendor": books.name(QBO, "vendor", _inside(raw, "VendorRef", "value")),
        "date": raw["TxnDate"],
        "paid": tuple(found["bill"]),
        "credits": tuple(found["vendor_credit"]),
    }


def _billcom_sold(books: Books, raw: Raw, lines_key: str) -> Values:
    lines = []
    for line in raw[lines_key]:
        tracked = (line.get("classifications") or {}).get("accountingClassId") or ""
        worth = (Decimal(str(line["quantity"])) * Decimal(str(line["price"]))).quantize(Decimal("0.01"))
        lines.append((worth, line.get("description") or "", books.name(BILLCOM, "accounting_class", tracked)))
    return {"customer": books.name(BILLCOM, "customer", raw["customerId"]), "lines": tuple(lines)}


def _billcom_invoice(books: Books, raw: Raw) -> Values:
    return {**_billcom_sold(books, raw, "invoiceLineItems"), "date": raw["invoiceDate"], "due": raw["dueDate"]}


def _billcom_memo(books: Books, raw: Raw) -> Values:
    return {**_billcom_sold(books, raw, "creditMemoLineItems"), "date": raw["creditDate"]}


def _qbo_memo(books: Books, raw: Raw) -> Values:
    lines = []
    for line in raw["Line"]:
        if (detail := line.get("SalesItemLineDetail")) is not None:
            tracked = books.name(QBO, "accounting_class", _inside(detail, "ClassRef", "value"))
            lines.append((Decimal(str(line["Amount"])), line.get("Description") or "", tracked))
    return {
        "customer": books.name(QBO, "customer", _inside(raw, "CustomerRef", "value")),
        "date": raw["TxnDate"],
        "lines": tuple(lines),
    }


def _qbo_invoice(books: Books, raw: Raw) -> Values:
    return {**_qbo_memo(books, raw), "due": raw.get("DueDate") or ""}


def _billcom_received(books: Books, raw: Raw) -> Values:
    shares = [(books.name(BILLCOM, "invoice", each["invoiceId"]), each["amount"]) for each in raw["invoicePayments"]]
    return {
        "customer": books.name(BILLCOM, "customer", raw["customerId"]),
        "date": raw["paymentDate"],
        "paid": tuple(sorted((mark, Decimal(str(amount))) for mark, amount in shares)),
    }


def _qbo_received(books: Books, raw: Raw) -> Values:
    links = [(line, link) for line in raw["Line"] for link in line.get("LinkedTxn", [])]
    links = [(line, link) for line, link in links if link["TxnType"] == "Invoice"]
    return {
        "customer": books.name(QBO, "customer", _inside(raw, "CustomerRef", "value")),
        "date": raw["TxnDate"],
        "paid": tuple(
            sorted((books.name(QBO, "invoice", link["TxnId"]), Decimal(str(line["Amount"]))) for line, link in links)
        ),
    }


_READ = {
    "account": (_billcom_account, _qbo_account),
    "accounting_class": (_billcom_named, _qbo_named),
    "location": (_billcom_named, _qbo_named),
    "vendor": (_billcom_party, _qbo_party),
    "customer": (_billcom_party, _qbo_party),
    "bill": (_billcom_bill, _qbo_bill),
    "vendor_credit": (_billcom_credit, _qbo_credit),
    "bill_payment": (_billcom_payment, _qbo_payment),
    "invoice": (_billcom_invoice, _qbo_invoice),
    "credit_memo": (_billcom_memo, _qbo_memo),
    "receivable_payment": (_billcom_received, _qbo_received),
}
