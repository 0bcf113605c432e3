"""The accounts the books themselves need: found by their type, made when the company has none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from syncapp.sandbox.qbo.entities_lists import ACCOUNT_TYPES, BALANCE_SHEET
from syncapp.sandbox.qbo.fields import ZERO
from syncapp.sandbox.qbo.store import Realm, Record


@dataclass(frozen=True, slots=True)
class SystemAccount:
    name: str
    type: str
    subtype: str
    #: Any account of the type will do, whatever its subtype.
    any_subtype: bool = False


PAYABLE = SystemAccount("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", True)
RECEIVABLE = SystemAccount("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", True)
UNDEPOSITED = SystemAccount("Undeposited Funds", "Other Current Asset", "UndepositedFunds")
OPENING_EQUITY = SystemAccount("Opening Balance Equity", "Equity", "OpeningBalanceEquity")
RETAINED = SystemAccount("Retained Earnings", "Equity", "RetainedEarnings")
INVENTORY = SystemAccount("Inventory Asset", "Other Current Asset", "Inventory")
COST_OF_GOODS = SystemAccount("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", True)
DISCOUNTS = SystemAccount("Discounts given", "Income", "DiscountsRefundsGiven")
SALES = SystemAccount("Sales", "Income", "SalesOfProductIncome", True)
TAX_PAYABLE = SystemAccount("Sales Tax Payable", "Other Current Liability", "GlobalTaxPayable")

# Reference: Intuit docs, Account: these cannot be sub-accounts.
NEVER_NESTED = frozenset({"OpeningBalanceEquity", "UndepositedFunds", "RetainedEarnings", "GlobalTaxPayable"})


def find(realm: Realm, wanted: SystemAccount) -> str:
    """The id of the account, "" where the company has none."""
    known = realm.system_accounts.get(wanted.name)
    if known and known in realm.table("Account").rows:
        return known
    fits = [account for account in realm.table("Account") if _fits(account, wanted)]
    if not fits:
        return ""
    best = min(fits, key=lambda account: (account.get("AccountSubType") != wanted.subtype, "ParentRef" in account))
    return realm.system_accounts.setdefault(wanted.name, str(best["Id"]))


def _fits(account: Record, wanted: SystemAccount) -> bool:
    if account.get("AccountType") != wanted.type or account.get("Active") is False:
        return False
    return wanted.any_subtype or account.get("AccountSubType") == wanted.subtype


def tax_account(realm: Realm, tax_line: Record) -> str:
    """Where a tax is owed: the payable account named after the agency of its rate, "" where there is none."""
    detail = tax_line.get("TaxLineDetail") or {}
    rate = realm.get("TaxRate", str((detail.get("TaxRateRef") or {}).get("value"))) or {}
    agency = realm.get("TaxAgency", str((rate.get("AgencyRef") or {}).get("value"))) or {}
    wanted = f"{agency.get('DisplayName')} Payable"
    return next((str(account["Id"]) for account in realm.table("Account").find("Name", wanted)), "")


def classification(account: Record) -> str:
    return ACCOUNT_TYPES.get(account.get("AccountType", ""), ("", ""))[0]


def on_balance_sheet(account: Record) -> bool:
    return classification(account) in BALANCE_SHEET


def shown(account: Record, balance: Decimal) -> Decimal:
    """A balance as CurrentBalance has it: debit is plus, except what is owed on a credit card; no balance of a year."""
    if not on_balance_sheet(account):
        return ZERO
    return -balance if account.get("AccountType") == "Credit Card" else balance


def of_type(realm: Realm, id: str, types: Iterable[str]) -> bool:
    account = realm.get("Account", id)
    return account is not None and str(account.get("AccountType")) in types
