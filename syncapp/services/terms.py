"""A company's preferences, mappings and QuickBooks settings, as the core wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from hashlib import sha256
from operator import or_
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from syncapp.core.codec import decode, dig
from syncapp.core.planning import EARLIER
from syncapp.core.schema import Account, Kind, Terms
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from syncapp.kinds._shared import country
from syncapp.models import (
    AccountingPreferences,
    Company,
    Cursor,
    GLMapping,
    GLRole,
    ObjectState,
    RunScope,
    SyncedObject,
    SyncPreferences,
    TransferPer,
)
from syncapp.services import rows

# Reference: spec, set-up guide, things to know: invoices.
INVOICES_BEFORE_SET_UP = timedelta(days=90)
# Reference: spec, sync matrix: CM-new.
CREDIT_MEMOS_SINCE = date(2019, 1, 15)
# Reference: spec, sync matrix, section 2: QuickBooks' only one of the type, else asked.
ONLY_ONE = {GLRole.ACCOUNTS_PAYABLE: "ACCOUNTS_PAYABLE", GLRole.ACCOUNTS_RECEIVABLE: "ACCOUNTS_RECEIVABLE"}
PLAIN_ITEMS = ("SERVICE", "NON_INVENTORY")
# As it is stored: without blanks.
CREDIT_CARD = '"AccountType":"Credit Card"'


def load(company: Company) -> Terms:
    sync, accounting = _preferences(company)
    mapped = _mapped(company)
    accounts, inactive = mapped.accounts, frozenset(role for role, _ in mapped.inactive)
    return Terms(
        cohort=Cohort(company.cohort),
        master=Side(sync.master),
        masters={kind: Side(side) for kind, side in sync.masters.items()},
        approved_only=sync.approved_only,
        one_way=sync.one_way,
        two_way_payments=sync.two_way_payments,
        credits_at_once=sync.credits_at_once,
        not_available=dict(company.not_available),
        payment_terms=sync.payment_terms,
        attachments=sync.attachments,
        transfer_each_payment=sync.transfer_per == TransferPer.PAYMENT,
        credit_memos=company.signed_up_on >= CREDIT_MEMOS_SINCE,
        vendor_country=sync.vendor_country,
        customer_email=sync.customer_email,
        home_currency=accounting.home_currency or "USD",
        books_closed_on=accounting.books_closed_on,
        class_per_line=accounting.qbo_class_per_line,
        sales_tax=accounting.qbo_sales_tax,
        invoices_since=(_set_up_at(company) - INVOICES_BEFORE_SET_UP).date(),
        accounts=accounts,
        banks=mapped.banks,
        bank_names=mapped.bank_names,
        inactive=tuple(mapped.inactive),
        to_be_chosen=inactive | _several(company, accounts.keys() | inactive),
        fallback_item=_fallback_item(company, accounts.get(GLRole.UNALLOCATED_INCOME)),
        cards=_cards(company),
        **{switch: accounting.uses(switch) for switch in AccountingPreferences.SWITCHES},
    )


def _set_up_at(company: Company) -> datetime:
    """When the sync was first set up: when its first full sync was asked for, also while that is under way."""
    if company.set_up_at is not None:
        return company.set_up_at
    asked = company.runs.exclude(scope=RunScope.ACCOUNTS).order_by("-created_at")
    return asked.values_list("created_at", flat=True).first() or company.created_at


def _preferences(company: Company) -> tuple[SyncPreferences, AccountingPreferences]:
    """As they are in the database now; made with their defaults where there are none yet."""
    both = SyncPreferences.objects.filter(company=company).select_related("company__accounting").first()
    if both is not None and hasattr(both.company, "accounting"):
        return both, both.company.accounting
    sync, _ = SyncPreferences.objects.get_or_create(company=company)
    accounting, _ = AccountingPreferences.objects.get_or_create(company=company)
    return sync, accounting


@dataclass
class _Mapped:
    """The accounts that a person chose, as long as they are active in QuickBooks."""

    accounts: dict[str, Account] = field(default_factory=dict)
    banks: dict[str, Account] = field(default_factory=dict)
    bank_names: dict[str, str] = field(default_factory=dict)
    inactive: list[tuple[str, Account]] = field(default_factory=list)


def _mapped(company: Company) -> _Mapped:
    found = _Mapped()
    columns = ("role", "billcom_bank_id", "label", "account", "account__qbo_id", "account__qbo_values")
    for role, bank, label, key, qbo_id, values in GLMapping.objects.filter(company=company).values_list(*columns):
        if role == GLRole.BANK_ACCOUNT:
            found.bank_names[bank] = label
        if qbo_id is None:
            continue
        if not (values or {}).get("active"):
            found.inactive.append((role, Account(key, str(qbo_id))))
        elif role == GLRole.BANK_ACCOUNT:
            found.banks[bank] = Account(key, str(qbo_id))
        else:
            found.accounts[role] = Account(key, str(qbo_id))
    return found


def _several(company: Company, chosen: Set[str]) -> frozenset[str]:
    """The roles without an account that QuickBooks has several active accounts for, and would take one of them by
    itself.
    """
    types = {kind: role for role, kind in ONLY_ONE.items() if role not in chosen}
    if not types:
        return frozenset()
    of_type = [Q(shown__contains=f'"account_type":"{each}"') for each in types]
    accounts = SyncedObject.objects.of(company, "account").filter(qbo_id__isnull=False)
    found = accounts.annotate(shown=Cast("qbo_values", TextField())).filter(reduce(or_, of_type))
    shown = found.order_by().values_list("qbo_values", flat=True)
    active = Counter(values["account_type"] for values in shown if values and values["active"])
    return frozenset(str(role) for kind, role in types.items() if active[kind] > 1)


def _cards(company: Company) -> frozenset[str]:
    accounts = SyncedObject.objects.of(company, "account").annotate(shown=Cast("qbo_raw", TextField()))
    ids = accounts.filter(shown__contains=CREDIT_CARD).values_list("qbo_id", flat=True)
    return frozenset(str(each) for each in ids)


def _fallback_item(company: Company, account: Account | None) -> str:
    if account is None:
        return ""
    items = SyncedObject.objects.of(company, "item").filter(qbo_id__isnull=False)
    shown = items.annotate(shown=Cast("qbo_values", TextField()))
    sold = shown.filter(shown__contains=f'"account":"{account.qbo_id}"')
    sold = sold.only("qbo_id", "qbo_values", "billcom_values").order_by("pk")
    found = [row for row in sold if _is_sold_to(row.qbo_values, account) and not _is_only_bought(row)]
    return str(found[0].qbo_id) if len(found) == 1 else ""


def _is_sold_to(values: dict[str, Any], account: Account) -> bool:
    """The expense account of an item stands in its values, too."""
    plain = values["item_type"] in PLAIN_ITEMS
    return bool(values["active"]) and plain and values["account"] == account.qbo_id


def _is_only_bought(row: SyncedObject) -> bool:
    """It has that income account because QuickBooks wants one (kinds/item.py), and BILL's has none."""
    return bool(row.billcom_values and not row.billcom_values["account"])


def look_again(company: Company) -> None:
    """What was held under the old preferences is planned anew with the next sync."""
    SyncedObject.objects.filter(company=company, state=ObjectState.HELD).look_again()


def digest(terms: Terms) -> str:
    """The same for the same terms."""
    return sha256(msgspec.json.encode(terms, order="deterministic")).hexdigest()


def reach(company: Company, before: Terms, after: Terms) -> None:
    """Make changed preferences count for what there is already: for what is held, and for what is linked.

    Where a switch went on, linked records compare anew what wasn't in use before.
    """
    look_again(company)
    switches = (*AccountingPreferences.SWITCHES, "sales_tax", "payment_terms", "class_per_line")
    on = [switch for switch in switches if getattr(after, switch) > getattr(before, switch)]
    for kind in KINDS.values():
        if kind.needs in on:
            # What changed while it was off nobody has read.
            Cursor.objects.filter(company=company, kind=kind.name).delete()
        if names := {name for switch in on for name in kind.switched.get(switch, ())}:
            _compare_anew(company, kind, names)


def _compare_anew(company: Company, kind: Kind, names: set[str]) -> None:
    linked = SyncedObject.objects.select_for_update().of(company, kind.name).filter(base__isnull=False)
    after = 0
    with transaction.atomic():
        while chunk := list(linked.filter(pk__gt=after).order_by("pk")[: rows.CHUNK]):
            after = chunk[-1].pk
            for row in chunk:
                _read_anew(row, kind, names)
                row.base = {side: _set_aside(names, own) for side, own in row.base.items()}
                row.needs_look = True
            rows.save(chunk, ("base", "needs_look", "billcom_values", "qbo_values"))


def _read_anew(row: SyncedObject, kind: Kind, names: set[str]) -> None:
    """What an earlier release has read may lack fields that it didn't know of."""
    for side in Side:
        values, raw = getattr(row, f"{side}_values"), getattr(row, f"{side}_raw")
        if values is not None and not names <= values.keys():
            rows.show(row, kind, side, decode(kind, raw, side), raw, getattr(row, f"{side}_version"))


def _set_aside(names: set[str], agreed: dict[str, Any]) -> dict[str, Any]:
    """Not agreed on any more; but who has edited it since shows by what it was."""
    return {EARLIER + name if name in names else name: value for name, value in agreed.items()}


def read_company(company: Company, shown: dict[str, Any]) -> None:
    """Take the company's own country for vendors without one, when QuickBooks' settings are read for the first time.

    Later it is what a person chose, even if that is none. Reference: Intuit docs, CompanyInfo: Country, CompanyAddr.
    """
    if AccountingPreferences.objects.filter(company=company, read_at__isnull=False).exists():
        return
    addresses = [dig(shown, (name, "Country")) for name in ("CompanyAddr", "LegalAddr")]
    found = country(str(shown.get("Country") or next(filter(None, addresses), None) or ""))
    if len(found) == 2 and found.isalpha():
        SyncPreferences.objects.filter(company=company, vendor_country="").update(vendor_country=found)


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
    accounting.qbo_class_per_line = dig(shown, ("AccountingInfoPrefs", "ClassTrackingPerTxnLine")) is True
    accounting.qbo_sales_tax = dig(shown, ("TaxPrefs", "UsingSalesTax")) is True
    closed = dig(shown, ("AccountingInfoPrefs", "BookCloseDate"))
    accounting.books_closed_on = date.fromisoformat(str(closed)[:10]) if closed else None
    accounting.home_currency = str(dig(shown, ("CurrencyPrefs", "HomeCurrency", "value")) or "")[:3]
    accounting.read_at = now
    # What people turned on in addition may be saved by their page at this moment.
    accounting.save(update_fields=[*_READ, "read_at"])
    return before != {name: getattr(accounting, name) for name in _READ}


_READ = (
    *(f"qbo_{switch}" for switch in SWITCHES),
    *("qbo_class_per_line", "qbo_sales_tax", "books_closed_on", "home_currency"),
)
