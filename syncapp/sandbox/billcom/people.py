"""A person at BILL's own pages: the same rules of the books, but no session, no limits, no MFA."""

from __future__ import annotations

from typing import Any

from syncapp.sandbox.billcom import invoices, memos
from syncapp.sandbox.billcom.approvals import set_state
from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import invalid
from syncapp.sandbox.billcom.fields import Mode
from syncapp.sandbox.billcom.payments import cancel, pay, record, void
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.values import Row

DECIDED = ("APPROVED", "DENIED")
# What BILL's own people and the vendor's bring about: a bank is verified, a vendor joins the network.
SET_BY_BILL = {"banks": ("status",), "vendors": ("networkStatus",)}


def save(books: Books, resource: Resource, payload: Row) -> Row:
    """Make a record, or change the one that the payload names by ``id``."""
    asked = dict(payload)
    identifier = asked.pop("id", None) or ""
    state = asked.pop("approvalStatus", None) if resource.name == "bills" else None
    if resource.name == "payments":
        return _save_payment(books, identifier, asked)
    if resource.name == "receivable-payments":
        return _save_received(books, identifier, asked)
    if resource.name == "credit-memos" and identifier and "usage" in asked:
        return memos.apply(books, identifier, asked)
    row = _change(books, resource, identifier, asked) if identifier else books.create(resource, asked)
    for name in SET_BY_BILL.get(resource.name, ()):
        if asked.get(name):
            row = books.keep(resource, {**row, name: asked[name]}, row)
    return approve(books, row["id"], state) if state else row


def _save_payment(books: Books, identifier: str, asked: Row) -> Row:
    if identifier:
        raise invalid("A payment can't be changed; void it and make another.", "id")
    maker = pay if "fundingAccount" in asked else record
    return maker(books, asked, books.organization.token_user)


def _save_received(books: Books, identifier: str, asked: Row) -> Row:
    if identifier:
        raise invalid("A payment can't be changed; void it and record another.", "id")
    return invoices.receive(books, asked) if "fundingAccount" in asked else invoices.record(books, asked)


def _change(books: Books, resource: Resource, identifier: str, asked: Row) -> Row:
    if not asked or set(asked) <= {"updatedTime"}:
        return books.find(resource, identifier)
    if not resource.lines or resource.lines not in asked:
        return books.change(resource, identifier, asked, Mode.PATCH)
    # A person sees the whole document and saves it whole.
    old = books.find(resource, identifier)
    kept = {name: old[name] for name, known in resource.fields.items() if name in old and not known.read_only}
    return books.change(resource, identifier, {**kept, **asked}, Mode.PUT)


def approve(books: Books, bill_id: str, state: str) -> Row:
    """Set a bill's approval as if all its approvers had acted."""
    bill = books.find("bills", bill_id)
    if bill["approvalStatus"] == state:
        return bill
    now = books.context.stamp()
    told = {"status": state if state in DECIDED else "WAITING", "statusChangedTime": now}
    return set_state(books, bill, state, [{**each, **told} for each in bill.get("approvers", ())])


def remove(books: Books, resource: Resource, identifier: str) -> Row:
    if resource.name == "payments":
        return undo(books, identifier)
    if resource.name == "receivable-payments":
        return invoices.void(books, identifier)
    return books.set_archived(resource, identifier, True)


def undo(books: Books, identifier: str) -> Row:
    """Cancel what is scheduled, void what has gone out."""
    if books.find("payments", identifier)["singleStatus"] == "SCHEDULED":
        return cancel(books, identifier)
    asked: dict[str, Any] = {"type": "VOID_ONLY", "reason": "By a person"}
    return void(books, identifier, asked, books.organization.token_user)


def listed(books: Books, resource: Resource) -> list[Row]:
    return [books.shown(resource, row, reading=True) for row in books.organization.table(resource)]


def everything(books: Books) -> dict[str, list[Row]]:
    """All that the organization has, as the API shows it."""
    return {name: listed(books, resource) for name, resource in RESOURCES.items()}
