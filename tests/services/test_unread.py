"""A record of a shape we can't read: nothing that may be its twin is made, and it is asked for until it can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import GatewayError, NotFound, Rejected, Unavailable
from syncapp.gateways.http import Answer, Call, Http
from syncapp.gateways.qbo import QboGateway
from syncapp.kinds import KINDS
from syncapp.models import Company, Level, SyncedObject, SyncLogEntry, Trigger, UnreadRecord
from syncapp.services import planning, rows, runs, terms
from tests.services.test_between import names_in_qbo, new_vendor
from tests.services.test_rules import bill_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, held, linked, synced, writes

ROPE = "Quay Rope Works"

Spoil = Callable[[dict[str, Any]], None]


def no_name(record: dict[str, Any]) -> None:
    for field in ("name", "DisplayName"):
        if field in record:
            record[field] = None


def odd_address(record: dict[str, Any]) -> None:
    for field in ("address", "BillAddr"):
        if field in record:
            record[field] = "1 Quay, Dover"


def odd_version(record: dict[str, Any]) -> None:
    for field in ("updatedTime", "SyncToken"):
        if field in record:
            record[field] = {"at": "noon"}


class Wire:
    """Answers arrive with the records of one name spoilt, for so many answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, spoil: Spoil) -> None:
        self.spoil, self.times = spoil, 0
        exchange = Http.exchange

        def spoilt(http: Http, call: Call) -> Answer | Exception:
            answer = exchange(http, call)
            return answer if isinstance(answer, Exception) else self._spoilt(answer)

        monkeypatch.setattr(Http, "exchange", spoilt)

    def _spoilt(self, answer: Answer) -> Answer:
        if self.times < 1 or ROPE.encode() not in answer.body or answer.call.method != "GET":
            return answer
        self.times -= 1
        body = json.loads(answer.body)
        self._walk(body)
        return replace(answer, body=json.dumps(body).encode())

    def _walk(self, place: Any) -> None:
        if isinstance(place, dict) and ROPE in (place.get("name"), place.get("DisplayName")):
            self.spoil(place)
        elif isinstance(place, dict | list):
            for each in place.values() if isinstance(place, dict) else place:
                self._walk(each)


def in_both(sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    """The same vendor, entered in both products by people."""
    new_vendor(sandbox, loaded, ROPE)
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Vendor", {"DisplayName": ROPE})


def names_in_billcom(sandbox: Sandbox, loaded: dict[str, Any]) -> list[str]:
    return [each["name"] for each in sandbox.books("billcom", loaded["billcom"]["organization_id"])["vendors"]]


@pytest.mark.parametrize("spoil", [no_name, odd_address, odd_version])
def test_what_can_t_be_read_is_doubled_nowhere_and_found_again(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
) -> None:
    synced(company, clock)
    in_both(sandbox, loaded)
    wire = Wire(monkeypatch, spoil)
    wire.times = 1000

    run = synced(company, clock)

    assert names_in_billcom(sandbox, loaded).count(ROPE) == names_in_qbo(sandbox, loaded).count(ROPE) == 1
    unread = UnreadRecord.objects.filter(company=company, kind="vendor")
    assert unread.exists()
    assert SyncLogEntry.objects.filter(run=run, level=Level.ERROR, message__contains="can't be read").exists()

    wire.times = 0
    synced(company, clock)

    assert not unread.exists()
    (row,) = SyncedObject.objects.filter(company=company, kind="vendor", label=ROPE)
    assert row.linked
    assert names_in_billcom(sandbox, loaded).count(ROPE) == names_in_qbo(sandbox, loaded).count(ROPE) == 1
    synced(company, clock)
    assert writes(synced(company, clock)) == 0


def test_what_is_on_the_other_side_says_what_it_waits_for(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE)
    Wire(monkeypatch, no_name).times = 1000
    address = {"Line1": "9 Hill", "City": "Dover", "PostalCode": "19901", "Country": "US"}
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Vendor", {"DisplayName": "Mill Stone", "BillAddr": address})

    synced(company, clock)

    stone = SyncedObject.objects.get(company=company, kind="vendor", label="Mill Stone")
    assert stone.hold_code == "waits-for"
    assert stone.hold is not None and "can't be read: Name is missing" in stone.hold.describe()
    assert "Unreadable records" in stone.hold.fix()
    assert "Mill Stone" not in names_in_billcom(sandbox, loaded)


def odd_in_qbo(record: dict[str, Any]) -> None:
    if "BillAddr" in record:
        record["BillAddr"] = "1 Quay, Dover"


def test_nothing_is_written_over_what_can_t_be_read(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linked, edited in QuickBooks into a shape we can't read, and edited in BILL: held, and tried no further."""
    new_vendor(sandbox, loaded, ROPE)
    synced(company, clock)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="vendor", label=ROPE)
    wire, realm = Wire(monkeypatch, odd_in_qbo), loaded["qbo"]["realm_id"]
    wire.times = 1000
    address = {"Line1": "9 Hill", "City": "Dover", "PostalCode": "19901", "Country": "US"}
    sandbox.person("qbo", realm, "Vendor", {"Id": row.qbo_id, "DisplayName": ROPE, "BillAddr": address})
    organization = loaded["billcom"]["organization_id"]
    sandbox.person("billcom", organization, "vendors", {"id": row.billcom_id, "email": "rope@quay.example"})

    run = synced(company, clock)

    row.refresh_from_db()
    assert (row.hold_code, writes(run)) == (HoldCode.WAITS_FOR, 0)
    assert row.hold is not None and "nothing is written over it" in row.hold.describe()

    wire.times = 0
    synced(company, clock)
    synced(company, clock)

    shown = next(each for each in sandbox.books("qbo", realm)["Vendor"] if each["Id"] == row.qbo_id)
    assert (shown["PrimaryEmailAddr"]["Address"], shown["BillAddr"]["Line1"]) == ("rope@quay.example", "9 Hill")
    row.refresh_from_db()
    assert row.hold_code == ""


def test_one_broken_answer_is_asked_for_again_at_once(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    new_vendor(sandbox, loaded, ROPE)
    Wire(monkeypatch, no_name).times = 1
    before = held(company)

    synced(company, clock)

    assert names_in_qbo(sandbox, loaded).count(ROPE) == 1
    assert held(company) == before
    assert not UnreadRecord.objects.exists()


def test_what_is_gone_meanwhile_is_waited_for_no_longer(company: Company, clock: Clock) -> None:
    synced(company, clock)
    for side in Side:
        UnreadRecord.objects.create(
            company=company, kind="vendor", side=side, remote_id="99999", why="odd", since=clock()
        )

    synced(company, clock)

    assert not UnreadRecord.objects.exists()


def unread(company: Company, clock: Clock, kind: str, side: Side, *ids: str, why: str = "Name is missing") -> None:
    UnreadRecord.objects.bulk_create(
        UnreadRecord(company=company, kind=kind, side=side, remote_id=each, why=why, since=clock()) for each in ids
    )


def test_what_is_known_and_linked_is_nobody_s_twin(company: Company, clock: Clock) -> None:
    synced(company, clock)
    known, kind = linked(company, "vendor")[0], KINDS["vendor"]
    for side in Side:
        unread(company, clock, "vendor", side, str(known.remote_id(side)))
    fresh = SyncedObject(company=company, kind="vendor", billcom_id="fresh", first_seen_at=clock())
    values = {**known.billcom_values, "name": ROPE}
    rows.show(fresh, kind, Side.BILLCOM, values, known.billcom_raw, "")
    fresh.save()
    plan = planning.make(company, kind, [fresh], terms.load(company))
    assert [write.verb for write in plan.decisions[fresh.pk].writes] == ["create"]

    unread(company, clock, "vendor", Side.QBO, "stranger", "another")
    plan = planning.make(company, kind, [fresh], terms.load(company))

    hold = plan.decisions[fresh.pk].hold
    assert hold is not None and hold.code == "waits-for"
    words = "vendor stranger in QuickBooks Online (and 1 more), which can't be read: Name is missing. "
    assert words in hold.describe()


ANSWERS = [
    Rejected(Side.BILLCOM, "no such thing", status=400),
    Unavailable(Side.BILLCOM, "it broke", status=500, outcome_unknown=False),
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("kind", ["bill_payment", "vendor"])
def test_an_unread_record_that_is_refused_ends_no_run(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str, answer: GatewayError
) -> None:
    """One of several: the others are asked for, and found to be gone."""
    synced(company, clock)
    ids = [f"9999{number}" for number in range(5)]
    for side in Side:
        unread(company, clock, kind, side, *ids)

    def get(self: Any, path: str, remote_id: str) -> Any:
        raise answer if remote_id == ids[3] else NotFound(Side.BILLCOM, "gone", status=404)

    def by_ids(self: Any, path: str, ids: Sequence[str]) -> Any:
        if "99993" in ids:
            raise answer
        return {}

    def query(self: Any, entity: str, where: str = "", **more: Any) -> Any:
        if "'99993'" in where:
            raise answer
        return []

    monkeypatch.setattr(BillcomGateway, "get", get)
    monkeypatch.setattr(BillcomGateway, "by_ids", by_ids)
    monkeypatch.setattr(QboGateway, "query", query)

    run = synced(company, clock)

    assert list(UnreadRecord.objects.filter(kind=kind).values_list("remote_id", flat=True)) == ["99993", "99993"]
    assert SyncLogEntry.objects.filter(run=run, message__contains="99993, which couldn't be read").count() == 2


def test_each_unread_record_has_its_turn(company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    synced(company, clock)
    unread(company, clock, "bill_payment", Side.BILLCOM, *(f"{number:03}" for number in range(70)))
    asked: list[str] = []

    def refused(self: Any, path: str, remote_id: str) -> Any:
        asked.append(remote_id)
        raise Rejected(Side.BILLCOM, "no", status=400)

    monkeypatch.setattr(BillcomGateway, "get", refused)
    for _ in range(3):
        synced(company, clock)
        clock.wait(60)

    assert asked[:70] == [f"{number:03}" for number in range(70)]
    assert asked[70:] == [f"{number:03}" for number in range(20)]


def test_they_are_asked_for_while_there_is_time(
    company: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(company, clock)
    unread(company, clock, "bill_payment", Side.BILLCOM, *(str(number) for number in range(20)))
    asked: list[str] = []

    def gone(self: Any, path: str, remote_id: str) -> Any:
        asked.append(remote_id)
        raise NotFound(Side.BILLCOM, "gone", status=404)

    monkeypatch.setattr(BillcomGateway, "get", gone)
    monkeypatch.setattr(runs._Slice, "out_of_time", lambda self: len(asked) >= 7)
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())

    runs.work_slice(run.pk, clock=clock)

    assert len(asked) == 7
    assert UnreadRecord.objects.count() == 13


def test_what_is_deleted_in_quickbooks_is_waited_for_no_longer(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    bill = bill_in_qbo(company, sandbox, loaded["qbo"]["realm_id"], "GONE-1")
    unread(company, clock, "bill", Side.QBO, bill["Id"])
    sandbox.person_deletes("qbo", loaded["qbo"]["realm_id"], "Bill", bill["Id"])

    synced(company, clock)

    assert not UnreadRecord.objects.exists()


def test_who_waits_is_looked_at_again_once_the_unread_one_is_linked(company: Company, clock: Clock) -> None:
    synced(company, clock)
    known = linked(company, "vendor")[0]
    unread(company, clock, "vendor", Side.QBO, str(known.qbo_id))
    fresh = SyncedObject(company=company, kind="vendor", billcom_id="fresh", first_seen_at=clock(), needs_look=False)
    rows.show(fresh, KINDS["vendor"], Side.BILLCOM, {**known.billcom_values, "name": ROPE}, known.billcom_raw, "")
    rows.hold(fresh, Hold(HoldCode.WAITS_FOR, {"target": "vendor 1"}))
    fresh.save()

    synced(company, clock)

    fresh.refresh_from_db()
    assert fresh.linked
