"""Credit memos: what they are worth, and the invoices that they were applied to at BILL's own pages.

Reference: spec, BILL API 4.3: no call of the API applies one.
"""

from __future__ import annotations

from typing import Any

from syncapp.sandbox.billcom.books import Books, Rules, problem
from syncapp.sandbox.billcom.errors import Refused, invalid
from syncapp.sandbox.billcom.fields import Field, Type, reference
from syncapp.sandbox.billcom.invoices import settle, sold_lines, taxed, total
from syncapp.sandbox.billcom.payments import read
from syncapp.sandbox.billcom.resources import CREDIT_MEMOS
from syncapp.sandbox.billcom.values import ZERO, Row, cents

USES = {
    "usage": Field(
        Type.LINES,
        required=True,
        fields={
            "invoiceId": reference("invoices", required=True),
            "amount": Field(Type.AMOUNT, required=True),
        },
    )
}


class CreditMemoRules(Rules):
    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        if row.get("payToChartOfAccountId") and row.get("payToBankAccountId"):
            raise invalid("payToChartOfAccountId and payToBankAccountId exclude each other", "payToBankAccountId")
        row[CREDIT_MEMOS.lines] = sold_lines(books, CREDIT_MEMOS, row, old)
        row["amount"] = total(row[CREDIT_MEMOS.lines]) + taxed(books, row, row[CREDIT_MEMOS.lines])
        row.setdefault("usage", [])
        count(row)
        if row["amount"] < row["appliedAmount"]:
            raise Refused(400, problem("must not be less than what is applied", "amount"))

    def may_archive(self, books: Books, row: Row) -> None:
        if row["usage"]:
            raise invalid("A credit memo that was applied can't be archived.", "id")

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        lines = [{**line, "amount": total([line])} for line in row[CREDIT_MEMOS.lines]]
        shown = {**row, CREDIT_MEMOS.lines: lines}
        return shown if reading else {name: value for name, value in shown.items() if name != "usage"}


def count(row: Row) -> None:
    """What is applied of a credit memo. Reference: spec, BILL API 4.3: status."""
    used = sum((use["amount"] for use in row["usage"]), ZERO)
    row["appliedAmount"] = used
    row["status"] = "NOT_APPLIED" if not used else "FULLY_APPLIED" if used >= row["amount"] else "PARTIALLY_APPLIED"


def apply(books: Books, identifier: str, asked: Any) -> Row:
    """Apply a credit memo to invoices of its customer; ``usage`` says all that it is applied to from now on."""
    memo = books.find(CREDIT_MEMOS.name, identifier)
    uses = [{**use, "amount": cents(use["amount"])} for use in read(books, USES, asked)["usage"]]
    before = list(memo["usage"])
    for at, use in enumerate(uses):
        invoice = books.find("invoices", use["invoiceId"])
        had = sum((each["amount"] for each in before if each["invoiceId"] == use["invoiceId"]), ZERO)
        if invoice["customerId"] != memo["customerId"] or not 0 < use["amount"] <= invoice["dueAmount"] + had:
            raise Refused(400, problem("is another customer's, or more than what is due", f"usage[{at}]"))
    row = {**memo, "usage": uses, "updatedTime": books.context.stamp()}
    count(row)
    if row["appliedAmount"] > row["amount"]:
        raise Refused(400, problem("is more than the credit memo", "usage"))
    books.keep(CREDIT_MEMOS, row, memo)
    for invoice_id in {use["invoiceId"] for use in (*before, *uses)}:
        invoice = dict(books.organization.row("invoices", invoice_id))
        settle(books, invoice)
        books.keep_quietly("invoices", invoice)
    return row
