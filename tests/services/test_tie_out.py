"""Whether both sides show the same, to the cent, and what explains where they don't: the figures and their page."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncapp.models import Company, Membership, Role, SyncPreferences
from syncapp.services import tie_out
from tests.services.test_rules import bill_in_qbo, pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced


@pytest.fixture
def clerk(company: Company) -> Client:
    """Somebody who may only look."""
    user = User.objects.create_user("clerk", "clerk@example.com")
    Membership.objects.create(user=user, company=company, role=Role.CLERK)
    client = Client()
    client.force_login(user)
    return client


def address(company: Company) -> str:
    return reverse("syncapp:tie-out", args=[company.pk])


def paid_in_quickbooks_alone(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
    """The bill is in BILL; its payment isn't, since 2-Way AP Payment Sync is off."""
    SyncPreferences.objects.filter(company=company).update(two_way_payments=False)
    realm = loaded["qbo"]["realm_id"]
    bill = bill_in_qbo(company, sandbox, realm, "TWICE-1")
    synced(company, clock)
    pay_in_qbo(company, sandbox, realm, bill, 50)
    synced(company, clock)


def test_the_bridge_leads_from_one_total_to_the_other(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    paid_in_quickbooks_alone(company, clock, sandbox, loaded)

    found = tie_out.tie_out(company, now=timezone.now())

    assert found.ties
    *lines, (last, billcom_open) = found.payables.bridge
    assert sum((amount for _, amount in lines), Decimal(0)) == billcom_open == found.payables.billcom_open
    assert last == "Open payables in BILL"
    assert sum((amount for _, amount in lines[1:]), Decimal(0)) == found.payables.explained
    assert found.verdict.endswith("but for what is held.")
    assert sum((each.amount for each in found.payables.held), Decimal(0)) == found.payables.explained
    assert [each.amount for each in found.paid_on_one_side if each.amount == 50] == [50]
    by_record: dict[int, Decimal] = {}
    for each in found.payables.held:
        by_record[each.pk] = by_record.get(each.pk, Decimal(0)) + each.amount
    assert all(by_record.values()), "what differs in nothing explains nothing"


def test_the_page_is_read_when_asked_for_and_names_what_could_be_paid_twice(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], clerk: Client
) -> None:
    synced(company, clock)
    paid_in_quickbooks_alone(company, clock, sandbox, loaded)
    sandbox.clear_calls()
    assert "Compare now" in clerk.get(address(company)).content.decode()
    assert sandbox.calls() == [], "looking at the page costs no call"

    page = clerk.post(address(company)).content.decode()

    assert "Both sides tie out" in page
    assert "Could be paid twice" in page
    assert "50.00" in page
    assert {each["method"] for each in sandbox.calls()} <= {"GET", "POST"}


def test_the_result_of_a_sync_says_what_could_be_paid_twice(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], clerk: Client
) -> None:
    synced(company, clock)
    paid_in_quickbooks_alone(company, clock, sandbox, loaded)

    answer = clerk.get(reverse("syncapp:result", args=[company.pk]))

    assert 50 in [each.amount for each in answer.context["paid_on_one_side"]]
    assert "Could be paid twice" in answer.content.decode()


def test_a_difference_that_nothing_explains_is_loud(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], clerk: Client
) -> None:
    synced(company, clock)
    bill_in_qbo(company, sandbox, loaded["qbo"]["realm_id"], "LATE-1")

    page = clerk.post(address(company)).content.decode()

    assert "do not tie out" in page
    assert "-120.00" in page


def test_the_download_has_every_vendor_and_the_totals(
    company: Company, clock: Clock, sandbox: Sandbox, clerk: Client
) -> None:
    synced(company, clock)

    answer = clerk.post(address(company), {"as": "csv"})

    lines = list(csv.reader(StringIO(answer.content.decode())))
    found = tie_out.tie_out(company, now=timezone.now())
    assert answer["Content-Disposition"].startswith('attachment; filename="tie-out-')
    assert lines[0] == ["Company", company.name] and lines[2] == ["Result", found.verdict]
    assert lines[4 : 4 + len(found.payables.bridge)] == [
        [words, str(amount)] for words, amount in found.payables.bridge
    ]
    head = next(at for at, line in enumerate(lines) if line[:1] == ["Vendor"])
    rows = lines[head + 1 : head + 1 + len(found.payables.rows)]
    assert [row[0] for row in rows] == [row.party for row in found.payables.rows]
    named = {each.label for each in found.payables.held}
    assert all(any(label in row[5] for row in rows) for label in named)
    total = [
        "Total",
        str(found.payables.billcom_open),
        str(found.payables.qbo_open),
        str(found.payables.explained),
        str(found.payables.difference),
    ]
    assert lines[head + 1 + len(found.payables.rows)] == total


def test_nobody_compares_a_company_of_another_firm(company: Company) -> None:
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger"))

    assert stranger.get(address(company)).status_code == 404
    assert stranger.post(address(company)).status_code == 404
