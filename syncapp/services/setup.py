"""The set-up as the guide tells it: steps, first import, mapping, first sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from syncapp.core.matching import normalise
from syncapp.core.sides import Cohort
from syncapp.gateways.errors import NOT_ALLOWED, GatewayError
from syncapp.gateways.http import Http
from syncapp.models import (
    AccountingPreferences,
    Company,
    Firm,
    GLMapping,
    GLRole,
    Membership,
    Role,
    RunScope,
    SetupStep,
    SyncedObject,
    SyncPreferences,
    SyncRun,
    Trigger,
)
from syncapp.services import budgets, remotes, runs, terms
from syncapp.services.errors import NotAvailable, ServiceError

BANKS = ("BANK", "CREDIT_CARD")
EXPENSES = ("EXPENSE", "OTHER_EXPENSE", "COST_OF_GOODS_SOLD")
# Reference: the preferences' accepted account types, see the README's list of preferences.
TYPES: Mapping[str, tuple[str, ...]] = {
    GLRole.BANK_ACCOUNT: BANKS,
    GLRole.UNALLOCATED_EXPENSE: EXPENSES,
    GLRole.UNALLOCATED_INCOME: ("INCOME", "OTHER_INCOME"),
    GLRole.ACCOUNTS_PAYABLE: ("ACCOUNTS_PAYABLE",),
    GLRole.ACCOUNTS_RECEIVABLE: ("ACCOUNTS_RECEIVABLE",),
    GLRole.DEFAULT_BANK: BANKS,
    GLRole.DEPOSIT_TO: ("BANK", "OTHER_CURRENT_ASSET"),
    GLRole.MONEY_OUT_CLEARING: ("BANK",),
    GLRole.MONEY_IN_CLEARING: ("BANK",),
    GLRole.CARD: ("CREDIT_CARD",),
}
ORDER = tuple(SetupStep)
# In the name of almost any bank account, so they tell nothing.
COMMON_WORDS = {
    "bank",
    "account",
    "acct",
    "checking",
    "savings",
    "credit",
    "union",
    "card",
    "first",
    "national",
    "of",
    "the",
    "and",
}

# As BILL's own sync names them. Reference: spec, behaviour of BILL's sync, section 5.
CLEARING_NAMES: Mapping[GLRole, str] = {
    GLRole.MONEY_OUT_CLEARING: "Bill.com Money Out Clearing",
    GLRole.MONEY_IN_CLEARING: "Bill.com Money In Clearing",
}


@dataclass(frozen=True)
class Step:
    """One step of the Get Started page."""

    key: str
    title: str
    done: bool
    current: bool
    text: str
    url_name: str


_STEPS = (
    (SetupStep.CONNECT_BILLCOM, "Connect BILL", "Sign in with a sync token, a user or your console.", "connect-bill"),
    (
        SetupStep.CONNECT_QBO,
        "Connect to QuickBooks",
        "A Primary Administrator or Company Administrator of the QuickBooks company signs in at Intuit.",
        "connect-quickbooks",
    ),
    (SetupStep.IMPORT_ACCOUNTS, "Import the chart of accounts", "The first import runs by itself.", "import"),
    (SetupStep.MAP_BANKS, "Match bank accounts", "Select the GL account that matches each bank account.", "map-banks"),
    (
        SetupStep.UNCATEGORIZED,
        "Uncategorized expenses",
        "Select the GL account for uncategorized expenses.",
        "uncategorized",
    ),
    (SetupStep.FIRST_SYNC, "Sync now", "Start the first full sync.", "first-sync"),
)


def steps(company: Company) -> list[Step]:
    reached = ORDER.index(SetupStep(company.setup_step))
    return [
        Step(key, title, ORDER.index(key) < reached, key == company.setup_step, text, url_name)
        for key, title, text, url_name in _STEPS
    ]


def _reached(company: Company, step: SetupStep) -> None:
    if ORDER.index(SetupStep(company.setup_step)) < ORDER.index(step):
        raise ServiceError("An earlier step of the set-up isn't done yet. Go back to Get Started.")


def start_import(company: Company, user: User, *, now: datetime) -> SyncRun:
    _reached(company, SetupStep.IMPORT_ACCOUNTS)
    return runs.request_run(company, trigger=Trigger.SETUP, user=user, scope=RunScope.ACCOUNTS, now=now)


def account_choices(company: Company, role: str) -> Any:
    """Active QuickBooks accounts of the types this role takes, by number and name."""
    found = SyncedObject.objects.of(company, "account").filter(qbo_id__isnull=False)
    # The type is in the stored values, which the database can't search: a chart has some hundred accounts.
    fitting = [
        row.pk
        for row in found.only("pk", "qbo_values")
        if (row.qbo_values or {}).get("active") and row.qbo_values.get("account_type") in TYPES[role]
    ]
    return found.filter(pk__in=fitting).order_by("number", "label")


BANKS_NOT_SHOWN = (
    "BILL doesn't show bank accounts to the connected user: {words}. Ask the Administrator of the BILL account for a "
    "role that allows it, or go on without: payments of a bank account wait until its GL account is chosen."
)


def bank_mappings(company: Company, *, now: datetime) -> list[GLMapping]:
    """One row per BILL bank account, with the proposal filled in where there is one.

    Raises NotAvailable where BILL doesn't show them to the connected user, ServiceError where it can't be asked.
    """
    _reached(company, SetupStep.MAP_BANKS)
    try:
        banks = remotes.open_billcom(company, Http(), timezone.now).bank_accounts()
    except GatewayError as error:
        if error.status == NOT_ALLOWED:
            raise NotAvailable(BANKS_NOT_SHOWN.format(words=error.words.rstrip("."))) from None
        raise ServiceError(f"BILL's bank accounts can't be read just now: {error.message}. Try again.") from None
    finally:
        budgets.settle()
    known = {
        each.billcom_bank_id: each
        for each in GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT).select_related("account")
    }
    live = [bank for bank in banks if not bank.get("archived")]
    found = []
    for bank in live:
        mapping = known.get(str(bank["id"])) or GLMapping(
            company=company, role=GLRole.BANK_ACCOUNT, billcom_bank_id=str(bank["id"])
        )
        mapping.label = bank_label(bank)
        if mapping.account is None:
            mapping.account = _propose_bank(company, bank, only=len(live) == 1)
        mapping.save()
        found.append(mapping)
    return found


def bank_label(bank: Mapping[str, Any]) -> str:
    """Its bank and last four digits, as people know it."""
    number = str(bank.get("accountNumber") or "")
    name = str(bank.get("bankName") or bank.get("nameOnAccount") or "Bank account")
    return f"{name} ****{number[-4:]}" if number else name


def _words(text: str) -> set[str]:
    return set("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def _propose_bank(company: Company, bank: Mapping[str, Any], *, only: bool) -> SyncedObject | None:
    """BILL's own link to a GL account, else the same name, last four digits or telling word, else the only bank."""
    choices = list(account_choices(company, GLRole.BANK_ACCOUNT))
    linked = str(bank.get("chartOfAccountId") or "")
    if linked and (by_link := next((each for each in choices if each.billcom_id == linked), None)):
        return by_link
    name, digits = normalise(str(bank.get("bankName") or "")), str(bank.get("accountNumber") or "")[-4:]
    for account in choices:
        label = normalise(account.label)
        if (name and name == label) or (len(digits) == 4 and digits in (account.number, *_words(account.label))):
            return account
    # "Operating Bank" and "Operating Checking": what is left of the names, if only one account has it.
    telling = _words(str(bank.get("bankName") or "")) - COMMON_WORDS
    alike = [each for each in choices if telling & _words(each.label)]
    if len(alike) == 1:
        return alike[0]
    plain = [each for each in choices if each.qbo_values["account_type"] == "BANK"]
    return plain[0] if only and len(plain) == 1 else None


def chosen(company: Company, role: str, account_pk: int | str | None) -> SyncedObject:
    """The account a person chose for a role, checked. Raises ServiceError."""
    found = account_choices(company, role).filter(pk=account_pk or 0).first()
    if found is None:
        raise ServiceError(f"Select an account for: {GLRole(role).label}.")
    return found


def save_bank_mappings(company: Company, choices: Mapping[int, int | None], *, now: datetime) -> None:
    """Every bank account needs its GL account: that is where funds transfers post."""
    _reached(company, SetupStep.MAP_BANKS)
    mappings = list(GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT))
    with transaction.atomic():
        for mapping in mappings:
            mapping.account = chosen(company, GLRole.BANK_ACCOUNT, choices.get(mapping.pk))
            mapping.save()
        refuse_mixed_up(company)
        terms.look_again(company)
        _advance(company, SetupStep.MAP_BANKS, SetupStep.UNCATEGORIZED)


def refuse_mixed_up(company: Company) -> None:
    """Raises ServiceError where a clearing account stands for a bank, too, or both clearing accounts are one: what is
    transferred would lead to nowhere.
    """
    mapped = list(GLMapping.objects.filter(company=company, account__isnull=False).select_related("account"))
    clearing = [each.account_id for each in mapped if each.role in CLEARING_NAMES]
    for each in mapped:
        named = each.account_id in clearing or _named_clearing(each.account)
        if named and each.role not in CLEARING_NAMES:
            raise ServiceError(
                f"{each.account} is a clearing account, which funds transfers bring back to zero. "
                f"Select another one for: {each}."
            )
    if len(set(clearing)) < len(clearing):
        raise ServiceError("Money Out Clearing and Money In Clearing need an account each.")


def propose_uncategorized(company: Company) -> SyncedObject | None:
    current = GLMapping.objects.filter(company=company, role=GLRole.UNALLOCATED_EXPENSE).first()
    if current is not None and current.account is not None:
        return current.account
    wanted = ("uncategorizedexpense", "uncategorizedexpenses", "askmyaccountant", "unallocatedexpense")
    choices = list(account_choices(company, GLRole.UNALLOCATED_EXPENSE))
    return next((each for name in wanted for each in choices if normalise(each.label) == name), None)


def save_uncategorized(company: Company, account_pk: int | None, *, now: datetime) -> None:
    _reached(company, SetupStep.UNCATEGORIZED)
    account = chosen(company, GLRole.UNALLOCATED_EXPENSE, account_pk)
    with transaction.atomic():
        set_account(company, GLRole.UNALLOCATED_EXPENSE, account)
        prefill(company)
        terms.look_again(company)
        _advance(company, SetupStep.UNCATEGORIZED, SetupStep.FIRST_SYNC)


def set_account(company: Company, role: str, account: SyncedObject | None) -> None:
    GLMapping.objects.update_or_create(company=company, role=role, billcom_bank_id="", defaults={"account": account})


_BY_NAME: Mapping[str, tuple[str, ...]] = {
    GLRole.DEPOSIT_TO: ("undepositedfunds",),
    GLRole.MONEY_OUT_CLEARING: ("billcommoneyoutclearing", "moneyoutclearing", "billmoneyoutclearing"),
    GLRole.MONEY_IN_CLEARING: ("billcommoneyinclearing", "moneyinclearing", "billmoneyinclearing"),
}


def _named_clearing(account: SyncedObject | None) -> bool:
    return account is not None and any(normalise(account.label) in _BY_NAME[role] for role in CLEARING_NAMES)


def prefill(company: Company) -> None:
    """Preferences with one obvious account are filled in; a person reviews them after the first sync."""
    taken = set(GLMapping.objects.filter(company=company, account__isnull=False).values_list("role", flat=True))
    roles = (
        GLRole.UNALLOCATED_INCOME,
        GLRole.ACCOUNTS_PAYABLE,
        GLRole.ACCOUNTS_RECEIVABLE,
        GLRole.DEFAULT_BANK,
        GLRole.DEPOSIT_TO,
        GLRole.MONEY_OUT_CLEARING,
        GLRole.MONEY_IN_CLEARING,
    )
    for role in roles:
        if role not in taken and (account := obvious_account(company, role)):
            set_account(company, role, account)


def obvious_account(company: Company, role: str) -> SyncedObject | None:
    """The account that a role can only mean, by its detail type or name or because there is no other."""
    choices = list(account_choices(company, role))
    if role == GLRole.DEPOSIT_TO and (own := _undeposited(choices)):
        return own
    if names := _BY_NAME.get(role):
        others = GLMapping.objects.filter(company=company, account__isnull=False).exclude(role=role)
        taken = set(others.values_list("account", flat=True)) if role in CLEARING_NAMES else set()
        return next((each for each in choices if normalise(each.label) in names and each.pk not in taken), None)
    if role == GLRole.UNALLOCATED_INCOME:
        return next((each for each in choices if each.qbo_values["account_type"] == "INCOME"), None)
    if role == GLRole.DEFAULT_BANK:
        clearing = _BY_NAME[GLRole.MONEY_OUT_CLEARING]
        choices = [
            each
            for each in choices
            if each.qbo_values["account_type"] == "BANK" and not normalise(each.label).startswith(clearing)
        ]
        choices = [each for each in choices if "clearing" not in normalise(each.label)]
    return choices[0] if len(choices) == 1 else None


def _undeposited(choices: Sequence[SyncedObject]) -> SyncedObject | None:
    """The one that QuickBooks makes itself, which newer companies see under another name.

    Reference: Intuit docs, Account: AccountSubType.
    """
    return next((each for each in choices if each.qbo_values.get("subtype") == "UndepositedFunds"), None)


def start_first_sync(company: Company, user: User, *, now: datetime) -> SyncRun:
    _reached(company, SetupStep.FIRST_SYNC)
    return runs.request_run(company, trigger=Trigger.SETUP, user=user, now=now)


def _advance(company: Company, done: SetupStep, to: SetupStep) -> None:
    if company.setup_step == done:
        Company.objects.filter(pk=company.pk).update(setup_step=to)
        company.setup_step = to


def make_company(*, name: str, firm: Firm | None, signed_up_on: date) -> Company:
    """A company with its preferences; in cohort B AP payments go both ways from the start."""
    company = Company.objects.create(name=name, firm=firm, signed_up_on=signed_up_on)
    SyncPreferences.objects.create(company=company, two_way_payments=company.cohort is Cohort.B)
    AccountingPreferences.objects.create(company=company)
    return company


def create_company(user: User, *, firm: Firm | None, name: str, signed_up_on: date, now: datetime) -> Company:
    """A new company of a firm this person administers, or one of their own. Raises ServiceError."""
    mine = Membership.objects.filter(user_id=user.pk, role=Role.ADMINISTRATOR, firm=firm)
    if firm is not None and not user.is_superuser and not mine.exists():
        raise ServiceError(f"Only administrators of {firm} can add companies to it.")
    if firm is not None and Company.objects.filter(firm=firm, name=name).exists():
        raise ServiceError("There is a company of this name already.")
    with transaction.atomic():
        company = make_company(name=name, firm=firm, signed_up_on=signed_up_on)
        if firm is None:
            Membership.objects.create(user_id=user.pk, company=company, role=Role.ADMINISTRATOR)
    return company
