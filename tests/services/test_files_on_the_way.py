"""Whatever happens to a file on its way, it arrives once; and none keeps the others from arriving."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from syncapp.core.codec import decode
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import BadAnswer, Duplicate, GatewayError, Rejected, StaleVersion, Taken, Unavailable
from syncapp.gateways.http import Answer, Call, Http
from syncapp.gateways.qbo import QboGateway
from syncapp.models import (
    Attachment,
    AttachmentState,
    Company,
    Cursor,
    SyncedObject,
    SyncLogEntry,
    SyncPreferences,
    Trigger,
    UnreadRecord,
)
from syncapp.services import attachments, remotes, runs, sending_files
from syncapp.services.errors import ServiceError
from syncapp.views.preference_forms import SyncPreferencesForm
from tests.services.test_attachments import SCAN, Desk, states
from tests.services.test_attachments import desk as desk
from tests.services.test_rules import bill_in_qbo
from tests.support.syncing import Clock, sync, synced

DAY = 86400


class Killed(BaseException):
    """The worker is gone, from one moment to the next."""


def lost(side: Side) -> Unavailable:
    return Unavailable(side, "did not answer in time", outcome_unknown=True)


@pytest.fixture
def both_ways(company: Company, clock: Clock, desk: Desk) -> Callable[[str], tuple[dict[str, Any], SyncedObject]]:
    """A bill entered in QuickBooks that has gone to BILL, where files go both ways."""
    SyncPreferences.objects.filter(company=company).update(attachments="both")

    def made(number: str) -> tuple[dict[str, Any], SyncedObject]:
        bill = bill_in_qbo(company, desk.sandbox, desk.realm, number)
        synced(company, clock)
        return bill, SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])

    return made


def theirs(desk: Desk, bill: dict[str, Any], name: str = "theirs.pdf", content: bytes = SCAN) -> None:
    desk.sandbox.attach("qbo", desk.realm, "Bill", bill["Id"], name, content)


def uploads(desk: Desk) -> int:
    """How often a file was uploaded to either product since the calls were forgotten."""
    found = [call for call in desk.sandbox.calls() if call["method"] == "POST"]
    return len([call for call in found if "/documents/bills/" in call["path"] or call["path"].endswith("/upload")])


def first_is_lost(monkeypatch: pytest.MonkeyPatch, to: Side, error: BaseException, *, arrives: bool) -> list[str]:
    """The first upload has no answer; what the intent says at that moment is kept."""
    gateway, name = (QboGateway, "attach") if to is Side.QBO else (BillcomGateway, "add_document")
    upload = getattr(gateway, name)
    said: list[str] = []

    def once(self: Any, *given: Any) -> Any:
        if said:
            return upload(self, *given)
        each = Attachment.objects.exclude(sent_at=None).get()
        said.append(f"{each.state}, in a transaction: {connection.in_atomic_block}")
        if arrives:
            upload(self, *given)
        raise error

    monkeypatch.setattr(gateway, name, once)
    return said


# --- once ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("error", [lost(Side.QBO), Killed()])
def test_an_upload_to_quickbooks_in_doubt_is_looked_for(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: BaseException, arrives: bool
) -> None:
    bill = desk.bill("F-1")
    desk.scans(bill)
    said = first_is_lost(monkeypatch, Side.QBO, error, arrives=arrives)
    if isinstance(error, Killed):
        run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
        with pytest.raises(Killed):
            runs.work_slice(run.pk, clock=clock)
        assert states(company) == {"scan.pdf": "sending"}
    synced(company, clock)
    assert said == ["sending, in a transaction: False"]
    assert len(desk.there(desk.row(bill))) == 1
    assert states(company) == {"scan.pdf": "there" if arrives else "sent"}


def test_one_in_doubt_is_not_sent_again_before_it_can_no_longer_arrive(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.scans(desk.bill("F-2"))
    first_is_lost(monkeypatch, Side.QBO, Killed(), arrives=False)
    monkeypatch.setattr(sending_files, "PATIENCE", 0)
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    with pytest.raises(Killed):
        runs.work_slice(run.pk, clock=clock)
    desk.sandbox.clear_calls()
    synced(company, clock)
    assert (uploads(desk), states(company)) == (0, {"scan.pdf": "sending"})
    clock.wait(600)
    synced(company, clock)
    assert (uploads(desk), states(company)) == (1, {"scan.pdf": "sent"})


@pytest.mark.parametrize("arrives", [True, False])
def test_an_upload_to_bill_in_doubt_waits_until_bill_must_have_filed_it(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, both_ways: Any, arrives: bool
) -> None:
    bill, row = both_ways("F-3")
    theirs(desk, bill, "slow.pdf")
    first_is_lost(monkeypatch, Side.BILLCOM, lost(Side.BILLCOM), arrives=arrives)
    desk.sandbox.switch(billcom_document_polls=9)
    try:
        for _ in range(3):
            synced(company, clock)
            clock.wait(3600)
        assert states(company) == {"slow.pdf": "sending"} and desk.here(row) == []
        desk.sandbox.switch(billcom_document_seconds=0)
        clock.wait(DAY)
        synced(company, clock)
        synced(company, clock)
        assert desk.here(row) == ["slow.pdf"]
    finally:
        desk.sandbox.switch(billcom_document_polls=1, billcom_document_seconds=3600)
    assert states(company) == {"slow.pdf": "there" if arrives else "sent"}
    assert Attachment.objects.count() == 1


def test_one_that_bill_has_forgotten_keeps_no_other_back(
    company: Company, clock: Clock, desk: Desk, both_ways: Any
) -> None:
    (bill, row), (other, _) = both_ways("F-4"), both_ways("F-5")
    theirs(desk, bill, "old.pdf")
    synced(company, clock)
    Attachment.objects.update(state=AttachmentState.FILING, other_id="0du00000000000000000")
    theirs(desk, other, "new.pdf")
    synced(company, clock)
    assert states(company) == {"old.pdf": "sending", "new.pdf": "sent"}
    clock.wait(DAY)
    synced(company, clock)
    assert states(company) == {"old.pdf": "there", "new.pdf": "sent"}
    assert desk.here(row) == ["old.pdf"]


def test_what_bill_is_filing_is_finished_and_not_sent_back(
    company: Company, clock: Clock, desk: Desk, both_ways: Any
) -> None:
    """Also where files go to QuickBooks only by now; and BILL's own file of that name isn't taken for it for good."""
    bill, row = both_ways("F-6")
    desk.sandbox.switch(billcom_document_polls=4)
    try:
        theirs(desk, bill, "scan.pdf")
        synced(company, clock)
        SyncPreferences.objects.filter(company=company).update(attachments="to-qbo")
        desk.sandbox.switch(billcom_document_polls=1)
        desk.scans({"id": row.billcom_id}, "scan.pdf", b"BILL's own, another")
        desk.enters("bills", {"id": str(row.billcom_id), "description": "edited"})
        synced(company, clock)
        assert Attachment.objects.get().state == AttachmentState.FILING
        synced(company, clock)
        synced(company, clock)
    finally:
        desk.sandbox.switch(billcom_document_polls=1)
    assert set(Attachment.objects.values_list("side", "state")) == {("qbo", "sent"), ("billcom", "sent")}
    assert len(desk.there(row)) == len(desk.here(row)) == 2
    assert not UnreadRecord.objects.exists()


# --- one name, several files -----------------------------------------------------------------------------------------


def test_two_files_of_one_name_both_go_to_bill(company: Company, clock: Clock, desk: Desk, both_ways: Any) -> None:
    bill, row = both_ways("F-7")
    theirs(desk, bill, "image.jpg", b"one")
    synced(company, clock)
    theirs(desk, bill, "image.jpg", b"another one")
    synced(company, clock)
    synced(company, clock)
    assert desk.here(row) == ["image.jpg", "image.jpg"]
    assert len(set(Attachment.objects.values_list("other_id", flat=True))) == 2
    assert len(desk.there(row)) == 2


def test_two_files_of_one_name_and_size_both_go_to_quickbooks(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = desk.bill("F-8")
    desk.scans(bill, "scan.pdf", b"page 1")
    desk.scans(bill, "scan.pdf", b"page 2")
    first_is_lost(monkeypatch, Side.QBO, lost(Side.QBO), arrives=True)
    synced(company, clock)
    synced(company, clock)
    found = desk.there(desk.row(bill))
    assert len(found) == 2
    assert {each.other_id for each in Attachment.objects.all()} == {each["Id"] for each in found}


def test_the_other_of_one_name_and_size_waits_for_the_one_in_doubt(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = desk.bill("F-31")
    desk.scans(bill, "scan.pdf", b"page 1")
    desk.scans(bill, "scan.pdf", b"page 2")
    first_is_lost(monkeypatch, Side.QBO, Killed(), arrives=True)
    monkeypatch.setattr(sending_files, "PATIENCE", 0)
    run = runs.request_run(company, trigger=Trigger.PERSON, now=clock())
    with pytest.raises(Killed):
        runs.work_slice(run.pk, clock=clock)
    synced(company, clock)
    assert sorted(Attachment.objects.values_list("state", flat=True)) == ["sending", "waiting"]
    clock.wait(600)
    synced(company, clock)
    gateway = remotes.open_qbo(company, Http(), clock)
    found = desk.there(desk.row(bill))
    assert sorted(str(gateway.file(each["Id"], 100)) for each in found) == ["b'page 1'", "b'page 2'"]


# --- nothing is missed -----------------------------------------------------------------------------------------------


def test_after_a_pause_all_bills_are_looked_at_again(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desk.bill("F-9"), desk.bill("F-10")
    monkeypatch.setattr(sending_files, "BILLS_AT_ONCE", 1)
    monkeypatch.setattr(attachments, "BILLS_AT_ONCE", 1)
    documents, asked = BillcomGateway.documents, []

    def interrupted(self: BillcomGateway, bill_id: str) -> Any:
        asked.append(bill_id)
        if len(asked) == 2:
            # Meanwhile somebody edits the one that was looked at, and adds a file.
            desk.scans(first if bill_id == second["id"] else second)
            desk.enters("bills", {"id": asked[0], "description": "edited"})
            raise Unavailable(Side.BILLCOM, "not now")
        return documents(self, bill_id)

    monkeypatch.setattr(BillcomGateway, "documents", interrupted)
    synced(company, clock)
    synced(company, clock)
    assert states(company) == {"scan.pdf": "sent"}


def test_quickbooks_clock_counts_for_its_files(company: Company, clock: Clock, desk: Desk, both_ways: Any) -> None:
    """Ours is ahead of it."""
    clock.wait(45)
    bill, row = both_ways("F-11")
    theirs(desk, bill)
    synced(company, clock)
    assert desk.here(row) == ["theirs.pdf"]


def test_a_file_of_a_bill_that_goes_over_later_goes_with_it(company: Company, clock: Clock, desk: Desk) -> None:
    SyncPreferences.objects.filter(company=company).update(attachments="both")
    synced(company, clock)
    bill = bill_in_qbo(company, desk.sandbox, desk.realm, "")
    theirs(desk, bill)
    synced(company, clock)
    # Long after it was attached.
    Cursor.objects.filter(company=company, kind=attachments.CURSOR, side=Side.QBO).update(read_to=clock())
    desk.sandbox.person("qbo", desk.realm, "Bill", {"Id": bill["Id"], "DocNumber": "F-12"})
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert desk.here(row) == ["theirs.pdf"]


def test_a_file_of_a_bill_that_is_not_read_yet_is_told_again(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, both_ways: Any
) -> None:
    """Somebody enters both between the reading of the bills and that of the files."""
    both_ways("F-13")
    told = QboGateway.attachables
    made: list[dict[str, Any]] = []

    def meanwhile(self: QboGateway, since: Any) -> Any:
        if not made:
            made.append(bill_in_qbo(company, desk.sandbox, desk.realm, "F-14"))
            theirs(desk, made[0])
        return told(self, since)

    monkeypatch.setattr(QboGateway, "attachables", meanwhile)
    synced(company, clock)
    assert not Attachment.objects.exists()
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=made[0]["Id"])
    assert desk.here(row) == ["theirs.pdf"]


def test_a_file_of_a_bill_that_can_not_be_read_is_told_again(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, both_ways: Any
) -> None:
    both_ways("F-32")
    bill = bill_in_qbo(company, desk.sandbox, desk.realm, "F-33")
    theirs(desk, bill)

    def odd(kind: Any, raw: Any, side: Side) -> Any:
        if raw.get("DocNumber") == "F-33":
            raise ValueError("it has an odd shape")
        return decode(kind, raw, side)

    with monkeypatch.context() as broken:
        broken.setattr("syncapp.services.storing.decode", odd)
        before = Cursor.objects.get(company=company, kind=attachments.CURSOR, side=Side.QBO).read_to
        synced(company, clock)
        assert Cursor.objects.get(company=company, kind=attachments.CURSOR, side=Side.QBO).read_to == before
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    synced(company, clock)
    assert desk.here(row) == ["theirs.pdf"]


# --- what a product answers ------------------------------------------------------------------------------------------


def spoiled(monkeypatch: pytest.MonkeyPatch, path: str, status: int, times: int = 1) -> list[str]:
    """The first answers to calls for this path are of no use."""
    send, left = Http.send, [path] * times

    def sends(self: Http, call: Call) -> Answer:
        if path in call.url and left:
            left.pop()
            return Answer(call, status, {}, b"<Error>SlowDown</Error>")
        return send(self, call)

    monkeypatch.setattr(Http, "send", sends)
    return left


@pytest.mark.parametrize("status", [503, 401])
def test_a_file_that_can_not_be_fetched_now_comes_with_the_next_sync(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, both_ways: Any, status: int
) -> None:
    bill, row = both_ways("F-15")
    theirs(desk, bill)
    left = spoiled(monkeypatch, "/qbo/files/", status)
    synced(company, clock)
    assert not left and states(company) == {"theirs.pdf": "waiting"}
    synced(company, clock)
    assert states(company) == {"theirs.pdf": "sent"} and desk.here(row) == ["theirs.pdf"]


def test_a_file_that_never_can_be_fetched_is_given_up(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.scans(desk.bill("F-16"))
    monkeypatch.setattr(sending_files, "MOST_TRIES", 2)
    spoiled(monkeypatch, "/content", 503, times=99)
    for _ in range(3):
        synced(company, clock)
    each = Attachment.objects.get()
    assert each.state == AttachmentState.REFUSED and "503" in each.words
    monkeypatch.undo()
    assert attachments.send_again(Attachment.objects.all(), User.objects.create_superuser("boss")) == 1
    synced(company, clock)
    assert states(company) == {"scan.pdf": "sent"}


def test_files_that_can_not_be_fetched_come_after_the_others(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        desk.scans(desk.bill(f"F-30-{number}"), f"{number}.pdf")
    document, bad = BillcomGateway.document, [f"{number}.pdf" for number in range(3)]

    def some(self: BillcomGateway, id: str, largest: int) -> Any:
        if Attachment.objects.get(remote_id=id).name in bad:
            raise Unavailable(Side.BILLCOM, "answered with status 503", status=503)
        return document(self, id, largest)

    monkeypatch.setattr(BillcomGateway, "document", some)
    monkeypatch.setattr(sending_files, "PATIENCE", 0)
    synced(company, clock)
    synced(company, clock)
    assert states(company) == {"0.pdf": "waiting", "1.pdf": "waiting", "2.pdf": "waiting", "3.pdf": "sent"}


def test_a_file_that_is_denied_is_refused(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.scans(desk.bill("F-17"))
    spoiled(monkeypatch, "/content", 403)
    synced(company, clock)
    assert states(company) == {"scan.pdf": "refused"}


def test_a_file_that_looks_like_an_error_of_bill_goes_over(company: Company, clock: Clock, desk: Desk) -> None:
    desk.scans(desk.bill("F-18"), "export.txt", b'[{"code":"BDC_1109","message":"x"}]')
    synced(company, clock)
    assert states(company) == {"export.txt": "sent"}


@pytest.mark.parametrize("name", [["x.pdf"], {"a": 1}, None])
def test_a_document_without_a_name_is_passed_over(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, name: object
) -> None:
    documents = BillcomGateway.documents

    def odd(self: BillcomGateway, bill_id: str) -> Any:
        return [{**each, "name": name} if each["name"] == "odd.pdf" else each for each in documents(self, bill_id)]

    monkeypatch.setattr(BillcomGateway, "documents", odd)
    bill = desk.bill("F-19")
    desk.scans(bill, "odd.pdf")
    desk.scans(bill)
    synced(company, clock)
    assert states(company) == {"scan.pdf": "sent"}


@pytest.mark.parametrize("more", [{"Size": "9" * 23}, {"Size": "\u00b2"}, {"AttachableRef": ["x"]}, {"FileName": []}])
def test_a_file_of_quickbooks_of_an_odd_shape_fails_no_sync(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, both_ways: Any, more: dict[str, Any]
) -> None:
    bill, row = both_ways("F-20")
    theirs(desk, bill, "odd.pdf")
    theirs(desk, bill)
    told = QboGateway.attachables

    def odd(self: QboGateway, since: Any) -> Any:
        return [{**each, **more} if each["FileName"] == "odd.pdf" else each for each in told(self, since)]

    monkeypatch.setattr(QboGateway, "attachables", odd)
    synced(company, clock)
    assert "theirs.pdf" in desk.here(row)


# --- no file keeps the others back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [BadAnswer(Side.BILLCOM, "not JSON"), Rejected(Side.BILLCOM, "no")])
def test_a_bill_whose_documents_are_not_told_keeps_no_other_back(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: GatewayError
) -> None:
    first, second = desk.bill("F-21"), desk.bill("F-22")
    desk.scans(first, "first.pdf")
    desk.scans(second, "second.pdf")
    documents = BillcomGateway.documents

    def bad(self: BillcomGateway, bill_id: str) -> Any:
        if bill_id == first["id"]:
            raise error
        return documents(self, bill_id)

    with monkeypatch.context() as broken:
        broken.setattr(BillcomGateway, "documents", bad)
        run = synced(company, clock)
        assert states(company) == {"second.pdf": "sent"}
        desk.sandbox.clear_calls()
        synced(company, clock)
        assert not [call for call in desk.sandbox.calls() if "documents" in call["path"]]
    assert SyncLogEntry.objects.filter(run=run, message__contains="doesn't show its documents").exists()
    synced(company, clock)
    if isinstance(error, BadAnswer):
        assert states(company) == {"first.pdf": "sent", "second.pdf": "sent"}
        assert not UnreadRecord.objects.exists()


@pytest.mark.parametrize("error", [BadAnswer(Side.QBO, "no rows"), Rejected(Side.QBO, "no such query")])
def test_a_bill_whose_files_quickbooks_does_not_tell_keeps_no_other_back(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: GatewayError
) -> None:
    first, second = desk.bill("F-23"), desk.bill("F-24")
    desk.scans(first, "first.pdf")
    desk.scans(second, "second.pdf")
    attached = QboGateway.attached

    def bad(self: QboGateway, entity: str, ids: Any) -> Any:
        return {**attached(self, entity, ids), str(desk.row(first).qbo_id): error}

    with monkeypatch.context() as broken:
        broken.setattr(QboGateway, "attached", bad)
        synced(company, clock)
    assert desk.there(desk.row(first)) == []
    assert states(company) == {
        "first.pdf": "waiting" if isinstance(error, BadAnswer) else "refused",
        "second.pdf": "sent",
    }


@pytest.mark.parametrize("others", [1, 3])
def test_a_file_that_quickbooks_never_answers_keeps_no_other_back(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """Nor does it fail the sync; it is given up at last."""
    monkeypatch.setattr(sending_files, "MOST_TRIES", 4)
    for number in range(others):
        desk.scans(desk.bill(f"F-25-{number}"), f"big{number}.pdf")
    desk.scans(desk.bill("F-26"), "small.pdf")
    attach = QboGateway.attach

    def no(self: QboGateway, entity: str, remote_id: str, name: str, content: bytes) -> Any:
        if name.startswith("big"):
            raise lost(Side.QBO)
        return attach(self, entity, remote_id, name, content)

    monkeypatch.setattr(QboGateway, "attach", no)
    run = sync(company, clock)
    assert run.state == "done"
    clock.wait(600)
    for _ in range(3):
        synced(company, clock)
        clock.wait(600)
    found = states(company)
    assert found.pop("small.pdf") == "sent"
    assert set(found.values()) == {"refused"}


def test_where_files_are_not_sent_nobody_looks_for_them(
    company: Company, clock: Clock, desk: Desk, admin_user: User
) -> None:
    bill = desk.bill("F-27")
    synced(company, clock)
    desk.scans(bill)
    SyncPreferences.objects.filter(company=company).update(attachments="off")
    with pytest.raises(ServiceError, match="Sync preferences"):
        attachments.look(desk.row(bill), admin_user, now=clock())
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("kind", [StaleVersion, partial(Duplicate, kind=Taken.NAME)])
def test_whatever_quickbooks_refuses_a_file_for_fails_no_sync(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: Callable[..., GatewayError]
) -> None:
    desk.scans(desk.bill("F-34"))

    def no(self: QboGateway, *given: Any) -> Any:
        raise kind(Side.QBO, "it is there already")

    monkeypatch.setattr(QboGateway, "attach", no)
    synced(company, clock)
    assert list(Attachment.objects.values_list("state", "words")) == [
        ("refused", "QuickBooks Online: it is there already")
    ]


def test_the_preference_is_shown_and_says_what_it_does_not_do(
    company: Company, client: Client, admin_user: User
) -> None:
    client.force_login(admin_user)
    row = SyncPreferences.objects.get(company=company)
    page = client.get(reverse("admin:syncapp_syncpreferences_change", args=[row.pk])).content.decode()
    assert "From BILL to QuickBooks Online" in page
    assert "nothing with 1-way transactions" in str(SyncPreferencesForm.base_fields["attachments"].help_text)


def test_the_database_is_asked_by_the_chunk(company: Company, clock: Clock, desk: Desk) -> None:
    def asked(number: int, name: str) -> int:
        for each in range(number):
            desk.scans(desk.bill(f"{name}-{each}"), "page.html")
        with CaptureQueriesContext(connection) as queries:
            synced(company, clock)
        return len([each for each in queries.captured_queries if '"syncapp_attachment"' in each["sql"]])

    assert asked(2, "F-28") == asked(9, "F-29")
