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
from syncapp.kinds import KINDS
from syncapp.kinds.account import KIND as ACCOUNT
from syncapp.models import AccountingPreferences, Company, ObjectState, Operation, OperationState, SyncedObject
from syncapp.services import budgets, clearing, rows, storing
from syncapp.services.clearing import BankBalance, Clearing
from syncapp.services.context import Context

TRANSACTIONS = [kind.name for kind in KINDS.values() if kind.transaction]


@dataclass(frozen=True)
class AsRead:
    """``at``: when the balances were read from QuickBooks, None if never; then there is neither bank nor clearing."""

    at: datetime | None
    clearing: Mapping[str, Clearing]
    banks: list[BankBalance]
    books_closed_on: date | None
    settings_read_at: datetime | None
    moved_since: bool = False
    """Something was posted after the balances were read, so nothing can be said of what they don't explain."""


def read(context: Context) -> None:
    """At the end of a run in which a transaction that syncs was posted, by it or by others: one metered call, none on
    an idle day.

    A balance moves without any edit, and nothing says surely that it has. Nothing else waits for this.
    """
    company = context.company
    # A run that ended before this stage has left it to the next one.
    if company.balances_read_at is not None and not _moved(context) and not _moved_since(company):
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
    """Whether this run has written to QuickBooks, or read transactions there that others have entered or changed."""
    happened = [name.split(".") for name in context.counts]
    in_qbo = [(kind, what) for kind, what, *of in happened if of == [Side.QBO] and what != "read"]
    return any(what != storing.MOVED or kind in TRANSACTIONS for kind, what in in_qbo)


def _keep(context: Context, shown: Mapping[str, Decimal]) -> None:
    with transaction.atomic():
        context.confirm_lease()
        accounts = SyncedObject.objects.select_for_update().of(context.company, ACCOUNT.name).order_by()
        columns = ("qbo_id", "qbo_values", "state", "needs_look")
        found = list(accounts.filter(qbo_id__in=shown, qbo_values__isnull=False).only(*columns))
        for row in found:
            balance = shown[str(row.qbo_id)]
            # What is kept because of its balance may go once that is settled.
            row.needs_look |= row.state == ObjectState.HELD and row.qbo_values.get("balance") != balance
            row.qbo_values = {**row.qbo_values, "balance": balance}
        rows.save(found, ["qbo_values", "needs_look"])
        Company.objects.filter(pk=context.company.pk).update(balances_read_at=context.clock())


def as_read(company: Company) -> AsRead:
    """For a page: asks neither product, and the number of statements is the same whatever there is."""
    settings = AccountingPreferences.objects.filter(company=company).first()
    closed, seen = (settings.books_closed_on, settings.read_at) if settings else (None, None)
    if company.balances_read_at is None:
        return AsRead(None, {}, [], closed, seen)
    cleared, banks = clearing.balances(company, partial(_kept, company))
    return AsRead(company.balances_read_at, cleared, banks, closed, seen, _moved_since(company))


def _moved_since(company: Company) -> bool:
    done = (OperationState.DONE, OperationState.ADOPTED)
    posted = Operation.objects.filter(company=company, side=Side.QBO, state__in=done, kind__in=TRANSACTIONS)
    return posted.filter(finished_at__gt=company.balances_read_at).exists()


def _kept(company: Company, ids: set[str]) -> dict[str, Decimal]:
    """What QuickBooks answered the last time."""
    accounts = SyncedObject.objects.of(company, ACCOUNT.name).filter(qbo_id__in=ids).order_by()
    kept = accounts.values_list("qbo_id", "qbo_values")
    return {str(qbo_id): money((values or {}).get("balance")) or ZERO for qbo_id, values in kept}
