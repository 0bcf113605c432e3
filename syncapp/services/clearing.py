"""The clearing account: made in QuickBooks on request, and what its balance consists of, payment by payment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid4, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from syncapp.core.codec import decode, money
from syncapp.core.holds import TEXTS, HoldCode
from syncapp.core.schema import ZERO
from syncapp.core.sides import Side
from syncapp.gateways.errors import BadAnswer, Duplicate, GatewayError, RateLimited, Unavailable
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway, Write
from syncapp.kinds._shared import at_par
from syncapp.kinds.account import KIND as ACCOUNT
from syncapp.kinds.bill_payment import KIND as PAYMENT
from syncapp.kinds.funds_transfer import KIND as TRANSFER_KIND
from syncapp.models import (
    Company,
    GLMapping,
    GLRole,
    ObjectState,
    Operation,
    OperationState,
    SyncedObject,
    Verb,
)
from syncapp.services import budgets, remotes, rows, setup, storing
from syncapp.services.errors import ServiceError

TRANSFER = TRANSFER_KIND.name
VOIDED_THERE = "voided in QuickBooks Online only, after BILL drew it"
# As BILL's own sync names it. Reference: spec, behaviour of BILL's sync, section 5.
NAME = "Bill.com Money Out Clearing"


@dataclass(frozen=True)
class InClearing:
    """A payment (the SyncedObject ``pk``) that is posted to clearing and not transferred to it yet, and why.

    Or a transfer that is to be changed, with what it lacks.
    """

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


@dataclass(frozen=True)
class BankBalance:
    """What QuickBooks shows of an account that stands for one or more of BILL's bank accounts."""

    account: str
    banks: str
    """Those of BILL."""
    balance: Decimal


def balances(company: Company, qbo: QboGateway) -> tuple[Clearing | None, list[BankBalance]]:
    """What the clearing account, where one is chosen, and the bank accounts stand at in QuickBooks, by one query.

    Raises GatewayError.
    """
    mappings = GLMapping.objects.filter(company=company, account__qbo_id__isnull=False)
    mappings = mappings.filter(role__in=[GLRole.MONEY_OUT_CLEARING, GLRole.BANK_ACCOUNT]).select_related("account")
    chosen = [
        (each, each.account, str(each.account.qbo_id))
        for each in mappings.defer("account__billcom_raw", "account__qbo_raw")
        if each.account is not None
    ]
    shown = _balances(qbo, {qbo_id for _, _, qbo_id in chosen})
    cleared, banks = None, dict[str, tuple[SyncedObject, list[str]]]()
    for mapping, account, qbo_id in chosen:
        if mapping.role == GLRole.MONEY_OUT_CLEARING:
            cleared = _breakdown(company, account, shown.get(qbo_id, ZERO))
        else:
            banks.setdefault(qbo_id, (account, []))[1].append(mapping.label)
    found = [
        BankBalance(str(row), ", ".join(filter(None, names)), shown.get(qbo_id, ZERO))
        for qbo_id, (row, names) in banks.items()
    ]
    return cleared, sorted(found, key=lambda each: each.account.casefold())


def _balances(qbo: QboGateway, ids: set[str]) -> dict[str, Decimal]:
    """CurrentBalance is a balance of this moment. Reference: Intuit docs, Account."""
    if not ids:
        return {}
    listed = ",".join(f"'{each}'" for each in sorted(ids))
    shown = qbo.query("Account", where=f"Id IN ({listed}) AND Active IN (true,false)")
    return {str(each["Id"]): money(each.get("CurrentBalance")) or ZERO for each in shown}


def _breakdown(company: Company, account: SyncedObject, balance: Decimal) -> Clearing:
    posted_to = str(account.qbo_id)
    return Clearing(
        str(account),
        balance,
        [*_waiting(company, posted_to), *_taken_back(company, posted_to), *_other_than_posted(company, posted_to)],
    )


def _waiting(company: Company, account: str) -> list[InClearing]:
    """Linked payments that are posted there, as long as QuickBooks doesn't have their transfer."""
    payments = SyncedObject.objects.of(company, PAYMENT.name).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    posted = payments.annotate(shown=Cast("qbo_values", TextField())).filter(shown__contains=f'"account":"{account}"')
    waiting = posted.exclude(state=ObjectState.RETIRED).filter(Q(part_of=None) | Q(part_of__qbo_id=None))
    # A person has found its transfer in QuickBooks and excluded ours.
    waiting = waiting.exclude(part_of__excluded=True)
    found = []
    for row in (
        waiting.select_related("party", "part_of").defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
    ):
        if row.qbo_values["account"] == account and row.qbo_values["active"]:
            vendor = str(row.party) if row.party else ""
            found.append(InClearing(row.pk, row.full_name, vendor, row.date, row.amount or ZERO, _why(row)))
    return found


def _taken_back(company: Company, account: str) -> list[InClearing]:
    """Voided in QuickBooks alone, while BILL has drawn them and their transfer stands."""
    payments = SyncedObject.objects.of(company, PAYMENT.name).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    held = payments.filter(part_of__qbo_id__isnull=False).exclude(hold_code="").select_related("party")
    return [
        InClearing(row.pk, row.full_name, str(row.party or ""), row.date, -row.billcom_values["amount"], VOIDED_THERE)
        for row in held.defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
        if row.billcom_values["active"] and not row.qbo_values["active"] and row.qbo_values["account"] == account
    ]


def _other_than_posted(company: Company, account: str) -> list[InClearing]:
    """Transfers that stand in QuickBooks with another amount than BILL's payments come to, and may not be changed."""
    held = SyncedObject.objects.of(company, TRANSFER).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    found = []
    for row in (
        held.exclude(hold_code="").filter(excluded=False).defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
    ):
        ours, theirs = (
            values["amount"] if values["active"] else ZERO for values in (row.billcom_values, row.qbo_values)
        )
        if row.billcom_values["clearing"] == account and (ours or ZERO) != (theirs or ZERO):
            why = f"its transfer is held: {TEXTS[HoldCode(row.hold_code)].title.lower()}"
            found.append(InClearing(row.pk, row.full_name, "", row.date, (ours or ZERO) - (theirs or ZERO), why))
    return found


def _why(row: SyncedObject) -> str:
    transfer = row.part_of
    if transfer is not None and transfer.hold_code:
        return f"its transfer is held: {TEXTS[HoldCode(transfer.hold_code)].title.lower()}"
    if row.funded_from:
        return "drawn; its transfer comes with the next sync"
    if row.billcom_values.get("funding") not in (None, "", "BANK_ACCOUNT"):
        return "paid by card or from a wallet in BILL, so no bank account is ever drawn for it"
    if not at_par(row.billcom_values.get("exchange_rate")):
        return "paid in another currency, so its transfer is entered by hand"
    if row.billcom_values["online"]:
        return "not drawn from the bank yet"
    return "not paid through BILL, so BILL never draws it"


def is_chosen(company: Company) -> bool:
    return GLMapping.objects.filter(company=company, role=GLRole.MONEY_OUT_CLEARING, account__isnull=False).exists()


def make_account(company: Company, user: User, *, now: datetime) -> SyncedObject:
    """Make the clearing account in QuickBooks and choose it; one of that name which is there is only chosen.

    Asked for again after a lost answer, QuickBooks answers as the first time. Raises ServiceError.
    """
    if is_chosen(company):
        raise ServiceError("A clearing account is chosen already. Change it in Sync preferences.")
    account = setup.obvious_account(company, GLRole.MONEY_OUT_CLEARING) or _made(company, now)
    setup.set_account(company, GLRole.MONEY_OUT_CLEARING, account)
    return account


def _what_to_do(error: GatewayError) -> str:
    if isinstance(error, Duplicate):
        return (
            f"There is an account named {NAME} already, inactive or of another type. Make it an active account of type "
            "Bank there and sync, or choose another account in Sync preferences."
        )
    if isinstance(error, RateLimited | Unavailable | BadAnswer):
        return "Try again: it is made only once."
    return "Make it there by hand, sync, and choose it in Sync preferences."


def _made(company: Company, now: datetime) -> SyncedObject:
    payload = {"Name": NAME, "AccountType": "Bank", "AccountSubType": "Checking"}
    try:
        qbo = remotes.open_qbo(company, Http(), timezone.now)
        request_id = str(uuid5(NAMESPACE_URL, f"{company.pk}/{company.created_at.isoformat()}/{NAME}"))
        raw = qbo.write(Write(entity="Account", operation="create", payload=payload, request_id=request_id))
        values = decode(ACCOUNT, raw, Side.QBO)
    except GatewayError as error:
        raise ServiceError(f"QuickBooks Online didn't make the account: {error.words} {_what_to_do(error)}") from None
    finally:
        budgets.settle()
    with transaction.atomic():
        # A sync that runs just now may have read it before us, and knows it better.
        found, fresh = SyncedObject.objects.select_for_update().get_or_create(
            company=company, kind=ACCOUNT.name, qbo_id=str(raw["Id"]), defaults={"first_seen_at": now}
        )
        if fresh:
            rows.show(found, ACCOUNT, Side.QBO, values, raw, storing.version_of(raw, Side.QBO))
            found.save()
        Operation.objects.create(
            id=uuid4(),
            company=company,
            object=found,
            kind=ACCOUNT.name,
            side=Side.QBO,
            verb=Verb.CREATE,
            state=OperationState.DONE,
            payload=payload,
            request_id=request_id,
            remote_id=found.qbo_id or "",
            planned_at=now,
            finished_at=now,
        )
    return found
