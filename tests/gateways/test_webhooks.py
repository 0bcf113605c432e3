"""Notifications: genuine only with the key, and read in each form that either product sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from syncapp.gateways import webhooks
from syncapp.gateways.webhooks import Notice

BODY = b'{"eventNotifications":[]}'
SIGNED = "bMlzRCQm2LZWdYu47/x0QKWgW3o3rEKU8Shp+xkpYaE="


def signature(key: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def cloud(**other: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
        "source": "intuit.dsnDXBXsdJ7n=",
        "type": "qbo.vendor.updated.v1",
        "time": "2026-01-05T16:00:00.034359333Z",
        "intuitentityid": "979",
        "intuitaccountid": "310687",
        "data": {},
    }
    return {**event, **other}


def older(*entities: dict[str, Any], realm: str = "310687") -> dict[str, Any]:
    return {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": list(entities)}}]}


def of_bill(**other: Any) -> dict[str, Any]:
    about = {
        "eventId": "evt01",
        "subscriptionId": "sub01",
        "organizationId": "00801",
        "eventType": "bill.updated",
        "version": "1",
    }
    record = {"id": "00n01", "amount": 120.5, "updatedTime": "2026-11-15T23:15:23.127+00:00"}
    return {"metadata": {**about, **other}, "bill": record}


def test_a_signature_by_hand() -> None:
    """Made with openssl: printf BODY | openssl dgst -sha256 -hmac verifier -binary | base64."""
    assert webhooks.signed_with("verifier", BODY, SIGNED)


@pytest.mark.parametrize(
    ("key", "body", "given"),
    [
        ("other", BODY, signature("verifier", BODY)),
        ("verifier", BODY + b" ", signature("verifier", BODY)),
        ("verifier", BODY, ""),
        ("verifier", BODY, signature("verifier", BODY)[:-2]),
        ("verifier", BODY, "sïgned"),
        ("verifier", BODY, "\ud800"),
        ("", BODY, signature("", BODY)),
    ],
)
def test_nothing_else_passes(key: str, body: bytes, given: str) -> None:
    assert not webhooks.signed_with(key, body, given)


def test_cloud_events_of_several_companies() -> None:
    body = json.dumps([cloud(), cloud(id="2", intuitaccountid="77", type="qbo.billpayment.void.v1")]).encode()
    first, second = webhooks.read_qbo(body)
    happened = datetime(2026, 1, 5, 16, 0, 0, 34359, tzinfo=UTC)
    assert first == Notice(cloud()["id"], "310687", "qbo.vendor.updated.v1", "979", happened)
    assert (second.remote_company, webhooks.noun(second.what)) == ("77", "billpayment")


def test_the_older_form_has_ids_made_of_what_it_says() -> None:
    vendor = {"name": "Vendor", "id": "40", "operation": "Update", "lastUpdated": "2026-01-05T08:00:00.000-08:00"}
    merged = {**vendor, "id": "41", "operation": "Merge", "deletedId": "39"}
    first, second = webhooks.read_qbo(json.dumps(older(vendor, merged)).encode())
    (again,) = webhooks.read_qbo(json.dumps(older(vendor)).encode())
    (elsewhere,) = webhooks.read_qbo(json.dumps(older(vendor, realm="5")).encode())
    (later,) = webhooks.read_qbo(json.dumps(older({**vendor, "lastUpdated": "2026-01-05T08:00:01.000-08:00"})).encode())
    assert first.happened_at == datetime(2026, 1, 5, 16, tzinfo=UTC) and webhooks.noun(first.what) == "vendor"
    assert again.event_id == first.event_id
    assert len({first.event_id, second.event_id, elsewhere.event_id, later.event_id}) == 4


@pytest.mark.parametrize("wrapped", [False, True])
def test_bill_s_event_plain_and_within_a_text(wrapped: bool) -> None:
    inner = json.dumps(of_bill())
    body = (json.dumps(inner) if wrapped else inner).encode()
    happened = datetime(2026, 11, 15, 23, 15, 23, 127000, tzinfo=UTC)
    assert webhooks.read_billcom(body) == Notice("evt01", "00801", "bill.updated", "00n01", happened, "sub01")
    assert webhooks.billcom_signed(body, signature("key", body), "key")
    assert webhooks.billcom_signed(body, signature("key", inner.encode()), "key")
    assert not webhooks.billcom_signed(body, signature("other", body), "key")


def test_a_time_that_can_t_be_read_is_none() -> None:
    for time in ("yesterday", "2026-01-05T16:00:00", None, 7, "0001-01-01T00:00:00+23:59"):
        (read,) = webhooks.read_qbo(json.dumps([cloud(time=time)]).encode())
        assert read.happened_at is None


WRONG: list[Any] = [
    "",
    "{",
    "null",
    "7",
    '"text"',
    "[[]]",
    "{}",
    '{"eventNotifications":{}}',
    '{"eventNotifications":[{"realmId":"1"}]}',
    json.dumps(older({"name": "Vendor"})),
    json.dumps([cloud(), cloud(intuitaccountid="")]),
    json.dumps([cloud(intuitaccountid=5)]),
    json.dumps([cloud(intuitentityid="9" * 65)]),
    json.dumps([cloud(id="a\0b")]),
    "[" * 5000,
]


@pytest.mark.parametrize("body", WRONG)
def test_what_quickbooks_doesn_t_send_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        webhooks.read_qbo(body.encode())


@pytest.mark.parametrize(
    "body",
    ["", "[]", '"{"', "{}", '{"metadata":[]}', json.dumps(of_bill(eventId="")), json.dumps(of_bill(version=1))[1:]],
)
def test_what_bill_doesn_t_send_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        webhooks.read_billcom(body.encode())
