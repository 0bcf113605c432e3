"""Starting a sync, watching it, what came of it; the preview; the monitor's page."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncapp import tasks
from syncapp.kinds import KINDS
from syncapp.models import (
    Company,
    Conflict,
    ObjectState,
    Operation,
    OperationState,
    RunScope,
    RunState,
    SetupStep,
    SyncedObject,
    SyncLogEntry,
    SyncRun,
    Trigger,
    Verb,
)
from syncapp.services import preview as preview_service
from syncapp.services.preview import Preview, PreviewRow
from tests.views.conftest import Cast


def _address(cast: Cast, name: str, *more: int) -> str:
    return reverse(f"syncapp:{name}", args=[cast.company.pk, *more])


def _run(cast: Cast, **given: Any) -> SyncRun:
    return SyncRun.objects.create(**{"company": cast.company, "trigger": Trigger.PERSON, **given})


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[SyncRun]:
    runs: list[SyncRun] = []
    monkeypatch.setattr(tasks, "enqueue", runs.append)
    return runs


def test_sync_now_starts_a_run_and_shows_it(
    cast: Cast, woken: list[SyncRun], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = cast.client("alice").post(_address(cast, "sync-now"))
    run = SyncRun.objects.get()
    assert (run.trigger, run.started_by) == (Trigger.PERSON, cast.alice)
    assert answer["Location"] == _address(cast, "progress", run.pk)
    assert woken == [run]


def test_pressing_twice_joins_the_run_under_way(cast: Cast, woken: list[SyncRun]) -> None:
    client = cast.client("alice")
    assert client.post(_address(cast, "sync-now"))["Location"] == client.post(_address(cast, "sync-now"))["Location"]
    assert SyncRun.objects.count() == 1


def test_a_company_that_is_not_set_up_is_refused_in_words(cast: Cast, woken: list[SyncRun]) -> None:
    cast.company.setup_step = SetupStep.CONNECT_QBO
    cast.company.save()
    answer = cast.client("alice").post(_address(cast, "sync-now"), follow=True)
    # An apostrophe is escaped in the page, so the words around it are looked for.
    assert "Finish the steps on its Get Started page first." in answer.content.decode()
    assert not SyncRun.objects.exists()
    assert not woken


def test_progress_is_live_for_everybody_who_may_look(cast: Cast) -> None:
    run = _run(cast, state=RunState.RUNNING, progress=40, phase="Syncing bills")
    for who in ("alice", "bob", "dana"):
        page = cast.client(who).get(_address(cast, "progress", run.pk)).content.decode()
        assert 'value="40"' in page
        assert "Syncing bills" in page
    answer = cast.client("bob").get(_address(cast, "progress-json", run.pk))
    now = answer.json()
    assert (now["percent"], now["phase"], now["active"]) == (40, "Syncing bills", True)
    assert "no-store" in answer["Cache-Control"]


def test_progress_leads_to_the_result_when_it_is_over(cast: Cast) -> None:
    run = _run(cast, state=RunState.DONE)
    assert cast.client("bob").get(_address(cast, "progress", run.pk))["Location"] == _address(cast, "result", run.pk)
    now = cast.client("bob").get(_address(cast, "progress-json", run.pk)).json()
    assert (now["active"], now["next"]) == (False, _address(cast, "result", run.pk))


def test_a_run_that_stands_still_says_why(cast: Cast) -> None:
    client = cast.client("alice")
    run = _run(cast, created_at=timezone.now() - timedelta(minutes=5))
    assert "No worker has taken it up" in client.get(_address(cast, "progress-json", run.pk)).json()["notice"]
    SyncRun.objects.update(state=RunState.RUNNING, not_before=timezone.now().replace(hour=14, minute=5))
    assert "at 14:05 (UTC)" in client.get(_address(cast, "progress", run.pk)).content.decode()


def test_a_first_sync_that_failed_leads_back_to_get_started(cast: Cast) -> None:
    cast.company.setup_step = SetupStep.FIRST_SYNC
    cast.company.save()
    run = _run(cast, trigger=Trigger.SETUP, state=RunState.FAILED, message="BILL does not answer.")
    page = cast.client("alice").get(_address(cast, "result", run.pk)).content.decode()
    assert "BILL does not answer." in page
    assert "start the first sync again" in page


def test_without_a_number_the_latest_sync_is_meant(cast: Cast) -> None:
    assert cast.client("alice").get(_address(cast, "result")).status_code == 404
    run = _run(cast, state=RunState.DONE)
    assert cast.client("alice").get(_address(cast, "result")).context["run"] == run


@pytest.fixture
def synced(cast: Cast) -> SyncRun:
    """A run that wrote three vendors, holds two bills and met a conflict."""
    run = _run(cast, trigger=Trigger.SETUP, state=RunState.DONE, finished_at=timezone.now())
    written = [("billcom", Verb.CREATE), ("billcom", Verb.CREATE), ("qbo", Verb.UPDATE), ("qbo", Verb.UPDATE)]
    for number, (side, verb) in enumerate(written):
        vendor = SyncedObject.objects.create(
            company=cast.company,
            kind="vendor",
            billcom_id=f"v{number}",
            qbo_id=f"v{number}",
            label=f"Vendor {number}",
            state=ObjectState.LINKED,
        )
        # The last one was refused: it doesn't count as written.
        state = OperationState.DONE if number < 3 else OperationState.REFUSED
        Operation.objects.create(
            id=uuid.uuid4(),
            company=cast.company,
            run=run,
            object=vendor,
            kind="vendor",
            side=side,
            verb=verb,
            state=state,
            payload={},
        )
    for number in range(2):
        SyncedObject.objects.create(
            company=cast.company,
            kind="bill",
            billcom_id=f"b{number}",
            state=ObjectState.HELD,
            hold_code="zero-amount",
        )
    Conflict.objects.create(
        company=cast.company,
        run=run,
        object=vendor,
        kind="vendor",
        field="email",
        billcom_value="ours@example.com",
        qbo_value="theirs@example.com",
        kept="billcom",
    )
    SyncLogEntry.objects.create(run=run, company=cast.company, message="Read both sides.")
    return run


def test_the_result_counts_by_kind_and_says_what_is_held(cast: Cast, synced: SyncRun) -> None:
    answer = cast.client("bob").get(_address(cast, "result", synced.pk))
    rows = {row.label: row for row in answer.context["kind_rows"]}
    assert (rows["Vendors"].linked, rows["Vendors"].to_billcom, rows["Vendors"].to_qbo) == (
        4,
        "2 created",
        "1 updated",
    )
    assert rows["Bills"].held == 2
    (hold,) = answer.context["hold_rows"]
    assert (hold.title, hold.count) == ("Total is zero", 2)
    assert "hold_code__exact=zero-amount" in hold.records
    assert answer.context["refused"] == 1


def test_the_result_tells_what_needs_a_person_from_what_is_settled(cast: Cast, synced: SyncRun) -> None:
    settled = SyncedObject.objects.filter(company=cast.company, kind="bill")[0]
    held = {"company": cast.company, "state": ObjectState.HELD}
    SyncedObject.objects.create(**held, kind="bill_payment", qbo_id="1", hold_code="waits-for", waits_for=settled)
    unsettled = SyncedObject.objects.create(**held, kind="vendor", qbo_id="2", hold_code="needs-address")
    SyncedObject.objects.create(**held, kind="bill", qbo_id="3", hold_code="waits-for", waits_for=unsettled)

    answer = cast.client("bob").get(_address(cast, "result", synced.pk))

    assert {(row.title, row.count) for row in answer.context["needs_you"]} == {
        ("No country", 1),
        ("Waits for another record", 1),
    }
    assert {(row.title, row.count) for row in answer.context["settled"]} == {
        ("Total is zero", 2),
        ("Waits for another record", 1),
    }
    assert "Held by a rule: 3 records" in answer.content.decode()
    (listed,) = cast.client("bob").get(reverse("syncapp:home")).context["page"].object_list
    assert listed.held == 2


def test_what_differed_from_the_start_is_not_called_changed(cast: Cast, synced: SyncRun) -> None:
    page = cast.client("bob").get(_address(cast, "result", synced.pk)).content.decode()
    assert "They differed when they were linked" in page
    Conflict.objects.update(base_value="before@example.com")
    page = cast.client("bob").get(_address(cast, "result", synced.pk)).content.decode()
    assert "Changed on both sides" in page
    assert "They differed" not in page


def test_the_result_shows_both_values_of_a_conflict(cast: Cast, synced: SyncRun) -> None:
    page = cast.client("bob").get(_address(cast, "result", synced.pk)).content.decode()
    assert "ours@example.com" in page
    assert "theirs@example.com" in page
    assert "The sync is now connected." in page
    assert "Read both sides." in page


def test_a_run_that_wrote_nothing_says_so(cast: Cast) -> None:
    run = _run(cast, state=RunState.DONE, finished_at=timezone.now())
    page = cast.client("bob").get(_address(cast, "result", run.pk)).content.decode()
    assert "Nothing had to be written" in page


def test_the_links_of_the_result_open(cast: Cast, synced: SyncRun) -> None:
    client = cast.client("alice")
    context = client.get(_address(cast, "result", synced.pk)).context
    addresses = [row.records for row in context["hold_rows"]]
    addresses += [address for row in context["kind_rows"] for address in (row.records, row.holds)]
    addresses += [conflict.address for conflict in context["conflicts"]] + [context["conflict_records"]]
    for address in addresses:
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("code", ["too-many-changes", "empty-side", "company-renamed"])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_guard_is_let_pass_by_who_may_work_only(cast: Cast, woken: list[SyncRun], who: str, code: str) -> None:
    run = _run(cast, state=RunState.STOPPED, stop_code=code, message="14 of 20 vendors would go.")
    client = cast.client(who)
    page = client.get(_address(cast, "result", run.pk)).content.decode()
    assert "14 of 20 vendors would go." in page
    assert ("let it pass</button>" in page) is (who == "alice")
    answer = client.post(_address(cast, "let-pass", run.pk))
    passed = SyncRun.objects.filter(let_pass=True)
    assert passed.count() == (who == "alice")
    if who == "alice":
        assert answer["Location"] == _address(cast, "progress", passed.get().pk)


def test_a_run_that_no_guard_stopped_is_not_let_pass(cast: Cast, woken: list[SyncRun]) -> None:
    run = _run(cast, state=RunState.DONE)
    answer = cast.client("alice").post(_address(cast, "let-pass", run.pk), follow=True)
    assert "Only a run that a guard stopped" in answer.content.decode()


def test_the_sync_page_lists_the_latest_runs(cast: Cast, synced: SyncRun) -> None:
    page = cast.client("alice").get(_address(cast, "sync")).content.decode()
    assert _address(cast, "result", synced.pk) in page
    assert "Sync Now</button>" in page


def test_the_preview_shows_the_plan(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Preview(
        rows=[
            PreviewRow("vendor", 1, "Acme", "billcom", "create"),
            PreviewRow("vendor", 2, "Best", "qbo", "update", "email", "old@example.com", "new@example.com"),
        ],
        links=[PreviewRow("vendor", 3, "Core", "", "link")],
        holds=[
            PreviewRow(
                "bill", 4, "B-1", "", "hold", after="Bills with a total of zero are never sent.", reason="zero-amount"
            )
        ],
        counts={"vendor.create.billcom": 1, "vendor.update.qbo": 1, "vendor.link": 1, "bill.hold": 1},
    )
    monkeypatch.setattr(preview_service, "preview", lambda company, now: plan)
    page = cast.client("alice").get(_address(cast, "preview"))
    words = page.content.decode()
    for expected in ("Acme", "Create", "old@example.com", "new@example.com", "Core", "never sent", "Sync Now</button>"):
        assert expected in words
    assert dict(page.context["totals"]) == {
        "to create in BILL": 1,
        "to update in QuickBooks Online": 1,
        "to link": 1,
        "held": 1,
    }


def test_a_preview_before_anything_was_read_lists_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was imported from one side would all seem to be missing on the other."""
    Company.objects.filter(pk=cast.company.pk).update(setup_step=SetupStep.FIRST_SYNC)
    plan = Preview(rows=[PreviewRow("account", 1, "Rent", "billcom", "create")], counts={"account.create.billcom": 53})
    monkeypatch.setattr(preview_service, "preview", lambda company, now: plan)
    words = cast.client("alice").get(_address(cast, "preview")).content.decode()
    assert "Rent" not in words and "<strong>53</strong>" not in words
    assert "Read both sides now</button>" in words
    _run(cast, state=RunState.DONE, scope=RunScope.READ, finished_at=timezone.now())
    words = cast.client("alice").get(_address(cast, "preview")).content.decode()
    assert "Rent" in words and "<strong>53</strong>" in words


def test_the_preview_says_what_it_leaves_out(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Preview(
        counts={"vendor.conflict": 2}, stop="30 of 90 vendors were deleted", unseen={"bill": 7000}, in_flight=3
    )
    monkeypatch.setattr(preview_service, "preview", lambda company, now: plan)
    page = cast.client("alice").get(_address(cast, "preview"))

    words = page.content.decode()
    for expected in ("30 of 90 vendors were deleted", "7,000 bills", "3 records with a write", "can't show"):
        assert expected in words
    assert dict(page.context["totals"]) == {"changed on both sides": 2}


def test_there_is_no_preview_while_a_sync_runs(cast: Cast) -> None:
    SyncRun.objects.create(company=cast.company, trigger=Trigger.PERSON, state=RunState.RUNNING)

    assert "is running" in cast.client("alice").get(_address(cast, "preview")).content.decode()


def test_looking_at_the_preview_writes_nothing(cast: Cast) -> None:
    values = dict.fromkeys(KINDS["vendor"].fields, "") | {"name": "Acme", "country": "US", "active": True}
    SyncedObject.objects.create(company=cast.company, kind="vendor", qbo_id="7", qbo_values=values, label="Acme")
    before = list(SyncedObject.objects.values())
    page = cast.client("alice").get(_address(cast, "preview")).content.decode()
    assert "Acme" in page
    assert "BILL" in page
    assert list(SyncedObject.objects.values()) == before
    assert not Operation.objects.exists()


@pytest.mark.parametrize(("minutes", "status"), [(None, 200), (1, 200), (30, 503)])
def test_health_tells_of_an_old_queue(
    db: None, monkeypatch: pytest.MonkeyPatch, minutes: int | None, status: int
) -> None:
    def oldest(now: Any) -> Any:
        return None if minutes is None else now - timedelta(minutes=minutes)

    monkeypatch.setattr(tasks, "oldest_waiting", oldest)
    answer = Client().get("/healthz")
    assert answer.status_code == status
    assert answer.json()["ok"] is (status == 200)


def test_health_tells_of_a_database_that_does_not_answer(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(now: Any) -> Any:
        raise OperationalError("no such host db.internal")

    monkeypatch.setattr(tasks, "oldest_waiting", broken)
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert "db.internal" not in answer.content.decode()


def test_a_conflict_of_lines_shows_what_they_come_to(cast: Cast, synced: SyncRun) -> None:
    row = SyncedObject.objects.filter(company=cast.company, kind="bill")[0]
    note = "a long description " * 5
    ours, theirs = ([{"amount": Decimal(each), "account": "1", "description": note}] for each in ("77.00", "1099.00"))
    Conflict.objects.create(
        company=cast.company, run=synced, object=row, kind="bill", field="lines",
        billcom_value=ours, qbo_value=theirs, kept="billcom",
    )  # fmt: skip
    client = cast.client("bob")
    result = client.get(_address(cast, "result", synced.pk)).content.decode()
    listed = client.get(reverse("admin:syncapp_conflict_changelist")).content.decode()
    for page in (result, listed):
        assert "1 line, 77.00 in all" in page
        assert "1 line, 1,099.00 in all" in page
