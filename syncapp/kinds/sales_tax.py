"""Sales tax: QuickBooks' tax codes become items of type SALES_TAX in BILL, so that taxed invoices can go there.

A code may be made of several rates (of a state, of a city); BILL's item has the percentage that they come to.

Reference: Intuit docs, TaxCode, TaxRate; BILL API, classifications/items; spec, sync matrix, section 1.
"""

from __future__ import annotations

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import TO_BILLCOM, BillcomShape, Draft, Field, Kind, QboShape, Raw, Terms, Type
from syncapp.core.sides import Side
from syncapp.kinds._shared import ACTIVE, name_keys, read_list

SALES_TAX = "SALES_TAX"
RATES, DETAILS = "SalesTaxRateList", "TaxRateDetail"
NOT_USED = "QuickBooks Online doesn't use sales tax."
NOT_USED_FIX = "Turn it on in QuickBooks Online, under Taxes. With the next sync its tax codes come to BILL."
ONE_DIRECTION = "Sales tax goes from QuickBooks Online to BILL only."
ONE_DIRECTION_FIX = "Make the tax code in QuickBooks Online, under Taxes, with the same name: the two are linked then."


def is_another(raw: Raw, side: Side) -> bool:
    """BILL's items that are sold, and codes that stand for no rate: taxable or not, as such."""
    if side is Side.BILLCOM:
        return raw.get("type") != SALES_TAX
    return not (raw.get(RATES) or {}).get(DETAILS)


def flow(towards: Side, terms: Terms) -> Hold | None:
    if not terms.sales_tax:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NOT_USED, "fix": NOT_USED_FIX})
    if towards is Side.QBO:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": ONE_DIRECTION, "fix": ONE_DIRECTION_FIX})
    return None


def write(payload: Raw, draft: Draft) -> Raw:
    return payload if draft.remote_id else {**payload, "type": SALES_TAX}


KIND = Kind(
    name="sales_tax",
    label="Sales tax",
    plural="Sales taxes",
    billcom=BillcomShape(path="classifications/items", bulk=50),
    qbo=QboShape(entity="TaxCode", told=False),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", to=TO_BILLCOM),
        "description": Field(billcom="description", qbo="Description", label="Description", to=TO_BILLCOM),
        # What its rates come to is put there when it is read (``services/reading_taxes.py``).
        "rate": Field(billcom="percentage", qbo="RateValue", type=Type.NUMBER, label="Percentage", to=TO_BILLCOM),
        "active": ACTIVE,
    },
    flow=flow,
    keys=name_keys,
    read=read_list,
    write=write,
    skips=is_another,
    needs="sales_tax",
)
