"""Save what a person chose. Every change makes what it may concern be looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from syncapp.core.schema import Kind, Terms
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from syncapp.models import (
    AccountingPreferences,
    Company,
    GLMapping,
    GLRole,
    SyncPreferences,
)
from syncapp.services import setup, terms
from syncapp.services.errors import ServiceError

EDITABLE = (
    "sync_automatically",
    "approved_only",
    "one_way",
    "two_way_payments",
    "credits_at_once",
    "transfer_per",
    "attachments",
    "payment_terms",
    "master",
    "masters",
    "vendor_country",
    "customer_email",
)


# With everything on that lets a kind sync both ways.
OPEN = Terms(
    cohort=Cohort.B,
    two_way_payments=True,
    locations=True,
    classes=True,
    items_in_payables=True,
    sales_tax=True,
    payment_terms=True,
)


def contested_kinds() -> list[Kind]:
    """Kinds that can sync both ways, so both sides can have changed the same: each may have a master of its own."""
    return [kind for kind in KINDS.values() if not any(kind.stopped(side, OPEN) for side in Side)]


def _are_masters(value: Any) -> bool:
    kinds = {kind.name for kind in contested_kinds()}
    return isinstance(value, dict) and value.keys() <= kinds and set(value.values()) <= set(Side)


def label(model: type[Model], name: str) -> str:
    """A field's name as people see it."""
    field = model._meta.get_field(name)
    return str(getattr(field, "verbose_name", name))


def save_sync_preferences(
    company: Company,
    user: User,
    changes: Mapping[str, Any],
    accounts: Mapping[str, int | None],
    *,
    now: datetime,
) -> SyncPreferences:
    """Take over the changed fields and accounts. A latch that is on stays on: turning it off is refused."""
    SyncPreferences.objects.get_or_create(company=company)
    with transaction.atomic():
        # Locked: two people saving at once each change their own fields, and the rules see both.
        found = SyncPreferences.objects.select_for_update().get(company=company)
        before = terms.load(company)
        _take_over(found, company, changes)
        for role, account in accounts.items():
            _save_account(company, role, account)
        if accounts:
            # What was read was of other accounts.
            Company.objects.filter(pk=company.pk).update(balances_read_at=None)
            setup.refuse_mixed_up(company)
        terms.reach(company, before, terms.load(company))
    return found


def _take_over(found: SyncPreferences, company: Company, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name not in EDITABLE:
            raise ServiceError(f"{name} is no sync preference.")
        if name in SyncPreferences.LATCHES and getattr(found, name) and not value:
            raise ServiceError(f"{label(SyncPreferences, name)} can't be turned off again.")
        if name == "masters" and not _are_masters(value):
            raise ServiceError("A master by kind is BILL or QuickBooks Online, for a kind that syncs both ways.")
        setattr(found, name, value)
    if found.two_way_payments and found.one_way:
        found.two_way_payments = False
    if company.cohort is Cohort.B and "two_way_payments" in changes:
        found.two_way_payments = not found.one_way
    try:
        found.full_clean()
    except ValidationError as error:
        raise ServiceError(" ".join(error.messages)) from None
    found.save(update_fields=[*changes, "two_way_payments"])


def _save_account(company: Company, role: str, account_pk: int | None) -> None:
    if role.startswith("bank:"):
        mapping = GLMapping.objects.filter(
            company=company, role=GLRole.BANK_ACCOUNT, pk=int(role.removeprefix("bank:"))
        ).first()
        if mapping is None:
            raise ServiceError("This bank account is no longer there. Reload the page.")
        mapping.account = setup.chosen(company, GLRole.BANK_ACCOUNT, account_pk)
        mapping.save(update_fields=["account"])
        return
    setup.set_account(company, role, setup.chosen(company, role, account_pk) if account_pk else None)


def save_accounting_preferences(
    company: Company, user: User, switches: Mapping[str, bool], *, now: datetime
) -> AccountingPreferences:
    """Turn switches on in addition to QuickBooks' own; one that is on there can't be turned off here."""
    found, _ = AccountingPreferences.objects.get_or_create(company=company)
    for name, value in switches.items():
        if name not in AccountingPreferences.SWITCHES:
            raise ServiceError(f"{name} is no accounting preference.")
        if not value and getattr(found, f"qbo_{name}"):
            raise ServiceError(
                f"{label(AccountingPreferences, name)} is on in QuickBooks Online and is turned off there."
            )
        setattr(found, name, bool(value))
    before = terms.load(company)
    with transaction.atomic():
        found.save(update_fields=list(switches))
        terms.reach(company, before, terms.load(company))
    return found
