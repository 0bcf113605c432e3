"""The balances of the bank and clearing accounts as they were last read: kept by syncs, shown without a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from django.db import transaction

from syncapp.core.codec import money
from syncapp.core.schema import ZERO
from syncapp.core.sides import Side
from syncapp.gateways.errors import GatewayError
from syncapp.kinds.account import KIND as ACCOUNT
from syncapp.models import AccountingPreferences, Company, Cursor, SyncedObject
from syncapp.services import budgets, clearing, rows
from syncapp.services.clearing import BankBalance, Clearing
from syncapp.services.context import Context


@dataclass(frozen=True)
class AsRead:
    """``at``: when the balances were read from QuickBooks, None if never; then there is neither bank nor clearing."""

    at: datetime | None
    clearing: Mapping[str, Clearing]
    banks: list[BankBalance]
    books_closed_on: date | None
    settings_read_at: datetime | None


def read(context: Context) -> None:
    """At the end of a run that has posted something: one metered call, so that the page shows what that came to.

    What others post is told with the next sync's changes. Nothing else waits for this.
    """
    if not _moved(context) and context.company.balances_read_at is not None:
        return
    shown: dict[str, Decimal] = {}

    def standing(ids: set[str]) -> dict[str, Decimal]:
        shown.update(clearing.current(context.remotes.qbo, ids))
        return shown

    try:
        clearing.balances(context.company, standing)
    except (GatewayError, budgets.NoRoom) as error:
        context.note(f"The balances of the bank accounts weren't read: {error}")
        return
    if shown:
        _keep(context, shown)


def _moved(context: Context) -> bool:
    """Whether this run has read something new in QuickBooks or written there; its changes overlap the last run's."""
    happened = (name.split(".") for name in context.counts)
    return any(of == [Side.QBO] and what != "read" for _, what, *of in happened)


def _keep(context: Context, shown: Mapping[str, Decimal]) -> None:
    with transaction.atomic():
        context.confirm_lease()
        accounts = SyncedObject.objects.select_for_update().of(context.company, ACCOUNT.name).order_by()
        found = list(accounts.filter(qbo_id__in=shown, qbo_values__isnull=False).only("qbo_id", "qbo_values"))
        for row in found:
            row.qbo_values = {**row.qbo_values, "balance": shown[str(row.qbo_id)]}
        rows.save(found, ["qbo_values"])
        Company.objects.filter(pk=context.company.pk).update(balances_read_at=context.clock())


def as_read(company: Company) -> AsRead:
    """For a page: asks neither product, and the number of statements is the same whatever there is."""
    settings = AccountingPreferences.objects.filter(company=company).first()
    closed, seen = (settings.books_closed_on, settings.read_at) if settings else (None, None)
    if company.balances_read_at is None:
        return AsRead(None, {}, [], closed, seen)
    cleared, banks = clearing.balances(company, partial(_kept, company))
    # An account whose balance has moved is among what QuickBooks tells as changed.
    told = Cursor.objects.filter(company=company, side=Side.QBO, kind="").values_list("read_to", flat=True).first()
    at = max(filter(None, (company.balances_read_at, told)))
    return AsRead(at, cleared, banks, closed, seen)


def _kept(company: Company, ids: set[str]) -> dict[str, Decimal]:
    """What QuickBooks answered the last time."""
    accounts = SyncedObject.objects.of(company, ACCOUNT.name).filter(qbo_id__in=ids).order_by()
    kept = accounts.values_list("qbo_id", "qbo_values")
    return {str(qbo_id): money((values or {}).get("balance")) or ZERO for qbo_id, values in kept}
