"""What people and other workers do while a run is at work is neither lost nor overrun."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F

from syncapp.models import (
    Company,
    Operation,
    RunScope,
    RunState,
    SyncedObject,
    SyncPreferences,
    SyncRun,
    Trigger,
)
from syncapp.services import applying, planning, runs
from syncapp.services.errors import ServiceError
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, connect, held, linked, sync, synced, writes


def once_after(target: Any, name: str, act: Callable[[Any], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something right after the first call of a function, with its result."""
    original = getattr(target, name)
    done: list[bool] = []

    def called(*args: Any, **kwargs: Any) -> Any:
        found = original(*args, **kwargs)
        if not done:
            done.append(True)
            act(found)
        return found

    monkeypatch.setattr(target, name, called)


def names_in_qbo(sandbox: Sandbox, loaded: dict[str, Any]) -> list[str]:
    return [each["DisplayName"] for each in sandbox.books("qbo", loaded["qbo"]["realm_id"])["Vendor"]]


def new_vendor(sandbox: Sandbox, loaded: dict[str, Any], name: str, **more: Any) -> None:
    address = {"line1": "1 Quay", "city": "Dover", "zipOrPostalCode": "19901", "country": "US"}
    record = {"name": name, "address": address, **more}
    sandbox.person("billcom", loaded["billcom"]["organization_id"], "vendors", record)


def test_what_is_excluded_while_it_is_being_planned_is_not_written(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, "Quay Rope Works")
    rope = SyncedObject.objects.of(company, "vendor").filter(label="Quay Rope Works")
    once_after(planning, "make", lambda plan: rope.update(excluded=True), monkeypatch)

    synced(company, clock)

    assert held(company)["excluded"] == 1
    assert "Quay Rope Works" not in names_in_qbo(sandbox, loaded)


def test_a_preference_chosen_while_it_is_being_planned_counts(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    SyncPreferences.objects.filter(company=company).update(approved_only=False)
    synced(company, clock)
    preferences = SyncPreferences.objects.filter(company=company)
    new_vendor(sandbox, loaded, "Quay Rope Works")
    once_after(planning, "make", lambda plan: preferences.update(vendor_country="CA"), monkeypatch)
    seen: list[str] = []
    once_after(planning, "commit", lambda done: seen.append(str(done)), monkeypatch)

    synced(company, clock)

    assert seen == ["False"], "the plan was made with preferences that no longer hold"
    assert "Quay Rope Works" in names_in_qbo(sandbox, loaded)


def test_a_worker_that_lost_its_lease_journals_nothing_and_the_next_one_doubles_nothing(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, "Quay Rope Works")
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    mine = Company.objects.filter(pk=company.pk)
    with monkeypatch.context() as patch:
        once_after(applying, "send_qbo", lambda found: mine.update(fence=F("fence") + 1, lease_owner=None), patch)
        runs.work_slice(run.pk, clock=clock)
    left_open = Operation.objects.unfinished(company).count()
    mine.update(lease_until=None)

    run = runs.run_to_end(run, clock=clock, sleep=clock.wait)

    assert left_open == 1
    assert run.state == RunState.DONE, run.message
    assert names_in_qbo(sandbox, loaded).count("Quay Rope Works") == 1


def test_a_dead_workers_lease_lapses_by_the_databases_clock(company: Company, clock: Clock) -> None:
    take = Company.objects.take_lease
    mine, others = uuid.uuid4(), uuid.uuid4()

    first = take(company.pk, mine, timedelta(seconds=60))
    assert first is not None
    assert take(company.pk, others, timedelta(seconds=60)) is None
    assert Company.objects.renew_lease(company.pk, mine, first, timedelta(seconds=-1))
    second = take(company.pk, others, timedelta(seconds=60))

    assert second == first + 1
    assert not Company.objects.renew_lease(company.pk, mine, first, timedelta(seconds=60))


def test_a_database_that_is_busy_for_a_moment_ends_no_run(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(found: Any) -> None:
        raise OperationalError("deadlock detected")

    once_after(planning, "make", refuse, monkeypatch)

    run = synced(company, clock)

    assert run.log.filter(message__contains="The database was busy").exists()
    assert writes(synced(company, clock)) == 0


# --- asking for a run while there is one -----------------------------------------------------------------------------


def ask(company: Company, clock: Clock, **how: Any) -> SyncRun:
    return runs.request_run(company, trigger=Trigger.PERSON, now=clock(), **how)


def test_a_sync_asked_for_during_a_run_is_the_next_run(company: Company, clock: Clock) -> None:
    run = ask(company, clock)
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.RUNNING)

    joined = ask(company, clock)
    ended = runs.run_to_end(run, clock=clock, sleep=clock.wait)

    assert (joined.pk, joined.again) == (run.pk, True)
    assert ended.state == RunState.DONE
    assert SyncRun.objects.active().filter(company=company, scope=RunScope.FULL).count() == 1


def test_a_sync_asked_for_during_an_import_follows_it(company: Company, clock: Clock) -> None:
    importing = ask(company, clock, scope=RunScope.ACCOUNTS)

    joined = ask(company, clock)
    runs.run_to_end(importing, clock=clock, sleep=clock.wait)

    assert joined.pk == importing.pk
    assert SyncRun.objects.active().get(company=company).scope == RunScope.FULL


def test_an_import_asked_for_twice_runs_once(company: Company, clock: Clock) -> None:
    importing = ask(company, clock, scope=RunScope.ACCOUNTS)
    SyncRun.objects.filter(pk=importing.pk).update(state=RunState.RUNNING)

    ask(company, clock, scope=RunScope.ACCOUNTS)
    runs.run_to_end(importing, clock=clock, sleep=clock.wait)

    assert not SyncRun.objects.active().filter(company=company).exists()


def test_sync_now_doesnt_cut_short_a_wait_that_the_product_asked_for(
    company: Company, clock: Clock, sandbox: Sandbox
) -> None:
    synced(company, clock)
    sandbox.fault("billcom", "429_retry_after")
    run = ask(company, clock)
    runs.work_slice(run.pk, clock=clock)
    run.refresh_from_db()
    assert run.not_before is not None

    assert ask(company, clock).not_before == run.not_before


def test_sync_now_goes_on_at_once_where_only_our_patience_waits(
    company: Company, clock: Clock, sandbox: Sandbox
) -> None:
    synced(company, clock)
    sandbox.fault("billcom", "503")
    run = ask(company, clock)
    runs.work_slice(run.pk, clock=clock)
    run.refresh_from_db()
    assert run.not_before is not None

    assert ask(company, clock).not_before is None


def test_a_company_that_cant_sync_keeps_no_other_from_it(
    company: Company, loaded: dict[str, Any], clock: Clock
) -> None:
    synced(company, clock)
    Company.objects.filter(pk=company.pk).update(setup_step="import-accounts", next_sync_at=clock())
    shown = {**loaded, "qbo": {**loaded["qbo"], "realm_id": "77"}}
    shown["billcom"] = {**loaded["billcom"], "organization_id": "00801OTHER"}
    other = connect(shown, name="The other one")
    Company.objects.filter(pk=other.pk).update(setup_step="done", set_up_at=clock(), next_sync_at=clock())

    assert runs.start_due(clock()) == 1
    assert SyncRun.objects.active().get().company == other
    company.refresh_from_db()
    assert company.next_sync_at is not None and company.next_sync_at > clock()


def test_letting_pass_counts_from_the_first_slice(company: Company, clock: Clock, admin_user: Any) -> None:
    run = sync(company, clock)
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.STOPPED)
    run.refresh_from_db()

    assert runs.let_pass(run, admin_user, now=clock()).let_pass is True
    with pytest.raises(ServiceError):
        runs.let_pass(SyncRun.objects.active().get(), admin_user, now=clock())


def test_one_stubborn_write_doesnt_keep_the_company_from_syncing(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, "Quay Rope Works")
    row = next(each for each in linked(company, "customer") if each.qbo_values["active"])
    change = {"id": row.billcom_id, "email": "later@customer.example"}
    sandbox.person("billcom", loaded["billcom"]["organization_id"], "customers", change)
    sandbox.fault("qbo", "503_after", method="POST", path_contains="/vendor", times=1000)

    run = sync(company, clock)

    assert run.state == RunState.DONE, run.message
    assert Operation.objects.unfinished(company).count() == 1
    row.refresh_from_db()
    assert row.qbo_values["email"] == "later@customer.example"

    sandbox.clear_faults()
    assert writes(synced(company, clock)) == 0
    assert names_in_qbo(sandbox, loaded).count("Quay Rope Works") == 1
    assert not Operation.objects.unfinished(company).exists()
    assert "in-doubt" not in held(company)


# --- reading without writing ----------------------------------------------------------------------------------------


def test_a_run_that_only_reads_shows_the_next_syncs_work_and_writes_nothing(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    sandbox.clear_calls()
    run = runs.run_to_end(ask(company, clock, scope=RunScope.READ), clock=clock, sleep=clock.wait)
    calls = sandbox.calls()

    company.refresh_from_db()
    assert (run.state, run.message) == (RunState.DONE, "")
    assert not Operation.objects.filter(company=company).exists()
    assert not [each for each in calls if each["method"] in ("PUT", "PATCH")]
    assert SyncedObject.objects.of(company, "vendor").filter(billcom_id__isnull=False).exists()
    assert company.setup_step == "first-sync", "it isn't the first sync"
    assert writes(synced(company, clock)) > 0
    assert writes(synced(company, clock)) == 0


def test_a_sync_asked_for_while_only_reading_follows_it(company: Company, clock: Clock) -> None:
    reading = ask(company, clock, scope=RunScope.READ)

    assert ask(company, clock).pk == reading.pk
    runs.run_to_end(reading, clock=clock, sleep=clock.wait)

    assert SyncRun.objects.active().get(company=company).scope == RunScope.FULL


def test_reading_between_a_lost_write_and_the_next_sync_doubles_nothing(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What BILL made of a request whose answer was lost is read before anybody asks what became of it."""
    sandbox.fault("billcom", "timeout_after", method="POST", path_contains="/bulk", seconds=0.2)
    run = ask(company, clock)
    runs.work_slice(run.pk, clock=clock)
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.FAILED)

    runs.run_to_end(ask(company, clock, scope=RunScope.READ), clock=clock, sleep=clock.wait)
    clock.wait(600)
    synced(company, clock)

    names = [each["name"] for each in sandbox.books("billcom", loaded["billcom"]["organization_id"])["vendors"]]
    assert len(names) == len(set(names))
    assert not Operation.objects.unfinished(company).exists()
    assert writes(synced(company, clock)) == 0
