"""A company's preferences, mappings and QuickBooks settings, as the core wants them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from syncapp.core.codec import dig
from syncapp.core.schema import Account, Terms
from syncapp.core.sides import Side
from syncapp.models import AccountingPreferences, Company, GLMapping, GLRole, SyncPreferences


def load(company: Company) -> Terms:
    sync, _ = SyncPreferences.objects.get_or_create(company=company)
    accounting, _ = AccountingPreferences.objects.get_or_create(company=company)
    accounts: dict[str, Account] = {}
    banks: dict[str, Account] = {}
    for mapping in GLMapping.objects.filter(company=company, account__qbo_id__isnull=False).select_related("account"):
        assert mapping.account is not None
        account = Account(mapping.account.pk, mapping.account.qbo_id or "")
        if mapping.role == GLRole.BANK_ACCOUNT:
            banks[mapping.billcom_bank_id] = account
        else:
            accounts[mapping.role] = account
    return Terms(
        cohort=company.cohort,
        master=Side(sync.master),
        approved_only=sync.approved_only,
        one_way=sync.one_way,
        two_way_payments=sync.two_way_payments,
        vendor_country=sync.vendor_country,
        customer_email=sync.customer_email,
        home_currency=accounting.home_currency or "USD",
        books_closed_on=accounting.books_closed_on,
        accounts=accounts,
        banks=banks,
        **{switch: accounting.uses(switch) for switch in AccountingPreferences.SWITCHES},
    )


# Reference: Intuit docs, Preferences entity.
SWITCHES = {
    "account_numbers": (("AccountingInfoPrefs", "UseAccountNumbers"),),
    "locations": (("AccountingInfoPrefs", "TrackDepartments"),),
    "classes": (("AccountingInfoPrefs", "ClassTrackingPerTxn"), ("AccountingInfoPrefs", "ClassTrackingPerTxnLine")),
    "customers_in_payables": (("VendorAndPurchasesPrefs", "TrackingByCustomer"),),
    "items_in_payables": (("ProductAndServicesPrefs", "ForPurchase"),),
}


def read_preferences(company: Company, shown: dict[str, Any], now: datetime) -> bool:
    """Take over what QuickBooks' Preferences say. Whether anything changed."""
    accounting, _ = AccountingPreferences.objects.get_or_create(company=company)
    before = {name: getattr(accounting, name) for name in _READ}
    for switch, paths in SWITCHES.items():
        setattr(accounting, f"qbo_{switch}", any(dig(shown, path) is True for path in paths))
    closed = dig(shown, ("AccountingInfoPrefs", "BookCloseDate"))
    accounting.books_closed_on = date.fromisoformat(str(closed)[:10]) if closed else None
    accounting.home_currency = str(dig(shown, ("CurrencyPrefs", "HomeCurrency", "value")) or "")[:3]
    accounting.read_at = now
    accounting.save()
    return before != {name: getattr(accounting, name) for name in _READ}


_READ = (*(f"qbo_{switch}" for switch in SWITCHES), "books_closed_on", "home_currency")
