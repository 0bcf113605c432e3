"""What is read from QuickBooks is all there is, whatever is deleted or cut off meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from syncapp.core import limits
from syncapp.gateways import qbo as qbo_gateway
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import GatewayError
from syncapp.models import Company, ObjectState, RunState, SyncedObject, SyncLogEntry
from syncapp.services import pulling_qbo, storing
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, sync, synced, writes


def qbo_ids(company: Company, kind: str) -> set[str | None]:
    return set(SyncedObject.objects.of(company, kind).exclude(qbo_id=None).values_list("qbo_id", flat=True))


def unpaid_bill(company: Company) -> SyncedObject:
    bills = (row for row in linked(company, "bill") if row.qbo_values["active"] and row.billcom_values["active"])
    return next(row for row in bills if row.qbo_values["open"] == row.qbo_values["total"])


def billcom_bill(sandbox: Sandbox, loaded: dict[str, Any], bill_id: str | None) -> dict[str, Any]:
    bills = sandbox.books("billcom", loaded["billcom"]["organization_id"])["bills"]
    return next(each for each in bills if each["id"] == bill_id)


def after_first(page_of: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something in QuickBooks as soon as the first page of an entity has been saved."""
    store = storing.store_page
    done: list[bool] = []

    def store_page(context: Any, kind: Any, side: Any, raws: Any) -> set[str]:
        stored = store(context, kind, side, raws)
        if kind.qbo.entity == page_of and stored and not done:
            done.append(True)
            act()
        return stored

    monkeypatch.setattr(storing, "store_page", store_page)


@pytest.mark.parametrize("at_once", [1, 3])
def test_nothing_slips_between_two_pages_when_something_is_deleted(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    realm = loaded["qbo"]["realm_id"]
    monkeypatch.setattr(pulling_qbo, "PAGE", 3)
    monkeypatch.setattr(pulling_qbo, "PAGES_AT_ONCE", at_once)
    oldest = min(
        sandbox.books("qbo", realm)["Bill"], key=lambda each: (each["MetaData"]["CreateTime"], int(each["Id"]))
    )
    paid = {line["TxnId"] for each in sandbox.books("qbo", realm)["BillPayment"] for line in _linked(each)}
    assert oldest["Id"] not in paid, "the test deletes it"
    after_first("Bill", lambda: sandbox.person_deletes("qbo", realm, "Bill", oldest["Id"]), monkeypatch)

    synced(company, clock)

    left = {each["Id"] for each in sandbox.books("qbo", realm)["Bill"]}
    assert oldest["Id"] not in left
    assert left <= qbo_ids(company, "bill")


class Killed(BaseException):
    """The worker's process ends here."""


@pytest.mark.parametrize("end", [Killed, ValueError])
def test_what_is_deleted_after_a_first_reading_broke_off_is_not_brought_back(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    end: type[BaseException],
) -> None:
    """Its pages are stored already, and what changes are asked for begins later."""
    realm = loaded["qbo"]["realm_id"]
    paid = {line["TxnId"] for each in sandbox.books("qbo", realm)["BillPayment"] for line in _linked(each)}
    doomed = next(each for each in sandbox.books("qbo", realm)["Bill"] if each["Id"] not in paid)

    def break_off() -> None:
        raise end

    with monkeypatch.context() as broken, suppress(Killed):
        after_first("Bill", break_off, broken)
        sync(company, clock)
    assert doomed["Id"] in qbo_ids(company, "bill")
    sandbox.person_deletes("qbo", realm, "Bill", doomed["Id"])
    sandbox.clock(advance=1800)
    try:
        clock.wait(1800)
        synced(company, clock)
    finally:
        sandbox.clock(real=True)

    row = SyncedObject.objects.of(company, "bill").get(qbo_id=doomed["Id"])
    assert (row.qbo_values["active"], row.billcom_id) == (False, None)
    bills = sandbox.books("billcom", loaded["billcom"]["organization_id"])["bills"]
    assert doomed["DocNumber"] not in {each["invoice"]["invoiceNumber"] for each in bills}
    assert writes(synced(company, clock)) == 0


def _linked(payment: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for line in payment["Line"] for each in line["LinkedTxn"]]


def test_a_deletion_is_seen_after_more_than_thirty_days(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    row = unpaid_bill(company)
    sandbox.person_deletes("qbo", loaded["qbo"]["realm_id"], "Bill", str(row.qbo_id))
    clock.wait(31 * 24 * 3600)

    run = synced(company, clock)

    assert SyncLogEntry.objects.filter(run=run, message__contains="30 days").exists()
    assert billcom_bill(sandbox, loaded, row.billcom_id)["archived"] is True


def test_a_deletion_is_seen_where_the_list_of_changes_was_cut(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    row = unpaid_bill(company)
    realm = loaded["qbo"]["realm_id"]
    sandbox.person_deletes("qbo", realm, "Bill", str(row.qbo_id))
    _cut_before_deletions(monkeypatch)

    run = sync(company, clock)

    assert run.state == RunState.DONE, run.message
    assert billcom_bill(sandbox, loaded, row.billcom_id)["archived"] is True
    assert writes(synced(company, clock)) == 0


def _cut_before_deletions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer is as if a thousand other changes had come first."""
    ask = qbo_gateway.QboGateway.changes

    def changes(self: Any, entities: Any, since: Any) -> qbo_gateway.Changes:
        whole = ask(self, entities, since)
        return qbo_gateway.Changes(whole.records, {}, whole.time, truncated=True)

    monkeypatch.setattr(qbo_gateway.QboGateway, "changes", changes)


def test_a_list_that_comes_back_empty_stops_the_run_before_anything_is_retired(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    monkeypatch.setattr(limits, "RETIRED_AT_LEAST", 1)
    ask = qbo_gateway.QboGateway.query_pages

    def emptied(self: Any, pages: Any) -> Iterator[Any]:
        return ((page, []) for page, _ in ask(self, pages))

    monkeypatch.setattr(qbo_gateway.QboGateway, "query_pages", emptied)
    clock.wait(31 * 24 * 3600)

    run = sync(company, clock)

    assert (run.state, run.stop_code) == (RunState.STOPPED, "empty-side")
    assert "QuickBooks Online shows no" in run.message
    assert writes(run) == 0
    assert {row.qbo_values["active"] for row in linked(company, "bill") if row.state != ObjectState.RETIRED} == {True}


def _spoil(monkeypatch: pytest.MonkeyPatch, spoilt: dict[str, Any]) -> None:
    """Answers to writes have a shape nobody knows; reading shows the record as it is."""
    single, batch = qbo_gateway.QboGateway.write, qbo_gateway.QboGateway.write_batch

    def write(self: Any, each: Any) -> dict[str, Any]:
        return {**single(self, each), **spoilt}

    def write_batch(self: Any, each: Any, request_id: str) -> list[Any]:
        return [
            found if isinstance(found, GatewayError) else {**found, **spoilt} for found in batch(self, each, request_id)
        ]

    monkeypatch.setattr(qbo_gateway.QboGateway, "write", write)
    monkeypatch.setattr(qbo_gateway.QboGateway, "write_batch", write_batch)


def _spoil_billcom(monkeypatch: pytest.MonkeyPatch, spoilt: dict[str, Any]) -> None:
    single, bulk = BillcomGateway._write, BillcomGateway.create_bulk

    def write(self: Any, *args: Any) -> dict[str, Any]:
        return {**single(self, *args), **spoilt}

    def create_bulk(self: Any, *args: Any) -> list[dict[str, Any]]:
        return [{**each, **spoilt} for each in bulk(self, *args)]

    monkeypatch.setattr(BillcomGateway, "_write", write)
    monkeypatch.setattr(BillcomGateway, "create_bulk", create_bulk)


@pytest.mark.parametrize(
    ("spoil", "spoilt"),
    [
        (_spoil, {"TotalAmt": {"odd": 1}}),
        (_spoil, {"DisplayName": ["odd"]}),
        (_spoil, {"Line": "odd"}),
        (_spoil_billcom, {"name": ["odd"]}),
        (_spoil_billcom, {"billLineItems": "odd"}),
        (_spoil_billcom, {"amount": {"odd": 1}, "processDate": 7}),
    ],
)
def test_an_answer_of_unknown_shape_is_journalled_and_nothing_is_written_twice(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch, dict[str, Any]], None],
    spoilt: dict[str, Any],
) -> None:
    with monkeypatch.context() as patch:
        spoil(patch, spoilt)
        first = sync(company, clock)
    made = _how_many(sandbox, loaded)

    second = synced(company, clock)

    assert first.state == RunState.DONE, first.message
    assert first.log.filter(message__contains="unexpected shape").exists()
    assert writes(second) == 0
    assert made == _how_many(sandbox, loaded)


def _how_many(sandbox: Sandbox, loaded: dict[str, Any]) -> dict[str, int]:
    qbo = sandbox.books("qbo", loaded["qbo"]["realm_id"])
    billcom = sandbox.books("billcom", loaded["billcom"]["organization_id"])
    return {name: len(rows) for name, rows in (qbo | billcom).items()}
