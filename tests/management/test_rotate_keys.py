"""Keys that seal credentials: they rotate without a reconnect, and a wrong one is found before work is lost."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection as database

from syncapp.core.sides import Side
from syncapp.models import Company, Connection, Firm
from syncapp.services import setup

SECRETS = {"access": "at-1", "refresh": "rt-1"}


@pytest.fixture
def connected(transactional_db: None, settings: Any) -> Connection:
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    firm = Firm.objects.create(name="Cedar & Main")
    company: Company = setup.make_company(name="Quay Rope", firm=firm, signed_up_on=firm.created_at.date())
    return Connection.objects.create(company=company, side=Side.QBO, remote_id="1", credentials=SECRETS)


def sealed() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT credentials FROM syncapp_connection")
        return str(cursor.fetchone()[0])


def rotated() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_after_rotating_the_old_key_can_go(connected: Connection, settings: Any) -> None:
    old, new = settings.TOKEN_KEYS[0], Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [new, old]

    assert "1 connections' credentials" in rotated()

    settings.TOKEN_KEYS = [new]
    assert Connection.objects.get(pk=connected.pk).credentials == SECRETS
    assert "at-1" not in sealed()


def test_without_the_key_that_sealed_nothing_is_changed_and_the_company_is_named(
    connected: Connection, settings: Any
) -> None:
    old = settings.TOKEN_KEYS
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    before = sealed()

    with pytest.raises(CommandError, match="Quay Rope"):
        rotated()

    assert sealed() == before
    settings.TOKEN_KEYS = old
    assert Connection.objects.get(pk=connected.pk).credentials == SECRETS


def test_a_wrong_key_is_found_by_the_checks_that_look_at_the_database(connected: Connection, settings: Any) -> None:
    assert not [each for each in run_checks(databases=["default"]) if each.id == "syncapp.E005"]
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    found = [each for each in run_checks(databases=["default"]) if each.id == "syncapp.E005"]

    assert len(found) == 1
    assert "Quay Rope" in found[0].msg
    assert "TOKEN_KEYS" in (found[0].hint or "")
