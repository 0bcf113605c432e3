"""The budgets that all workers share: never passed in sum, first come first served, counted as the products count."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from syncapp.core.budgets import Allowance, Budget
from syncapp.gateways.errors import RateLimited, Scope
from syncapp.models import ApiBudget, BudgetWait, Company, Connection, MeteredCalls, RunState, SyncRun, Trigger
from syncapp.services import budgets, connections, remotes, runs, tie_out
from syncapp.services.budgets import METERED, NoRoom
from syncapp.services.errors import ServiceError
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, set_up, synced

KEY = "an-hour-of-its-own"
NOON = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def an_empty_purse() -> Iterator[None]:
    budgets.forget()
    yield
    budgets.forget()


def worker(allowance: Allowance, wanted: int) -> int:
    """Another worker process, as far as the budgets go: a purse and a connection of its own. How many it got."""
    purse, got = budgets._Purse(), 0
    try:
        for _ in range(wanted):
            purse.take(allowance, NOON)
            got += 1
    except budgets._UsedUp:
        pass
    finally:
        connection.close()
    return got


@pytest.mark.parametrize("limit", [7, 450])
def test_workers_together_never_pass_the_limit(settings: Any, limit: int) -> None:
    settings.BILLCOM_CALLS_AN_HOUR = limit
    allowance = budgets.calls_of(KEY)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda wanted: worker(allowance, wanted), [limit] * 4))
    assert sum(got) == limit
    assert ApiBudget.objects.filter(begins_at=NOON.replace(minute=0)).count() <= limit


def in_slices(allowance: Allowance, calls: int) -> int:
    """As ``worker``, giving back what is left after every few calls, until nothing is."""
    purse, got = budgets._Purse(), 0
    try:
        while True:
            for _ in range(calls):
                purse.take(allowance, NOON)
                got += 1
            budgets._give_back(purse.empty()[0])
    except budgets._UsedUp:
        budgets._give_back(purse.empty()[0])
    finally:
        connection.close()
    return got


def test_a_share_is_held_by_one_worker_at_a_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BILLCOM_CALLS_AN_HOUR = 200
    monkeypatch.setitem(budgets.SHARES, Budget.BILLCOM_CALLS, 10)
    allowance = budgets.calls_of(KEY)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda calls: in_slices(allowance, calls), [1, 2, 3, 5]))
    assert sum(got) == sum(ApiBudget.objects.values_list("used", flat=True)) == 200
    assert ApiBudget.objects.count() == 10


def test_what_one_gives_back_another_takes(settings: Any) -> None:
    settings.BILLCOM_CALLS_AN_HOUR = 1000
    allowance, first, second = budgets.calls_of(KEY), budgets._Purse(), budgets._Purse()
    first.take(allowance, NOON)
    held, _ = first.empty()
    budgets._give_back(held)
    for _ in range(4):
        second.take(allowance, NOON)
    share = ApiBudget.objects.get()
    assert (share.number, share.size, share.used) == (1, 5, 1)
    assert budgets.spent(allowance, NOON) == 5


def test_what_a_killed_worker_held_is_not_given_out_again(settings: Any) -> None:
    settings.BILLCOM_CALLS_AN_HOUR = 400
    allowance = budgets.calls_of(KEY)
    budgets.take(allowance, NOON)
    budgets.forget()
    assert worker(allowance, 500) == 398


def test_each_developer_key_has_an_hour_of_its_own(settings: Any) -> None:
    settings.BILLCOM_LOG_INS_AN_HOUR = 1
    budgets.take(budgets.log_ins_of(KEY), NOON)
    budgets.take(budgets.log_ins_of("another"), NOON)
    with pytest.raises(NoRoom) as met:
        budgets.take(budgets.log_ins_of(KEY), NOON)
    assert (met.value.scope, met.value.retry_after) == (Scope.HOUR, 1805.0)
    assert "13:00" in met.value.words and KEY not in repr(met.value)
    budgets.take(budgets.log_ins_of(KEY), NOON + timedelta(minutes=31))


def test_a_call_at_the_turn_of_the_hour_counts_in_both(settings: Any) -> None:
    settings.BILLCOM_LOG_INS_AN_HOUR = 2
    allowance, turn = budgets.log_ins_of(KEY), NOON.replace(hour=13, minute=0)
    budgets.take(allowance, turn - timedelta(seconds=20))
    budgets.take(allowance, turn + timedelta(seconds=2))
    for moment in (turn - timedelta(seconds=60), turn + timedelta(seconds=60)):
        with pytest.raises(NoRoom):
            budgets.take(allowance, moment)


def test_a_limit_lowered_within_the_hour_counts_at_once(settings: Any) -> None:
    settings.BILLCOM_CALLS_AN_HOUR = 400
    assert worker(budgets.calls_of(KEY), 100) == 100
    settings.BILLCOM_CALLS_AN_HOUR = 60
    assert worker(budgets.calls_of(KEY), 1) == 0
    settings.BILLCOM_CALLS_AN_HOUR = 110
    assert worker(budgets.calls_of(KEY), 50) == 10


def test_a_month_is_asked_again_every_hour(settings: Any) -> None:
    settings.QBO_METERED_CALLS_A_MONTH = 1
    budgets.take(METERED, NOON)
    with pytest.raises(NoRoom) as met:
        budgets.take(METERED, NOON)
    assert (met.value.scope, met.value.retry_after) == (Scope.MONTH, 3600.0)
    assert "Apr 1" in met.value.words


# --- syncs -----------------------------------------------------------------------------------------------------------


def counted(sandbox: Sandbox, *companies: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for call in sandbox.calls():
        if call["company"] in companies:
            found[call["purse"]] = found.get(call["purse"], 0) + 1
    return found


def both_ids(shown: dict[str, Any]) -> tuple[str, str]:
    return shown["qbo"]["realm_id"], shown["billcom"]["organization_id"]


def used(budget: Budget) -> int:
    """Of shares given back; at the turn of an hour a call stands in both, then in the later one."""
    last = ApiBudget.objects.filter(budget=budget).latest("begins_at").begins_at
    assert not ApiBudget.objects.filter(holder__isnull=False).exists()
    return sum(ApiBudget.objects.filter(budget=budget, begins_at=last).values_list("used", flat=True))


def use_up(allowance: Allowance, clock: Clock, settings: Any) -> None:
    """Nothing is left of it, in this hour or month and the next."""
    name = {Budget.BILLCOM_CALLS: "BILLCOM_CALLS_AN_HOUR", Budget.QBO_METERED: "QBO_METERED_CALLS_A_MONTH"}
    for period in {allowance.period(clock()), *allowance.periods(clock())}:
        fields = {"budget": allowance.budget, "owner": allowance.owner, "begins_at": period}
        ApiBudget.objects.filter(**fields).delete()
        ApiBudget.objects.create(**fields, number=1, size=1000, used=1000)
    setattr(settings, name[allowance.budget], 1000)


def test_it_counts_what_the_products_count(sandbox: Sandbox, loaded: dict[str, Any], clock: Clock) -> None:
    if clock().minute == 59:
        # What is called at the turn of an hour stands in two of them.
        clock.wait(120)
    sandbox.clear_calls()
    company = set_up(loaded, clock)
    synced(company, clock)
    synced(company, clock)
    seen = counted(sandbox, *both_ids(loaded))
    assert sum(MeteredCalls.objects.filter(company=company).values_list("calls", flat=True)) == seen["metered"]
    assert used(Budget.QBO_METERED) == seen["metered"]
    assert used(Budget.BILLCOM_LOG_INS) == seen["login"]
    assert used(Budget.BILLCOM_CALLS) == seen["billcom"] + seen["login"]


def test_an_idle_sync_costs_few_statements_more(company: Company, clock: Clock) -> None:
    synced(company, clock)
    synced(company, clock)
    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        run = synced(company, clock)
    assert run.calls["billcom"] >= 8
    assert len([sql for sql in seen if "budget" in sql or "meteredcalls" in sql]) <= 10


def test_a_run_without_room_waits_and_goes_on_in_the_next_hour(
    sandbox: Sandbox, company: Company, clock: Clock, settings: Any
) -> None:
    synced(company, clock)
    sandbox.clear_calls()
    use_up(remotes.allowances(company)[1], clock, settings)
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    assert runs.work_slice(run.pk, clock=clock) is False
    run.refresh_from_db()
    assert run.state == RunState.RUNNING and run.not_before is not None
    assert "calls to BILL are used up" in run.phase
    assert BudgetWait.objects.in_line().get().run_id == run.pk
    assert counted(sandbox, company.connection("billcom").remote_id) == {}
    settings.BILLCOM_CALLS_AN_HOUR = 20_000
    clock.wait((run.not_before - clock()).total_seconds())
    run = runs.run_to_end(run, clock=clock, sleep=clock.wait)
    assert run.state == RunState.DONE, run.message
    assert not BudgetWait.objects.in_line().exists()


def test_waiting_for_room_is_no_failed_try(
    company: Company, clock: Clock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_PAUSES", 3)
    use_up(METERED, clock, settings)
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    for _ in range(runs.MOST_PAUSES + 2):
        runs.work_slice(run.pk, clock=clock)
        clock.wait(3601)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert "metered calls to QuickBooks are used up" in run.phase
    settings.QBO_METERED_CALLS_A_MONTH = 500_000
    assert runs.run_to_end(run, clock=clock, sleep=clock.wait).state == RunState.DONE


def test_first_come_first_served(sandbox: Sandbox, loaded: dict[str, Any], clock: Clock, settings: Any) -> None:
    companies = [set_up(loaded, clock)]
    for seed in (11, 12):
        shown = sandbox.load(f"generated:seed={seed},accounts=20,vendors=2,customers=1,items=1,bills=1")
        settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
        companies.append(set_up(shown, clock, name=f"Company {seed}"))
    use_up(METERED, clock, settings)
    waiting = []
    for each in companies[:2]:
        run = runs.request_run(each, trigger=Trigger.PERSON, now=clock())
        runs.work_slice(run.pk, clock=clock)
        waiting.append(run)
        clock.wait(5)
    settings.QBO_METERED_CALLS_A_MONTH = 500_000
    clock.wait(3600)
    newcomer = runs.request_run(companies[2], trigger=Trigger.PERSON, now=clock())
    for late in (newcomer, waiting[1]):
        runs.work_slice(late.pk, clock=clock)
        late.refresh_from_db()
        assert "waited longer" in late.phase
    assert [each.run_id for each in BudgetWait.objects.in_line()] == [waiting[0].pk, waiting[1].pk, newcomer.pk]
    clock.wait(60)
    assert [run.pk for run in runs.runs_to_wake(clock())] == [waiting[0].pk, waiting[1].pk, newcomer.pk]
    for run in runs.runs_to_wake(clock()):
        runs.run_to_end(run, clock=clock, sleep=clock.wait)
    assert set(SyncRun.objects.values_list("state", flat=True)) == {RunState.DONE}
    begun = SyncRun.objects.filter(pk__in=[each.pk for each in (*waiting, newcomer)]).order_by("finished_at")
    assert list(begun.values_list("pk", flat=True)) == [waiting[0].pk, waiting[1].pk, newcomer.pk]


def test_one_key_does_not_wait_for_another(company: Company, clock: Clock) -> None:
    other = Company.objects.create(name="With a key of its own")
    behind = SyncRun.objects.create(company=other, trigger=Trigger.PERSON)
    budgets.queue_up(behind, NoRoom(budgets.calls_of("their own"), "", 60), clock())
    synced(company, clock)


def test_whoever_waits_again_keeps_the_place(company: Company, clock: Clock) -> None:
    run = SyncRun.objects.create(company=company, trigger=Trigger.PERSON)
    met = NoRoom(METERED, "", 60)
    since = clock()
    budgets.queue_up(run, met, since)
    budgets.take_turn(run, [METERED], clock())
    assert not BudgetWait.objects.in_line().exists()
    budgets.queue_up(run, met, since + timedelta(hours=1))
    assert BudgetWait.objects.in_line().get().since == since


def test_no_room_is_told_as_a_limit_of_the_product(company: Company, clock: Clock, settings: Any) -> None:
    """So that every page and service that knows a product's refusal knows this one."""
    use_up(remotes.allowances(company)[1], clock, settings)
    with pytest.raises(RateLimited):
        remotes.open_both(company, clock).billcom.users()


def test_signing_in_on_the_page_is_paid_too(
    sandbox: Sandbox, loaded: dict[str, Any], company: Company, settings: Any
) -> None:
    billcom, now = loaded["billcom"], timezone.now()
    Connection.objects.filter(company=company).update(state="disconnected")
    sign_in = {
        "sign_in": "sync-token",
        "username": billcom["sync_token_name"],
        "password": billcom["sync_token_value"],
        "organization_id": billcom["organization_id"],
        "developer_key": billcom["developer_key"],
    }
    user = User.objects.create_user("alice")
    sandbox.clear_calls()
    allowance = budgets.log_ins_of(billcom["developer_key"])
    before = budgets.spent(allowance, now)
    connections.connect_billcom(company, user, **sign_in, now=now)
    assert budgets.spent(allowance, now) == before + counted(sandbox, billcom["organization_id"])["login"] == before + 1
    settings.BILLCOM_LOG_INS_AN_HOUR = before + 1
    with pytest.raises(ServiceError, match="log-ins to BILL are used up"):
        connections.connect_billcom(company, user, **sign_in, now=now)
    assert counted(sandbox, billcom["organization_id"])["login"] == 1


def test_a_tie_out_is_counted_and_gives_back(sandbox: Sandbox, loaded: dict[str, Any], company: Company) -> None:
    before = MeteredCalls.objects.get().calls
    sandbox.clear_calls()
    tie_out.tie_out(company, now=timezone.now())
    assert MeteredCalls.objects.get().calls == before + counted(sandbox, *both_ids(loaded))["metered"] > before
    assert not ApiBudget.objects.filter(holder__isnull=False).exists()
