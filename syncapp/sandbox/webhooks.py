"""Notifications of both products: made of what happened, signed, and posted by whoever runs the sandbox.

QuickBooks posts to one address per app, BILL to each organization's subscriptions. Nothing is posted but to this
machine. Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks/best-practices,
https://developer.bill.com/docs/working-with-bill-webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from syncapp.sandbox.billcom import notices
from syncapp.sandbox.http import JSON, encode

if TYPE_CHECKING:
    from syncapp.sandbox.billcom import Billcom
    from syncapp.sandbox.clock import Clock
    from syncapp.sandbox.qbo import Qbo
    from syncapp.sandbox.switches import Switches

Event = dict[str, Any]

SIGNATURE = "intuit-signature"
CLOUD_EVENTS, LEGACY = "cloudevents", "legacy"
# Both products expect an answer within seconds and try again after longer and longer waits.
ANSWER_SECONDS = 3.0
RETRY_SECONDS = (10, 20, 30, 300, 1200, 7200, 14_400, 21_600)
# BILL stops asking a subscription that keeps failing.
BILLCOM_TRIES = 5
KEPT = 1000
HERE = ("127.0.0.1", "localhost", "::1")

# All others are told of.
_UNTOLD = ("Attachable", "CompanyInfo", "RefundReceipt", "SalesReceipt", "TaxAgency", "TaxCode", "TaxRate")
_CLOUD_OPERATION = {"Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Void": "void"}


@dataclass
class Post:
    """One notification on its way. ``due``: when to post it, by the sandbox's own clock."""

    side: str
    company: str
    url: str
    headers: dict[str, str]
    body: bytes
    due: float
    tries: int = 0
    subscription: str = ""
    status: int = 0

    def shown(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "company": self.company,
            "url": self.url,
            "tries": self.tries,
            "status": self.status,
            "body": self.body.decode(),
        }


@dataclass
class Hook:
    """Where QuickBooks posts, in which form, and what it signs with."""

    url: str
    token: str
    form: str = CLOUD_EVENTS


@dataclass
class Webhooks:
    qbo: Qbo
    billcom: Billcom
    clock: Clock
    switches: Switches
    hook: Hook | None = None
    billcom_url: str = ""
    waiting: list[Post] = field(default_factory=list)
    sent: deque[Post] = field(default_factory=lambda: deque(maxlen=KEPT))
    _events: deque[Event] = field(default_factory=lambda: deque(maxlen=100_000))
    _made: int = 0

    # --- what is asked for -------------------------------------------------------------------------------------------

    def ask_qbo(self, url: str, token: str = "", form: str = CLOUD_EVENTS) -> None:
        """Raises ValueError where nothing may be posted to."""
        if form not in (CLOUD_EVENTS, LEGACY):
            raise ValueError(f"the format is {CLOUD_EVENTS} or {LEGACY}")
        self.hook = Hook(_here(url), token or hashlib.sha256(b"verifier token").hexdigest()[:36], form)

    def ask_billcom(self, url: str) -> None:
        """Every organization subscribes to everything there, those to come too."""
        self.billcom_url = _here(url)
        for organization in self.billcom.organizations:
            self.subscribe(organization)

    def subscribe(self, organization: str) -> None:
        if not self.billcom_url:
            return
        body = {
            "name": "Sandbox",
            "status": {"enabled": True},
            "events": [{"type": each} for each in notices.TYPES],
            "notificationUrl": self.billcom_url,
        }
        notices.subscribe(self.billcom.books_of(organization), body, f"sandbox {self.billcom_url}")

    def forget(self) -> None:
        self.hook, self.billcom_url = None, ""
        self.waiting.clear()
        self.sent.clear()
        self._events.clear()

    def shown(self) -> dict[str, Any]:
        hook = self.hook
        asked = {"url": hook.url, "verifier_token": hook.token, "format": hook.form} if hook else None
        keys = {
            organization: {each["notificationUrl"]: each["key"] for each in books.subscriptions}
            for organization, books in self.billcom.organizations.items()
        }
        return {
            "qbo": asked,
            "billcom": {"url": self.billcom_url, "security_keys": keys},
            "waiting": [post.shown() for post in self.waiting],
            "sent": [post.shown() for post in self.sent],
        }

    # --- what happens ------------------------------------------------------------------------------------------------

    def note(self, event: Event) -> None:
        """Something changed. What goes out for it is made later, when the call that changed it is over."""
        listened = self.hook if event["side"] == "qbo" else self._subscriptions(event["company"])
        if listened:
            self._events.append(event)

    def _subscriptions(self, organization: str) -> list[Event]:
        known = self.billcom.organizations.get(organization)
        return known.subscriptions if known is not None else []

    def due(self) -> list[Post]:
        """What is to be posted by now. Whoever posts says how it went, by `answered`."""
        self._make()
        now = self.clock.monotonic()
        due = [post for post in self.waiting if post.due <= now]
        self.waiting = [post for post in self.waiting if post.due > now]
        if self.switches.webhooks_reorder:
            due.reverse()
        return due

    def answered(self, post: Post, status: int) -> None:
        """2xx: it arrived. Anything else, or 0 for no answer: again, after a wait."""
        post.tries += 1
        post.status = status
        if 200 <= status < 300:
            self.sent.append(post)
        elif post.side == "billcom" and post.tries >= BILLCOM_TRIES:
            self._switch_off(post)
        else:
            post.due = self.clock.monotonic() + RETRY_SECONDS[min(post.tries, len(RETRY_SECONDS)) - 1]
            self.waiting.append(post)

    def _switch_off(self, post: Post) -> None:
        for subscription in self._subscriptions(post.company):
            if subscription["id"] == post.subscription:
                subscription["enabled"] = False
        self.waiting = [each for each in self.waiting if each.subscription != post.subscription]

    def _make(self) -> None:
        events = list(self._events)
        self._events.clear()
        made = self._of_billcom([event for event in events if event["side"] == "billcom"])
        if ours := [event for event in events if self._concerns_qbo(event)]:
            made.append(self._of_qbo(ours))
        for post in made:
            self._made += 1
            if self.switches.webhooks_drop_every and self._made % self.switches.webhooks_drop_every == 0:
                continue
            copies = 2 if self.switches.webhooks_duplicate else 1
            self.waiting += [Post(**vars(post)) for _ in range(copies)]

    # --- BILL --------------------------------------------------------------------------------------------------------

    def _of_billcom(self, events: list[Event]) -> list[Post]:
        posts = []
        for event in events:
            organization = self.billcom.organizations.get(event["company"])
            if organization is None or event["id"] not in organization.tables[event["entity"]].rows:
                continue
            posts += [self._billcom_post(event, notice) for notice in self.billcom.notices(event)]
        return [post for post in posts if urlsplit(post.url).hostname in HERE]

    def _billcom_post(self, event: Event, notice: notices.Notice) -> Post:
        return Post(
            side="billcom",
            company=event["company"],
            url=notice.url,
            headers=notice.headers,
            body=notice.body,
            due=self.clock.monotonic(),
            subscription=notice.subscription_id,
        )

    # --- QuickBooks --------------------------------------------------------------------------------------------------

    def _concerns_qbo(self, event: Event) -> bool:
        """Only companies that are connected are told of, and not every entity."""
        if event["side"] != "qbo" or event["entity"] in _UNTOLD or self.hook is None:
            return False
        grants = self.qbo.oauth.grants.values()
        return any(grant.realm == event["company"] and not grant.revoked for grant in grants)

    def _of_qbo(self, events: list[Event]) -> Post:
        assert self.hook is not None
        shape = _cloud_events if self.hook.form == CLOUD_EVENTS else _legacy
        body = encode(shape(events))
        digest = hmac.digest(self.hook.token.encode(), body, hashlib.sha256)
        headers = {"content-type": JSON, SIGNATURE: base64.b64encode(digest).decode()}
        company = events[0]["company"]
        return Post("qbo", company, self.hook.url, headers, body, self.clock.monotonic())


def _cloud_events(events: list[Event]) -> list[Event]:
    """Reference: https://blogs.intuit.com/2025/11/12/upcoming-change-to-webhooks-payload-structure"""
    return [
        {
            "specversion": "1.0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number} {event}")),
            "source": "intuit.c2FuZGJveA==",
            "type": f"qbo.{event['entity'].lower()}.{_CLOUD_OPERATION[event['operation']]}.v1",
            "datacontenttype": JSON,
            "time": f"{_moment(event):%Y-%m-%dT%H:%M:%S.%f}000Z",
            "intuitentityid": event["id"],
            "intuitaccountid": event["company"],
            "data": {},
        }
        for number, event in enumerate(events)
    ]


def _legacy(events: list[Event]) -> Event:
    by_realm: dict[str, list[Event]] = {}
    for event in events:
        by_realm.setdefault(event["company"], []).append(
            {
                "name": event["entity"],
                "id": event["id"],
                "operation": event["operation"],
                "lastUpdated": f"{_moment(event):%Y-%m-%dT%H:%M:%S}.000Z",
            }
        )
    notifications = [
        {"realmId": realm, "dataChangeEvent": {"entities": entities}} for realm, entities in by_realm.items()
    ]
    return {"eventNotifications": notifications}


def _moment(event: Event) -> datetime:
    return datetime.fromisoformat(event["at"]).astimezone(UTC)


def _here(url: str) -> str:
    if urlsplit(url).scheme != "http" or urlsplit(url).hostname not in HERE:
        raise ValueError(f"{url}: notifications go to http addresses of this machine only")
    return url
