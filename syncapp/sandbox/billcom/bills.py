"""Bills: what their lines add up to, what is paid on them, who approves them, and what may still change.

Reference: https://developer.bill.com/hc/reference/createbill, https://developer.bill.com/hc/reference/updatebill
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from syncapp.sandbox.billcom.approvals import approvers_for
from syncapp.sandbox.billcom.books import Books, Rules, problem
from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import Refused, duplicate, invalid
from syncapp.sandbox.billcom.resources import BILLS
from syncapp.sandbox.billcom.values import ZERO, Row, cents

# What a paid bill may still take, where only coding and texts are free.
CODING = {"description", "classifications", "payFromChartOfAccountId", "purchaseOrderNumber", "billLineItems"}


class BillRules(Rules):
    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        wants_approval = row.pop("billApprovals", False)
        credits = row.pop("vendorCredits", None)
        row["billLineItems"] = add_up(books, row, old, payload, BILLS)
        row["amount"] = row["fundingAmount"] = total(row["billLineItems"])
        row["exchangeRate"] = 1
        if row["amount"] < 0:
            raise Refused(400, problem("must not be negative", "amount"))
        if old is not None:
            may_edit(books, row, old)
        self._number(books, row)
        if old is None:
            row["approvers"] = approvers_for(books, row, wants_approval)
            row["approvalStatus"] = "ASSIGNED" if row["approvers"] else "UNASSIGNED"
        elif books.switches.billcom_edit_resets_approval and row["amount"] != old["amount"]:
            ask_again(books, row)
        if not row.get("approvers"):
            row.pop("approvers", None)
        if credits is not None:
            self._check_credits(books, row, credits)
            row["_credits"] = credits
        settle(books, row)

    def _number(self, books: Books, row: Row) -> None:
        number = row["invoice"].get("invoiceNumber")
        if not number or not books.switches.billcom_unique_bill_numbers:
            return
        table = books.organization.table(BILLS)
        for identifier in table.ids_with("vendorId", [row["vendorId"]]):
            other = table.rows[identifier]
            same = str(other["invoice"].get("invoiceNumber", "")).casefold() == number.casefold()
            if same and identifier != row["id"] and not other["archived"]:
                raise duplicate(f"Invoice number {number} is already in use for this vendor", "invoice.invoiceNumber")

    @staticmethod
    def _check_credits(books: Books, row: Row, credits: list[Row]) -> None:
        for at, each in enumerate(credits):
            credit = books.find("vendor-credits", each["id"])
            where = f"vendorCredits[{at}]"
            if credit["vendorId"] != row["vendorId"]:
                raise Refused(400, problem("is a credit of another vendor", f"{where}.id"))
            own = sum((cents(use["amount"]) for use in credit["usage"] if _is_direct(use, row["id"])), ZERO)
            if not 0 < each["amount"] <= credit["amount"] - credit["appliedAmount"] + own:
                raise Refused(400, problem("is more than the credit has left", f"{where}.amount"))

    def kept(self, books: Books, row: Row, old: Row | None) -> None:
        credits = row.pop("_credits", None)
        owe(books, row, old)
        if credits is None:
            return
        # The list that is sent replaces what was applied to the bill itself.
        take_back_direct(books, row["id"])
        for each in credits:
            apply_credit(books, each["id"], each["amount"], row["id"], payment_id=None)
        follow(books, row)

    def may_archive(self, books: Books, row: Row) -> None:
        if has_payments(row) and not books.switches.billcom_archive_paid_bill:
            raise invalid("A bill with payments can't be archived.", "id")

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        if not reading:
            return row
        return {**row, "vendorName": books.organization.row("vendors", row["vendorId"])["name"]}


def add_up(books: Books, row: Row, old: Row | None, payload: Row, resource: Resource) -> list[Row]:
    """Lines with ids and amounts: the amount, or else quantity times price; where all are given, the amount wins."""
    given = payload.get(resource.lines) or ()
    sent = {line["id"]: line for line in given if "id" in line} if old is not None else {}
    done: list[Row] = []
    for at, line in enumerate(row[resource.lines]):
        identifier = line.get("id") if old is not None else None
        amount = _line_amount(line, sent.get(identifier, {}))
        if amount is None:
            raise Refused(400, problem("must not be null", f"{resource.lines}[{at}].amount"))
        fresh = identifier or books.context.make_id(resource.line_prefix)
        done.append({**line, "id": fresh, "amount": cents(amount)})
    return done


def _line_amount(line: Row, asked: Row) -> Any:
    recount = "amount" not in asked and ("quantity" in asked or "price" in asked)
    if ("amount" not in line or recount) and "quantity" in line and "price" in line:
        return Decimal(str(line["quantity"])) * Decimal(str(line["price"]))
    return line.get("amount")


def total(lines: Iterable[Row]) -> Decimal:
    return sum((cents(line["amount"]) for line in lines), ZERO)


def has_payments(row: Row) -> bool:
    return bool(row["paidAmount"] or row["scheduledAmount"])


def may_edit(books: Books, row: Row, old: Row) -> None:
    """What the payments and the approvals of a bill leave open: not documented, so switches decide."""
    changed = {name for name in row if name not in ("updatedTime", "fundingAmount") and row[name] != old.get(name)}
    changed |= {name for name in old if name not in row}
    switches = books.switches
    paid = switches.billcom_paid_bill_edits
    recoded = row["amount"] == old["amount"] and len(row["billLineItems"]) == len(old["billLineItems"])
    if has_payments(old) and changed and (paid == "none" or (paid == "coding" and (changed - CODING or not recoded))):
        raise invalid("The bill has payments; only its descriptions and classifications can change.", "id")
    approved = old["approvalStatus"] in ("APPROVED", "APPROVING")
    free = switches.billcom_approved_bill_edits
    if approved and changed and (free == "none" or (free == "no-amount" and "amount" in changed)):
        message = "The amount cannot be updated on the bill because of the current approval mode."
        raise invalid(message, "amount")


def ask_again(books: Books, row: Row) -> None:
    if row.get("approvers"):
        now = books.context.stamp()
        row["approvers"] = [{**each, "status": "WAITING", "statusChangedTime": now} for each in row["approvers"]]
        row["approvalStatus"] = "ASSIGNED"


# What is paid


def payments_of(books: Books, bill_id: str) -> list[tuple[Row, Decimal]]:
    """The payments of a bill that still stand, each with the bill's share of it."""
    payments = books.organization.tables["payments"].rows
    return [
        (payments[identifier], cents(share["amount"]))
        for identifier in books.organization.paid_by.get(bill_id, ())
        for share in payments[identifier]["billPayments"]
        if share["billId"] == bill_id and not is_gone(payments[identifier])
    ]


def is_gone(payment: Row) -> bool:
    return payment["status"] in ("VOID", "CANCELLED")


def credits_of(books: Books, bill_id: str) -> Decimal:
    rows = books.organization.tables["vendor-credits"].rows
    return sum(
        (
            cents(use["amount"])
            for identifier in books.organization.credited_by.get(bill_id, ())
            for use in rows[identifier]["usage"]
            if use["billId"] == bill_id
        ),
        ZERO,
    )


def settle(books: Books, row: Row) -> None:
    """Paid is what has cleared and what credits cover. Reference: BILL changelog, 20 June 2025"""
    credit = credits_of(books, row["id"])
    cleared = scheduled = ZERO
    for payment, share in payments_of(books, row["id"]):
        if payment["disbursementStatus"] == "DONE":
            cleared += share
        else:
            scheduled += share
    paid = cleared + credit
    still_open = row["amount"] - paid - scheduled
    row["creditAmount"] = credit
    row["paidAmount"] = paid
    row["scheduledAmount"] = scheduled
    row["dueAmount"] = still_open if books.switches.billcom_due_less_scheduled else row["amount"] - paid
    row["paymentStatus"] = _payment_status(row["amount"], paid, scheduled)


def _payment_status(amount: Decimal, paid: Decimal, scheduled: Decimal) -> str:
    if scheduled:
        return "SCHEDULED"
    if paid and paid >= amount:
        return "PAID"
    return "PARTIAL_PAYMENT" if paid else "UNPAID"


def follow(books: Books, row: Row) -> Row:
    """A bill after its figures have changed without an edit."""
    fresh = dict(row)
    settle(books, fresh)
    books.keep_quietly("bills", fresh)
    owe(books, fresh, row)
    return fresh


def follow_payment(books: Books, bill_id: str) -> None:
    """A bill after a payment of it was made, moved on, or fell away."""
    row = follow(books, books.organization.row("bills", bill_id))
    if books.switches.billcom_payment_touches_bill:
        touched = {**row, "updatedTime": books.context.stamp()}
        books.keep_quietly("bills", touched)
        books.tell(BILLS, touched, "updated")


def still_due(row: Row) -> Decimal:
    return row["amount"] - row["paidAmount"] - row["scheduledAmount"]


def owe(books: Books, row: Row, old: Row | None) -> None:
    """A vendor's balance is what is open on its bills; no time moves with it."""
    owed = books.organization.owed
    for each, sign in ((old, -1), (row, 1)):
        if each is not None and not each["archived"]:
            owed[each["vendorId"]] = owed.get(each["vendorId"], ZERO) + sign * still_due(each)


def apply_credit(books: Books, credit_id: str, amount: Any, bill_id: str, payment_id: str | None) -> None:
    """Use up a part of a credit on a bill."""
    credit = books.organization.row("vendor-credits", credit_id)
    use = {"billId": bill_id, "amount": cents(amount)} | ({"paymentId": payment_id} if payment_id else {})
    fresh = {**credit, "usage": [*credit["usage"], use], "updatedTime": books.context.stamp()}
    count_use(fresh)
    books.organization.credited_by.setdefault(bill_id, {})[credit_id] = None
    books.keep_quietly("vendor-credits", fresh)


def _is_direct(use: Row, bill_id: str) -> bool:
    return bool(use["billId"] == bill_id) and "paymentId" not in use


def take_back_direct(books: Books, bill_id: str) -> None:
    """What was applied to the bill without a payment."""
    for credit_id in list(books.organization.credited_by.get(bill_id, ())):
        credit = books.organization.row("vendor-credits", credit_id)
        usage = [use for use in credit["usage"] if not _is_direct(use, bill_id)]
        if len(usage) < len(credit["usage"]):
            fresh = {**credit, "usage": usage, "updatedTime": books.context.stamp()}
            count_use(fresh)
            books.keep_quietly("vendor-credits", fresh)


def take_back_credit(books: Books, credit_id: str, payment_id: str) -> None:
    credit = books.organization.row("vendor-credits", credit_id)
    usage = [use for use in credit["usage"] if use.get("paymentId") != payment_id]
    fresh = {**credit, "usage": usage, "updatedTime": books.context.stamp()}
    count_use(fresh)
    books.keep_quietly("vendor-credits", fresh)


def count_use(credit: Row) -> None:
    applied = sum((cents(use["amount"]) for use in credit["usage"]), ZERO)
    credit["appliedAmount"] = applied
    full = applied >= credit["amount"]
    credit["status"] = "FULLY_APPLIED" if full else "PARTIALLY_APPLIED" if applied else "NOT_APPLIED"
