"""Notifications: signed as each product signs them, tried again, and lost, doubled or shuffled when asked to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from syncapp.sandbox.webhooks import BILLCOM_TRIES, Post
from tests.sandbox.frame import Frame

HERE = "http://127.0.0.1:9"


def listening(frame: Frame, form: str = "cloudevents") -> Any:
    asked = {"qbo": {"url": f"{HERE}/q", "format": form}, "billcom": {"url": f"{HERE}/b"}}
    return frame.control("POST", "webhooks", asked)


def rename(frame: Frame, side: str) -> str:
    """A person's edit; the id of what was edited."""
    if side == "qbo":
        id = str(frame.first("qbo", "Vendor")["Id"])
        frame.control("POST", f"person/qbo/{frame.realm}/Vendor/{id}", {"AcctNum": str(frame.world.clock.monotonic())})
    else:
        id = frame.first("billcom", "vendors")["id"]
        number = {"accountNumber": str(frame.world.clock.monotonic())}
        frame.control("POST", f"person/billcom/{frame.organization}/vendors/{id}", number)
    return id


def signed(key: str, post: Post) -> str:
    return base64.b64encode(hmac.digest(key.encode(), post.body, hashlib.sha256)).decode()


def test_quickbooks_sends_cloud_events(frame: Frame) -> None:
    token = listening(frame)["qbo"]["verifier_token"]
    id = rename(frame, "qbo")
    (post,) = frame.world.webhooks.due()
    assert post.headers["intuit-signature"] == signed(token, post)
    (event,) = json.loads(post.body)
    assert (event["type"], event["intuitentityid"], event["intuitaccountid"]) == (
        "qbo.vendor.updated.v1",
        id,
        frame.realm,
    )
    assert event["specversion"] == "1.0" and event["time"].endswith("Z") and event["data"] == {}


def test_quickbooks_sends_the_older_form_of_many_changes_at_once(frame: Frame) -> None:
    listening(frame, "legacy")
    ids = [rename(frame, "qbo"), frame.control("POST", f"person/qbo/{frame.realm}/Class", {"Name": "Told"})["Id"]]
    (post,) = frame.world.webhooks.due()
    (notification,) = json.loads(post.body)["eventNotifications"]
    assert notification["realmId"] == frame.realm
    entities = notification["dataChangeEvent"]["entities"]
    assert [(each["name"], each["id"], each["operation"]) for each in entities] == [
        ("Vendor", ids[0], "Update"),
        ("Class", ids[1], "Create"),
    ]


def test_bill_sends_to_each_subscription(frame: Frame) -> None:
    keys = listening(frame)["billcom"]["security_keys"][frame.organization]
    id = rename(frame, "billcom")
    (post,) = frame.world.webhooks.due()
    assert post.headers["x-bill-sha-signature"] == signed(keys[f"{HERE}/b"], post)
    content = json.loads(json.loads(post.body))
    assert content["metadata"]["eventType"] == "vendor.updated" and content["vendor"]["id"] == id


def test_companies_that_come_later_are_told_of_too(frame: Frame) -> None:
    listening(frame)
    other = frame.control("POST", "companies", {"load": "generated:seed=6,accounts=30,vendors=2,bills=0,overlap=1.0"})
    organization = other["billcom"]["organization_id"]
    vendor = frame.control("GET", f"person/billcom/{organization}/vendors")[0]["id"]
    frame.control("POST", f"person/billcom/{organization}/vendors/{vendor}", {"accountNumber": "1"})
    assert [post.company for post in frame.world.webhooks.due()] == [organization]


def test_a_write_of_the_api_is_told_as_well(frame: Frame) -> None:
    listening(frame)
    frame.qbo("POST", "vendor", {"DisplayName": "By The Api"})
    assert len(frame.world.webhooks.due()) == 1


def test_nothing_is_told_where_nobody_listens_or_is_connected(frame: Frame) -> None:
    rename(frame, "qbo")
    rename(frame, "billcom")
    assert frame.world.webhooks.due() == []
    listening(frame)
    frame.world.qbo.revoke_consent(frame.realm)
    rename(frame, "qbo")
    assert frame.world.webhooks.due() == []


def test_what_was_not_taken_is_posted_again(frame: Frame) -> None:
    frame.control("POST", "clock", {"now": "2026-03-01T10:00:00Z"})
    listening(frame)
    rename(frame, "qbo")
    hooks = frame.world.webhooks
    for wait in (10, 20, 30, 300):
        (post,) = hooks.due()
        hooks.answered(post, 500)
        frame.world.clock.advance(wait - 1)
        assert hooks.due() == []
        frame.world.clock.advance(1)
    (post,) = hooks.due()
    hooks.answered(post, 200)
    frame.world.clock.advance(1_000_000)
    assert hooks.due() == [] and frame.control("GET", "webhooks")["sent"][0]["tries"] == 5


def test_bill_gives_up_a_subscription_that_keeps_failing(frame: Frame) -> None:
    listening(frame)
    rename(frame, "billcom")
    hooks = frame.world.webhooks
    for _ in range(BILLCOM_TRIES):
        (post,) = hooks.due()
        hooks.answered(post, 0)
        frame.world.clock.advance(100_000)
    rename(frame, "billcom")
    assert hooks.due() == []


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ({"webhooks_duplicate": True}, [0, 0, 1, 1]),
        ({"webhooks_drop_every": 2}, [0]),
        ({"webhooks_reorder": True}, [1, 0]),
    ],
)
def test_notifications_are_doubled_lost_and_shuffled(frame: Frame, switch: dict[str, Any], expected: list[int]) -> None:
    frame.control("POST", "switches", switch)
    listening(frame)
    ids = [each["id"] for each in frame.control("GET", f"person/billcom/{frame.organization}/vendors")[:2]]
    for id in ids:
        frame.control("POST", f"person/billcom/{frame.organization}/vendors/{id}", {"accountNumber": "1"})
    told = [json.loads(json.loads(post.body))["vendor"]["id"] for post in frame.world.webhooks.due()]
    assert told == [ids[each] for each in expected]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"xero": {}},
        {"qbo": {"url": "https://example.com/hook"}},
        {"qbo": {"url": "http://example.com/hook"}},
        {"qbo": {"url": f"{HERE}/q", "format": "xml"}},
        {"billcom": {"url": "ftp://127.0.0.1/x"}},
        {"qbo": "x"},
    ],
)
def test_notifications_go_nowhere_but_here(frame: Frame, wrong: Any) -> None:
    frame.control("POST", "webhooks", wrong, status=400)


def test_they_are_forgotten(frame: Frame) -> None:
    listening(frame)
    rename(frame, "qbo")
    frame.control("DELETE", "webhooks")
    assert frame.world.webhooks.due() == [] and frame.control("GET", "webhooks")["qbo"] is None
