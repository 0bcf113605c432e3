"""Vendor credits: what they are worth and where they were used.

Reference: https://developer.bill.com/hc/reference/createvendorcredit
"""

from __future__ import annotations

from syncapp.sandbox.billcom.bills import add_up, count_use, total
from syncapp.sandbox.billcom.books import Books, Rules, problem
from syncapp.sandbox.billcom.errors import Refused, invalid
from syncapp.sandbox.billcom.resources import VENDOR_CREDITS
from syncapp.sandbox.billcom.values import Row


class CreditRules(Rules):
    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        if row.get("applyToChartOfAccountId") and row.get("applyToBankAccountId"):
            raise invalid("applyToChartOfAccountId and applyToBankAccountId exclude each other", "applyToBankAccountId")
        row[VENDOR_CREDITS.lines] = add_up(books, row, old, payload, VENDOR_CREDITS)
        row["amount"] = total(row[VENDOR_CREDITS.lines])
        row.setdefault("usage", [])
        count_use(row)
        if row["amount"] < row["appliedAmount"]:
            raise Refused(400, problem("must not be less than what is applied", "amount"))

    def may_archive(self, books: Books, row: Row) -> None:
        if row["usage"]:
            raise invalid("A vendor credit that was applied can't be archived.", "id")

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        return row if reading else {name: value for name, value in row.items() if name != "usage"}
