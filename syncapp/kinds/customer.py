"""Customers: both ways. A QuickBooks sub-customer is a BILL customer of its own, named "Parent:Child"."""

from __future__ import annotations

from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.merging import waiting
from syncapp.core.schema import (
    BillcomShape,
    Draft,
    Field,
    Keys,
    Kind,
    Lookup,
    QboShape,
    Raw,
    Target,
    Terms,
    Type,
    Values,
)
from syncapp.core.sides import Side
from syncapp.kinds import _shared
from syncapp.kinds._shared import ACTIVE, address, country, cut, home_currency, one_email, owes_nothing, read_list


def path_key(name: str) -> str:
    return cut(":".join(normalise(part) for part in name.split(":")))


def read(values: Values, raw: Raw, side: Side) -> Values:
    if side is Side.QBO and not values["name"]:
        values["name"] = str(raw.get("DisplayName") or "")
    values = read_list(values, raw, side)
    for field in ("address_country", "shipping_country"):
        values[field] = country(values[field])
    return values


def spelled_otherwise(name: str, billcom: Values, qbo: Values) -> bool:
    """As names are, a path of them step by step."""
    if name == "name":
        return path_key(billcom["name"]) == path_key(qbo["name"])
    return _shared.spelled_otherwise(name, billcom, qbo)


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """By full name; the same e-mail under another name is only ever proposed, and never within one family."""
    proposal = "" if ":" in values["name"] or values["parent"] else one_email(values["email"]).casefold()
    return Keys(first=path_key(values["name"]), proposal=cut(proposal))


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    if towards is Side.BILLCOM:
        return _for_billcom(values, terms)
    if ":" not in values["name"]:
        return {**values, "parent": ""}
    parent = above(values["name"], lookup)
    if parent is None or parent.qbo_id is None:
        return waiting("customer", values["name"].rsplit(":", 1)[0].strip(), parent)
    return {**values, "parent": parent.qbo_id}


def _for_billcom(values: Values, terms: Terms) -> Values | Hold:
    """BILL wants an e-mail address, and a country in each postal address that is given."""
    email = one_email(values["email"]) or terms.customer_email
    if not email:
        return Hold(HoldCode.NEEDS_EMAIL)
    values = {**values, "email": email}
    for head in ("address", "shipping"):
        given = any(values[f"{head}_{part}"] for part in ("line1", "line2", "city", "state", "zip"))
        if given and not values[f"{head}_country"]:
            if not terms.vendor_country:
                return Hold(HoldCode.NEEDS_ADDRESS)
            values[f"{head}_country"] = terms.vendor_country
    return values


def above(name: str, lookup: Lookup) -> Target | None:
    """The customer that "Parent:Child" stands under; BILL knows it by its name only."""
    return lookup.find("customer", Side.BILLCOM, f"~{path_key(name.rsplit(':', 1)[0])}") if ":" in name else None


def write(payload: Raw, draft: Draft) -> Raw:
    """The full name is read-only in QuickBooks: it follows from the own name and the parent."""
    if draft.side is Side.BILLCOM or "FullyQualifiedName" not in payload:
        return payload
    name = payload.pop("FullyQualifiedName")
    payload["DisplayName"] = name.rsplit(":", 1)[-1].strip()
    parent = above(name, draft.lookup)
    if parent is not None and parent.qbo_id:
        payload |= {"ParentRef": {"value": parent.qbo_id}, "Job": True}
    elif ":" not in name and draft.values.get("parent"):
        payload |= {"ParentRef": None, "Job": False}
    return payload


def project_stays(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    """QuickBooks projects come to BILL; what is changed there doesn't go back."""
    if towards is Side.QBO and shown.get("project"):
        rule = "A project is kept in QuickBooks: changes made to it in BILL are not written back."
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": towards.label, ACT: ALWAYS})
    return None


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
        "currency": Field(billcom="invoiceCurrency", qbo="CurrencyRef.value", fact=True, label="Currency"),
        "balance": Field(billcom="balance.amount", qbo="Balance", type=Type.MONEY, fact=True, label="Balance"),
    },
    keys=keys,
    booked_otherwise=spelled_otherwise,
    read=read,
    adapt=adapt,
    write=write,
    gates=(home_currency,),
    update_gates=(project_stays,),
    keeps=owes_nothing,
    names_path=True,
)
