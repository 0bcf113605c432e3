"""Every address, as every kind of person, with the ids of a company that isn't theirs: nothing leaks or changes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.test.client import RequestFactory

from syncapp.models import Company, Connection, SetupStep
from tests.admin.support import SECRET, Cast, Rows, changelist
from tests.tenancy.walk import PLAIN, WITH_IDS, Foreign, crossings, forms_in, rows_of, shown

pytestmark = pytest.mark.skipif(
    os.environ.get("TIEOUT_TEST_DB") == "postgres", reason="Who may see what is the same on every database: on SQLite."
)
OUTSIDERS = ("nobody at all", "newcomer", "bob", "alice", "charlie")
"""Not signed in; signed in and without a company; a clerk; an administrator; an administrator of another firm."""
# What any of our buttons sends, all at once.
BUTTONS = {
    "sure": "yes",
    "confirm": "yes",
    "what": "exclude",
    "post": "yes",
    "name": "Taken over",
    "timezone": "UTC",
    "step": "map-banks",
}
OUT = ("accounts/logout/", "admin/logout/")


def client_of(cast: Cast, name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name == "newcomer":
        client.force_login(User.objects.get_or_create(username="newcomer")[0])
    elif name in cast.people:
        client.force_login(cast.people[name])
    return client


def hidden_from(cast: Cast, name: str) -> list[Rows]:
    """For the clerk one of his own firm's too; the others don't differ."""
    if name not in cast.people:
        return [cast.first]
    return cast.hidden_from(name) if name == "bob" else cast.hidden_from(name)[:1]


def under_ones_own(cast: Cast, name: str, foreign: Foreign) -> list[str]:
    """Pages of a company that the person has, asked for what belongs to the other."""
    if name not in cast.people:
        return []
    within = Foreign(foreign.rows, cast.seen_by(name)[0].company)
    return [within.address(route) for route in WITH_IDS if "<int:company>" in route and route.count("<") > 1]


def answers(client: Client, where: str) -> Iterator[HttpResponseBase]:
    """Looked at, its buttons pressed, and each of them followed to its end."""
    yield client.get(where, follow=True)
    yield client.post(where, BUTTONS)
    yield client.post(where, {**BUTTONS, "what": "link", "_save": "1", "action": "delete_selected"}, follow=True)


def check(response: HttpResponseBase, where: str, words: list[str]) -> None:
    assert response.status_code < 500, where
    page = f"{shown(response)} {getattr(response, 'redirect_chain', '')}"
    assert [word for word in [*words, SECRET] if word in page] == [], where


@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_address_with_a_foreign_id_shows_or_changes_anything(cast: Cast, name: str) -> None:
    client, foreign = client_of(cast, name), [Foreign(rows) for rows in hidden_from(cast, name)]
    before = [rows_of(each.rows.company) for each in foreign]

    for each in foreign:
        for where in [each.address(route) for route in WITH_IDS] + under_ones_own(cast, name, each):
            for response in answers(client, where):
                check(response, where, [each.word])

    assert [rows_of(each.rows.company) for each in foreign] == before
    assert crossings() == []


@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_page_of_ones_own_shows_anything_foreign(cast: Cast, name: str) -> None:
    """Lists, the home page, budgets, one's own companies: and what asks for no id."""
    Connection.objects.all().delete()  # So that no page asks a product.
    words = [Foreign(rows).word for rows in hidden_from(cast, name)]
    own = cast.seen_by(name) if name in cast.people else []
    addresses = [f"/{route}" for route in PLAIN if "<" not in route and route not in OUT]
    addresses += [Foreign(rows).address(route) for rows in own for route in WITH_IDS]
    client = client_of(cast, name)

    for where in addresses:
        response = client.get(where, follow=True)
        check(response, where, words)
        if name in cast.people:
            client.force_login(cast.people[name])


@pytest.mark.parametrize("name", ("bob", "alice", "charlie", "dana"))
def test_no_form_of_ones_own_takes_a_foreign_row(cast: Cast, name: str) -> None:
    """Each field of each form on each page, one after the other, with the key of a foreign account or record."""
    Connection.objects.all().delete()
    own = cast.seen_by(name)[0]
    theirs = cast.third if own is cast.first else cast.first
    before, client, tried = rows_of(theirs.company), client_of(cast, name), 0
    Company.objects.filter(pk=own.company.pk).update(setup_step=SetupStep.DONE)

    for route in WITH_IDS:
        where = Foreign(own).address(route)
        for action, fields in forms_in(shown(client.get(where))):
            to = action if action.startswith("/") else where
            for field in fields:
                if to.rstrip("/").endswith("logout") or field == "csrfmiddlewaretoken":
                    continue
                for row in (theirs.account, theirs.held):
                    client.post(to, {**fields, field: str(row.pk)})
                    tried += 1

    assert tried > 0
    assert crossings() == []
    if name != "dana":
        assert rows_of(theirs.company) == before


@pytest.mark.parametrize("name", ("bob", "alice", "charlie"))
def test_no_action_of_any_screen_reaches_a_foreign_row(cast: Cast, name: str) -> None:
    client, foreign = client_of(cast, name), [Foreign(rows) for rows in hidden_from(cast, name)]
    before = [rows_of(each.rows.company) for each in foreign]
    tried = set()

    for model, screen in admin.site._registry.items():
        if model._meta.app_label != "syncapp":
            continue
        request = RequestFactory().get("/")
        request.user = cast.people["root"]
        for action in screen.get_actions(request):
            for each in foreign:
                chosen = [str(each.row(str(model._meta.model_name)).pk)]
                for more in ({}, {"select_across": "1"}, {"sure": "yes"}, {"post": "yes"}):
                    data = {"action": action, "_selected_action": chosen, "index": "0", **more}
                    response = client.post(changelist(str(model._meta.model_name)), data, follow=True)
                    check(response, f"{action} of {model.__name__}", [each.word])
                    tried.add(action)

    assert {"export", "retry"} <= tried
    assert [rows_of(each.rows.company) for each in foreign] == before
