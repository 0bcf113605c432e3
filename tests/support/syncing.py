"""A company over the sandbox, connected without the pages, and the verbs of the engine's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.models import (
    Company,
    Connection,
    Firm,
    GLMapping,
    GLRole,
    Operation,
    RunScope,
    RunState,
    SetupStep,
    SyncedObject,
    SyncRun,
    Trigger,
)
from syncapp.services import runs, setup


class Clock:
    """Now, as far as the engine is concerned: real time, moved ahead by waits instead of sleeping."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return timezone.now() + self.ahead

    def wait(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


def connect(shown: Mapping[str, Any], *, name: str = "", console: bool | None = None) -> Company:
    """A company with both connections, from what the sandbox answered when it was loaded."""
    under_console = shown["console"] if console is None else console
    firm = Firm.objects.get_or_create(name="Cedar & Main")[0] if under_console else None
    company = setup.make_company(
        name=name or str(shown["name"]), firm=firm, signed_up_on=date.fromisoformat(shown["signed_up_on"])
    )
    soon = datetime.now(UTC) + timedelta(minutes=50)
    Connection.objects.create(
        company=company,
        side=Side.QBO,
        remote_id=shown["qbo"]["realm_id"],
        access_expires_at=soon,
        credentials={"access": shown["qbo"]["access_token"], "refresh": shown["qbo"]["refresh_token"]},
    )
    billcom = shown["billcom"]
    Connection.objects.create(
        company=company,
        side=Side.BILLCOM,
        remote_id=billcom["organization_id"],
        sign_in="sync-token",
        credentials={
            "sign_in": "sync-token",
            "username": billcom["sync_token_name"],
            "password": billcom["sync_token_value"],
            "developer_key": billcom["developer_key"],
        },
    )
    company.setup_step = SetupStep.IMPORT_ACCOUNTS
    company.save()
    return company


def import_accounts(company: Company, clock: Clock) -> SyncRun:
    run = runs.request_run(company, trigger=Trigger.SETUP, scope=RunScope.ACCOUNTS, now=clock())
    return runs.run_to_end(run, clock=clock, sleep=clock.wait)


def choose_accounts(company: Company) -> None:
    """What the set-up's pages ask for, answered with what is at hand."""
    for role in (GLRole.UNALLOCATED_EXPENSE, GLRole.DEFAULT_BANK, GLRole.MONEY_OUT_CLEARING, GLRole.DEPOSIT_TO):
        account = setup.propose_uncategorized(company) if role == GLRole.UNALLOCATED_EXPENSE else None
        account = account or setup.obvious_account(company, role) or setup.account_choices(company, role).first()
        setup.set_account(company, role, account)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.FIRST_SYNC)
    company.refresh_from_db()


def choose_banks(company: Company, banks: Iterable[str]) -> None:
    """All of BILL's bank accounts stand for one account, and payments through BILL clear over others."""
    choices = {each.label: each for each in setup.account_choices(company, GLRole.BANK_ACCOUNT)}
    setup.set_account(company, GLRole.MONEY_OUT_CLEARING, choices["Bill.com Money Out Clearing"])
    setup.set_account(company, GLRole.MONEY_IN_CLEARING, choices.get("Bill.com Money In Clearing"))
    for bank in banks:
        GLMapping.objects.update_or_create(
            company=company,
            role=GLRole.BANK_ACCOUNT,
            billcom_bank_id=bank,
            defaults={"account": choices["Operating Checking"]},
        )


def set_up(shown: Mapping[str, Any], clock: Clock, **how: Any) -> Company:
    """Connected, chart of accounts imported, accounts chosen: one step before the first full sync."""
    company = connect(shown, **how)
    run = import_accounts(company, clock)
    assert run.state == RunState.DONE, run.message
    company.refresh_from_db()
    choose_accounts(company)
    return company


def sync(company: Company, clock: Clock) -> SyncRun:
    """One whole sync, its pauses waited out."""
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    return runs.run_to_end(run, clock=clock, sleep=clock.wait)


def synced(company: Company, clock: Clock) -> SyncRun:
    run = sync(company, clock)
    assert run.state == RunState.DONE, run.message
    return run


def writes(run: SyncRun) -> int:
    return Operation.objects.filter(run=run).count()


def linked(company: Company, kind: str) -> list[SyncedObject]:
    return list(SyncedObject.objects.of(company, kind).filter(billcom_id__isnull=False, qbo_id__isnull=False))


def held(company: Company) -> dict[str, int]:
    """Reason code -> how many."""
    found: dict[str, int] = {}
    for code in SyncedObject.objects.filter(company=company).exclude(hold_code="").values_list("hold_code", flat=True):
        found[code] = found.get(code, 0) + 1
    return found


def named(records: list[dict[str, Any]], field: str) -> Callable[[str], list[dict[str, Any]]]:
    return lambda value: [each for each in records if each.get(field) == value]


def mapping(company: Company, role: str) -> GLMapping:
    return GLMapping.objects.get(company=company, role=role)
