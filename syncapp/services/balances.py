"""The balances of the bank and clearing accounts as they were last read: kept by syncs, shown without a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db import transaction

from syncapp.core.codec import money
from syncapp.core.sides import Side
from syncapp.gateways.errors import GatewayError
from syncapp.gateways.qbo import QboGateway
from syncapp.kinds.account import KIND as ACCOUNT
from syncapp.models import AccountingPreferences, Company, GLRole, SyncedObject
from syncapp.services import budgets, clearing, rows
from syncapp.services.clearing import BankBalance, Clearing
from syncapp.services.context import Context


@dataclass(frozen=True)
class AsRead:
    """``at``: when the balances were read from QuickBooks, None if never; then there is neither bank nor clearing."""

    at: datetime | None
    clearing: Mapping[GLRole, Clearing]
    banks: list[BankBalance]
    books_closed_on: date | None
    settings_read_at: datetime | None


class _Noting:
    """QuickBooks, and what it answered."""

    def __init__(self, qbo: QboGateway) -> None:
        self.qbo, self.shown = qbo, dict[str, Decimal | None]()

    def query(self, entity: str, where: str = "") -> list[dict[str, Any]]:
        found = self.qbo.query(entity, where=where)
        self.shown |= {str(each["Id"]): money(each.get("CurrentBalance")) for each in found}
        return found


class _Kept:
    """What QuickBooks answered the last time."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def query(self, entity: str, where: str = "") -> list[dict[str, Any]]:
        ids = re.findall(r"'(\d+)'", where)
        accounts = SyncedObject.objects.of(self.company, ACCOUNT.name).filter(qbo_id__in=ids).order_by()
        kept = accounts.values_list("qbo_id", "qbo_values")
        return [{"Id": qbo_id, "CurrentBalance": (values or {}).get("balance")} for qbo_id, values in kept]


def read(context: Context) -> None:
    """At the end of a run, when what it posted has moved the balances: one metered call, none where nothing happened.

    A balance moves without any edit, so neither changes nor versions tell of it. Nothing else waits for this.
    """
    if not _moved(context) and context.company.balances_read_at is not None:
        return
    noting = _Noting(context.remotes.qbo)
    try:
        clearing.balances(context.company, cast(QboGateway, noting))
    except (GatewayError, budgets.NoRoom) as error:
        context.note(f"The balances of the bank accounts weren't read: {error}")
        return
    if noting.shown:
        _keep(context, noting.shown)


def _moved(context: Context) -> bool:
    """Whether this run has read something new in QuickBooks or written there; its changes overlap the last run's."""
    happened = (name.split(".") for name in context.counts)
    return any(of == [Side.QBO] and what != "read" for _, what, *of in happened)


def _keep(context: Context, shown: Mapping[str, Decimal | None]) -> None:
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
    cleared, banks = clearing.balances(company, cast(QboGateway, _Kept(company)))
    return AsRead(company.balances_read_at, cleared, banks, closed, seen)
