"""Chart of accounts: both ways, parents first, active and inactive both."""

from __future__ import annotations

from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.schema import BillcomShape, Draft, Field, Keys, Kind, Lookup, QboShape, Raw, Terms, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds._shared import ACTIVE, cut, kept, read_list, spelled_otherwise

TYPES = {
    "BANK": "Bank",
    "ACCOUNTS_RECEIVABLE": "Accounts Receivable",
    "OTHER_CURRENT_ASSET": "Other Current Asset",
    "FIXED_ASSET": "Fixed Asset",
    "OTHER_ASSET": "Other Asset",
    "ACCOUNTS_PAYABLE": "Accounts Payable",
    "CREDIT_CARD": "Credit Card",
    "OTHER_CURRENT_LIABILITY": "Other Current Liability",
    "LONG_TERM_LIABILITY": "Long Term Liability",
    "EQUITY": "Equity",
    "INCOME": "Income",
    "COST_OF_GOODS_SOLD": "Cost of Goods Sold",
    "EXPENSE": "Expense",
    "OTHER_INCOME": "Other Income",
    "OTHER_EXPENSE": "Other Expense",
    "NON_POSTING": "Non-Posting",
}
# QuickBooks makes and guards these itself. Reference: Intuit docs, Account: AccountSubType.
SPECIAL_SUBTYPES = {
    "AccountsPayable": "ap",
    "AccountsReceivable": "ar",
    "OpeningBalanceEquity": "opening balance equity",
    "UndepositedFunds": "undeposited funds",
    "RetainedEarnings": "retained earnings",
}
SPECIAL_TYPES = {"ACCOUNTS_PAYABLE": "ap", "ACCOUNTS_RECEIVABLE": "ar"}
SPECIAL_NAMES = {normalise(name): name for name in ("Opening Balance Equity", "Undeposited Funds", "Retained Earnings")}


def read(values: Values, raw: Raw, side: Side) -> Values:
    values = read_list(values, raw, side)
    special = SPECIAL_TYPES.get(values["account_type"], "") or SPECIAL_SUBTYPES.get(values.get("subtype", ""), "")
    values["special"] = special or SPECIAL_NAMES.get(normalise(values["name"]), "").lower()
    return values


def without_unused(values: Values, towards: Side, terms: Terms) -> Values:
    """Numbers are in use only where Show Account Numbers is on."""
    return values if terms.account_numbers else {name: value for name, value in values.items() if name != "number"}


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """Number and name together, then the name inside the same parent (which is the full path)."""
    name = normalise(values["name"])
    if values["special"]:
        return Keys(first=cut(f"special/{values['special']}"))
    number = normalise(values["number"])
    parent = lookup.find("account", side, values["parent"]) if values["parent"] else None
    inside = "" if values["parent"] and parent is None else f"{parent.key if parent else ''}/{name}"
    return Keys(first=cut(f"#{number}/{name}" if number else inside), second=cut(inside))


NOT_SPECIAL_FIX = "Nothing to do. If both products have it under different names, link it with the other on its page."


def not_special(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if not values["special"]:
        return None
    rule = "Accounts that QuickBooks makes itself (A/P, A/R, Opening Balance Equity …) are never created by the sync."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "fix": NOT_SPECIAL_FIX, "to_make_it_in": towards.label})


def has_a_type(values: Values, towards: Side, terms: Terms) -> Hold | None:
    """BILL can do without a type, QuickBooks can't."""
    if values["account_type"] in TYPES:
        return None
    rule = "This account has no type that the other product knows."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": towards.label, ACT: ALWAYS})


def is_special(field: str, values: Values, shown: Values, towards: Side) -> str:
    """Never renamed or made inactive by us: such an account simply stays as each side has it."""
    return "Accounts that QuickBooks makes itself are never changed by the sync." if shown.get("special") else ""


BANK = "bank-account"

# What they show is a year's, and nothing is left of it to settle.
OF_A_YEAR = ("INCOME", "COST_OF_GOODS_SOLD", "EXPENSE", "OTHER_INCOME", "OTHER_EXPENSE", "NON_POSTING")


def is_needed(key: int, shown: Values, side: Side, terms: Terms) -> Hold | None:
    """Not one that the sync posts to, nor one that QuickBooks has money on."""
    if used := uses_of(key, terms):
        fix = f"Choose another account in Sync preferences, then retry. Or bring it back in {side.other.label}."
        return kept(side, f"the sync uses it as {', '.join(used)}", fix)
    if not shown.get("balance") or shown["account_type"] in OF_A_YEAR:
        return None
    fix = f"Move what is on it to another account in {side.label}, then retry. Or bring it back in {side.other.label}."
    return kept(side, f"{side.label} shows {shown['balance']:.2f} on it", fix)


def uses_of(key: int, terms: Terms) -> list[str]:
    """What the account stands for in this company's preferences."""
    banks = [(BANK, account) for account in terms.banks.values()]
    chosen = (*terms.accounts.items(), *terms.inactive, *banks)
    roles = {role for role, account in chosen if account.key == key}
    named = sorted(role.replace("-", " ") for role in roles - {BANK})
    return named + ["the account of a BILL bank account"] * (BANK in roles)


def write(payload: Raw, draft: Draft) -> Raw:
    """Accounts take full updates only, so what an update doesn't mean to change is repeated.

    Reference: Intuit docs, Account: full update.
    """
    if draft.side is Side.BILLCOM:
        return payload
    if "ParentRef" in payload:
        payload["SubAccount"] = payload["ParentRef"] is not None
    old = draft.current or {}
    return {name: old[name] for name in ("AccountSubType", "TaxCodeRef") if name in old} | payload


KIND = Kind(
    name="account",
    label="Account",
    plural="Chart of accounts",
    billcom=BillcomShape(path="classifications/chart-of-accounts", bulk=50),
    qbo=QboShape(entity="Account", always=("name", "number", "description", "account_type", "parent")),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", limits={Side.QBO: 100}),
        "number": Field(billcom="account.number", qbo="AcctNum", label="Number", limits={Side.QBO: 20}),
        "description": Field(billcom="description", qbo="Description", label="Description", limits={Side.QBO: 100}),
        "account_type": Field(
            billcom="account.type", qbo="AccountType", type=Type.CHOICE, choices=TYPES, label="Type", fixed=True
        ),
        "parent": Field(
            billcom="parentId", qbo="ParentRef.value", type=Type.REF, ref="account", label="Sub-account of"
        ),
        "active": ACTIVE,
        "subtype": Field(qbo="AccountSubType", fact=True, label="Detail type"),
        "special": Field(fact=True, label="Special account"),
        "balance": Field(qbo="CurrentBalance", type=Type.MONEY, fact=True, label="Balance"),
    },
    number="number",
    gates=(not_special, has_a_type),
    prepare=without_unused,
    switched={"account_numbers": ("number",)},
    untouchable=is_special,
    keeps=is_needed,
    keys=keys,
    key_refs=("parent",),
    matched_by="number and name",
    booked_otherwise=spelled_otherwise,
    read=read,
    write=write,
)
