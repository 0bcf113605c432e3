"""What the clearing account's balance consists of: payments that BILL hasn't drawn from the bank yet, one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from syncapp.core.codec import money
from syncapp.core.holds import TEXTS, HoldCode
from syncapp.core.schema import ZERO
from syncapp.gateways.qbo import QboGateway
from syncapp.kinds.bill_payment import KIND as PAYMENT
from syncapp.models import Company, GLMapping, GLRole, ObjectState, SyncedObject


@dataclass(frozen=True)
class InClearing:
    """A payment (the SyncedObject ``pk``) that is posted to clearing and not transferred to it yet, and why."""

    pk: int
    label: str
    vendor: str
    date: date | None
    amount: Decimal
    why: str


@dataclass(frozen=True)
class Clearing:
    """``balance``: as QuickBooks shows it; payments in clearing make it negative."""

    account: str
    balance: Decimal
    payments: list[InClearing] = field(default_factory=list)

    @property
    def waiting(self) -> Decimal:
        return sum((each.amount for each in self.payments), ZERO)

    @property
    def unexplained(self) -> Decimal:
        return self.balance + self.waiting


def breakdown(company: Company, qbo: QboGateway) -> Clearing | None:
    """None where no clearing account is chosen. Reads its balance; raises GatewayError."""
    mapping = (
        GLMapping.objects.filter(company=company, role=GLRole.MONEY_OUT_CLEARING, account__qbo_id__isnull=False)
        .select_related("account")
        .defer("account__billcom_raw", "account__qbo_raw")
        .first()
    )
    if mapping is None or mapping.account is None or mapping.account.qbo_id is None:
        return None
    account = mapping.account
    # CurrentBalance is a balance of this moment. Reference: Intuit docs, Account.
    shown = qbo.query("Account", where=f"Id = '{account.qbo_id}' AND Active IN (true,false)")
    balance = money(shown[0].get("CurrentBalance")) if shown else None
    return Clearing(str(account), balance or ZERO, _waiting(company, str(account.qbo_id)))


def _waiting(company: Company, account: str) -> list[InClearing]:
    """Linked payments that are posted there, as long as QuickBooks doesn't have their transfer."""
    payments = SyncedObject.objects.of(company, PAYMENT.name).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    posted = payments.annotate(shown=Cast("qbo_values", TextField())).filter(shown__contains=f'"account":"{account}"')
    waiting = posted.exclude(state=ObjectState.RETIRED).filter(Q(part_of=None) | Q(part_of__qbo_id=None))
    found = []
    for row in (
        waiting.select_related("party", "part_of").defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
    ):
        if row.qbo_values["account"] == account and row.qbo_values["active"]:
            vendor = str(row.party) if row.party else ""
            found.append(InClearing(row.pk, row.full_name, vendor, row.date, row.amount or ZERO, _why(row)))
    return found


def _why(row: SyncedObject) -> str:
    transfer = row.part_of
    if transfer is not None and transfer.hold_code:
        return f"its transfer is held: {TEXTS[HoldCode(transfer.hold_code)].title.lower()}"
    if row.funded_from:
        return "drawn; its transfer comes with the next sync"
    if row.billcom_values["online"]:
        return "not drawn from the bank yet"
    return "not paid through BILL, so BILL never draws it"
