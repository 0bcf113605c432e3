"""Making an organization of given records, shaped as the API shows them. Ids that are given are kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from syncapp.sandbox.billcom import invoices, memos
from syncapp.sandbox.billcom.approvals import add_policy
from syncapp.sandbox.billcom.bills import count_use, owe, settle, total
from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.fields import Field, Type
from syncapp.sandbox.billcom.organization import Context, Organization, role_rights
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.values import ZERO, Row, cents, exact, read_time

STANDARD_ROLES = (
    ("ADMINISTRATOR", "Full access"),
    ("ACCOUNTANT", "Manages bills, payments, the company's settings and its sync"),
    ("MEMBER", "Enters and approves bills"),
)


def secret(*parts: str) -> str:
    """A made-up credential of the sandbox; the same for the same company, so that runs replay."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]


def new_organization(context: Context, data: dict[str, Any], name: str, console: bool) -> Organization:
    now = context.stamp()
    identifier = context.make_id("008")
    details = {
        "name": name,
        "address": {"line1": "1 Sample Street", "city": "San Jose", "stateOrProvince": "CA", "country": "US"},
        "phone": "4085550100",
        "accountType": "BUSINESS",
        **data.get("organization", {}),
        "id": identifier,
        "archived": False,
        "createdTime": now,
        "updatedTime": now,
    }
    return Organization(
        id=identifier,
        name=details["name"],
        console=console,
        password=secret("password", identifier),
        token_name="Tieout sync",
        token_value=secret("sync token", identifier),
        token_user="",
        details=details,
    )


def fill(books: Books, data: dict[str, Any], console_email: str) -> None:
    """Records in the order in which they refer to one another."""
    organization = books.organization
    _people(books, data)
    if organization.console:
        _add_user(books, "ACCOUNTANT", "Console", "Accountant", console_email)
    for name, resource in RESOURCES.items():
        if name not in ("roles", "users"):
            _take(books, resource, data.get(name, ()))
    for policy in data.get("policies", ()):
        add_policy(books, policy)
    follow_all(books)


def follow_all(books: Books) -> None:
    """Work out, from the records alone, what follows from them."""
    organization = books.organization
    organization.paid_by.clear()
    organization.credited_by.clear()
    organization.received_by.clear()
    organization.owed.clear()
    for payment in organization.tables["payments"]:
        for share in payment["billPayments"]:
            organization.paid_by.setdefault(share["billId"], {})[payment["id"]] = None
    for credit in organization.tables["vendor-credits"]:
        for use in credit["usage"]:
            organization.credited_by.setdefault(use["billId"], {})[credit["id"]] = None
    for bill in organization.tables["bills"].rows.values():
        settle(books, bill)
        owe(books, bill, None)
    for received in organization.tables["receivable-payments"]:
        for share in received["invoicePayments"]:
            organization.received_by.setdefault(share["invoiceId"], {})[received["id"]] = None
    for invoice in organization.tables["invoices"].rows.values():
        invoices.settle(books, invoice)


def _people(books: Books, data: dict[str, Any]) -> None:
    organization = books.organization
    roles = organization.tables["roles"]
    for given in data.get("roles", ()):
        rights = given.get("rights")
        row = _common(books, RESOURCES["roles"], {name: value for name, value in given.items() if name != "rights"})
        roles.put(row)
        organization.rights[row["id"]] = role_rights(row, rights)
    for kind, description in STANDARD_ROLES:
        _role(books, kind, description)
    for given in data.get("users", ()):
        _take_user(books, given)
    administrators = [
        row for row in organization.tables["users"] if row["role"]["type"] == "ADMINISTRATOR" and not row["archived"]
    ]
    if not administrators:
        slug = re.sub(r"[^a-z0-9]+", "-", organization.name.lower()).strip("-") or "company"
        administrators = [_add_user(books, "ADMINISTRATOR", "Avery", "Admin", f"admin@{slug}.example")]
    organization.token_user = administrators[0]["id"]


def _role(books: Books, kind: str, description: str = "") -> Row:
    """The role of a type, made where the company has none."""
    for row in books.organization.tables["roles"]:
        if row["type"] == kind:
            return row
    row = _common(books, RESOURCES["roles"], {"type": kind, "description": description})
    books.organization.tables["roles"].put(row)
    books.organization.rights[row["id"]] = role_rights(row, None)
    return row


def _take_user(books: Books, given: Row) -> None:
    row = dict(given)
    named = row.pop("roleId", None) or row.get("role", {}).get("id")
    known = books.organization.tables["roles"].get(named) if named else None
    role = known or _role(books, row.get("role", {}).get("type", "MEMBER"))
    row["role"] = {name: role[name] for name in ("id", "type", "description") if name in role}
    books.organization.tables["users"].put(_common(books, RESOURCES["users"], row))


def _add_user(books: Books, kind: str, first: str, last: str, email: str) -> Row:
    users = books.organization.tables["users"]
    given = {"firstName": first, "lastName": last, "email": email, "role": {"type": kind}}
    _take_user(books, given)
    return users.rows[users.ids_with("email", [email])[-1]]


def _take(books: Books, resource: Resource, given: Iterable[Row]) -> None:
    table = books.organization.table(resource)
    shape = SHAPES.get(resource.name)
    for each in given:
        row = _common(books, resource, {**PRESET.get(resource.name, {}), **_clean(resource.fields, each)})
        if shape is not None:
            shape(books, row)
        table.put(row)


def _common(books: Books, resource: Resource, given: Row) -> Row:
    now = books.context.stamp()
    row = {name: value for name, value in given.items() if value is not None}
    row.setdefault("id", "")
    row["id"] = row["id"] or books.context.make_id(resource.prefix)
    if "archived" in resource.fields:
        row.setdefault("archived", False)
    row["createdTime"] = _time(row.get("createdTime"), now)
    row["updatedTime"] = max(_time(row.get("updatedTime"), now), row["createdTime"])
    for name, value in resource.defaults.items():
        row.setdefault(name, value)
    return row


def _time(given: Any, now: str) -> str:
    at = read_time(given) if isinstance(given, str) else None
    return f"{at[:19]}.000+00:00" if at else now


def _clean(fields: dict[str, Field] | Any, given: Row) -> Row:
    """Amounts with two decimals and no binary floats, whatever the file was read with."""
    row: Row = {}
    for name, value in given.items():
        known = fields.get(name)
        if known is not None and known.type is Type.AMOUNT:
            row[name] = cents(value)
        elif known is not None and known.fields and isinstance(value, dict):
            row[name] = _clean(known.fields, value)
        elif known is not None and known.fields and isinstance(value, list):
            row[name] = [_clean(known.fields, each) for each in value]
        elif value is not None:
            row[name] = exact(value)
    return row


def _shape_bill(books: Books, row: Row) -> None:
    _number_lines(books, row, RESOURCES["bills"])
    row.pop("vendorName", None)
    row["invoice"] = dict(row.get("invoice", {}))
    row["amount"] = row["fundingAmount"] = total(row["billLineItems"])
    row.setdefault("exchangeRate", 1)
    row |= dict.fromkeys(("paidAmount", "dueAmount", "scheduledAmount", "creditAmount"), ZERO)
    row["paymentStatus"] = "UNPAID"


def _number_lines(books: Books, row: Row, resource: Resource) -> None:
    lines = row.get(resource.lines, [])
    row[resource.lines] = [
        {**line, "id": line.get("id") or books.context.make_id(resource.line_prefix), "amount": _line_amount(line)}
        for line in lines
    ]


def _line_amount(line: Row) -> Decimal:
    if "amount" in line:
        return cents(line["amount"])
    return cents(Decimal(str(line["quantity"])) * Decimal(str(line["price"])))


def _shape_credit(books: Books, row: Row) -> None:
    _number_lines(books, row, RESOURCES["vendor-credits"])
    row["amount"] = total(row["vendorCreditLineItems"])
    row["usage"] = [{**use, "amount": cents(use["amount"])} for use in row.get("usage", ())]
    count_use(row)


def _shape_invoice(books: Books, row: Row) -> None:
    resource = RESOURCES["invoices"]
    row["customer"] = {"id": row["customerId"]}
    row[resource.lines] = [
        {**line, "id": line.get("id") or books.context.make_id(resource.line_prefix)}
        for line in row.get(resource.lines, ())
    ]
    row["totalAmount"] = invoices.total(row[resource.lines]) + invoices.taxed(books, row, row[resource.lines])
    row.setdefault("exchangeRate", 1)
    row |= dict.fromkeys(("dueAmount", "scheduledAmount", "creditAmount"), ZERO)
    row["status"] = "OPEN"


def _shape_memo(books: Books, row: Row) -> None:
    resource = RESOURCES["credit-memos"]
    _number_lines(books, row, resource)
    row["amount"] = total(row[resource.lines]) + invoices.taxed(books, row, row[resource.lines])
    row["usage"] = [{**use, "amount": cents(use["amount"])} for use in row.get("usage", ())]
    memos.count(row)


def _shape_received(books: Books, row: Row) -> None:
    row["invoicePayments"] = [{**share, "amount": cents(share["amount"])} for share in row["invoicePayments"]]
    row["amount"] = cents(row["amount"])
    row.setdefault("unappliedAmount", row["amount"] - sum((each["amount"] for each in row["invoicePayments"]), ZERO))
    row.setdefault("receivablesType", "CHECK")
    row.setdefault("status", "PAID")
    row.setdefault("onlinePayment", False)


def _shape_bank(books: Books, row: Row) -> None:
    row.setdefault("createdBy", books.organization.token_user)


def _shape_payment(books: Books, row: Row) -> None:
    shares = row.get("billPayments") or [{"billId": row["billId"], "amount": row["amount"]}]
    row["billPayments"] = [
        {**share, "id": share.get("id") or books.context.make_id("blp"), "amount": cents(share["amount"])}
        for share in shares
    ]
    if len(shares) == 1:
        row["billId"] = shares[0]["billId"]
    row.pop("vendorName", None)
    row["vendorId"] = row.get("vendorId") or books.organization.row("bills", shares[0]["billId"])["vendorId"]
    row["amount"] = row["fundingAmount"] = sum((share["amount"] for share in row["billPayments"]), ZERO)
    row.setdefault("exchangeRate", 1)
    row.setdefault("createdBy", books.organization.token_user)
    online = row.setdefault("onlinePayment", "fundingAccount" in row)
    row.setdefault("disbursementType", "CHECK" if online else "OFFLINE")
    row.setdefault("singleStatus", "CLEARED" if row.get("status", "PAID") == "PAID" else row["status"])
    row.setdefault("status", "SCHEDULED" if row["singleStatus"] == "SCHEDULED" else "PAID")
    row.setdefault("disbursementStatus", "DONE" if row["singleStatus"] == "CLEARED" else "SCHEDULED")
    _await(books, row)


def _await(books: Books, row: Row) -> None:
    """What a payment under way is waiting for."""
    awaited = books.organization.awaited
    if row["singleStatus"] == "SCHEDULED":
        awaited[row["id"]] = row["processDate"]
    elif row["singleStatus"] == "FUNDING_STARTED":
        days = timedelta(days=books.switches.billcom_clearing_days)
        awaited[row["id"]] = (date.fromisoformat(row["processDate"]) + days).isoformat()


SHAPES: dict[str, Callable[[Books, Row], None]] = {
    "bills": _shape_bill,
    "vendor-credits": _shape_credit,
    "banks": _shape_bank,
    "payments": _shape_payment,
    "invoices": _shape_invoice,
    "credit-memos": _shape_memo,
    "receivable-payments": _shape_received,
}
# A bank account that a sample company comes with has been verified long ago.
PRESET: dict[str, Row] = {"banks": {"status": "VERIFIED"}}
