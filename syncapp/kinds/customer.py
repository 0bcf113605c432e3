"""Customers: both ways. A QuickBooks sub-customer is a BILL customer of its own, named "Parent:Child"."""

from __future__ import annotations

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.merging import waiting
from syncapp.core.schema import BillcomShape, Draft, Field, Keys, Kind, Lookup, QboShape, Raw, Terms, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds._shared import ACTIVE, address, country, cut, read_list


def path_key(name: str) -> str:
    return cut(":".join(normalise(part) for part in name.split(":")))


def read(values: Values, raw: Raw, side: Side) -> Values:
    if side is Side.QBO and not values["name"]:
        values["name"] = str(raw.get("DisplayName") or "")
    values = read_list(values, raw, side)
    for field in ("address_country", "shipping_country"):
        values[field] = country(values[field])
    return values


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """By full name; the same e-mail under another name is only ever proposed, and never within one family."""
    proposal = "" if ":" in values["name"] or values["parent"] else values["email"].casefold()
    return Keys(first=path_key(values["name"]), proposal=cut(proposal))


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    if towards is Side.BILLCOM:
        if values["email"]:
            return values
        if not terms.customer_email:
            return Hold(HoldCode.NEEDS_EMAIL)
        return {**values, "email": terms.customer_email}
    if ":" not in values["name"]:
        return {**values, "parent": ""}
    above = values["name"].rsplit(":", 1)[0].strip()
    parent = lookup.find("customer", Side.BILLCOM, f"~{path_key(above)}")
    if parent is None or parent.qbo_id is None:
        return waiting("customer", above, parent)
    return {**values, "parent": parent.qbo_id}


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.QBO and "FullyQualifiedName" in payload:
        # The full name is read-only in QuickBooks: it follows from the own name and the parent.
        payload["DisplayName"] = payload.pop("FullyQualifiedName").rsplit(":", 1)[-1].strip()
        if parent := draft.values.get("parent"):
            payload |= {"ParentRef": {"value": parent}, "Job": True}
    return payload


KIND = Kind(
    name="customer",
    label="Customer",
    plural="Customers",
    billcom=BillcomShape(path="customers"),
    qbo=QboShape(entity="Customer"),
    fields={
        "name": Field(billcom="name", qbo="FullyQualifiedName", label="Name"),
        "company_name": Field(billcom="companyName", qbo="CompanyName", label="Company name", limits={Side.QBO: 100}),
        "email": Field(billcom="email", qbo="PrimaryEmailAddr.Address", label="E-mail", limits={Side.QBO: 100}),
        "phone": Field(billcom="phone", qbo="PrimaryPhone.FreeFormNumber", label="Phone", limits={Side.QBO: 30}),
        **address("billingAddress", "BillAddr"),
        **{
            name.replace("address", "shipping"): field for name, field in address("shippingAddress", "ShipAddr").items()
        },
        "description": Field(billcom="description", qbo="Notes", label="Notes", limits={Side.QBO: 2000}),
        "active": ACTIVE,
        "account_number": Field(billcom="accountNumber", fact=True, label="Account no."),
        "parent": Field(qbo="ParentRef.value", type=Type.REF, ref="customer", fact=True, label="Sub-customer of"),
        "project": Field(qbo="IsProject", type=Type.BOOL, fact=True, label="Project"),
        "balance": Field(billcom="balance.amount", qbo="Balance", type=Type.MONEY, fact=True, label="Balance"),
    },
    keys=keys,
    read=read,
    adapt=adapt,
    write=write,
    names_path=True,
)
