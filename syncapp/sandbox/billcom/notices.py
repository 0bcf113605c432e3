"""Subscriptions to events, and the signed notifications that go out for them.

Reference: https://developer.bill.com/docs/working-with-bill-webhooks,
https://developer.bill.com/docs/notification-payloads-reference
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncapp.sandbox.billcom.books import Books
from syncapp.sandbox.billcom.errors import duplicate, invalid, missing
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.values import Row
from syncapp.sandbox.http import encode

SIGNATURE = "x-bill-sha-signature"
MOST = 10
# Nothing is told of customers, credits, classifications, approvals or users.
LISTS = ("created", "updated", "archived", "restored")
TYPES = (
    *(f"{noun}.{operation}" for noun in ("vendor", "bill", "invoice") for operation in LISTS),
    "payment.updated",
    "payment.failed",
    "bank-account.created",
    "bank-account.updated",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification, ready to be posted."""

    subscription_id: str
    event_id: str
    url: str
    headers: dict[str, str]
    body: bytes


def catalog() -> list[Row]:
    return [{"type": each, "versions": ["1"]} for each in TYPES]


def shown(subscription: Row) -> Row:
    enabled = subscription["enabled"]
    status = {"value": "ENABLED" if enabled else "DISABLED", "description": "" if enabled else "Not delivered"}
    kept = {name: value for name, value in subscription.items() if name not in ("enabled", "events", "key", "asked")}
    return {**kept, "status": status, "events": [{"value": each} for each in subscription["events"]]}


def subscribe(books: Books, body: Any, key: str) -> Row:
    """The answer alone shows the security key. The idempotency key makes a repeat answer as the first did."""
    if not key:
        raise invalid("X-Idempotent-Key: must not be null", "X-Idempotent-Key")
    subscriptions = books.organization.subscriptions
    for each in subscriptions:
        if each["asked"] == key:
            return {**shown(each), "securityKey": each["key"]}
    asked = _read(body)
    if len(subscriptions) >= MOST:
        raise invalid(f"An organization can have {MOST} subscriptions.")
    if any(all(each[name] == asked[name] for name in ("notificationUrl", "events")) for each in subscriptions):
        raise duplicate("A subscription of the same events and URL exists", "notificationUrl")
    now = books.context.stamp()
    subscription = {
        "id": books.context.make_id("sub"),
        "organizationId": books.organization.id,
        **asked,
        "createdTime": now,
        "updatedTime": now,
        "key": _new_key(books),
        "asked": key,
    }
    subscriptions.append(subscription)
    return {**shown(subscription), "securityKey": subscription["key"]}


def _new_key(books: Books) -> str:
    return hashlib.sha256(books.context.make_id("key").encode()).hexdigest()


def _read(body: Any) -> Row:
    events = [each.get("type") for each in body.get("events", [])] if isinstance(body, dict) else []
    if not events or any(each not in TYPES for each in events):
        raise invalid("events: must be types of the catalog", "events")
    if not str(body.get("notificationUrl", "")).startswith(("https://", "http://127.0.0.1")):
        raise invalid("notificationUrl: must be an https address", "notificationUrl")
    enabled = bool(body.get("status", {}).get("enabled", True))
    name = str(body.get("name", ""))
    return {"name": name, "notificationUrl": body["notificationUrl"], "events": sorted(events), "enabled": enabled}


def find(books: Books, identifier: str) -> Row:
    for each in books.organization.subscriptions:
        if each["id"] == identifier:
            return each
    switches = books.switches
    raise missing("Subscription", identifier, switches.billcom_missing_status, switches.billcom_missing_code)


def change(books: Books, identifier: str, body: Any, *, whole: bool) -> Row:
    subscription = find(books, identifier)
    if whole:
        subscription.update(_read(body))
    else:
        old = {
            **{name: subscription[name] for name in ("name", "notificationUrl")},
            "events": [{"type": each} for each in subscription["events"]],
            "status": {"enabled": subscription["enabled"]},
        }
        subscription.update(_read({**old, **body}))
    subscription["updatedTime"] = books.context.stamp()
    return shown(subscription)


def drop(books: Books, identifier: str) -> None:
    books.organization.subscriptions.remove(find(books, identifier))


def new_key(books: Books, identifier: str) -> Row:
    subscription = find(books, identifier)
    subscription["key"] = _new_key(books)
    return {"securityKey": subscription["key"]}


def notices(books: Books, event: dict[str, Any]) -> list[Notice]:
    """What goes out for a change in the books, to whoever subscribed to it."""
    resource = RESOURCES[event["entity"]]
    kind = f"{resource.event}.{'updated' if resource.event == 'payment' else event['operation']}"
    wanting = [each for each in books.organization.subscriptions if each["enabled"] and kind in each["events"]]
    if not resource.event or not wanting:
        return []
    row = books.organization.row(resource.name, event["id"])
    content = _payment(books, row) if resource.event == "payment" else _content(books, resource.name, row)
    return [_notice(books, each, kind, resource.event, content) for each in wanting]


def _content(books: Books, name: str, row: Row) -> Row:
    content = books.shown(RESOURCES[name], row, reading=True)
    if name == "bills" and "invoiceDate" in row["invoice"]:
        # A date in the record arrives as a date and time.
        invoice = {**row["invoice"], "invoiceDate": f"{row['invoice']['invoiceDate']}T00:00:00.000Z"}
        content = {**content, "invoice": invoice}
    return content


def _payment(books: Books, row: Row) -> Row:
    """Reference: https://developer.bill.com/docs/payment-webhook-notification-payloads"""
    vendor = books.organization.row("vendors", row["vendorId"])
    names = ("id", "transactionNumber", "createdBy", "createdTime", "updatedTime", "processDate")
    return {
        **{name: row[name] for name in names if name in row},
        "billIds": [share["billId"] for share in row["billPayments"]],
        "status": row["singleStatus"],
        "vendor": {"id": vendor["id"], "name": vendor["name"]},
        "billingType": "BDC" if row["onlinePayment"] else "NET_SYNC_FROM_OFFLINE_PAYMENT",
    }


def _notice(books: Books, subscription: Row, kind: str, noun: str, content: Row) -> Notice:
    event_id = books.context.make_id("evt")
    metadata = {
        "eventId": event_id,
        "subscriptionId": subscription["id"],
        "organizationId": books.organization.id,
        "eventType": kind,
        "version": "1",
    }
    payload = encode({"metadata": metadata, noun: content})
    body = encode(payload.decode()) if books.switches.billcom_webhook_escaped else payload
    books.organization.events.append(
        {
            "id": event_id,
            "type": kind,
            "version": "1",
            "subscriptionId": subscription["id"],
            "payload": payload.decode(),
            "createdTime": books.context.stamp(),
        }
    )
    return sealed(subscription, event_id, body)


def sealed(subscription: Row, event_id: str, body: bytes) -> Notice:
    digest = hmac.digest(subscription["key"].encode(), body, hashlib.sha256)
    headers = {"content-type": "application/json", SIGNATURE: base64.b64encode(digest).decode()}
    return Notice(subscription["id"], event_id, subscription["notificationUrl"], headers, body)


def answer(books: Books, method: str, rest: list[str], body: Callable[[], Any], key: str) -> tuple[int, Any]:
    """What ``/connect-events/v3`` answers: status and body."""
    match method, rest:
        case "GET", ["events", "catalog"]:
            return 200, catalog()
        case "GET", ["events", "subscription", identifier]:
            known = find(books, identifier)["id"]
            return 200, {"results": [each for each in books.organization.events if each["subscriptionId"] == known]}
        case "GET", ["subscriptions"]:
            return 200, {"results": [shown(each) for each in books.organization.subscriptions]}
        case "POST", ["subscriptions"]:
            return 200, subscribe(books, body(), key)
        case "GET", ["subscriptions", identifier]:
            return 200, shown(find(books, identifier))
        case (("PUT" | "PATCH"), ["subscriptions", identifier]):
            return 200, change(books, identifier, body(), whole=method == "PUT")
        case "DELETE", ["subscriptions", identifier]:
            drop(books, identifier)
            return 200, {}
        case "POST", ["subscriptions", identifier, "security_key"]:
            return 200, new_key(books, identifier)
    raise LookupError(method)
