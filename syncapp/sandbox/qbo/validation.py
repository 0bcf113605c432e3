"""Checks that hold for every entity: what must be there, what may be referred to, closed books, document numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncapp.sandbox.qbo import bodies
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.fields import Found
from syncapp.sandbox.qbo.names import label
from syncapp.sandbox.qbo.store import Realm, Record, value_of
from syncapp.sandbox.qbo.work import Work

# Reference: Intuit docs, sales tax in the US: two codes that are no records.
US_TAX_CODES = ("TAX", "NON")
MOST_LINES = 10_000


def require(entity: Entity, record: Record, *, names: Iterable[str]) -> None:
    for name in names:
        value = record.get(name)
        if value is None or value == "" or value == []:
            raise bodies.required(name)


def resolve(work: Work, found: Found, old: Record | None) -> None:
    """Every reference must lead to something in use; it is given its label."""
    unchanged = set(_referred(old)) if old is not None and work.switches.qbo_kept_inactive_references_pass else set()
    for kept, targets, path in found.references:
        target = _target(work.realm, kept, targets)
        if target is None:
            if _unchecked(kept["value"], targets):
                continue
            family = ENTITIES[targets[0]].family or "Names"
            raise bodies.unknown_reference(family, kept["value"], path)
        entity, record = target
        if record.get("Active") is False and kept["value"] not in unchanged:
            code = work.switches.qbo_inactive_reference_code
            raise bodies.inactive_reference(code, ENTITIES[entity].family, kept["value"], path)
        if entity != "TaxCode":
            kept["name"] = label(entity, record)


def _unchecked(id: str, targets: tuple[str, ...]) -> bool:
    return targets[0] not in ENTITIES or (targets[0] == "TaxCode" and id in US_TAX_CODES)


def _target(realm: Realm, kept: Record, targets: tuple[str, ...]) -> tuple[str, Record] | None:
    named = str(kept.get("type") or "").capitalize()
    for entity in (named,) if named in targets else targets:
        record = realm.get(entity, kept["value"])
        if record is not None:
            if "type" in kept:
                kept["type"] = entity
            return entity, record
    return None


def _referred(value: object) -> Iterator[str]:
    """All ids that a record refers to."""
    if isinstance(value, dict):
        if "value" in value:
            yield str(value["value"])
        for part in value.values():
            yield from _referred(part)
    elif isinstance(value, list):
        for part in value:
            yield from _referred(part)


def check_currency(work: Work, record: Record) -> None:
    """Kept in the home currency; another one needs the preference.

    Reference: https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-multiple-currencies"""
    home = work.realm.home_currency
    wanted = value_of(record.get("CurrencyRef"))
    if wanted and wanted != home["value"] and not work.realm.preference("CurrencyPrefs", "MultiCurrencyEnabled"):
        raise bodies.business(f"Multicurrency is off: {wanted} cannot be used", element="CurrencyRef")
    record["CurrencyRef"] = {**home, "value": wanted} if wanted and wanted != home["value"] else home


def check_open(realm: Realm, *days: str | None) -> None:
    """Nothing may be dated in a period that has been closed."""
    closed = realm.preference("AccountingInfoPrefs", "BookCloseDate")
    if closed and any(day and day <= closed for day in days):
        raise bodies.period_closed(str(closed))


# Reference: Intuit docs, Preferences: numbers are warned about where the company wants to be warned.
_SALES = frozenset({"Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt"})


def number_scope(work: Work, entity: str, record: Record) -> str:
    """Within what a document number must differ from others; "" = numbers of this kind are not compared."""
    if entity == "Bill":
        per_vendor = work.switches.qbo_duplicate_bill_numbers == "vendor"
        return f"bill {value_of(record.get('VendorRef')) if per_vendor else ''}"
    if entity == "VendorCredit" and work.switches.qbo_unique_credit_numbers:
        return f"credit {value_of(record.get('VendorRef'))}"
    if entity in _SALES:
        return "sales"
    if entity == "JournalEntry":
        return "journal"
    if record.get("PayType") == "Check" or record.get("PaymentType") == "Check":
        return f"check {_checking(record)}"
    return ""


def _checking(record: Record) -> str:
    payment = record.get("CheckPayment") or {}
    return value_of(record.get("AccountRef")) or value_of(payment.get("BankAccountRef"))


def warns(realm: Realm, scope: str) -> bool:
    if scope.startswith("credit "):
        return True
    if scope == "sales":
        return bool(realm.preference("SalesFormsPrefs", "CustomTxnNumbers"))
    kind = {"bill": "Bill", "journal": "Journal", "check": "Check"}[scope.partition(" ")[0]]
    return realm.other_preference(f"WarnDuplicate{kind}Number")


def check_number(work: Work, entity: str, record: Record) -> None:
    number, scope = record.get("DocNumber"), number_scope(work, entity, record)
    if not number or not scope or "allowduplicatedocnum" in work.include or not warns(work.realm, scope):
        return
    for kind, id in work.realm.numbers.get((scope, str(number).casefold()), ()):
        if (kind, id) != (entity, record.get("Id")):
            raise bodies.duplicate_number(str(number), kind, id)


def note_number(work: Work, entity: str, record: Record | None, old: Record | None) -> None:
    """Keeps the numbers in use; also where nothing is warned about, for the day it is switched on."""
    if old is not None and old.get("DocNumber"):
        name = (number_scope(work, entity, old), str(old["DocNumber"]).casefold())
        work.realm.numbers.get(name, {}).pop((entity, old["Id"]), None)
    if record is not None and record.get("DocNumber"):
        name = (number_scope(work, entity, record), str(record["DocNumber"]).casefold())
        work.realm.numbers.setdefault(name, {})[entity, record["Id"]] = None
