"""A company's page shows banks, clearing and the closing date by what syncs have read, and asks nobody for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from syncapp.models import AccountingPreferences, Company, GLRole
from syncapp.services import balances, preferences, terms
from tests.services.test_funds_transfers import TODAY, Books
from tests.services.test_funds_transfers import books as books
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes

NEXT_WEEK = TODAY + timedelta(days=7)


def _page(client: Client, company: Company) -> str:
    return client.get(reverse("admin:syncapp_company_change", args=[company.pk])).content.decode()


def _as_read(company: Company) -> balances.AsRead:
    company.refresh_from_db()
    return balances.as_read(company)


def test_the_page_shows_banks_clearing_and_the_closing_date_without_a_call(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox, admin_client: Client
) -> None:
    books.pays_online("B-1", 80, NEXT_WEEK)
    synced(company, clock)
    AccountingPreferences.objects.filter(company=company).update(books_closed_on=date(2026, 6, 30))
    there = {name: books.balance(name) for name in ("Operating Checking", "Bill.com Money Out Clearing")}
    assert there["Bill.com Money Out Clearing"] == -80
    sandbox.clear_calls()

    page = _page(admin_client, company)

    assert sandbox.calls() == []
    assert f"{there['Operating Checking']:,.2f}" in page
    assert "Money Out Clearing: -80.00" in page
    assert "not drawn from the bank yet" in page.lower()
    assert "All of it is explained." in page
    assert "30 Jun 2026" in page


def test_what_nothing_explains_is_said(company: Company, clock: Clock, books: Books, admin_client: Client) -> None:
    account, bank = (
        terms.load(company).accounts[role].qbo_id for role in (GLRole.MONEY_OUT_CLEARING, GLRole.DEFAULT_BANK)
    )
    detail = "JournalEntryLineDetail"
    lines = [
        {"DetailType": detail, "Amount": 12, detail: {"PostingType": posting, "AccountRef": {"value": of}}}
        for posting, of in (("Debit", account), ("Credit", bank))
    ]
    books.sandbox.person("qbo", books.realm, "JournalEntry", {"TxnDate": TODAY.isoformat(), "Line": lines})
    synced(company, clock)
    assert _as_read(company).clearing[GLRole.MONEY_OUT_CLEARING].unexplained == 12
    assert "by hand" in _page(admin_client, company)


def test_an_idle_sync_reads_no_balances_and_one_that_moved_them_does(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox
) -> None:
    for _ in range(2):
        clock.wait(600)
        synced(company, clock)
    before = _as_read(company).at
    clock.wait(600)
    assert synced(company, clock).calls.get("metered") == 1
    assert _as_read(company).at == before

    books.pays_online("B-2", 35, NEXT_WEEK)
    clock.wait(600)
    synced(company, clock)
    seen = _as_read(company)
    assert seen.at is not None and before is not None and seen.at > before
    assert seen.clearing[GLRole.MONEY_OUT_CLEARING].balance == Decimal(str(books.clearing())) == -35
    clock.wait(600)
    assert writes(synced(company, clock)) == 0


def test_another_account_is_shown_once_it_was_read(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    chosen = {GLRole.MONEY_OUT_CLEARING.value: terms.load(company).accounts[GLRole.MONEY_OUT_CLEARING].key}
    assert _as_read(company).at is not None
    preferences.save_sync_preferences(company, admin_user, {}, chosen, now=clock())
    assert (_as_read(company).at, _as_read(company).clearing) == (None, {})
    synced(company, clock)
    assert GLRole.MONEY_OUT_CLEARING in _as_read(company).clearing


def test_the_page_costs_no_more_statements_with_more_payments(
    company: Company, clock: Clock, books: Books, admin_client: Client
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            _page(admin_client, company)
        return len(found)

    def pay(*numbers: str) -> None:
        for number in numbers:
            books.pays_online(number, 20, NEXT_WEEK)
        synced(company, clock)

    pay("B-3")
    statements()
    few = statements()
    pay("B-4", "B-5", "B-6")
    assert statements() == few


@pytest.mark.parametrize("fault", ["503", "429"])
def test_balances_that_cant_be_read_hold_nothing_up(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox, fault: str
) -> None:
    books.pays_online("B-7", 20, NEXT_WEEK)
    before: Any = _as_read(company).at
    sandbox.fault("qbo", fault, path_contains="/query", times=50)
    run = synced(company, clock)
    sandbox.clear_faults()
    assert books.clearing() == -20
    assert _as_read(company).at == before
    assert run.log.filter(message__contains="weren't read").exists()


def test_where_the_reading_at_the_end_failed_nothing_is_called_unexplained(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox, admin_client: Client
) -> None:
    synced(company, clock)
    books.pays_online("B-9", 20, NEXT_WEEK)
    sandbox.fault("qbo", "503", path_contains="/query", times=50)
    clock.wait(5)
    synced(company, clock)
    sandbox.clear_faults()
    assert _as_read(company).moved_since
    page = _page(admin_client, company)
    assert "More has been posted since" in page and "unexplained" not in page

    clock.wait(600)
    assert writes(synced(company, clock)) == 0
    assert not _as_read(company).moved_since
    assert "All of it is explained." in _page(admin_client, company)


def test_an_idle_sync_makes_no_balance_younger(company: Company, clock: Clock, books: Books, sandbox: Sandbox) -> None:
    for _ in range(2):
        synced(company, clock)
    before = _as_read(company).at
    sandbox.clock(advance=86_400)
    try:
        clock.wait(86_400)
        synced(company, clock)
        assert _as_read(company).at == before
    finally:
        sandbox.clock(real=True)
