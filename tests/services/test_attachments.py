"""Files attached to bills go to the other side once, whatever happens on the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import Rejected, Unavailable
from syncapp.gateways.qbo import QboGateway
from syncapp.models import Attachment, AttachmentState, Company, SyncedObject, SyncLogEntry, SyncPreferences
from syncapp.services import attachments
from syncapp.services.errors import ServiceError
from tests.services.test_rules import bill_in_qbo
from tests.services.test_vendor_credits import Both
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, sync, synced

SCAN = b"%PDF-1.4 a scanned bill"
MEGABYTE = 1024 * 1024


class Desk(Both):
    def scans(self, bill: dict[str, Any], name: str = "scan.pdf", content: bytes = SCAN) -> None:
        self.sandbox.attach("billcom", self.organization, "bills", bill["id"], name, content)

    def row(self, bill: dict[str, Any]) -> SyncedObject:
        return SyncedObject.objects.get(company=self.company, kind="bill", billcom_id=bill["id"])

    def there(self, row: SyncedObject) -> list[dict[str, Any]]:
        """What is attached in QuickBooks."""
        return [
            each
            for each in self.qbo("Attachable")
            for ref in each["AttachableRef"]
            if ref["EntityRef"] == {"type": "Bill", "value": row.qbo_id}
        ]

    def here(self, row: SyncedObject) -> list[str]:
        """The names of the documents in BILL, as its API lists them."""
        return [each["name"] for each in self.gateway().documents(str(row.billcom_id))]

    def gateway(self) -> BillcomGateway:
        from syncapp.gateways.http import Http
        from syncapp.services import remotes

        return remotes.open_billcom(self.company, Http(), self.clock_)

    clock_: Any = None


@pytest.fixture
def desk(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Desk:
    synced(company, clock)
    found = Desk(company, sandbox, loaded)
    found.clock_ = clock
    return found


def states(company: Company) -> dict[str, str]:
    return dict(Attachment.objects.filter(company=company).values_list("name", "state"))


def test_the_file_of_a_bill_goes_over_with_it_and_once(
    company: Company, clock: Clock, desk: Desk, admin_client: Client
) -> None:
    bill = desk.bill("A-1")
    desk.scans(bill)
    run = synced(company, clock)
    result = admin_client.get(reverse("syncapp:result", args=[company.pk, run.pk])).content.decode()
    assert "1 file attached to bills was sent." in result

    row = desk.row(bill)
    (sent,) = desk.there(row)
    assert (sent["FileName"], sent["Size"], sent["ContentType"]) == ("scan.pdf", len(SCAN), "application/pdf")
    assert states(company) == {"scan.pdf": "sent"}

    desk.enters("bills", {"id": bill["id"], "description": "edited"})
    desk.scans(bill, "more.pdf")
    synced(company, clock)
    assert sorted(each["FileName"] for each in desk.there(row)) == ["more.pdf", "scan.pdf"]
    desk.sandbox.clear_calls()
    synced(company, clock)
    assert not [call for call in desk.sandbox.calls() if "documents" in call["path"] or "upload" in call["path"]]


def test_an_idle_sync_asks_for_no_files(company: Company, clock: Clock, desk: Desk) -> None:
    synced(company, clock)
    run = synced(company, clock)
    assert run.calls.get("metered") == 1
    assert not Attachment.objects.exists()


def test_a_lost_answer_leaves_one_file(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = desk.bill("A-2")
    desk.scans(bill)
    attach = QboGateway.attach
    lost: list[str] = []

    def once(self: QboGateway, *given: Any) -> Any:
        made = attach(self, *given)
        if not lost:
            lost.append(made["Id"])
            raise Unavailable(Side.QBO, "lost", outcome_unknown=True)
        return made

    monkeypatch.setattr(QboGateway, "attach", once)
    synced(company, clock)
    assert [each["Id"] for each in desk.there(desk.row(bill))] == lost
    assert states(company) == {"scan.pdf": "there"}


def test_what_was_sent_before_a_restored_backup_is_not_sent_again(company: Company, clock: Clock, desk: Desk) -> None:
    bill = desk.bill("A-3")
    desk.scans(bill)
    synced(company, clock)
    Attachment.objects.all().delete()
    assert attachments.look(desk.row(bill), User.objects.create_superuser("boss"), now=clock()) == 1
    synced(company, clock)
    assert len(desk.there(desk.row(bill))) == 1
    assert states(company) == {"scan.pdf": "there"}


@pytest.mark.parametrize(
    ("name", "content", "state", "words"),
    [
        ("page.html", SCAN, AttachmentState.NOT_TAKEN, "takes no files of this type"),
        ("noname", SCAN, AttachmentState.NOT_TAKEN, "takes no files of this type"),
        ("large.pdf", b"x" * (25 * MEGABYTE + 1), AttachmentState.TOO_LARGE, "25 MB at most"),
    ],
)
def test_what_quickbooks_does_not_take_stays_and_says_why(
    company: Company,
    clock: Clock,
    desk: Desk,
    client: Client,
    admin_user: User,
    name: str,
    content: bytes,
    state: AttachmentState,
    words: str,
) -> None:
    bill = desk.bill("A-4")
    desk.scans(bill, name, content)
    desk.scans(bill)
    synced(company, clock)

    assert states(company) == {name: state, "scan.pdf": "sent"}
    client.force_login(admin_user)
    page = client.get(reverse("admin:syncapp_syncedobject_change", args=[desk.row(bill).pk])).content.decode()
    assert name in page and words in page and "Look for files in BILL" in page
    listed = client.get(reverse("admin:syncapp_attachment_changelist")).content.decode()
    assert name in listed and words in listed


def test_a_person_looks_for_the_files_of_one_bill(
    company: Company, clock: Clock, desk: Desk, client: Client, admin_user: User
) -> None:
    bill = desk.bill("A-5")
    synced(company, clock)
    desk.scans(bill)
    synced(company, clock)
    row = desk.row(bill)
    assert desk.there(row) == []

    client.force_login(admin_user)
    decide = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    assert "1 new file in BILL" in client.post(decide, {"what": "files"}, follow=True).content.decode()
    assert "0 new files in BILL" in client.post(decide, {"what": "files"}, follow=True).content.decode()
    synced(company, clock)
    assert [each["FileName"] for each in desk.there(row)] == ["scan.pdf"]
    vendor = desk.vendor()
    with pytest.raises(ServiceError, match="files of a bill"):
        attachments.look(vendor, admin_user, now=clock())


def test_what_was_refused_is_sent_again_on_request(
    company: Company, clock: Clock, desk: Desk, client: Client, admin_user: User
) -> None:
    bill = desk.bill("A-6")
    desk.scans(bill)
    synced(company, clock)
    Attachment.objects.update(state=AttachmentState.REFUSED, words="QuickBooks Online: no")
    client.force_login(admin_user)
    page = reverse("admin:syncapp_attachment_changelist")
    chosen = {"action": "again", "_selected_action": [each.pk for each in Attachment.objects.all()]}
    assert "1 file will be tried again" in client.post(page, chosen, follow=True).content.decode()
    synced(company, clock)
    assert states(company) == {"scan.pdf": "there"}


def test_where_it_is_off_nothing_is_looked_for(company: Company, clock: Clock, desk: Desk) -> None:
    SyncPreferences.objects.filter(company=company).update(attachments="off")
    desk.scans(desk.bill("A-7"))
    synced(company, clock)
    assert not Attachment.objects.exists()
    SyncPreferences.objects.filter(company=company).update(attachments="to-qbo")
    synced(company, clock)
    assert states(company) == {"scan.pdf": "sent"}


def test_both_ways_a_file_of_quickbooks_comes_to_bill_and_not_back(company: Company, clock: Clock, desk: Desk) -> None:
    SyncPreferences.objects.filter(company=company).update(attachments="both")
    bill = bill_in_qbo(company, desk.sandbox, desk.realm, "A-8")
    synced(company, clock)
    clock.wait(60)
    desk.sandbox.attach("qbo", desk.realm, "Bill", bill["Id"], "theirs.pdf", SCAN)
    desk.sandbox.attach("qbo", desk.realm, "Bill", bill["Id"], "huge.pdf", b"x" * (6 * MEGABYTE + 1))
    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert desk.here(row) == ["theirs.pdf"]
    assert states(company) == {"theirs.pdf": "sent", "huge.pdf": "too-large"}

    desk.sandbox.person("qbo", desk.realm, "Bill", {"Id": bill["Id"], "PrivateNote": "edited"})
    desk.enters("bills", {"id": str(row.billcom_id), "description": "edited too"})
    synced(company, clock)
    synced(company, clock)
    assert (len(desk.here(row)), len(desk.there(row))) == (1, 2)


def test_one_that_bill_files_later_is_finished_later(company: Company, clock: Clock, desk: Desk) -> None:
    SyncPreferences.objects.filter(company=company).update(attachments="both")
    bill = bill_in_qbo(company, desk.sandbox, desk.realm, "A-9")
    synced(company, clock)
    clock.wait(60)
    desk.sandbox.switch(billcom_document_polls=3)
    try:
        desk.sandbox.attach("qbo", desk.realm, "Bill", bill["Id"], "slow.pdf", SCAN)
        synced(company, clock)
        assert states(company) == {"slow.pdf": "filing"}
        synced(company, clock)
        synced(company, clock)
    finally:
        desk.sandbox.switch(billcom_document_polls=1)
    assert states(company) == {"slow.pdf": "sent"}
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert desk.here(row) == ["slow.pdf"]


def test_with_one_way_transactions_no_file_goes_to_bill(company: Company, clock: Clock, desk: Desk) -> None:
    bill = bill_in_qbo(company, desk.sandbox, desk.realm, "A-10")
    synced(company, clock)
    SyncPreferences.objects.filter(company=company).update(attachments="both", one_way=True)
    synced(company, clock)
    desk.sandbox.attach("qbo", desk.realm, "Bill", bill["Id"], "theirs.pdf", SCAN)
    synced(company, clock)
    assert not Attachment.objects.exists()


def test_a_link_that_leads_elsewhere_gets_no_session(desk: Desk) -> None:
    gateway = desk.gateway()
    assert gateway._is_ours(f"{desk.sandbox.url}/billcom/connect/v3/documents/1/content")
    for link in ("http://elsewhere.example/x", "https://bill.com.example/x", "file:///etc/passwd", "//bill.com/x"):
        assert not gateway._is_ours(link)


def test_what_quickbooks_refuses_to_tell_fails_no_sync(
    company: Company, clock: Clock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = desk.bill("A-13")
    desk.scans(bill)

    def refused(self: QboGateway, *given: Any) -> Any:
        raise Rejected(Side.QBO, "no such query")

    with monkeypatch.context() as broken:
        broken.setattr(QboGateway, "attached", refused)
        run = synced(company, clock)
    assert SyncLogEntry.objects.filter(run=run, message__contains="weren't sent").exists()
    synced(company, clock)
    assert states(company) == {"scan.pdf": "sent"}


def test_a_run_pauses_where_bill_answers_nothing_and_goes_on(company: Company, clock: Clock, desk: Desk) -> None:
    bill = desk.bill("A-12")
    desk.scans(bill)
    desk.sandbox.fault("billcom", "503", path_contains="documents", times=2)
    try:
        run = sync(company, clock)
    finally:
        desk.sandbox.clear_faults()
    assert run.message == "" and states(company) == {"scan.pdf": "sent"}
