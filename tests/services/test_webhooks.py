"""What comes of notifications: one sync soon, never a chain of them, and nothing depends on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from syncapp import tasks
from syncapp.core.sides import Side
from syncapp.models import (
    Company,
    Connection,
    ConnectionState,
    Firm,
    Operation,
    Outcome,
    RunScope,
    RunState,
    SetupStep,
    SyncPreferences,
    SyncRun,
    Trigger,
    WebhookEvent,
)
from syncapp.services import runs, subscriptions, webhooks
from syncapp.services.errors import ServiceError
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced

PATIENCE = 10.0


# --- over the sandbox, which posts to the pages themselves -----------------------------------------------------------


@pytest.fixture
def told(
    company: Company, clock: Clock, sandbox: Sandbox, live_server: Any, settings: Any
) -> Iterator[Callable[[], list[SyncRun]]]:
    """The company in step; both products tell of changes. What looks at what came in: the runs it starts."""
    # The sandbox's BILL posts to https addresses and to this one.
    here = live_server.url.replace("localhost", "127.0.0.1")
    settings.PUBLIC_URL, settings.BILLCOM_WEBHOOKS = here, True
    settings.BILLCOM_EVENTS_URL = f"{sandbox.url}/billcom/connect-events"
    settings.QBO_WEBHOOK_TOKEN, settings.WEBHOOK_SECONDS = "verifier", 0
    synced(company, clock)
    for key in subscriptions.take_due(clock()):
        subscriptions.check(key, clock=clock)
    listen = {"url": f"{here}/webhooks/qbo/", "verifier_token": "verifier"}
    sandbox._ask("POST", "webhooks", {"qbo": listen})

    yield lambda: webhooks.start_runs(clock())
    sandbox._ask("DELETE", "webhooks")
    sandbox.switch(webhooks_reorder=False, webhooks_duplicate=False, webhooks_drop_every=0)


def arrived(sandbox: Sandbox, number: int) -> None:
    """Wait until so many have come in, and nothing is on its way."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if WebhookEvent.objects.count() >= number and not sandbox._ask("GET", "webhooks")["waiting"]:
            return
        time.sleep(0.05)
    raise AssertionError(f"{WebhookEvent.objects.count()} of {number} notifications came in")


def two_vendors(company: Company) -> tuple[Any, Any]:
    first, second, *_ = (row for row in linked(company, "vendor") if row.qbo_values["active"])
    return first, second


def edit(sandbox: Sandbox, loaded: dict[str, Any], first: Any, second: Any, word: str) -> None:
    """One vendor in QuickBooks, another in BILL."""
    address = {"Address": f"{word}@vendor.example"}
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Vendor", {"Id": first.qbo_id, "PrimaryEmailAddr": address})
    change = {"id": second.billcom_id, "email": f"{word}@vendor.example"}
    sandbox.person("billcom", loaded["billcom"]["organization_id"], "vendors", change)


def emails(sandbox: Sandbox, loaded: dict[str, Any], first: Any, second: Any) -> set[str]:
    """What both sides show of both vendors."""
    there = {each["Id"]: each for each in sandbox.books("qbo", loaded["qbo"]["realm_id"])["Vendor"]}
    here = {each["id"]: each for each in sandbox.books("billcom", loaded["billcom"]["organization_id"])["vendors"]}
    return {
        *(there[row.qbo_id]["PrimaryEmailAddr"]["Address"] for row in (first, second)),
        *(here[row.billcom_id]["email"] for row in (first, second)),
    }


def test_a_change_on_each_side_is_synced_by_one_run_and_our_own_writes_start_none(
    told: Callable[[], list[SyncRun]], company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    first, second = two_vendors(company)
    edit(sandbox, loaded, first, second, "soon")
    arrived(sandbox, 2)

    (run,) = told()
    assert run.trigger == Trigger.WEBHOOK
    assert runs.run_to_end(run, clock=clock, sleep=clock.wait).state == RunState.DONE
    assert emails(sandbox, loaded, first, second) == {"soon@vendor.example"}

    # The run wrote once on each side, which comes back as two events more, after it began.
    assert Operation.objects.filter(run=run).count() == 2
    arrived(sandbox, 4)
    assert told() == []
    outcomes = list(WebhookEvent.objects.order_by("pk").values_list("outcome", "company"))
    assert outcomes == [(Outcome.STARTED, company.pk)] * 2 + [(Outcome.READ, company.pk)] * 2


def test_both_sides_agree_though_notifications_are_lost_doubled_and_shuffled(
    told: Callable[[], list[SyncRun]], company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    sandbox.switch(webhooks_reorder=True, webhooks_duplicate=True, webhooks_drop_every=2)
    first, second = two_vendors(company)
    for word in ("one", "two", "three"):
        edit(sandbox, loaded, first, second, word)
        time.sleep(0.3)
    arrived(sandbox, 2)
    for run in told():
        runs.run_to_end(run, clock=clock, sleep=clock.wait)
    assert emails(sandbox, loaded, first, second) == {"three@vendor.example"}
    assert SyncRun.objects.filter(trigger=Trigger.WEBHOOK).count() == 1

    # All are lost: the daily sync finds what nobody told of.
    sandbox.switch(webhooks_drop_every=1)
    number = all_arrived()
    told()
    edit(sandbox, loaded, first, second, "four")
    time.sleep(0.5)
    assert WebhookEvent.objects.count() == number and told() == []
    Company.objects.update(next_sync_at=clock())
    runs.start_due(clock())
    runs.run_to_end(SyncRun.objects.active().get(), clock=clock, sleep=clock.wait)
    assert emails(sandbox, loaded, first, second) == {"four@vendor.example"}


def all_arrived() -> int:
    """The number of events, once none has come for a second: those of earlier edits may be late."""
    number = -1
    while number != (number := WebhookEvent.objects.count()):
        time.sleep(1)
    return number


# --- over rows alone -------------------------------------------------------------------------------------------------


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def harbor(transactional_db: None, settings: Any) -> Company:
    """Set up, connected, and synced long ago."""
    settings.WEBHOOK_SECONDS = 300
    firm = Firm.objects.create(name="Alder & Finch")
    long_ago = timezone.now() - timedelta(days=1)
    company = Company.objects.create(name="Harbor", firm=firm, setup_step=SetupStep.DONE, set_up_at=long_ago)
    SyncPreferences.objects.create(company=company)
    for side in Side:
        Connection.objects.create(company=company, side=side, remote_id=f"{side}1")
    return company


def event(now: datetime, number: int = 1, side: Side = Side.QBO, **fields: Any) -> WebhookEvent:
    given = {"what": "qbo.vendor.updated.v1", "remote_id": str(number), "happened_at": now, "received_at": now}
    return WebhookEvent.objects.create(
        **{"side": side, "event_id": f"{side}{number}", "remote_company": f"{side}1", **given, **fields}
    )


def ran(company: Company, ended: datetime, state: RunState = RunState.DONE, lasted: int = 60) -> SyncRun:
    began = ended - timedelta(seconds=lasted)
    return SyncRun.objects.create(
        company=company, trigger=Trigger.CLOCK, state=state, created_at=began, started_at=began, finished_at=ended
    )


def outcomes() -> list[str]:
    return list(WebhookEvent.objects.order_by("pk").values_list("outcome", flat=True))


def test_many_events_of_both_sides_start_one_run(harbor: Company, now: datetime) -> None:
    for number in range(5):
        event(now, number)
        event(now, number, Side.BILLCOM, what="bill.updated")
    (run,) = webhooks.start_runs(now)
    assert (run.company, run.scope, run.trigger) == (harbor, RunScope.FULL, Trigger.WEBHOOK)
    assert outcomes() == [Outcome.STARTED] * 10
    assert webhooks.start_runs(now) == []


def test_too_many_events_to_look_at_start_a_run(
    harbor: Company, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "LOOKED_AT", 2)
    for number in range(3):
        event(now, number)
    assert len(webhooks.start_runs(now)) == 1
    assert outcomes() == [Outcome.STARTED] * 3


def test_a_while_lies_between_two_runs_that_notifications_start(harbor: Company, now: datetime) -> None:
    ran(harbor, now - timedelta(seconds=10))
    event(now)
    assert webhooks.start_runs(now) == [] and outcomes() == [Outcome.WAITS]
    assert webhooks.start_runs(now + timedelta(seconds=280)) == []
    assert len(webhooks.start_runs(now + timedelta(seconds=290))) == 1


def test_after_a_failure_it_waits_as_long_as_the_clock_does(harbor: Company, now: datetime) -> None:
    ran(harbor, now, RunState.FAILED)
    event(now)
    assert webhooks.start_runs(now + timedelta(minutes=59)) == []
    assert len(webhooks.start_runs(now + timedelta(minutes=60))) == 1


def test_events_wait_while_a_sync_is_under_way(harbor: Company, now: datetime) -> None:
    """It isn't asked to go round again for each of its own writes."""
    run = runs.request_run(harbor, trigger=Trigger.CLOCK, now=now)
    SyncRun.objects.update(state=RunState.RUNNING)
    event(now)
    assert webhooks.start_runs(now) == [] and outcomes() == [Outcome.WAITS]
    run.refresh_from_db()
    assert not run.again


def test_what_came_before_a_sync_began_was_read_by_it(harbor: Company, now: datetime) -> None:
    event(now - timedelta(minutes=20))
    ran(harbor, now - timedelta(minutes=10))
    assert webhooks.start_runs(now) == [] and outcomes() == [Outcome.READ]
    event(now - timedelta(minutes=5), 2)
    assert len(webhooks.start_runs(now)) == 1


def test_a_sync_that_a_guard_stopped_waits_for_a_person(harbor: Company, now: datetime) -> None:
    ran(harbor, now - timedelta(days=1), RunState.STOPPED)
    event(now)
    assert webhooks.start_runs(now) == [] and outcomes() == [Outcome.STOPPED]


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda: SyncPreferences.objects.update(sync_automatically=False), Outcome.BY_HAND),
        (lambda: Company.objects.update(archived=True), Outcome.NOT_READY),
        (lambda: Company.objects.update(set_up_at=None), Outcome.NOT_READY),
        (lambda: Company.objects.update(setup_step=SetupStep.MAP_BANKS), Outcome.NOT_READY),
        (lambda: Connection.objects.filter(side=Side.BILLCOM).delete(), Outcome.NOT_READY),
        (lambda: Connection.objects.update(state=ConnectionState.NEEDS_RECONNECT), Outcome.NOT_READY),
        (lambda: Connection.objects.update(state=ConnectionState.DISCONNECTED), Outcome.UNKNOWN),
    ],
)
def test_they_are_kept_and_start_nothing(
    harbor: Company, now: datetime, change: Callable[[], Any], outcome: Outcome
) -> None:
    change()
    event(now)
    assert webhooks.start_runs(now) == []
    assert outcomes() == [outcome] and not SyncRun.objects.exists()
    assert WebhookEvent.objects.get().handled_at == now


def test_a_company_that_can_t_start_keeps_no_other_from_it(
    harbor: Company, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Company.objects.create(name="Lantern", setup_step=SetupStep.DONE, set_up_at=now)
    SyncPreferences.objects.create(company=other)
    for side in Side:
        Connection.objects.create(company=other, side=side, remote_id=f"{side}2")
    request = runs.request_run

    def refuses(company: Company, **how: Any) -> SyncRun:
        if company == harbor:
            raise ServiceError("just starting or ending")
        return request(company, **how)

    monkeypatch.setattr(runs, "request_run", refuses)
    event(now)
    event(now, 2, remote_company="qbo2")
    (run,) = webhooks.start_runs(now)
    assert run.company == other and outcomes() == [Outcome.WAITS, Outcome.STARTED]


def test_the_dispatcher_finds_what_nobody_was_woken_for(harbor: Company, now: datetime) -> None:
    event(now)
    tasks.dispatch()
    run = SyncRun.objects.get()
    assert run.trigger == Trigger.WEBHOOK
    assert [row.name() for row in OrmQ.objects.all()] == [f"run {run.pk}"]


def test_events_are_kept_for_thirty_days(harbor: Company, now: datetime) -> None:
    event(now - timedelta(days=30, seconds=1), 1)
    kept = event(now - timedelta(days=30), 2)
    assert webhooks.remove_old(now) == 1
    assert WebhookEvent.objects.get() == kept
    assert webhooks.remove_old(now) == 0


def test_many_companies_cost_no_more_statements(
    harbor: Company, now: datetime, django_assert_max_num_queries: Any
) -> None:
    """Where all wait, they are asked about together."""
    for number in range(2, 30):
        company = Company.objects.create(name=f"C{number}", setup_step=SetupStep.DONE, set_up_at=now)
        Connection.objects.create(company=company, side=Side.QBO, remote_id=f"qbo{number}")
        Connection.objects.create(company=company, side=Side.BILLCOM, remote_id=f"billcom{number}")
        SyncPreferences.objects.create(company=company)
        ran(company, now - timedelta(seconds=1))
        event(now, number, remote_company=f"qbo{number}")
    with django_assert_max_num_queries(3):
        assert webhooks.start_runs(now) == []
