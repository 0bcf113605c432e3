"""Where the two products tell of changes: genuine ones are stored once and answered, everything else leaves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from syncapp.core.sides import Side
from syncapp.models import Company, Connection, Outcome, Subscription, WebhookEvent
from syncapp.views.webhooks import LONGEST_BODY
from tests.gateways.test_webhooks import cloud, of_bill, older, signature

QBO, BILL = "/webhooks/qbo/", "/webhooks/billcom/"
HEADER = {QBO: "intuit-signature", BILL: "x-bill-sha-signature"}


@pytest.fixture
def told(db: None, settings: Any) -> Subscription:
    settings.QBO_WEBHOOK_TOKEN = "verifier"
    company = Company.objects.create(name="Harbor Bakery")
    connection = Connection.objects.create(company=company, side=Side.BILLCOM, remote_id="00801")
    return Subscription.objects.create(
        connection=connection, organization_id="00801", remote_id="sub01", security_key="bill-key"
    )


def post(address: str, body: Any, key: str = "", **headers: Any) -> int:
    """Status; with a key, signed with it. Sent as the products do, without a cookie."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if key:
        headers[HEADER[address]] = signature(key, raw)
    client = Client(enforce_csrf_checks=True)
    return client.post(address, raw, content_type="application/json", headers=headers).status_code


def stored() -> list[tuple[str, str, str]]:
    return list(WebhookEvent.objects.order_by("pk").values_list("side", "remote_company", "what"))


def test_quickbooks_events_are_stored_and_somebody_is_woken_once(told: Subscription) -> None:
    assert post(QBO, [cloud(), cloud(id="2", intuitaccountid="77")], "verifier") == 200
    assert stored() == [("qbo", "310687", "qbo.vendor.updated.v1"), ("qbo", "77", "qbo.vendor.updated.v1")]
    assert post(QBO, [cloud(id="3")], "verifier") == 200
    assert [row.name() for row in OrmQ.objects.all()] == ["webhooks"]


def test_the_older_form_is_taken_too(told: Subscription) -> None:
    vendor = {"name": "Bill", "id": "40", "operation": "Create", "lastUpdated": "2026-01-05T16:00:00.000Z"}
    assert post(QBO, older(vendor), "verifier") == 200
    assert stored() == [("qbo", "310687", "qbo.bill.create")]


def test_bill_s_events_are_believed_by_the_key_of_their_subscription(told: Subscription) -> None:
    assert post(BILL, of_bill(), "bill-key") == 200
    assert stored() == [("billcom", "00801", "bill.updated")]
    assert OrmQ.objects.count() == 1


def test_the_same_event_again_is_stored_once(told: Subscription) -> None:
    for _ in range(2):
        assert post(QBO, [cloud(), cloud()], "verifier") == 200
        assert post(BILL, of_bill(), "bill-key") == 200
    assert len(stored()) == 2


def test_what_is_not_synced_is_noted_and_wakes_nobody(told: Subscription) -> None:
    assert post(QBO, [cloud(type="qbo.estimate.created.v1")], "verifier") == 200
    assert WebhookEvent.objects.get().outcome == Outcome.NOT_SYNCED
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    ("address", "body", "key"),
    [
        (QBO, [cloud()], ""),
        (QBO, [cloud()], "bill-key"),
        (QBO, b"{", "bill-key"),
        (BILL, of_bill(), ""),
        (BILL, of_bill(), "verifier"),
        (BILL, of_bill(subscriptionId="sub02"), "bill-key"),
        # Another organization's events can't be told of with this one's key.
        (BILL, of_bill(organizationId="00802"), "bill-key"),
    ],
)
def test_what_is_not_genuine_is_refused_and_leaves_nothing(
    told: Subscription, address: str, body: Any, key: str
) -> None:
    assert post(address, body, key) == 403
    assert stored() == []


@pytest.mark.parametrize("address", [QBO, BILL])
def test_without_a_key_here_nothing_is_genuine(told: Subscription, settings: Any, address: str) -> None:
    settings.QBO_WEBHOOK_TOKEN = ""
    Subscription.objects.update(security_key=None)
    body = json.dumps([cloud()] if address == QBO else of_bill()).encode()
    # An empty key signs too.
    assert post(address, body, **{HEADER[address]: signature("", body)}) == 403
    assert stored() == []


@pytest.mark.parametrize(("address", "key"), [(QBO, "verifier"), (BILL, "bill-key")])
@pytest.mark.parametrize("body", [b"", b"{", b"[7]", b"\xff\xfe", json.dumps({"metadata": {"eventId": "1"}}).encode()])
def test_what_can_t_be_read_is_refused_and_leaves_nothing(
    told: Subscription, address: str, key: str, body: bytes
) -> None:
    assert post(address, body, key) == 400
    assert stored() == []


def test_one_event_that_can_t_be_read_leaves_none_of_its_body(told: Subscription) -> None:
    assert post(QBO, [cloud(), {"id": "2"}], "verifier") == 400
    assert stored() == []


@pytest.mark.parametrize("address", [QBO, BILL])
def test_it_takes_posts_of_some_length_only(told: Subscription, address: str) -> None:
    assert Client().get(address).status_code == 405
    assert post(address, b" " * (LONGEST_BODY + 1), "verifier") == 413
    assert stored() == []


def test_a_thousand_events_cost_no_more_statements_than_one(
    told: Subscription, django_assert_max_num_queries: Any
) -> None:
    """Asked, stored, woken, however many they are; so it is answered long before Intuit loses patience."""
    events = [cloud(id=str(number), intuitentityid=str(number)) for number in range(1000)]
    with django_assert_max_num_queries(16):
        assert post(QBO, events, "verifier") == 200
    assert len(stored()) == 1000
