"""The clearing accounts: made in QuickBooks on request, and what their balances consist of, payment by payment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid4, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
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
from syncapp.kinds.bill_payment import CARDS
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
from syncapp.services import budgets, deriving, remotes, rows, setup, storing, terms
from syncapp.services.errors import ServiceError

TRANSFER = TRANSFER_KIND.name
VOIDED_THERE = "voided in QuickBooks Online only, after BILL drew it"
NAMES = setup.CLEARING_NAMES


@dataclass(frozen=True)
class InClearing:
    """A payment (the SyncedObject ``pk``) that is posted to clearing and whose transfer isn't yet, and why.

    Or a transfer that is to be changed, with what it lacks. ``party``: the vendor or customer.
    """

    pk: int
    label: str
    party: str
    date: date | None
    amount: Decimal
    why: str


@dataclass(frozen=True)
class Clearing:
    """``balance``: as QuickBooks shows it; payments to vendors make it negative, those of customers positive."""

    role: GLRole
    account: str
    balance: Decimal
    payments: list[InClearing] = field(default_factory=list)
    former: bool = False
    """Another account is chosen now, or none; what was posted there before still has to leave it."""

    @property
    def name(self) -> str:
        return ("Former " if self.former else "") + str(self.role.label).removesuffix(" Account")

    @property
    def incoming(self) -> bool:
        return self.role is GLRole.MONEY_IN_CLEARING

    @property
    def waiting(self) -> Decimal:
        return sum((each.amount for each in self.payments), ZERO)

    @property
    def unexplained(self) -> Decimal:
        return self.balance - self.waiting if self.incoming else self.balance + self.waiting


@dataclass(frozen=True)
class BankBalance:
    """What QuickBooks shows of an account that stands for one or more of BILL's bank accounts."""

    account: str
    banks: str
    """Those of BILL."""
    balance: Decimal


Standing = Callable[[set[str]], Mapping[str, Decimal]]
"""QuickBooks' ids of accounts -> what each stands at; asked once."""


def balances(company: Company, standing: Standing) -> tuple[dict[str, Clearing], list[BankBalance]]:
    """What the clearing accounts and the bank accounts stand at in QuickBooks.

    Those that are chosen by their role, and besides them those that were, as long as they aren't empty. Raises what
    ``standing`` raises.
    """
    mappings = GLMapping.objects.filter(company=company, account__qbo_id__isnull=False)
    mappings = mappings.filter(role__in=[*NAMES, GLRole.BANK_ACCOUNT]).select_related("account")
    chosen = [
        (each, each.account, str(each.account.qbo_id))
        for each in mappings.defer("account__billcom_raw", "account__qbo_raw")
        if each.account is not None
    ]
    former = list(_former(company, {(mapping.role, qbo_id) for mapping, _, qbo_id in chosen}))
    shown = standing({qbo_id for _, _, qbo_id in chosen} | {str(account.qbo_id) for _, account in former})
    cleared, banks = dict[str, Clearing](), dict[str, tuple[SyncedObject, list[str]]]()
    for mapping, account, qbo_id in chosen:
        role = GLRole(mapping.role)
        if role in NAMES:
            cleared[role] = _breakdown(company, role, account, shown.get(qbo_id, ZERO))
        else:
            banks.setdefault(qbo_id, (account, []))[1].append(mapping.label)
    for role, account in former:
        each = _breakdown(company, role, account, shown.get(str(account.qbo_id), ZERO), former=True)
        if each.balance or each.payments:
            cleared[f"{role}:{account.qbo_id}"] = each
    found = [
        BankBalance(str(row), ", ".join(filter(None, names)), shown.get(qbo_id, ZERO))
        for qbo_id, (row, names) in banks.items()
    ]
    return cleared, sorted(found, key=lambda each: each.account.casefold())


def _former(company: Company, chosen: set[tuple[str, str]]) -> Iterator[tuple[GLRole, SyncedObject]]:
    """The accounts that stood for these roles before, by what was posted to them. ``chosen``: (role, id there)."""
    roles = {kind: GLRole(role) for kind, role in deriving.CLEARING.items()}
    found = {(roles[kind], account) for kind, account in _posted_to(company)}
    transfers = SyncedObject.objects.of(company, TRANSFER).filter(billcom_id__isnull=False)
    for transfer in transfers.order_by().values_list("billcom_id", flat=True):
        key = deriving.Key.of(str(transfer))
        found.add((GLRole.MONEY_IN_CLEARING if key.incoming else GLRole.MONEY_OUT_CLEARING, key.clearing))
    for role, qbo_id in sorted(found - chosen):
        account = SyncedObject.objects.of(company, ACCOUNT.name).filter(qbo_id=qbo_id).first()
        if account is not None:
            yield role, account


def _posted_to(company: Company) -> set[tuple[str, str]]:
    """(kind, id of an account) of the payments through BILL that the sync has posted and that are in no transfer there.

    What is paid by card is posted to the card's own account, and what was posted to a bank account needs no transfer.
    """
    payments = SyncedObject.objects.filter(company=company, kind__in=deriving.CLEARING, qbo_id__isnull=False)
    online = payments.annotate(shown=Cast("billcom_values", TextField())).filter(shown__contains='"online":true')
    waiting = online.filter(Q(part_of=None) | Q(part_of__qbo_id=None)).exclude(state=ObjectState.RETIRED)
    banks = GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT, account__qbo_id__isnull=False)
    bank_ids = set(banks.values_list("account__qbo_id", flat=True))
    columns = ("kind", "qbo_values", "billcom_values")
    by_us = waiting.filter(Exists(deriving.made_here(OuterRef("pk")))).order_by()
    return {
        (kind, there["account"])
        for kind, there, ours in by_us.values_list(*columns)
        if there["account"] and there["account"] not in bank_ids and ours.get("funding") not in CARDS
    }


def current(qbo: QboGateway, ids: set[str]) -> dict[str, Decimal]:
    """By one query, a balance of this moment. Raises GatewayError. Reference: Intuit docs, Account: CurrentBalance."""
    if not ids:
        return {}
    listed = ",".join(f"'{each}'" for each in sorted(ids))
    shown = qbo.query("Account", where=f"Id IN ({listed}) AND Active IN (true,false)")
    return {str(each["Id"]): money(each.get("CurrentBalance")) or ZERO for each in shown}


def _breakdown(
    company: Company, role: GLRole, account: SyncedObject, balance: Decimal, *, former: bool = False
) -> Clearing:
    posted_to = str(account.qbo_id)
    found = [
        *_waiting(company, role, posted_to),
        *_taken_back(company, role, posted_to),
        *_other_than_posted(company, role, posted_to),
        *_to_come_back(company, role, posted_to),
    ]
    return Clearing(role, str(account), balance, found, former)


def _payments(company: Company, role: GLRole) -> QuerySet[SyncedObject]:
    """Linked payments of the kind that is posted to this clearing account."""
    kinds = [kind for kind, of in deriving.CLEARING.items() if of == role]
    payments = SyncedObject.objects.filter(company=company, kind__in=kinds)
    return payments.filter(billcom_id__isnull=False, qbo_id__isnull=False)


def _waiting(company: Company, role: GLRole, account: str) -> list[InClearing]:
    """Those that are posted there, as long as QuickBooks doesn't have their transfer."""
    posted = _payments(company, role).annotate(shown=Cast("qbo_values", TextField()))
    posted = posted.filter(shown__contains=f'"account":"{account}"')
    waiting = posted.exclude(state=ObjectState.RETIRED).filter(Q(part_of=None) | Q(part_of__qbo_id=None))
    # A person has found its transfer in QuickBooks and excluded ours.
    waiting = waiting.exclude(part_of__excluded=True)
    found = []
    for row in (
        waiting.select_related("party", "part_of").defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
    ):
        if row.qbo_values["account"] == account and row.qbo_values["active"]:
            party = str(row.party) if row.party else ""
            found.append(InClearing(row.pk, row.full_name, party, row.date, row.amount or ZERO, _why(row)))
    return found


def _taken_back(company: Company, role: GLRole, account: str) -> list[InClearing]:
    """Voided in QuickBooks alone, while BILL has moved them and their transfer stands."""
    payments = _payments(company, role).filter(part_of__qbo_id__isnull=False)
    # Excluded: a person has entered it there again by hand.
    held = payments.exclude(hold_code="").filter(excluded=False).select_related("party")
    return [
        InClearing(row.pk, row.full_name, str(row.party or ""), row.date, -row.billcom_values["amount"], VOIDED_THERE)
        for row in held.defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
        if row.billcom_values["active"] and not row.qbo_values["active"] and row.qbo_values["account"] == account
    ]


def _other_than_posted(company: Company, role: GLRole, account: str) -> list[InClearing]:
    """Transfers that stand in QuickBooks with another amount than BILL's payments come to, and may not be changed."""
    incoming = role is GLRole.MONEY_IN_CLEARING
    held = SyncedObject.objects.of(company, TRANSFER).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    found = []
    for row in (
        held.exclude(hold_code="").filter(excluded=False).defer("billcom_raw", "qbo_raw", "base").order_by("date", "pk")
    ):
        ours, theirs = (
            values["amount"] if values["active"] else ZERO for values in (row.billcom_values, row.qbo_values)
        )
        of_this = row.billcom_values["clearing"] == account and row.billcom_values["incoming"] == incoming
        if of_this and (ours or ZERO) != (theirs or ZERO):
            why = f"its transfer is held: {TEXTS[HoldCode(row.hold_code)].title.lower()}"
            lacking = (ours or ZERO) - (theirs or ZERO)
            amount = -lacking if row.billcom_values.get("void") else lacking
            found.append(InClearing(row.pk, row.full_name, "", row.date, amount, why))
    return found


def _to_come_back(company: Company, role: GLRole, account: str) -> list[InClearing]:
    """What was voided after it was transferred, as long as QuickBooks doesn't have what gives it back to the bank."""
    transfers = SyncedObject.objects.of(company, TRANSFER).filter(billcom_id__startswith=deriving.VOID, qbo_id=None)
    found = []
    for row in transfers.exclude(state=ObjectState.RETIRED).filter(excluded=False).order_by("date", "pk"):
        of_this = row.billcom_values["clearing"] == account
        if of_this and row.billcom_values["incoming"] == (role is GLRole.MONEY_IN_CLEARING):
            held = f"is held: {TEXTS[HoldCode(row.hold_code)].title.lower()}" if row.hold_code else "comes next"
            why = f"voided after it was transferred; what gives it back {held}"
            found.append(InClearing(row.pk, row.full_name, "", row.date, -(row.amount or ZERO), why))
    return found


def _why(row: SyncedObject) -> str:
    transfer, values = row.part_of, row.billcom_values
    if transfer is not None and transfer.hold_code:
        return f"its transfer is held: {TEXTS[HoldCode(transfer.hold_code)].title.lower()}"
    if row.kind == deriving.INCOMING:
        return _why_not_transferred_in(row)
    if row.funded_from:
        return "drawn; its transfer comes with the next sync"
    if values.get("funding") not in (None, "", "BANK_ACCOUNT"):
        return "paid by card or from a wallet in BILL, so no bank account is ever drawn for it"
    if not at_par(values.get("exchange_rate")):
        return "paid in another currency, so its transfer is entered by hand"
    if values["online"]:
        return "not drawn from the bank yet"
    return "not paid through BILL, so BILL never draws it"


def _why_not_transferred_in(row: SyncedObject) -> str:
    if row.funded_from:
        return "received; its transfer comes with the next sync"
    if not row.billcom_values["online"]:
        return "not received through BILL, so BILL brings it to no bank account"
    if "CARD" in row.billcom_values["method"]:
        return "paid by card: enter its transfer when the card's settlement reaches the bank"
    return "BILL names no bank account that it reached, so its transfer is entered by hand"


def not_chosen(company: Company) -> list[GLRole]:
    """The clearing accounts that no account is chosen for."""
    mappings = GLMapping.objects.filter(company=company, role__in=NAMES, account__isnull=False)
    chosen = set(mappings.values_list("role", flat=True))
    return [role for role in NAMES if role not in chosen]


def make_account(company: Company, user: User, role: GLRole, *, now: datetime) -> SyncedObject:
    """Make the clearing account of this role in QuickBooks and choose it; one of that name which is there is only
    chosen.

    Asked for again after a lost answer, QuickBooks answers as the first time. Raises ServiceError.
    """
    if role not in not_chosen(company):
        raise ServiceError("A clearing account is chosen already. Change it in Sync preferences.")
    account = setup.obvious_account(company, role) or _made(company, NAMES[role], now)
    with transaction.atomic():
        setup.set_account(company, role, account)
        terms.look_again(company)
    return account


def _what_to_do(error: GatewayError, name: str) -> str:
    if isinstance(error, Duplicate):
        return (
            f"There is an account named {name} already, inactive or of another type. Make it an active account of type "
            "Bank there and sync, or choose another account in Sync preferences."
        )
    if isinstance(error, RateLimited | Unavailable | BadAnswer):
        return "Try again: it is made only once."
    return "Make it there by hand, sync, and choose it in Sync preferences."


def _made(company: Company, name: str, now: datetime) -> SyncedObject:
    payload = {"Name": name, "AccountType": "Bank", "AccountSubType": "Checking"}
    try:
        qbo = remotes.open_qbo(company, Http(), timezone.now)
        request_id = str(uuid5(NAMESPACE_URL, f"{company.pk}/{company.created_at.isoformat()}/{name}"))
        raw = qbo.write(Write(entity="Account", operation="create", payload=payload, request_id=request_id))
        values = decode(ACCOUNT, raw, Side.QBO)
    except GatewayError as error:
        words = f"QuickBooks Online didn't make the account: {error.words} {_what_to_do(error, name)}"
        raise ServiceError(words) from None
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
