"""Support sees what is left of the products' budgets; nobody else finds the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syncapp.models import MeteredCalls, SyncRun, Trigger
from syncapp.services import budgets
from syncapp.services.budgets import METERED, NoRoom
from tests.views.conftest import Cast, make_company

PAGE = "/budgets/"


@pytest.fixture(autouse=True)
def an_empty_purse() -> Iterator[None]:
    budgets.forget()
    yield
    budgets.forget()


def shown(cast: Cast, address: str = PAGE) -> str:
    answer = cast.client("dana").get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_support_finds_it(cast: Cast) -> None:
    for name in ("alice", "bob", "charlie"):
        assert cast.client(name).get(PAGE).status_code == 404
        assert cast.client(name).get(f"{PAGE}?as=csv").status_code == 404
        assert PAGE not in cast.client(name).get("/admin/").content.decode()
    assert Client().get(PAGE).status_code == 302
    assert PAGE in shown(cast, "/admin/")


def test_it_is_empty_at_first(cast: Cast) -> None:
    text = shown(cast)
    for words in ("No metered call has been made", "BILL has not been called", "No sync waits"):
        assert words in text
    assert shown(cast, f"{PAGE}?as=csv") == "Company,Firm,Metered calls\r\n"


def test_it_names_who_uses_most(cast: Cast) -> None:
    today = timezone.now().date()
    MeteredCalls.objects.create(company=cast.company, day=today, calls=75)
    MeteredCalls.objects.create(company=make_company("=Other", None), day=today, calls=225)
    text = shown(cast)
    assert text.index("=Other") < text.index("Harbor Bakery")
    assert "<strong>300</strong> of 500,000" in text and "75%</td>" in text
    assert shown(cast, f"{PAGE}?as=csv").splitlines()[1:] == ["'=Other,,225", "Harbor Bakery,Alder & Finch,75"]


def test_it_shows_the_hour_and_no_key(cast: Cast, settings: Any) -> None:
    settings.BILLCOM_CALLS_AN_HOUR = 600
    now = timezone.now()
    for key in (settings.BILLCOM_DEVELOPER_KEY, "a-key-of-its-own"):
        budgets.take(budgets.calls_of(key), now)
        budgets.take(budgets.log_ins_of(key), now)
    text = shown(cast)
    assert "3 calls, 1 log-ins" in text
    budgets.settle()
    text = shown(cast)
    assert "This installation&#x27;s key" in text and budgets.fingerprint("a-key-of-its-own")[:8] in text
    assert "a-key-of-its-own" not in text and settings.BILLCOM_DEVELOPER_KEY not in text
    assert "calls, " not in text


def test_it_shows_who_waits(cast: Cast) -> None:
    run = SyncRun.objects.create(company=cast.company, trigger=Trigger.CLOCK)
    budgets.queue_up(run, NoRoom(METERED, "", 60), timezone.now())
    text = shown(cast)
    assert f"/admin/syncapp/syncrun/{run.pk}/change/" in text and "QuickBooks metered calls</td>" in text


def test_it_warns(cast: Cast, settings: Any) -> None:
    settings.QBO_METERED_CALLS_A_MONTH = 100
    MeteredCalls.objects.create(company=cast.company, day=timezone.now().date(), calls=100)
    assert "No company syncs until the month is over" in " ".join(shown(cast).split())


def test_it_costs_the_same_for_many_companies(cast: Cast) -> None:
    client = cast.client("dana")

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get(PAGE)
        return len(found)

    _more(2)
    few = asked()
    _more(20)
    assert asked() == few


def _more(number: int) -> None:
    for _ in range(number):
        company = make_company(f"Company {MeteredCalls.objects.count()}", None)
        MeteredCalls.objects.create(company=company, day=timezone.now().date(), calls=1)
        run = SyncRun.objects.create(company=company, trigger=Trigger.CLOCK)
        budgets.queue_up(run, NoRoom(METERED, "", 60), timezone.now())
