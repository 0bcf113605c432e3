"""What BILL is asked to tell us: one subscription for each organization, looked after once a day.

There may be none (BILL refuses, or can't reach us): then changes come with the daily sync, as ever.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from syncapp.core.sides import Side
from syncapp.gateways.billcom_events import TOLD, BillcomEvents, Subscribed
from syncapp.gateways.errors import Duplicate, GatewayError, RateLimited, Unavailable
from syncapp.gateways.http import Http
from syncapp.kinds import KINDS
from syncapp.models import Connection, ConnectionState, Subscription
from syncapp.services import budgets, remotes

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

EVERY = timedelta(days=1)
# Whoever began a check and died leaves it to the next one after this.
SOON = timedelta(hours=1)
AT_ONCE = 50


def take_due(now: datetime) -> list[int]:
    """Connections to BILL to be checked now, those without a subscription among them; nobody else is given them."""
    if not settings.BILLCOM_WEBHOOKS:
        return []
    live = Connection.objects.filter(side=Side.BILLCOM, state=ConnectionState.CONNECTED, company__archived=False)
    due = live.filter(Q(subscription__isnull=True) | Q(subscription__next_check_at__lte=now))
    keys = list(due.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    new = [Subscription(connection_id=key, next_check_at=now) for key in keys]
    Subscription.objects.bulk_create(new, ignore_conflicts=True)
    return [key for key in keys if _take(key, now)]


def _take(connection_id: int, now: datetime) -> bool:
    return bool(
        Subscription.objects.filter(connection=connection_id, next_check_at__lte=now).update(next_check_at=now + SOON)
    )


def check(connection_id: int, *, clock: Clock, http: Http | None = None) -> None:
    """Have this organization's subscription be there, switched on, and telling this installation."""
    row = Subscription.objects.select_related("connection__company").filter(connection=connection_id).first()
    if row is None or row.connection.state != ConnectionState.CONNECTED:
        return
    passing = False
    try:
        _have(row, _open(row.connection, http or Http(), clock), clock())
        row.trouble = ""
    except GatewayError as error:
        log.warning("%s: no subscription at BILL: %s", row.connection, error)
        row.trouble = error.words[:500]
        passing = isinstance(error, RateLimited | Unavailable)
    finally:
        budgets.settle()
    row.next_check_at = clock() + (SOON if passing else EVERY)
    _save(row, "trouble", "next_check_at", "switched_on_at")


def _open(connection: Connection, http: Http, clock: Clock) -> BillcomEvents:
    given = ""

    def session(renew: bool) -> str:
        nonlocal given
        given = remotes.session(connection.pk, http, clock, given if renew else "")
        return given

    key = remotes.developer_key(connection)
    gate = remotes.Gate(connection.remote_id, key, clock)
    return BillcomEvents(http, settings.BILLCOM_EVENTS_URL, key, session, gate, now=clock)


def _have(row: Subscription, gateway: BillcomEvents, now: datetime) -> None:
    url = settings.PUBLIC_URL + reverse("syncapp:webhooks-bill")
    if row.remote_id and row.organization_id != row.connection.remote_id:
        _forget(row)
    found = gateway.subscription(row.remote_id) if row.remote_id else None
    if found is not None and found.url == url and found.events == _wanted():
        if not found.enabled:
            gateway.switch_on(found.id)
            row.switched_on_at = now
        return
    if found is not None:
        gateway.unsubscribe(found.id)
    if row.remote_id:
        _forget(row)
    _subscribe(row, gateway, url)


def _wanted() -> frozenset[str]:
    """All that BILL can tell about the kinds we sync; more of them after an upgrade."""
    return frozenset(event for kind in KINDS.values() for event in TOLD.get(kind.billcom.path, ()))


def _forget(row: Subscription) -> None:
    """The next one is asked for with a request id of its own."""
    row.organization_id, row.remote_id, row.url, row.security_key = "", "", "", None
    row.request_id = uuid.uuid4()
    _save(row, *_KEPT)


def _subscribe(row: Subscription, gateway: BillcomEvents, url: str) -> None:
    try:
        made = gateway.subscribe(url, sorted(_wanted()), row.request_id)
    except Duplicate:
        there = next((each for each in gateway.subscriptions() if each.url == url), None)
        if there is None:
            raise
        made = _taken_over(gateway, there)
    row.organization_id = row.connection.remote_id
    row.remote_id, row.url, row.security_key = made.id, url, made.security_key
    _save(row, *_KEPT)


def _taken_over(gateway: BillcomEvents, there: Subscribed) -> Subscribed:
    """One of ours whose key we don't have any more: it gets a new one."""
    if not there.enabled:
        gateway.switch_on(there.id)
    return replace(there, enabled=True, security_key=gateway.new_key(there.id, uuid.uuid4()))


def _save(row: Subscription, *names: str) -> None:
    """Unless it has gone meanwhile with its connection."""
    Subscription.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})


def end(connection: Connection, *, clock: Clock, http: Http | None = None) -> None:
    """Before a connection to BILL goes: BILL has nobody to tell any more. Does without where BILL doesn't answer.

    What it sends nevertheless is refused here, until it gives up.
    """
    row = Subscription.objects.filter(connection=connection).first()
    if row is None:
        return
    if row.remote_id and connection.state == ConnectionState.CONNECTED:
        try:
            _open(connection, http or Http(), clock).unsubscribe(row.remote_id)
        except GatewayError as error:
            log.warning("%s: the subscription at BILL was left there: %s", connection, error)
        finally:
            budgets.settle()
    row.delete()


_KEPT = ("organization_id", "remote_id", "url", "security_key", "request_id")
