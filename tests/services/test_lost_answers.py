"""Answers that are lost, and lost again: nothing is written twice, and no record keeps the others from syncing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import GatewayError, RateLimited, Scope, Unavailable
from syncapp.models import (
    Company,
    Conflict,
    Operation,
    OperationState,
    RunScope,
    RunState,
    SyncedObject,
    SyncPreferences,
    SyncRun,
    Trigger,
)
from syncapp.services import applying, links, runs, storing
from tests.services.test_between import ask, names_in_qbo, new_vendor
from tests.services.test_rules import bill_in_qbo
from tests.services.test_vendor_credits import Both
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, held, linked, sync, synced, writes

ROPE = "Quay Rope Works"


def lose_the_first(monkeypatch: pytest.MonkeyPatch, second: GatewayError | None = None) -> None:
    """QuickBooks carries out the first write and its answer is lost; the repeat meets ``second``."""
    send, calls = applying.send_qbo, [0]

    def send_qbo(context: Any, kind: Any, batch: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2 and second is not None:
            return [second] * len(batch)
        found = send(context, kind, batch)
        lost = Unavailable(Side.QBO, "lost", outcome_unknown=True)
        return [lost] * len(batch) if calls[0] == 1 else found

    monkeypatch.setattr(applying, "send_qbo", send_qbo)


@pytest.mark.parametrize(
    "second",
    [Unavailable(Side.QBO, "refused"), RateLimited(Side.QBO, "429", scope=Scope.MINUTE, retry_after=5.0)],
)
def test_a_repeat_that_is_not_answered_says_nothing_of_the_first_time(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    second: GatewayError,
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE)
    lose_the_first(monkeypatch, second)
    run = ask(company, clock)
    for _ in range(2):
        runs.work_slice(run.pk, clock=clock)
        clock.wait(60)
    organization = loaded["billcom"]["organization_id"]
    row = SyncedObject.objects.get(company=company, kind="vendor", label=ROPE)
    sandbox.person("billcom", organization, "vendors", {"id": row.billcom_id, "name": f"{ROPE} Ltd"})

    run = runs.run_to_end(run, clock=clock, sleep=clock.wait)

    assert run.state == RunState.DONE, run.message
    assert [name for name in names_in_qbo(sandbox, loaded) if name.startswith(ROPE)] == [f"{ROPE} Ltd"]


def test_what_was_made_and_read_before_the_repeat_becomes_one_record(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE)
    lose_the_first(monkeypatch)
    run = ask(company, clock)
    runs.work_slice(run.pk, clock=clock)
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    runs.run_to_end(ask(company, clock, scope=RunScope.READ), clock=clock, sleep=clock.wait)
    assert SyncedObject.objects.filter(company=company, kind="vendor", label=ROPE).count() == 2

    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="vendor", label=ROPE)
    assert row.linked
    assert names_in_qbo(sandbox, loaded).count(ROPE) == 1
    assert not Operation.objects.unfinished(company).exists()


@pytest.mark.parametrize("arrived", [True, False])
def test_a_write_to_quickbooks_too_old_to_be_repeated_is_looked_for(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    arrived: bool,
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE)
    if arrived:
        lose_the_first(monkeypatch)
        runs.work_slice(ask(company, clock).pk, clock=clock)
    else:
        lost = Unavailable(Side.QBO, "lost", outcome_unknown=True)
        with monkeypatch.context() as broken:
            broken.setattr(applying, "send_qbo", lambda context, kind, batch: [lost] * len(batch))
            runs.work_slice(ask(company, clock).pk, clock=clock)
    assert names_in_qbo(sandbox, loaded).count(ROPE) == arrived
    clock.wait(24 * 3600)

    synced(company, clock)

    assert names_in_qbo(sandbox, loaded).count(ROPE) == 1
    row = SyncedObject.objects.get(company=company, kind="vendor", label=ROPE)
    assert row.linked
    first = Operation.objects.filter(object=row, side=Side.QBO).earliest("planned_at")
    assert first.state == (OperationState.ADOPTED if arrived else OperationState.DROPPED)
    assert first.remote_id == (row.qbo_id if arrived else "")
    assert writes(synced(company, clock)) == 0


def test_a_write_whose_record_was_linked_meanwhile_is_said_to_have_made_it(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repeats fail for hours; a reading shows what was made, under the name it was given."""
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE)
    with monkeypatch.context() as broken:
        lose_the_first(broken)
        runs.work_slice(ask(company, clock).pk, clock=clock)
        lost = Unavailable(Side.QBO, "lost", outcome_unknown=True)
        broken.setattr(applying, "send_qbo", lambda context, kind, batch: [lost] * len(batch))
        clock.wait(2 * 3600)
        synced(company, clock)
        row = SyncedObject.objects.get(company=company, kind="vendor", label=ROPE)
        first = Operation.objects.get(object=row, side=Side.QBO)
        assert (row.linked, first.state) == (True, OperationState.IN_DOUBT)
    clock.wait(24 * 3600)

    synced(company, clock)

    first.refresh_from_db()
    assert (first.state, first.remote_id) == (OperationState.ADOPTED, row.qbo_id)
    assert names_in_qbo(sandbox, loaded).count(ROPE) == 1
    assert writes(synced(company, clock)) == 0


def test_what_was_told_apart_and_lost_is_proposed_again(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was made, and renamed before anybody looked. A person had said of others that they aren't it."""
    realm = loaded["qbo"]["realm_id"]
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE, email="rope@example.com")
    lose_the_first(monkeypatch)
    runs.work_slice(ask(company, clock).pk, clock=clock)
    rope = SyncedObject.objects.filter(company=company, kind="vendor", label=ROPE)
    rope.update(told_apart=True)
    (made,) = [each for each in sandbox.books("qbo", realm)["Vendor"] if each["DisplayName"] == ROPE]
    sandbox.person("qbo", realm, "Vendor", {"Id": made["Id"], "DisplayName": "Harbour Rope"})
    clock.wait(24 * 3600)

    synced(company, clock)

    row = rope.get(qbo_id=None)
    assert row.hold_code == "proposed-match"
    assert names_in_qbo(sandbox, loaded).count(ROPE) == 0


def test_what_was_told_apart_from_its_namesake_and_lost_is_left_to_a_person(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bill in QuickBooks of the same number was told apart from it; what was made for it was renumbered since."""
    synced(company, clock)
    books = Both(company, sandbox, loaded)
    theirs = bill_in_qbo(company, sandbox, books.realm, "TWIN-1")
    SyncPreferences.objects.filter(company=company).update(one_way=True)
    synced(company, clock)
    books.bill("TWIN-2")
    lose_the_first(monkeypatch)
    runs.work_slice(ask(company, clock).pk, clock=clock)
    row = SyncedObject.objects.get(company=company, kind="bill", number="TWIN-2", qbo_id=None)
    namesake = SyncedObject.objects.get(company=company, kind="bill", qbo_id=theirs["Id"])
    SyncedObject.objects.filter(pk=row.pk).update(told_apart=True)
    for bill in [each for each in sandbox.books("qbo", books.realm)["Bill"] if each.get("DocNumber") == "TWIN-2"]:
        change = {"Id": bill["Id"], "VendorRef": bill["VendorRef"], "DocNumber": "OTHER"}
        sandbox.person("qbo", books.realm, "Bill", change)
    change = {"Id": theirs["Id"], "VendorRef": theirs["VendorRef"], "DocNumber": "TWIN-2"}
    SyncedObject.objects.filter(pk=namesake.pk).update(first_seen_at=clock() - timedelta(days=30))
    sandbox.person("qbo", books.realm, "Bill", change)
    clock.wait(24 * 3600)

    synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, row.excluded, row.told_apart, row.qbo_id) == ("excluded", True, True, None)
    assert row.hold is not None and "the answer was lost" in row.hold.describe()
    assert namesake.pk in links.candidates(row).values_list("pk", flat=True)
    assert [each for each in sandbox.books("qbo", books.realm)["Bill"] if each.get("DocNumber") == "OTHER"]
    assert writes(synced(company, clock)) == 0


def test_a_page_that_a_stalled_worker_still_holds_is_not_saved(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    organization = loaded["billcom"]["organization_id"]
    pair = next(row for row in linked(company, "vendor") if row.qbo_values["active"])
    sandbox.person("billcom", organization, "vendors", {"id": pair.billcom_id, "phone": "111"})
    run = ask(company, clock)
    store = storing.store_page
    stalled: list[bool] = []

    def store_page(context: Any, kind: Any, side: Any, raws: Any) -> set[str]:
        if not stalled and kind.name == "vendor" and side is Side.BILLCOM:
            stalled.append(True)
            Company.objects.filter(pk=company.pk).update(lease_owner=None, lease_until=None, fence=F("fence") + 1)
            sandbox.person("billcom", organization, "vendors", {"id": pair.billcom_id, "phone": "222"})
            runs.run_to_end(run, clock=clock, sleep=clock.wait)
        return store(context, kind, side, raws)

    monkeypatch.setattr(storing, "store_page", store_page)

    runs.work_slice(run.pk, clock=clock)

    pair.refresh_from_db()
    assert pair.billcom_values["phone"] == pair.qbo_values["phone"] == "222"


def test_what_bill_never_answers_is_held_and_the_others_go_on(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    realm = loaded["qbo"]["realm_id"]
    poison = {"DisplayName": "Poison", "PrimaryEmailAddr": {"Address": "p@example.com"}}
    sandbox.person("qbo", realm, "Customer", poison)
    bills = (row for row in linked(company, "bill") if row.qbo_values["open"] == row.qbo_values["total"])
    bill = next(row for row in bills if row.qbo_values["active"])
    sandbox.person("qbo", realm, "Bill", {"Id": bill.qbo_id, "PrivateNote": "edited by a person"})
    single = applying.Applier._single

    def never(self: Any, operation: Any) -> Any:
        if "Poison" in str(operation.payload):
            return Unavailable(Side.BILLCOM, "500", outcome_unknown=True)
        return single(self, operation)

    monkeypatch.setattr(applying.Applier, "_single", never)

    run = synced(company, clock)

    bill.refresh_from_db()
    assert bill.billcom_values["description"] == "edited by a person"
    assert held(company)["rejected"] == 1
    assert run.log.filter(message__contains="no answer").exists()
    assert writes(synced(company, clock)) == 0


def test_an_update_carried_out_before_its_answer_was_lost_is_no_edit_of_a_persons(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would clash with what was edited in QuickBooks since, and the older value win."""
    synced(company, clock)
    realm = loaded["qbo"]["realm_id"]
    row = next(each for each in linked(company, "vendor") if each.qbo_values["active"])
    sandbox.person("qbo", realm, "Vendor", {"Id": row.qbo_id, "PrimaryPhone": {"FreeFormNumber": "111"}})
    sandbox.fault("billcom", "timeout_after", method="PATCH", path_contains="/vendors/", seconds=0.2)
    run = ask(company, clock)
    runs.work_slice(run.pk, clock=clock)
    assert Operation.objects.unfinished(company).get().state == OperationState.IN_DOUBT
    sandbox.person("qbo", realm, "Vendor", {"Id": row.qbo_id, "PrimaryPhone": {"FreeFormNumber": "222"}})

    runs.run_to_end(run, clock=clock, sleep=clock.wait)

    row.refresh_from_db()
    assert row.billcom_values["phone"] == row.qbo_values["phone"] == "222"
    assert not Conflict.objects.filter(object=row).exists()


def test_a_list_of_bill_goes_on_where_a_pause_broke_it_off(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    listed = BillcomGateway.pages

    def pages(self: Any, path: str, **how: Any) -> Any:
        for number, page in enumerate(listed(self, path, **{**how, "size": 3})):
            if path == "bills":
                asked.append((how.get("page") or "first") if number == 0 else "next")
                if len(asked) == 2:
                    raise Unavailable(Side.BILLCOM, "503")
            yield page

    monkeypatch.setattr(BillcomGateway, "pages", pages)

    synced(company, clock)

    assert asked[:2] == ["first", "next"]
    assert asked[2] not in ("first", "next"), "by the page that BILL named, not from the first"


def test_slices_that_are_short_leave_nothing_behind(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], settings: Any
) -> None:
    synced(company, clock)
    settings.SLICE_SECONDS = -1
    for number in range(70):
        made = {"DisplayName": f"Customer {number}", "PrimaryEmailAddr": {"Address": f"c{number}@example.com"}}
        sandbox.person("qbo", loaded["qbo"]["realm_id"], "Customer", made)

    run = sync(company, clock)

    assert run.state == RunState.DONE, run.message
    customers = SyncedObject.objects.of(company, "customer")
    assert not customers.filter(billcom_id__isnull=True, hold_code="").exists()


def test_sync_now_asked_for_while_reading_fails_is_not_forgotten(company: Company, clock: Clock) -> None:
    reading = ask(company, clock, scope=RunScope.READ)
    SyncRun.objects.filter(pk=reading.pk).update(state=RunState.RUNNING, failures=9, position={"open": True})
    assert ask(company, clock).pk == reading.pk

    runs.work_slice(reading.pk, clock=clock)

    reading.refresh_from_db()
    following = SyncRun.objects.active().get(company=company)
    assert (reading.state, following.scope, following.trigger) == (RunState.FAILED, RunScope.FULL, Trigger.PERSON)
