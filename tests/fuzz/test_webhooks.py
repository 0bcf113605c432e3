"""Whatever a genuine signature stands over: an answer, never a crash, and the inbox has all of its events or none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncapp.models import Subscription, WebhookEvent
from tests.fuzz.settings import bounded, odd_text, odd_value
from tests.gateways.test_webhooks import cloud, of_bill, older
from tests.views.test_webhooks import BILL, QBO, post, told

__all__ = ["told"]

KEYS = {QBO: "verifier", BILL: "bill-key"}
CLOUD_FIELDS = ("id", "intuitaccountid", "intuitentityid", "type", "time")
OLDER_FIELDS = ("name", "id", "operation", "lastUpdated")
SURROGATE = "\ud800"

anything = st.one_of(odd_value, odd_text)


def changed(fields: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(fields), anything, max_size=3)


def tell(address: str, body: Any, events: int) -> None:
    """``events``: how many it speaks of, where it can be read at all."""
    WebhookEvent.objects.all().delete()
    status = post(address, body, KEYS[address])
    assert status in (200, 400, 403)
    assert WebhookEvent.objects.count() == (events if status == 200 else 0)


@bounded
@given(changed(CLOUD_FIELDS))
@example({"intuitentityid": SURROGATE})
@example({"type": "qbo.vendor" + SURROGATE})
@example({"time": "0001-01-01T00:00:00+14:00"})
@example({"time": "9999-12-31T23:59:59-14:00"})
def test_a_changed_event_of_quickbooks_takes_none_or_both(told: Subscription, change: dict[str, Any]) -> None:
    tell(QBO, [cloud(id="the-other"), cloud(**change)], 1 if change.get("id") == "the-other" else 2)


@bounded
@given(changed(OLDER_FIELDS))
@example({"id": SURROGATE})
@example({"lastUpdated": SURROGATE})
def test_a_changed_event_of_the_older_form_is_taken_or_not(told: Subscription, change: dict[str, Any]) -> None:
    entity = {"name": "Bill", "id": "40", "operation": "Create", "lastUpdated": "2026-01-05T16:00:00.000Z"}
    tell(QBO, older({**entity, **change}), 1)


@bounded
@given(changed(("eventId", "eventType")), anything, anything)
@example({"eventId": SURROGATE}, None, None)
@example({}, SURROGATE, None)
@example({}, "1", "0001-01-01T00:00:00+14:00")
def test_a_changed_event_of_bill_is_taken_or_not(
    told: Subscription, change: dict[str, Any], record: Any, at: Any
) -> None:
    event = of_bill()
    event["metadata"] = {**event["metadata"], **change}
    event["bill"] = {"id": record, "updatedTime": at}
    tell(BILL, event, 1)


@pytest.mark.parametrize("address", (QBO, BILL))
@bounded
@given(st.one_of(st.binary(max_size=200), odd_value.map(lambda value: json.dumps(value).encode())))
@example(b"[" * 100_000)
@example(b'{"metadata":' * 50_000)
@example(json.dumps(json.dumps({"a": SURROGATE})).encode())
@example(b"\xff\xfe[\x00]\x00")
@example(b"9" * 10_000)
def test_a_body_of_any_shape_leaves_nothing(told: Subscription, address: str, body: bytes) -> None:
    tell(address, body, 0)
