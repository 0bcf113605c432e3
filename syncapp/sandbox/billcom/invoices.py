"""Invoices: what their lines add up to and what has been received on them; payments of customers, recorded.

Reference: https://developer.bill.com/reference/createinvoice, https://developer.bill.com/reference/recordinvoice
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from syncapp.sandbox.billcom.books import Books, Rules, problem
from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import Problem, Refused, duplicate, invalid
from syncapp.sandbox.billcom.fields import Field, Type, choice, group, reference, text
from syncapp.sandbox.billcom.payments import read
from syncapp.sandbox.billcom.resources import INVOICES, RECEIVED, TAXED
from syncapp.sandbox.billcom.values import ZERO, Row, cents

FIRST_NUMBER = 1000
# Said in a request only; the customer shows as ``customerId``. Reference: BILL API, invoices: create
ONLY_SENT = ("customer", "processingOptions")

# Reference: https://developer.bill.com/reference/recordinvoice
RECORD = {
    "paymentDate": Field(Type.DATE, required=True),
    "paymentType": choice("CASH", "CHECK", "CREDIT_CARD", "ACH", "PAYPAL", "OTHER", required=True),
    "amount": Field(Type.AMOUNT, required=True),
    "customerId": reference("customers"),
    "description": text(4000),
    "invoices": Field(
        Type.LINES,
        required=True,
        least=1,
        fields={"id": reference("invoices", required=True), "amount": Field(Type.AMOUNT, required=True)},
    ),
}
# What a customer does at BILL's payment page. Reference: spec, BILL API 4.4: charge
RECEIVE = {
    "paymentDate": Field(Type.DATE),
    "customerId": reference("customers"),
    "fundingAccount": group({"type": choice("BANK_ACCOUNT", "CARD_ACCOUNT", required=True)}, required=True),
    "description": text(4000),
    "invoices": RECORD["invoices"],
}


class InvoiceRules(Rules):
    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        row.pop("processingOptions", None)
        row["customerId"] = row["customer"]["id"]
        row[INVOICES.lines] = sold_lines(books, INVOICES, row, old)
        row["totalAmount"] = total(row["invoiceLineItems"]) + taxed(books, row, row[INVOICES.lines])
        row["exchangeRate"] = 1
        if row["totalAmount"] < 0:
            raise Refused(400, problem("must not be negative", "totalAmount"))
        row.setdefault("invoiceDate", books.context.today())
        row.setdefault("dueDate", row["invoiceDate"])
        row.setdefault("invoiceNumber", _next_number(books))
        self._number(books, row)
        settle(books, row)
        if row["dueAmount"] < 0:
            raise Refused(400, problem("must not be less than what was received", "totalAmount"))

    @staticmethod
    def _number(books: Books, row: Row) -> None:
        """Reference: spec, BILL API 4.2: a number that is in use is refused."""
        number = row["invoiceNumber"]
        table = books.organization.table(INVOICES)
        for identifier in table.ids_with("invoiceNumber", [number]):
            if identifier != row["id"] and not table.rows[identifier]["archived"]:
                raise duplicate(f"Invoice number {number} is already in use", "invoiceNumber")

    def may_archive(self, books: Books, row: Row) -> None:
        if received_on(books, row["id"]) or credited_on(books, row):
            raise invalid("An invoice with payments can't be archived.", "id")

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        shown = {name: value for name, value in row.items() if name not in ONLY_SENT}
        paid = [
            {"id": payment["id"], "amount": amount, "status": payment["status"], "date": payment["paymentDate"]}
            for payment, amount in received_on(books, row["id"])
        ]
        return {**shown, "payments": paid} if paid else shown


def sold_lines(books: Books, resource: Resource, row: Row, old: Row | None) -> list[Row]:
    """Reference: spec, BILL API 4.2: a line is worth its quantity times its price."""
    return [_line(books, resource, line, at, old) for at, line in enumerate(row[resource.lines])]


def _line(books: Books, resource: Resource, line: Row, at: int, old: Row | None) -> Row:
    for name in ("quantity", "price"):
        if line.get(name) is None:
            raise Refused(400, problem("must not be null", f"{resource.lines}[{at}].{name}"))
    identifier = line.get("id") if old is not None else None
    return {**line, "id": identifier or books.context.make_id(resource.line_prefix)}


def total(lines: Iterable[Row]) -> Decimal:
    return sum((cents(Decimal(str(line["quantity"])) * Decimal(str(line["price"]))) for line in lines), ZERO)


def taxed(books: Books, row: Row, lines: list[Row]) -> Decimal:
    """The sales tax on what is taxable: an invoice's line is by its item, a credit memo's says so itself.

    Reference: spec, BILL API 4.2, 4.3 and 4.6: salesTaxItemId, salesTaxTotal, salesTaxPercentage.
    """
    for name in TAXED:
        row.pop(name, None)
    if not row.get("salesTaxItemId"):
        return ZERO
    code = books.organization.row("items", row["salesTaxItemId"])
    if code["type"] not in ("SALES_TAX", "SALES_TAX_GROUP"):
        raise Refused(400, problem("is no sales tax", "salesTaxItemId"))
    percent = Decimal(str(code.get("percentage") or 0))
    sums = [total([line]) for line in lines if _is_taxable(books, line)]
    if books.switches.billcom_tax_by_line:
        tax = sum((cents(each * percent / 100) for each in sums), ZERO)
    else:
        tax = cents(sum(sums, ZERO) * percent / 100)
    row["salesTaxTotal"], row["salesTaxPercentage"] = tax, percent
    return tax


def _is_taxable(books: Books, line: Row) -> bool:
    if "taxable" in line:
        return bool(line["taxable"])
    item = (line.get("classifications") or {}).get("itemId")
    return bool(item and books.organization.row("items", item).get("taxable"))


def _next_number(books: Books) -> str:
    taken = {row["invoiceNumber"] for row in books.organization.table(INVOICES)}
    number = FIRST_NUMBER + len(taken) + 1
    while str(number) in taken:
        number += 1
    return str(number)


def received_on(books: Books, invoice_id: str) -> list[tuple[Row, Decimal]]:
    """The payments of an invoice that still stand, each with the invoice's share of it."""
    payments = books.organization.table(RECEIVED).rows
    return [
        (payments[identifier], cents(share["amount"]))
        for identifier in books.organization.received_by.get(invoice_id, ())
        for share in payments[identifier]["invoicePayments"]
        if share["invoiceId"] == invoice_id and payments[identifier]["status"] != "VOID"
    ]


def credited_on(books: Books, row: Row) -> Decimal:
    """What credit memos take off an invoice."""
    memos = books.organization.table("credit-memos")
    found = (memos.rows[identifier] for identifier in memos.ids_with("customerId", [row["customerId"]]))
    uses = (use for memo in found for use in memo["usage"])
    return sum((use["amount"] for use in uses if use["invoiceId"] == row["id"]), ZERO)


def settle(books: Books, row: Row) -> None:
    received = sum((amount for _, amount in received_on(books, row["id"])), ZERO)
    row["creditAmount"], row["scheduledAmount"] = credited_on(books, row), ZERO
    settled = received + row["creditAmount"]
    row["dueAmount"] = row["totalAmount"] - settled
    paid = settled and settled >= row["totalAmount"]
    row["status"] = "PAID_IN_FULL" if paid else "PARTIAL_PAYMENT" if settled else "OPEN"


def record(books: Books, body: Any) -> Row:
    """A customer's payment that came in outside BILL: it counts at once."""
    asked = read(books, RECORD, body)
    row = _applied(books, asked)
    keep(books, row)
    told = {name: row[name] for name in ("id", "customerId", "paymentDate", "amount", "unappliedAmount", "status")}
    return {
        **told,
        "paymentType": asked["paymentType"],
        "description": row["description"],
        "invoices": [_told(books, share["invoiceId"]) for share in row["invoicePayments"]],
    }


def receive(books: Books, body: Any) -> Row:
    """A customer pays through BILL, from a bank account or by card. What isn't paid by card is brought to the bank
    account that is BILL's for receivables.
    """
    asked = read(books, RECEIVE, body)
    asked.setdefault("paymentDate", books.context.today())
    by_card = asked["fundingAccount"]["type"] == "CARD_ACCOUNT"
    amount = sum((each["amount"] for each in asked["invoices"]), ZERO)
    row = _applied(books, {**asked, "amount": amount, "paymentType": "CREDIT_CARD" if by_card else "ACH"})
    lands = {"type": "CARD_ACCOUNT"} if by_card else {"type": "BANK_ACCOUNT", "id": _receiving_bank(books)}
    row |= {"onlinePayment": True, "fundingAccount": asked["fundingAccount"], "receivablesAccount": lands}
    keep(books, row)
    return row


def _receiving_bank(books: Books) -> str:
    able = [each for each in books.organization.table("banks") if each["status"] == "VERIFIED" and not each["archived"]]
    able.sort(key=lambda each: not each["default"]["receivables"])
    if not able:
        raise Refused(422, Problem("There is no bank account that can receive payments.", "BDC_1151", "fundingAccount"))
    return str(able[0]["id"])


def _applied(books: Books, asked: Row) -> Row:
    """A new payment of these invoices, checked."""
    invoices = [books.find("invoices", each["id"]) for each in asked["invoices"]]
    customers = {invoice["customerId"] for invoice in invoices}
    if len(customers) > 1 or asked.get("customerId", invoices[0]["customerId"]) not in customers:
        raise Refused(400, problem("are of different customers", "invoices"))
    shares = []
    for at, (invoice, each) in enumerate(zip(invoices, asked["invoices"], strict=True)):
        if not 0 < each["amount"] <= invoice["dueAmount"]:
            raise Refused(400, problem("is more than what is due", f"invoices[{at}].amount"))
        paid = {"invoiceId": invoice["id"], "amount": cents(each["amount"]), "paymentDate": asked["paymentDate"]}
        shares.append(paid)
    unapplied = cents(asked["amount"]) - sum((share["amount"] for share in shares), ZERO)
    if unapplied < 0:
        raise Refused(400, problem("is less than what its invoices get", "amount"))
    return _new(books, asked, shares, customers.pop(), unapplied)


def _new(books: Books, asked: Row, shares: list[Row], customer_id: str, unapplied: Decimal) -> Row:
    now = books.context.stamp()
    return {
        "id": books.context.make_id(RECEIVED.prefix),
        "customerId": customer_id,
        "amount": cents(asked["amount"]),
        "paymentDate": asked["paymentDate"],
        "description": asked.get("description", ""),
        "invoicePayments": shares,
        "unappliedAmount": unapplied,
        "receivablesType": asked["paymentType"],
        "status": "PAID",
        "onlinePayment": False,
        "createdTime": now,
        "updatedTime": now,
    }


def _told(books: Books, invoice_id: str) -> Row:
    invoice = books.shown(INVOICES, books.organization.row("invoices", invoice_id))
    return {"id": invoice_id, "payments": invoice["payments"]}


def keep(books: Books, row: Row, operation: str = "created") -> None:
    for share in row["invoicePayments"]:
        books.organization.received_by.setdefault(share["invoiceId"], {})[row["id"]] = None
    books.keep(RECEIVED, row, books.organization.table(RECEIVED).get(row["id"]), operation)
    for share in row["invoicePayments"]:
        invoice = dict(books.organization.row("invoices", share["invoiceId"]))
        settle(books, invoice)
        books.keep_quietly("invoices", invoice)


def void(books: Books, identifier: str) -> Row:
    """At BILL's own pages; no call of the API does it. Reference: spec, BILL API 4.4"""
    row = books.find("receivable-payments", identifier)
    if row["status"] == "VOID":
        raise invalid("The payment is void already.", "id")
    row = {**row, "status": "VOID", "updatedTime": books.context.stamp()}
    keep(books, row, "updated")
    return row
