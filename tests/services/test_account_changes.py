"""Choosing another account says what it leaves where it is, in numbers, and the books show just that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.models import Company, GLMapping, GLRole, SetupStep, SyncedObject
from syncapp.services import account_changes, preferences, setup
from tests.services.test_funds_transfers import TODAY, Books
from tests.services.test_funds_transfers import books as books
from tests.support.syncing import Clock, synced


def _other_bank(company: Company) -> SyncedObject:
    choices = setup.account_choices(company, GLRole.BANK_ACCOUNT)
    return next(each for each in choices if each.label != "Operating Checking" and "Clearing" not in each.label)


def _posted_to(books: Books, day: str) -> set[str]:
    entries = [each for each in books.transfers() if each["TxnDate"] == day]
    details = [line["JournalEntryLineDetail"] for each in entries for line in each["Line"]]
    return {each["AccountRef"]["value"] for each in details if each["PostingType"] == "Credit"}


def test_another_bank_account_leaves_what_is_posted_and_says_so(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    books.pays_online("C-1", 100)
    synced(company, clock)
    mapping = GLMapping.objects.get(company=company, billcom_bank_id=books.banks()[0])
    old, new = mapping.account, _other_bank(company)
    assert old is not None
    chosen: dict[str, int | None] = {f"bank:{mapping.pk}": new.pk}

    [change] = account_changes.changes(company, chosen)

    posted = SyncedObject.objects.filter(company=company, kind="funds_transfer", qbo_id__isnull=False).count()
    assert [(kind.name, number) for kind, number in change.stays] == [("funds_transfer", posted)]
    assert change.words.endswith(f"goes to {new}.")
    preferences.save_sync_preferences(company, admin_user, {}, chosen, now=clock())
    books.pays_online("C-3", 50)
    synced(company, clock)
    assert _posted_to(books, TODAY.isoformat()) == {old.qbo_id, new.qbo_id}


def test_another_clearing_account_counts_the_payments(company: Company, clock: Clock, books: Books) -> None:
    books.pays_online("C-4", 100)
    books.pays_online("C-5", 30, TODAY + timedelta(days=7))
    synced(company, clock)
    new = _other_bank(company)
    [change] = account_changes.changes(company, {GLRole.MONEY_OUT_CLEARING.value: new.pk})
    assert sum(number for _, number in change.stays) >= 2
    assert "leave Bill.com Money Out Clearing with their transfer" in change.words


def test_the_page_says_it_after_saving(
    company: Company, clock: Clock, books: Books, admin_client: Client, admin_user: Any
) -> None:
    books.pays_online("C-6", 100)
    synced(company, clock)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    address = reverse("syncapp:edit-preferences", args=[company.pk])
    form = admin_client.get(address).context["form"]
    sent = {field.html_name: field.value() for field in form}
    sent = {name: value for name, value in sent.items() if value not in (None, False)}
    mapping = GLMapping.objects.get(company=company, billcom_bank_id=books.banks()[0])
    saved = admin_client.post(address, {**sent, f"bank_{mapping.pk}": _other_bank(company).pk}, follow=True)
    words = saved.content.decode()
    assert "Sync preferences are saved" in words
    assert "what is posted already stays there" in words and "funds transfer" in words
    again = admin_client.post(address, {**sent, f"bank_{mapping.pk}": _other_bank(company).pk}, follow=True)
    assert "what is posted already" not in again.content.decode(), "nothing was changed"


def test_what_had_no_account_changes_nothing_that_is_posted(company: Company, clock: Clock, books: Books) -> None:
    setup.set_account(company, GLRole.CARD, None)
    assert account_changes.changes(company, {GLRole.CARD.value: _other_bank(company).pk}) == []
