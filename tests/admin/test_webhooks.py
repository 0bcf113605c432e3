"""Notifications and subscriptions: support finds out what came of them; nobody else is shown any, and no key at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from syncapp.core.sides import Side
from syncapp.models import Outcome, Subscription, WebhookEvent
from tests.admin.support import SECRET, Cast, change, changelist, text

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LISTS = ("webhookevent", "subscription")


@pytest.fixture
def rows(cast: Cast) -> tuple[WebhookEvent, Subscription]:
    company = cast.first.company
    seen = make_event("evt1", company=company, outcome=Outcome.STARTED, handled_at=AT)
    make_event("evt2", what="qbo.vendor.updated.v1", side=Side.QBO, remote_company="310687")
    make_event("evt3", company=cast.third.company, outcome=Outcome.BY_HAND)
    held = company.connections.get(side=Side.BILLCOM)
    subscription = Subscription.objects.create(connection=held, remote_id="sub01", security_key=SECRET)
    return seen, subscription


def make_event(event_id: str, **fields: object) -> WebhookEvent:
    given = {"side": Side.BILLCOM, "remote_company": "00801", "what": "bill.updated", "received_at": AT}
    return WebhookEvent.objects.create(event_id=event_id, remote_id=f"r-{event_id}", **{**given, **fields})


@pytest.mark.parametrize("name", ("dana", "root"))
def test_support_sees_all_and_what_came_of_it(cast: Cast, rows: tuple[WebhookEvent, Subscription], name: str) -> None:
    client = cast.client(name)
    shown = text(client.get(changelist("webhookevent")))
    assert all(word in shown for word in ("Harbor Company", "Xylo Company", "310687", "Started a sync", "23 Nov 2026"))
    one = text(client.get(change("webhookevent", rows[0])))
    assert "r-evt1" in one and "Harbor Company" in one
    assert "sub01" in text(client.get(change("subscription", rows[1])))


def test_it_is_filtered_by_side_company_and_outcome(cast: Cast, rows: tuple[WebhookEvent, Subscription]) -> None:
    client, company = cast.client("dana"), cast.first.company.pk
    for query, found in (
        ({"side__exact": "qbo"}, {"evt2"}),
        ({"company__id__exact": company}, {"evt1"}),
        ({"outcome__exact": Outcome.WAITS}, {"evt2"}),
        ({"q": "310687"}, {"evt2"}),
    ):
        listed = client.get(changelist("webhookevent", **query)).context["cl"].result_list
        assert {row.event_id for row in listed} == found


@pytest.mark.parametrize("screen", LISTS)
@pytest.mark.parametrize("name", ("alice", "bob", "charlie"))
def test_it_is_for_nobody_else(cast: Cast, rows: tuple[WebhookEvent, Subscription], name: str, screen: str) -> None:
    client, row = cast.client(name), rows[LISTS.index(screen)]
    assert client.get(changelist(screen)).status_code == 403
    assert client.get(change(screen, row)).status_code == 403
    assert changelist(screen) not in text(client.get(reverse("admin:index")))


@pytest.mark.parametrize("screen", LISTS)
def test_nothing_is_written_by_hand(cast: Cast, rows: tuple[WebhookEvent, Subscription], screen: str) -> None:
    client, row = cast.client("root"), rows[LISTS.index(screen)]
    assert client.get(reverse(f"admin:syncapp_{screen}_add")).status_code == 403
    assert client.post(change(screen, row), {"_save": "Save"}).status_code == 403
    assert client.get(reverse(f"admin:syncapp_{screen}_delete", args=[row.pk])).status_code == 403


@pytest.mark.parametrize("screen", LISTS)
def test_no_key_is_loaded_and_rows_cost_no_statements(
    cast: Cast, rows: tuple[WebhookEvent, Subscription], screen: str
) -> None:
    client = cast.client("root")

    def statements() -> list[str]:
        with CaptureQueriesContext(database) as found:
            page = client.get(changelist(screen))
        assert page.status_code == 200 and SECRET not in text(page)
        return [each["sql"] for each in found.captured_queries]

    statements()
    few = statements()
    for number, other in enumerate((cast.second, cast.third)):
        make_event(f"more{number}", company=other.company)
        Subscription.objects.create(connection=other.company.connections.get(side=Side.BILLCOM), security_key=SECRET)
    assert len(statements()) == len(few)
    assert not [sql for sql in few if "security_key" in sql or "credentials" in sql]
    assert SECRET not in text(client.get(change(screen, rows[LISTS.index(screen)])))
