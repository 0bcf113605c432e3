from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from decimal import Decimal
from typing import Any

import pytest

from syncapp.sandbox.billcom import Billcom, Refused
from syncapp.sandbox.http import decode, encode
from tests.sandbox.billcom_client import COMPANY, VENDOR, Client, Sample

BILL: dict[str, Any] = {
    "id": "00n00000000000000001",
    "vendorId": VENDOR,
    "dueDate": "2026-12-01",
    "invoice": {"invoiceNumber": "N-1", "invoiceDate": "2026-11-01"},
    "billLineItems": [{"amount": 60.1}, {"quantity": 2, "price": 20}],
    "approvalStatus": "APPROVED",
    "createdTime": "2026-10-01T08:00:00.000+00:00",
}
PAID: dict[str, Any] = {"billPayments": [{"billId": BILL["id"], "amount": 30}], "processDate": "2026-11-01"}
COMING: dict[str, Any] = {
    "billId": BILL["id"],
    "amount": 20,
    "processDate": "2026-11-05",
    "singleStatus": "SCHEDULED",
    "fundingAccount": {"type": "BANK_ACCOUNT", "id": "bac00000000000000001"},
}


@pytest.fixture
def sample() -> Sample:
    return Sample({**COMPANY, "bills": [BILL], "payments": [PAID, COMING]})


def test_it_loads_a_company_whose_figures_follow_from_its_records(sample: Sample) -> None:
    books = sample.billcom.books(sample.id)
    [bill] = books["bills"]
    assert (bill["id"], bill["createdTime"]) == (BILL["id"], BILL["createdTime"])
    assert (bill["amount"], bill["paidAmount"], bill["scheduledAmount"]) == (Decimal("100.10"), 30, 20)
    assert bill["dueAmount"] == Decimal("50.10")
    assert {row["status"] for row in books["payments"]} == {"PAID", "SCHEDULED"}
    assert books["vendors"][0]["balance"]["amount"] == Decimal("50.10")


def test_it_makes_an_administrator_where_there_is_none() -> None:
    sample = Sample({})
    assert sample.company["username"] == "admin@sample.example"
    assert sample.log_in_user("admin@sample.example").get("users")["results"][0]["role"]["type"] == "ADMINISTRATOR"


def test_a_custom_role_may_manage_the_sync() -> None:
    roles = [
        {"id": "0po00000000000000001", "type": "CUSTOM", "description": "Manage company and sync"},
        {"id": "0po00000000000000002", "type": "CUSTOM", "description": "Enter bills"},
    ]
    users = [
        {"firstName": "C", "lastName": str(at), "email": f"c{at}@example.com", "role": {"id": role["id"]}}
        for at, role in enumerate(roles)
    ]
    sample = Sample({"roles": roles, "users": users})
    allowed = [
        sample.log_in_user(f"c{at}@example.com").call("POST", "classifications/jobs", {"name": "J"})[0] for at in (0, 1)
    ]
    assert allowed == [201, 403]


def test_a_person_edits_what_he_sees_whole(sample: Sample) -> None:
    shown = sample.billcom.person_get(sample.id, "bills", BILL["id"])
    edited = {**shown, "description": "Memo", "billLineItems": shown["billLineItems"][:1]}
    sample.switches.billcom_paid_bill_edits = "all"
    row = sample.billcom.person_save(sample.id, "bills", edited)
    assert (row["description"], row["amount"]) == ("Memo", Decimal("60.10"))
    vendor = sample.billcom.person_save(sample.id, "vendors", {"id": VENDOR, "email": "acme@example.com"})
    assert vendor["email"] == "acme@example.com"
    for entity, row in (("vendors", vendor), ("customers", sample.billcom.person_list(sample.id, "customers")[0])):
        assert sample.billcom.person_save(sample.id, entity, row)["id"] == row["id"]


def test_a_person_makes_approves_pays_voids_and_archives(sample: Sample) -> None:
    billcom, company = sample.billcom, sample.id
    new = {name: value for name, value in BILL.items() if name not in ("id", "createdTime")}
    bill = billcom.person_save(company, "bills", {**new, "approvalStatus": "DENIED"})
    assert bill["approvalStatus"] == "DENIED"
    assert billcom.person_approve(company, bill["id"])["approvalStatus"] == "APPROVED"
    shares = [{"billId": bill["id"], "amount": 10}]
    body = {"vendorId": VENDOR, "processDate": "2026-11-02", "toPrintCheck": False, "payments": shares}
    recorded = billcom.person_save(company, "payments", body)
    assert billcom.person_void(company, "payments", recorded["id"])["status"] == "VOID"
    account = {"type": "BANK_ACCOUNT", "id": "bac00000000000000001"}
    paid = billcom.person_save(company, "payments", {"billId": bill["id"], "amount": 10, "fundingAccount": account})
    assert billcom.person_delete(company, "payments", paid["id"])["status"] == "CANCELLED"
    assert billcom.person_delete(company, "bills", bill["id"])["archived"] is True
    assert billcom.person_restore(company, "bills", bill["id"])["archived"] is False


def test_a_person_obeys_the_books(sample: Sample) -> None:
    for entity, payload in (
        ("vendors", {"name": "No address"}),
        ("payments", {"id": "stp00000000000000001"}),
        ("nothing", {}),
    ):
        with pytest.raises(Refused):
            sample.billcom.person_save(sample.id, entity, payload)
    with pytest.raises(Refused):
        sample.billcom.person_void(sample.id, "bills", BILL["id"])


def test_it_is_the_same_after_a_restart(sample: Sample) -> None:
    client = sample.log_in()
    client.bill(5)
    kept = json.loads(encode(sample.billcom.dump()))
    again = Billcom(sample.clock, sample.switches, sample.events.append)
    again.restore(kept)
    before = sample.billcom.books(sample.id)
    assert again.books(sample.id) == before
    assert again.credentials(sample.id) == sample.company
    sample.billcom = again
    assert client.bill(7)["id"] not in {row["id"] for row in before["bills"]}
    sample.clock.advance(4 * 86_400)
    states = {row["singleStatus"] for row in sample.log_in().get("payments")["results"]}
    assert states == {"CLEARED", "FUNDING_STARTED"}


def test_it_tells_of_changes(sample: Sample) -> None:
    client = sample.log_in()
    sample.events.clear()
    client.patch(f"vendors/{VENDOR}", {"phone": "1"})
    client.post(f"vendors/{VENDOR}/archive")
    client.post(f"vendors/{VENDOR}/archive")
    assert [(each["entity"], each["operation"]) for each in sample.events] == [
        ("vendors", "updated"),
        ("vendors", "archived"),
    ]
    assert sample.events[0] == {
        "side": "billcom",
        "company": sample.id,
        "entity": "vendors",
        "id": VENDOR,
        "operation": "updated",
        "at": "2026-11-02T12:00:00.000+00:00",
    }


# Webhooks


@pytest.fixture
def events(sample: Sample) -> Client:
    client = sample.log_in()
    client.base = "/connect-events/v3/"
    client.headers = {**client.headers, "x-idempotent-key": "one"}
    return client


def subscribe(client: Client, *types: str, **more: Any) -> Any:
    body = {"name": "n", "status": {"enabled": True}, "events": [{"type": each, "version": "1"} for each in types]}
    return client.post("subscriptions", {**body, "notificationUrl": "https://example.com/hook", **more})


def test_it_signs_what_it_sends(sample: Sample, events: Client) -> None:
    key = subscribe(events, "bill.updated")["securityKey"]
    event = {"company": sample.id, "entity": "bills", "id": BILL["id"], "operation": "updated"}
    [notice] = sample.billcom.notices(event)
    digest = hmac.digest(key.encode(), notice.body, hashlib.sha256)
    assert notice.headers["x-bill-sha-signature"] == base64.b64encode(digest).decode()
    payload = decode(decode(notice.body).encode())
    assert payload["metadata"]["eventType"] == "bill.updated"
    assert payload["bill"]["invoice"]["invoiceDate"] == "2026-11-01T00:00:00.000Z"
    sample.switches.billcom_webhook_escaped = False
    assert decode(sample.billcom.notices(event)[0].body)["bill"]["id"] == BILL["id"]
    assert sample.billcom.notices({**event, "operation": "created"}) == []
    assert sample.billcom.notices({**event, "entity": "customers"}) == []


def test_a_payment_is_told_in_its_own_shape(sample: Sample, events: Client) -> None:
    subscribe(events, "payment.updated")
    payment = sample.billcom.person_list(sample.id, "payments")[0]
    event = {"company": sample.id, "entity": "payments", "id": payment["id"], "operation": "updated"}
    body = decode(decode(sample.billcom.notices(event)[0].body).encode())["payment"]
    assert (body["billIds"], body["vendor"], body["status"]) == (
        [BILL["id"]],
        {"id": VENDOR, "name": "Acme"},
        "CLEARED",
    )


def test_a_subscription_is_made_once_changed_and_dropped(events: Client) -> None:
    made = subscribe(events, "bill.updated")
    assert subscribe(events, "bill.updated")["id"] == made["id"]
    events.headers["x-idempotent-key"] = "two"
    with pytest.raises(Exception, match="same events"):
        subscribe(events, "bill.updated")
    with pytest.raises(Exception, match="catalog"):
        subscribe(events, "customer.updated")
    off = events.patch(f"subscriptions/{made['id']}", {"status": {"enabled": False}})
    assert off["status"]["value"] == "DISABLED"
    assert events.call("DELETE", f"subscriptions/{made['id']}")[0] == 200
    assert events.get("subscriptions")["results"] == []


# Speed: far below what a slow machine would need, far above what is wanted on a fast one.


def test_it_is_quick_with_many_bills() -> None:
    vendors: list[Any] = [{"id": f"009{at:017d}", "name": f"V{at}", "address": {"country": "US"}} for at in range(200)]
    bills = [{**BILL, "id": f"00n{at:017d}", "vendorId": vendors[at % 200]["id"]} for at in range(20_000)]
    sample = Sample({"vendors": vendors, "bills": bills})
    client = sample.log_in()
    client.bill(1, vendor=vendors[0]["id"], billLineItems=[{"amount": 1}])
    wanted: dict[str, dict[str, str]] = {
        "of a vendor": {"filters": f"vendorId:eq:{vendors[7]['id']}", "max": "100"},
        "changed": {"filters": 'updatedTime:gt:"2026-11-02T12:00:00.500Z"', "sort": "createdTime:asc"},
        "newest": {"sort": "updatedTime:desc", "max": "100"},
    }
    for query in wanted.values():
        begun = time.process_time()
        for _ in range(20):
            client.get("bills", **query)
        assert time.process_time() - begun < 20 * 0.02
