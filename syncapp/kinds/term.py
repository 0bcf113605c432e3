"""Payment terms: an option, off at first. With it terms sync both ways, and vendors carry theirs.

BILL has one term for each number of days, without discounts and days of the month, and never lets one go.

Reference: https://developer.bill.com/docs/payment-terms; Intuit docs, Term; spec, sync matrix, section 1.
"""

from __future__ import annotations

from syncapp.core.codec import number
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.schema import (
    OF_ORGANIZATION,
    ZERO,
    BillcomShape,
    Field,
    Keys,
    Kind,
    Lookup,
    QboShape,
    Raw,
    Terms,
    Type,
    Values,
)
from syncapp.core.sides import Side
from syncapp.kinds._shared import cut, read_list, spelled_otherwise

LONGEST = 999
OFF = "The sync preference “Sync Payment Terms” is off."
OFF_FIX = "Turn it on in Sync preferences, if terms should sync."
NOT_IN_BILL = "BILL's payment terms are a number of days and nothing else, and this one {what}."
NOT_IN_BILL_FIX = "Nothing to do: it stays in QuickBooks Online, and vendors who have it keep it there."
TAKEN = "BILL has one payment term for each number of days, and another one has as many already."
TAKEN_FIX = "Give one of the two another number of days; or exclude this one, and give its vendors the other."
INACTIVE = "It is inactive in QuickBooks Online, and BILL's payment terms can't be archived."


def read(values: Values, raw: Raw, side: Side) -> Values:
    if side is Side.BILLCOM:
        return {**values, "active": True}
    # Reference: Intuit docs, Term: DueDays or DayOfMonthDue; Type isn't in every reply.
    values["day_of_month"] = number(raw.get("DayOfMonthDue"))
    values["days"] = None if values["day_of_month"] else values["days"] or ZERO
    return read_list(values, raw, side)


def flow(towards: Side, terms: Terms) -> Hold | None:
    return None if terms.payment_terms else Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": OFF, "fix": OFF_FIX})


def fits_bill(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.QBO:
        return None
    if not values["active"]:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": INACTIVE, "fix": NOT_IN_BILL_FIX})
    what = ""
    if values["day_of_month"]:
        what = "is due on a day of the month"
    elif values["discount"]:
        what = "has a discount"
    elif values["days"] > LONGEST:
        what = f"has more than {LONGEST}"
    return (
        Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NOT_IN_BILL.format(what=what), "fix": NOT_IN_BILL_FIX})
        if what
        else None
    )


def still_fits_bill(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    return fits_bill(values, towards, terms)


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """By days and name, then by the days alone. What can't be in BILL is nobody's twin."""
    name = normalise(values["name"])
    if values["days"] is None or values["discount"]:
        return Keys()
    days = str(int(values["days"]))
    return Keys(first=cut(f"{days}/{name}"), second=days, proposal=cut(name))


KIND = Kind(
    name="term",
    label="Payment term",
    plural="Payment terms",
    billcom=BillcomShape(path=f"organizations/{OF_ORGANIZATION}/payment-terms", whole=True),
    qbo=QboShape(entity="Term", always=("name",)),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", limits={Side.QBO: 31}),
        "days": Field(billcom="daysDue", qbo="DueDays", type=Type.NUMBER, label="Days"),
        # BILL's can't be archived, so it stays where it is.
        "active": Field(qbo="Active", type=Type.BOOL, label="Active", to=frozenset()),
        "day_of_month": Field(type=Type.NUMBER, fact=True, label="Day of the month"),
        "discount": Field(qbo="DiscountPercent", type=Type.NUMBER, fact=True, label="Discount %"),
    },
    flow=flow,
    gates=(fits_bill,),
    update_gates=(still_fits_bill,),
    keys=keys,
    booked_otherwise=spelled_otherwise,
    matched_by="number of days",
    read=read,
    taken_words={Side.BILLCOM: (TAKEN, TAKEN_FIX)},
    needs="payment_terms",
)
