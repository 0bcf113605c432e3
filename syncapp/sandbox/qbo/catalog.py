"""What the books make of a list record that is written: its name, its defaults, and the rules of each list."""

from __future__ import annotations

from collections.abc import Callable

from syncapp.sandbox.qbo import accounts, bodies
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities_lists import ACCOUNT_TYPES
from syncapp.sandbox.qbo.fields import ZERO
from syncapp.sandbox.qbo.lines import feature_off
from syncapp.sandbox.qbo.names import settle
from syncapp.sandbox.qbo.store import Record, value_of
from syncapp.sandbox.qbo.validation import check_currency
from syncapp.sandbox.qbo.work import Work

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
#: Where the subtype alone is sent, the type follows from it.
_TYPES_BY_SUBTYPE = {subtype: type for type, (_, subtype) in ACCOUNT_TYPES.items()} | {
    "Savings": "Bank",
    "MoneyMarket": "Bank",
    "CashOnHand": "Bank",
    "UndepositedFunds": "Other Current Asset",
    "Inventory": "Other Current Asset",
    "PrepaidExpenses": "Other Current Asset",
    "OpeningBalanceEquity": "Equity",
    "RetainedEarnings": "Equity",
    "ServiceFeeIncome": "Income",
}


def prepare(work: Work, entity: Entity, record: Record, old: Record | None) -> None:
    """Completes the record in place. Raises Fault."""
    record.setdefault("Active", True)
    rule = CATALOG.get(entity.name)
    if rule is not None:
        rule(work, record, old)
    if entity.sub_flag:
        _check_parent(work, entity, record)
    settle(work, entity, record)


def _check_parent(work: Work, entity: Entity, record: Record) -> None:
    """The flag and the reference say the same; the flag taken away frees from the parent."""
    flag = record.get(entity.sub_flag)
    if flag is False and "ParentRef" in record:
        del record["ParentRef"]
    if flag and "ParentRef" not in record:
        raise bodies.required("ParentRef")


def _person(work: Work, record: Record) -> None:
    parts = [record[name] for name in _NAME_PARTS if record.get(name)]
    if not record.get("DisplayName"):
        if not parts:
            raise bodies.required("DisplayName")
        record["DisplayName"] = " ".join(parts)
    record.setdefault("PrintOnCheckName", record["DisplayName"][:110])


def masked(number: str, keep: int = 4) -> str:
    return "X" * max(len(number) - keep, 0) + number[-keep:]


def _vendor(work: Work, record: Record, old: Record | None) -> None:
    _person(work, record)
    check_currency(work, record)
    record.setdefault("Vendor1099", False)
    record.setdefault("Balance", ZERO)
    if "TaxIdentifier" in record:
        record["TaxIdentifier"] = masked(record["TaxIdentifier"])


def _customer(work: Work, record: Record, old: Record | None) -> None:
    _person(work, record)
    check_currency(work, record)
    if "ParentRef" in record and (old is None or "ParentRef" not in old):
        record["Job"] = True
    defaults = {"Taxable": True, "Job": False, "BillWithParent": False, "IsProject": False}
    for name, value in {**defaults, "Balance": ZERO, "BalanceWithJobs": ZERO}.items():
        record.setdefault(name, value)
    record.setdefault("PreferredDeliveryMethod", "Print")


def _employee(work: Work, record: Record, old: Record | None) -> None:
    _person(work, record)
    record.setdefault("BillableTime", False)
    if "SSN" in record:
        record["SSN"] = "XXX-XX-XXXX"


def _account(work: Work, record: Record, old: Record | None) -> None:
    if "AccountType" not in record:
        type = _TYPES_BY_SUBTYPE.get(record.get("AccountSubType", ""))
        if type is None:
            raise bodies.required("AccountType")
        record["AccountType"] = type
    record["Classification"], subtype = ACCOUNT_TYPES[record["AccountType"]]
    record.setdefault("AccountSubType", subtype)
    record.setdefault("CurrentBalance", ZERO)
    record.setdefault("CurrentBalanceWithSubAccounts", ZERO)
    check_currency(work, record)
    _check_account_number(work, record)
    _check_account_parent(work, record)


def _check_account_number(work: Work, record: Record) -> None:
    number, longest = record.get("AcctNum", ""), work.switches.qbo_account_number_length
    if len(number) > longest:
        raise bodies.too_long("AcctNum", longest, len(number))


def _check_account_parent(work: Work, record: Record) -> None:
    parent = work.realm.get("Account", value_of(record.get("ParentRef")))
    if parent is None or record.get("SubAccount") is False:
        return
    if parent["AccountType"] != record["AccountType"]:
        raise bodies.business("A sub-account has the type of its parent", element="AccountType")
    if record["AccountSubType"] in accounts.NEVER_NESTED:
        raise bodies.business(f"{record['AccountSubType']} cannot be a sub-account", element="ParentRef")
    if parent is not None and parent.get("AccountSubType") == "OpeningBalanceEquity":
        # Reference: spec, behaviour of BILL's sync, section 9, error 37.
        words = "Accounts with detail type Opening Balance Equity cannot have sub-accounts"
        raise bodies.business(words, element="ParentRef")


def _item(work: Work, record: Record, old: Record | None) -> None:
    kind = record["Type"]
    if kind == "Inventory":
        for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "QtyOnHand", "InvStartDate"):
            if name not in record:
                raise bodies.required(name)
    elif kind != "Category" and not ("IncomeAccountRef" in record or "ExpenseAccountRef" in record):
        raise bodies.required("IncomeAccountRef")
    record["TrackQtyOnHand"] = kind == "Inventory"
    if kind != "Category":
        for name, value in (("Taxable", False), ("UnitPrice", ZERO), ("PurchaseCost", ZERO)):
            record.setdefault(name, value)


def _term(work: Work, record: Record, old: Record | None) -> None:
    by_date = "DayOfMonthDue" in record
    if by_date and "DueDays" in record:
        raise bodies.business("A term has DueDays or DayOfMonthDue", element="DueDays")
    record["Type"] = "DATE_DRIVEN" if by_date else "STANDARD"
    if not by_date:
        record.setdefault("DueDays", 0)


def _payment_method(work: Work, record: Record, old: Record | None) -> None:
    record.setdefault("Type", "NON_CREDIT_CARD")


def _class(work: Work, record: Record, old: Record | None) -> None:
    info = work.realm.preferences.get("AccountingInfoPrefs") or {}
    tracked = info.get("ClassTrackingPerTxnLine") or info.get("ClassTrackingPerTxn")
    if not tracked and work.switches.qbo_untracked == "refused":
        raise feature_off("Class")


def _department(work: Work, record: Record, old: Record | None) -> None:
    if (
        not work.realm.preference("AccountingInfoPrefs", "TrackDepartments")
        and work.switches.qbo_untracked == "refused"
    ):
        raise feature_off("Department")


CATALOG: dict[str, Callable[[Work, Record, Record | None], None]] = {
    "Vendor": _vendor,
    "Customer": _customer,
    "Employee": _employee,
    "Account": _account,
    "Item": _item,
    "Term": _term,
    "PaymentMethod": _payment_method,
    "Class": _class,
    "Department": _department,
}
