"""What people send to either product, in its own shape."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.simulation.books import BILLCOM

ADDRESS = {"line1": "1 Quay", "city": "Dover", "zipOrPostalCode": "19901", "country": "US"}
QBO_ADDRESS = {"Line1": "1 Quay", "City": "Dover", "PostalCode": "19901", "Country": "US"}
PARTY = {
    "email": ("email", ("PrimaryEmailAddr", "Address")),
    "phone": ("phone", ("PrimaryPhone", "FreeFormNumber")),
    "name": ("name", ("DisplayName", "")),
}


def party_field(side: str, name: str, value: str) -> dict[str, Any]:
    ours, (outer, inner) = PARTY[name]
    if side == BILLCOM:
        return {ours: value}
    return {outer: {inner: value} if inner else value}


def line_payload(side: str, amount: Decimal, words: str, account: str, tracked: str, customer: str) -> dict[str, Any]:
    if side == BILLCOM:
        codes = {"chartOfAccountId": account, "accountingClassId": tracked, "customerId": customer}
        return {"amount": amount, "description": words, "classifications": {k: v for k, v in codes.items() if v}}
    detail: dict[str, Any] = {"AccountRef": {"value": account}, "BillableStatus": "NotBillable"}
    detail |= {"ClassRef": {"value": tracked}} if tracked else {}
    detail |= {"CustomerRef": {"value": customer}} if customer else {}
    kind = "AccountBasedExpenseLineDetail"
    return {"DetailType": kind, "Amount": amount, "Description": words, kind: detail}


def credit_payload(
    side: str, vendor: str, mark: str, day: date, lines: list[tuple[Decimal, str, str, str, str]]
) -> dict[str, Any]:
    written = [line_payload(side, *each) for each in lines]
    if side == BILLCOM:
        head = {"vendorId": vendor, "referenceNumber": mark, "creditDate": day.isoformat()}
        return {**head, "vendorCreditLineItems": written}
    return {"VendorRef": {"value": vendor}, "DocNumber": mark, "TxnDate": day.isoformat(), "Line": written}


def sales_line(side: str, item: str, quantity: Decimal, price: Decimal, words: str, tracked: str) -> dict[str, Any]:
    if side == BILLCOM:
        codes = {"itemId": item, "accountingClassId": tracked}
        codes = {name: value for name, value in codes.items() if value}
        return {"quantity": quantity, "price": price, "description": words, "classifications": codes}
    detail: dict[str, Any] = {"ItemRef": {"value": item}, "Qty": quantity, "UnitPrice": price}
    detail |= {"ClassRef": {"value": tracked}} if tracked else {}
    kind = "SalesItemLineDetail"
    return {"DetailType": kind, "Amount": quantity * price, "Description": words, kind: detail}


def invoice_payload(
    side: str, customer: str, mark: str, day: date, due: date, lines: list[dict[str, Any]]
) -> dict[str, Any]:
    dates = (day.isoformat(), due.isoformat())
    if side == BILLCOM:
        head = {"customer": {"id": customer}, "invoiceNumber": mark, "invoiceLineItems": lines}
        return {**head, "invoiceDate": dates[0], "dueDate": dates[1]}
    head = {"CustomerRef": {"value": customer}, "DocNumber": mark, "Line": lines}
    return {**head, "TxnDate": dates[0], "DueDate": dates[1]}


def memo_payload(side: str, customer: str, mark: str, day: date, lines: list[dict[str, Any]]) -> dict[str, Any]:
    if side == BILLCOM:
        head = {"customerId": customer, "referenceNumber": mark, "creditDate": day.isoformat()}
        return {**head, "creditMemoLineItems": lines}
    return {"CustomerRef": {"value": customer}, "DocNumber": mark, "TxnDate": day.isoformat(), "Line": lines}


def bill_payload(
    side: str, vendor: str, mark: str, day: date, due: date, lines: list[tuple[Decimal, str, str, str, str]], place: str
) -> dict[str, Any]:
    written = [line_payload(side, *each) for each in lines]
    if side == BILLCOM:
        for each in written if place else ():
            each["classifications"]["locationId"] = place
        head = {"invoiceNumber": mark, "invoiceDate": day.isoformat()}
        return {"vendorId": vendor, "dueDate": due.isoformat(), "invoice": head, "billLineItems": written}
    bill = {"VendorRef": {"value": vendor}, "DocNumber": mark, "TxnDate": day.isoformat(), "DueDate": due.isoformat()}
    return {**bill, "Line": written, **({"DepartmentRef": {"value": place}} if place else {})}
