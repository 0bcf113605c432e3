"""Notifications: believed if genuine, stored, and answered; then each company they are about is synced soon.

They are hints. What changed is read from the products themselves, and the daily sync finds what nobody told us of.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from syncapp.core.sides import Side
from syncapp.gateways import webhooks as gateway
from syncapp.gateways.webhooks import Notice
from syncapp.kinds import KINDS
from syncapp.models import (
    Company,
    Connection,
    ConnectionState,
    Outcome,
    RunScope,
    RunState,
    SetupStep,
    Subscription,
    SyncedObject,
    SyncRun,
    Trigger,
    WebhookEvent,
)
from syncapp.models.runs import ACTIVE
from syncapp.services import runs
from syncapp.services.errors import ServiceError

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
REMOVED_AT_ONCE = 5000
# Of so many events at least one is news; they are not looked at one by one.
LOOKED_AT = 1000
# An event is dated a moment after the record it is about.
LATER = timedelta(seconds=2)

_KIND_OF = {
    Side.QBO: {kind.qbo.entity.lower(): kind.name for kind in KINDS.values()},
    Side.BILLCOM: {kind.billcom.path.removesuffix("s"): kind.name for kind in KINDS.values() if kind.qbo.told},
}


class NotGenuine(Exception):
    """Signed with no key of ours."""


class NotReadable(Exception):
    """Nothing that this product sends."""


# --- coming in -------------------------------------------------------------------------------------------------------


def receive_qbo(body: bytes, signature: str, *, now: datetime) -> bool:
    """Store what Intuit sent; True: somebody has to be woken. Raises NotGenuine, NotReadable."""
    if not gateway.signed_with(settings.QBO_WEBHOOK_TOKEN, body, signature):
        raise NotGenuine
    try:
        notices = gateway.read_qbo(body)
    except ValueError as error:
        raise NotReadable(str(error)) from None
    return _store(Side.QBO, notices, now)


def receive_billcom(body: bytes, signature: str, *, now: datetime) -> bool:
    """The same for BILL, whose subscriptions sign with a key each: the body says which, and is believed after that."""
    try:
        notice = gateway.read_billcom(body)
    except ValueError as error:
        raise NotReadable(str(error)) from None
    known = Subscription.objects.filter(remote_id=notice.subscription, organization_id=notice.remote_company)
    keys = known.values_list("security_key", flat=True)
    if not any(gateway.billcom_signed(body, signature, key or "") for key in keys):
        raise NotGenuine
    return _store(Side.BILLCOM, [notice], now)


def _store(side: Side, notices: Sequence[Notice], now: datetime) -> bool:
    """Twice the same is stored once. Who already waits has been woken, or is looked after by the clock."""
    about = {notice.remote_company for notice in notices if _kind(side, notice.what)}
    waiting = WebhookEvent.objects.waiting().filter(side=side, remote_company__in=about)
    awaited = set(waiting.values_list("remote_company", flat=True).distinct())
    WebhookEvent.objects.bulk_create([_event(side, notice, now) for notice in notices], ignore_conflicts=True)
    return bool(about - awaited)


def _event(side: Side, notice: Notice, now: datetime) -> WebhookEvent:
    synced = bool(_kind(side, notice.what))
    return WebhookEvent(
        side=side,
        event_id=notice.event_id,
        remote_company=notice.remote_company,
        what=notice.what,
        remote_id=notice.remote_id,
        happened_at=notice.happened_at,
        received_at=now,
        outcome=Outcome.WAITS if synced else Outcome.NOT_SYNCED,
        handled_at=None if synced else now,
    )


def _kind(side: Side, what: str) -> str:
    """The name of the kind it is about; "" for what we don't sync."""
    return _KIND_OF[side].get(gateway.noun(what), "")


# --- looked at -------------------------------------------------------------------------------------------------------


@dataclass
class _Told:
    """All that waits about one company: where it is from, how much, and when the last of it came."""

    places: list[tuple[str, str]] = field(default_factory=list)
    number: int = 0
    last: datetime | None = None

    def add(self, place: tuple[str, str], number: int, last: datetime) -> None:
        self.places.append(place)
        self.number += number
        self.last = max(last, self.last or last)

    def events(self) -> QuerySet[WebhookEvent]:
        here = Q(pk__in=[])
        for side, remote_company in self.places:
            here |= Q(side=side, remote_company=remote_company)
        return WebhookEvent.objects.waiting().filter(here)


def start_runs(now: datetime) -> list[SyncRun]:
    """Decide about all events that wait; the runs to wake. One run serves all events of its company."""
    waiting = WebhookEvent.objects.waiting().values_list("side", "remote_company")
    groups = list(waiting.annotate(number=Count("pk"), last=Max("received_at")).order_by())
    owners = _owners({remote_company for _, remote_company, _, _ in groups})
    told: dict[int | None, _Told] = defaultdict(_Told)
    for side, remote_company, number, last in groups:
        told[owners.get((side, remote_company))].add((side, remote_company), number, last)
    if None in told:
        told.pop(None).events().update(outcome=Outcome.UNKNOWN, handled_at=now)
    started = [_settle(company, told[company.pk], now) for company in _companies(told)]
    return [run for run in started if run is not None]


def _owners(remote_ids: set[str]) -> dict[tuple[str, str], int]:
    """Whose organizations and realms these are; of those that somebody disconnected, nobody's."""
    known = Connection.objects.exclude(state=ConnectionState.DISCONNECTED)
    found = known.filter(remote_id__in=remote_ids)
    return {(side, remote): company for side, remote, company in found.values_list("side", "remote_id", "company_id")}


def _companies(keys: Any) -> QuerySet[Any]:
    """With all that decides whether they may sync now."""
    last = SyncRun.objects.filter(company=OuterRef("pk"), scope=RunScope.FULL).exclude(state__in=ACTIVE)
    last = last.order_by("-created_at", "-pk")
    return Company.objects.filter(pk__in=list(keys)).annotate(
        automatic=F("preferences__sync_automatically"),
        live=Count("connections", filter=Q(connections__state=ConnectionState.CONNECTED)),
        busy=Exists(SyncRun.objects.active().filter(company=OuterRef("pk"))),
        last_state=Subquery(last.values("state")[:1]),
        last_started_at=Subquery(last.values("started_at")[:1]),
        last_finished_at=Subquery(last.values("finished_at")[:1]),
    )


def _outcome(company: Any, told: _Told, now: datetime) -> Outcome:
    if company.archived or not company.set_up_at or company.setup_step != SetupStep.DONE or company.live < len(Side):
        return Outcome.NOT_READY
    if not company.automatic:
        return Outcome.BY_HAND
    if company.busy:
        return Outcome.WAITS
    if company.last_state == RunState.STOPPED:
        return Outcome.STOPPED
    if company.last_state == RunState.DONE and told.last is not None and company.last_started_at > told.last:
        return Outcome.READ
    pause = runs.TRY_AGAIN if company.last_state == RunState.FAILED else timedelta(seconds=settings.WEBHOOK_SECONDS)
    too_soon = company.last_finished_at is not None and now < company.last_finished_at + pause
    return Outcome.WAITS if too_soon else Outcome.STARTED


def _settle(company: Any, told: _Told, now: datetime) -> SyncRun | None:
    """Write down what comes of them, and ask for the run with it: both or neither."""
    outcome, events = _outcome(company, told, now), told.events()
    if outcome == Outcome.WAITS:
        return None
    if outcome == Outcome.STARTED and told.number <= LOOKED_AT:
        looked_at = list(events)
        events = events.filter(pk__in=[event.pk for event in looked_at])
        outcome = Outcome.STARTED if _any_news(company, looked_at) else Outcome.READ
    try:
        with transaction.atomic():
            settled = events.update(outcome=outcome, handled_at=now, company=company)
            if not settled or outcome != Outcome.STARTED:
                return None
            return runs.request_run(company, trigger=Trigger.WEBHOOK, now=now)
    except ServiceError as error:
        log.warning("%s: the sync that notifications ask for was put off: %s", company, error.message)
        return None


def _any_news(company: Company, events: Sequence[WebhookEvent]) -> bool:
    """Whether one of them is about what we don't know yet. Our own writes come back as events and are none."""
    by_kind: dict[tuple[Side, str], dict[str, datetime]] = defaultdict(dict)
    for event in events:
        side = Side(event.side)
        kind = _kind(side, event.what)
        if not (event.remote_id and event.happened_at):
            return True
        dated = by_kind[side, kind]
        dated[event.remote_id] = max(event.happened_at, dated.get(event.remote_id, event.happened_at))
    for (side, kind), dated in by_kind.items():
        known = _known(company, side, kind, list(dated))
        if any(remote_id not in known or date > known[remote_id] + LATER for remote_id, date in dated.items()):
            return True
    return False


def _known(company: Company, side: Side, kind: str, ids: list[str]) -> dict[str, datetime]:
    """As of when we know these records, by their product's clock."""
    shown = SyncedObject.objects.of(company, kind).filter(**{f"{side}_id__in": ids})
    if side is Side.BILLCOM:
        dates = {str(key): version for key, version in shown.values_list("billcom_id", "billcom_version")}
    else:
        dates = {str(key): _updated(raw) for key, raw in shown.values_list("qbo_id", "qbo_raw")}
    read = {remote_id: gateway.moment(date) for remote_id, date in dates.items()}
    return {remote_id: date for remote_id, date in read.items() if date is not None}


def _updated(raw: Any) -> str:
    return str(((raw or {}).get("MetaData") or {}).get("LastUpdatedTime") or "")


def remove_old(now: datetime) -> int:
    """Events are kept 30 days; how many went."""
    old = WebhookEvent.objects.filter(received_at__lt=now - KEPT).order_by("received_at")
    keys = list(old.values_list("pk", flat=True)[:REMOVED_AT_ONCE])
    return WebhookEvent.objects.filter(pk__in=keys).delete()[0] if keys else 0
