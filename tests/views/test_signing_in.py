"""Signing in: one page for everybody, no open sign-up, no way out to strangers' pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.views.conftest import Cast


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.com", "correct horse")


@pytest.mark.parametrize("login", ["ann", "ann@example.com"])
def test_by_name_or_by_address(ann: User, login: str) -> None:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": login, "password": "correct horse"})
    assert answer["Location"] == reverse("syncapp:home")
    assert client.get(reverse("syncapp:home")).status_code == 200


def test_a_wrong_password_is_said_in_place_and_not_repeated(ann: User) -> None:
    page = Client().post(reverse("account_login"), {"login": "ann", "password": "guess-work"}).content.decode()
    assert 'role="alert"' in page
    assert "guess-work" not in page


def test_the_page_one_wanted_comes_after_it_but_no_strangers_page(ann: User) -> None:
    given = {"login": "ann", "password": "correct horse"}
    wanted = reverse("syncapp:new-company")
    assert Client().post(reverse("account_login"), {**given, "next": wanted})["Location"] == wanted
    stranger = Client().post(reverse("account_login"), {**given, "next": "https://evil.example/"})
    assert stranger["Location"] == reverse("syncapp:home")


def test_nobody_makes_an_account_alone(db: None) -> None:
    before = User.objects.count()
    given = {"email": "eve@example.com", "username": "eve", "password1": "correct horse", "password2": "correct horse"}
    Client().post(reverse("account_signup"), given)
    assert User.objects.count() == before
    assert "sign up" not in Client().get(reverse("account_login")).content.decode().lower()


@pytest.mark.parametrize("name", ["account_email", "account_change_password", "mfa_index", "account_logout"])
def test_the_pages_of_ones_account_open(cast: Cast, name: str) -> None:
    cast.alice.set_password("correct horse")
    cast.alice.save()
    assert cast.client("alice").get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["account_reset_password", "account_reset_password_done", "account_signup"])
def test_the_pages_before_signing_in_open(db: None, name: str) -> None:
    assert Client().get(reverse(name)).status_code == 200
