"""Products and services: both ways. Categories and bundles don't sync; sales-tax items are another kind."""

from __future__ import annotations

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import TO_BILLCOM, BillcomShape, Field, Kind, Lookup, QboShape, Raw, Terms, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds._shared import ACTIVE, name_keys, read_list, spelled_otherwise
from syncapp.kinds.sales_tax import SALES_TAX

TYPES = {"SERVICE": "Service", "NON_INVENTORY": "NonInventory", "INVENTORY": "Inventory", "OTHER_CHARGE": "Service"}
# Reference: BILL API, classifications/items: type.
TAXES = (SALES_TAX, "SALES_TAX_GROUP")


NO_INCOME_ACCOUNT = (
    "This item has no income account in BILL, and QuickBooks Online wants one: what is sold by it would post nowhere."
)
NO_INCOME_ACCOUNT_FIX = (
    "Choose an income account on the item in BILL, or the Unallocated Income Account in Sync preferences; then retry."
)


def skips(raw: Raw, side: Side) -> bool:
    return side is Side.BILLCOM and raw.get("type") in TAXES


def _rule(text: str, towards: Side) -> Hold:
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": text, "to_make_it_in": towards.label})


def fit_to_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if values["item_type"] not in TYPES:
        return _rule("Categories, bundles and other special items don't sync.", towards)
    if towards is Side.QBO and values["item_type"] == "INVENTORY":
        return _rule("Inventory items need stock accounts and are made in QuickBooks only.", towards)
    if not values["account"] and not values["expense_account"]:
        return Hold(HoldCode.NEEDS_ACCOUNT, {"what": "This item"})
    return None


# Reference: spec, sync matrix, section 1: the payables side of an item.
PURCHASES = ("expense_account", "purchase_description", "purchase_cost")


def without_unused(values: Values, towards: Side, terms: Terms) -> Values:
    """What an item is bought for and by which account is in use only where bills have items."""
    if terms.items_in_payables:
        return values
    return {name: value for name, value in values.items() if name not in PURCHASES}


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    """QuickBooks wants an income account on every item: one that is only bought gets the Unallocated Income Account."""
    if towards is not Side.QBO or values["account"]:
        return values
    fallback = terms.accounts.get("unallocated-income")
    if fallback is None:
        return Hold(HoldCode.NEEDS_ACCOUNT, {"meaning": NO_INCOME_ACCOUNT, "fix": NO_INCOME_ACCOUNT_FIX})
    return {**values, "account": fallback.qbo_id}


KIND = Kind(
    name="item",
    label="Item",
    plural="Items",
    billcom=BillcomShape(path="classifications/items", bulk=50),
    qbo=QboShape(entity="Item", always=("name", "item_type")),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", limits={Side.QBO: 100}),
        "item_type": Field(billcom="type", qbo="Type", type=Type.CHOICE, choices=TYPES, label="Type", fixed=True),
        "description": Field(billcom="description", qbo="Description", label="Description", limits={Side.QBO: 4000}),
        "price": Field(billcom="price", qbo="UnitPrice", type=Type.NUMBER, label="Price"),
        "account": Field(
            billcom="chartOfAccountId",
            qbo="IncomeAccountRef.value",
            type=Type.REF,
            ref="account",
            label="Income account",
        ),
        "expense_account": Field(
            billcom="expenseChartOfAccountId",
            qbo="ExpenseAccountRef.value",
            type=Type.REF,
            ref="account",
            label="Expense account",
        ),
        "purchase_description": Field(
            billcom="purchaseDescription", qbo="PurchaseDesc", label="Purchase description", limits={Side.QBO: 1000}
        ),
        "purchase_cost": Field(billcom="purchaseCost", qbo="PurchaseCost", type=Type.NUMBER, label="Cost"),
        "taxable": Field(billcom="taxable", qbo="Taxable", type=Type.BOOL, label="Taxable", to=TO_BILLCOM),
        "active": ACTIVE,
    },
    gates=(fit_to_sync,),
    keys=name_keys,
    booked_otherwise=spelled_otherwise,
    read=read_list,
    prepare=without_unused,
    adapt=adapt,
    switched={"items_in_payables": PURCHASES},
    skips=skips,
)
