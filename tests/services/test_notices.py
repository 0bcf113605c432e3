"""A lost connection is told once, to those who can make it anew, and with nothing secret in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from syncapp import tasks
from syncapp.core.sides import Side
from syncapp.models import Company, Connection, ConnectionState, Firm, Membership, Role
from syncapp.services import notices, setup

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pointed() -> None:
    """Nothing here asks the sandbox."""


def person(name: str, **more: Any) -> User:
    return User.objects.create_user(name, f"{name}@firm.example", first_name=name.capitalize(), **more)


def client_of(firm: Firm | None, name: str, by: User | None = None) -> Company:
    company: Company = setup.make_company(name=name, firm=firm, signed_up_on=timezone.now().date())
    for side in Side:
        Connection.objects.create(
            company=company,
            side=side,
            remote_id=f"{name} {side}",
            connected_by=by,
            credentials={"refresh": "RT1-secret"},
        )
    return company


def lose(company: Company, side: Side = Side.QBO) -> None:
    Connection.objects.lost(Connection.objects.get(company=company, side=side).pk, "Incorrect or invalid RT1-secret")


@pytest.fixture
def firm() -> Firm:
    firm = Firm.objects.create(name="Cedar & Main")
    Membership.objects.create(user=person("alice"), firm=firm, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=person("bob"), firm=firm, role=Role.ACCOUNTANT)
    return firm


def test_administrators_are_told_once_with_a_link(firm: Firm, settings: Any) -> None:
    settings.PUBLIC_URL = "https://tieout.example"
    company = client_of(firm, "Harbor & Bakery")
    lose(company)

    tasks.dispatch()
    tasks.dispatch()

    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["alice@firm.example"], "Harbor & Bakery: connect QuickBooks Online again")
    assert f"https://tieout.example/companies/{company.pk}/connect/quickbooks/" in sent.body
    assert "Hello Alice," in sent.body
    assert "RT1" not in sent.body


def test_a_second_loss_is_told_again(firm: Firm) -> None:
    company = client_of(firm, "Harbor")
    for _ in range(2):
        lose(company, Side.BILLCOM)
        assert notices.tell_of_lost_connections(timezone.now()) == 1
        Connection.objects.filter(company=company).update(state=ConnectionState.CONNECTED)
    assert notices.tell_of_lost_connections(timezone.now()) == 0
    assert "/connect/bill/" in mail.outbox[1].body


def test_what_is_lost_together_is_one_mail_and_each_person_hears_of_their_own(firm: Firm) -> None:
    other = Firm.objects.create(name="Elm")
    Membership.objects.create(user=person("erin"), firm=other, role=Role.ADMINISTRATOR)
    for name in ("One", "Two"):
        lose(client_of(firm, name))
    lose(client_of(other, "Three"))

    assert notices.tell_of_lost_connections(timezone.now()) == 2

    by_person = {sent.to[0]: sent for sent in mail.outbox}
    assert by_person["alice@firm.example"].subject == "2 connections need to be made again"
    assert "Three" not in by_person["alice@firm.example"].body
    assert "One" not in by_person["erin@firm.example"].body


def test_without_an_administrator_who_connected_is_told_if_still_at_work_there() -> None:
    frank, gone = person("frank"), person("gone")
    company, left = client_of(None, "Own", by=frank), client_of(None, "Left", by=gone)
    Membership.objects.create(user=frank, company=company, role=Role.ACCOUNTANT)
    lose(company)
    lose(left)
    notices.tell_of_lost_connections(timezone.now())
    assert [sent.to for sent in mail.outbox] == [["frank@firm.example"]]


def test_nobody_is_told_of_what_was_disconnected_on_purpose(firm: Firm) -> None:
    company = client_of(firm, "Harbor")
    Connection.objects.filter(company=company).update(state=ConnectionState.DISCONNECTED)
    lose(company)
    assert notices.tell_of_lost_connections(timezone.now()) == 0


def test_a_mail_server_that_is_away_is_tried_again(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(client_of(firm, "Harbor"))

    def away(self: EmailBackend, messages: Any) -> int:
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as down:
        down.setattr(EmailBackend, "send_messages", away)
        tasks.dispatch()
    assert mail.outbox == []
    tasks.dispatch()
    assert [sent.to for sent in mail.outbox] == [["alice@firm.example"]]


def test_a_name_cannot_write_into_the_mails_head(firm: Firm) -> None:
    lose(client_of(firm, "Harbor\nBcc: everybody@else.example"))
    assert notices.tell_of_lost_connections(timezone.now()) == 1
    assert "\n" not in mail.outbox[0].subject
