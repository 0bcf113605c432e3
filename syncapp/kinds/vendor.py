"""Vendors: both ways, linked by name."""

from __future__ import annotations

from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.schema import TO_QBO, BillcomShape, Field, Keys, Kind, Lookup, QboShape, Raw, Terms, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds._shared import (
    ACTIVE,
    address,
    country,
    cut,
    home_currency,
    one_email,
    owes_nothing,
    read_list,
    spelled_otherwise,
    without_deleted,
)


def read(values: Values, raw: Raw, side: Side) -> Values:
    values = read_list(values, raw, side)
    values["address_country"] = country(values["address_country"])
    if side is Side.QBO:
        values["company_name"] = without_deleted(values["company_name"])
    return values


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """By name; the same e-mail, or what looks like the same tax id, under another name is only ever proposed."""
    email = cut(one_email(values["email"]).casefold())
    return Keys(first=cut(normalise(values["name"])), second=tax_key(values), proposal=email)


def tax_key(values: Values) -> str:
    """QuickBooks shows the last four digits of a tax id. Of ten thousand vendors each has many with the same ones, so
    the first word of the name must be the same, too.

    Reference: Intuit docs, Vendor: TaxIdentifier is masked.
    """
    digits = "".join(char for char in values["tax_id"] if char.isdigit())
    word = normalise(next(iter(values["name"].split()), ""))
    return cut(f"{digits[-4:]}/{word}") if len(digits) >= 4 and word else ""


NO_CHECKS = (
    "Checks can't be sent to this vendor yet: BILL has only a country of its address. Enter the address in QuickBooks "
    "Online or in BILL."
)


def remark(values: Values) -> str:
    """BILL mails checks, and some vendors have just the company's own country there.

    Reference: spec, sync matrix, section 1: vendor.
    """
    only_country = values.get("address_country") and not (values.get("address_line1") or values.get("address_city"))
    return NO_CHECKS if only_country else ""


def without_unused(values: Values, towards: Side, terms: Terms) -> Values:
    return values if terms.payment_terms else {name: value for name, value in values.items() if name != "term"}


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    """BILL wants a country in every address: the company's own where QuickBooks shows none."""
    if is_masked(values["tax_id"]):
        values = {**values, "tax_id": ""}
    if towards is Side.BILLCOM:
        if not (values["address_country"] or terms.vendor_country):
            return Hold(HoldCode.NEEDS_ADDRESS)
        settled = {"address_country": values["address_country"] or terms.vendor_country}
        return {**values, **settled, "email": one_email(values["email"])}
    return values


def is_masked(tax_id: str) -> bool:
    """Shown as "XXXXX6789" or "*****6789": that is not the number, and must not be written anywhere."""
    return "*" in tax_id or tax_id.upper().startswith("XXX")


def network_keeps(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    """Vendors of the BILL network own their record; edits from QuickBooks are refused."""
    if towards is Side.BILLCOM and shown.get("network") in ("CONNECTED", "CONNECTED_RPPS"):
        rule = "This vendor is connected in the BILL network, which refuses edits from outside."
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": "BILL", ACT: ALWAYS})
    return None


KIND = Kind(
    name="vendor",
    label="Vendor",
    plural="Vendors",
    billcom=BillcomShape(path="vendors", bulk=20),
    qbo=QboShape(entity="Vendor"),
    fields={
        "name": Field(billcom="name", qbo="DisplayName", label="Name", limits={Side.BILLCOM: 100}),
        "company_name": Field(
            billcom="additionalInfo.companyName", qbo="CompanyName", label="Company name", limits={Side.QBO: 100}
        ),
        "email": Field(billcom="email", qbo="PrimaryEmailAddr.Address", label="E-mail", limits={Side.QBO: 100}),
        "phone": Field(billcom="phone", qbo="PrimaryPhone.FreeFormNumber", label="Phone", limits={Side.QBO: 30}),
        **address("address", "BillAddr"),
        "account_number": Field(billcom="accountNumber", qbo="AcctNum", label="Account no.", limits={Side.QBO: 100}),
        "tax_id": Field(billcom="additionalInfo.taxId", qbo="TaxIdentifier", label="Tax id", to=TO_QBO, fill_only=True),
        "track_1099": Field(billcom="additionalInfo.track1099", qbo="Vendor1099", type=Type.BOOL, label="Track 1099"),
        "term": Field(
            billcom="additionalInfo.paymentTermId",
            qbo="TermRef.value",
            type=Type.REF,
            ref="term",
            label="Payment term",
            optional=True,
        ),
        "active": ACTIVE,
        "currency": Field(billcom="billCurrency", qbo="CurrencyRef.value", fact=True, label="Currency"),
        "network": Field(billcom="networkStatus", fact=True, label="BILL network"),
        "balance": Field(billcom="balance.amount", qbo="Balance", type=Type.MONEY, fact=True, label="Balance"),
    },
    keys=keys,
    exact_keys=("first",),
    booked_otherwise=spelled_otherwise,
    read=read,
    prepare=without_unused,
    switched={"payment_terms": ("term",)},
    adapt=adapt,
    gates=(home_currency,),
    update_gates=(network_keeps,),
    keeps=owes_nothing,
    remark=remark,
)
