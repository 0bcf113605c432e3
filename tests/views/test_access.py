"""Nobody reaches a company that isn't theirs, and who may only look changes nothing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from syncapp.models import Connection, RunState, SyncRun, Trigger
from syncapp.urls import urlpatterns
from tests.views.conftest import Cast, make_company

LOOKING = ["get-started", "settings", "sync", "preview", "preferences", "accounting-preferences", "tie-out", "overview"]
WORKING = [
    "connect-bill",
    "connect-quickbooks",
    "import",
    "map-banks",
    "uncategorized",
    "first-sync",
    "edit-preferences",
    "edit-accounting-preferences",
]
POSTS = ["sync-now", "read-both-sides", "make-clearing"]
OF_A_RUN_LOOKING = ["progress", "progress-json", "result"]


def _address(name: str, cast: Cast, run: SyncRun | None = None) -> str:
    arguments = [cast.company.pk, run.pk] if run else [cast.company.pk]
    return reverse(f"syncapp:{name}", args=arguments)


def _run(cast: Cast) -> SyncRun:
    return SyncRun.objects.create(company=cast.company, trigger=Trigger.PERSON, state=RunState.RUNNING)


def test_every_page_of_a_company_is_covered_here() -> None:
    named = {str(pattern.name) for pattern in urlpatterns if "<int:company>" in str(pattern.pattern)}
    assert named == {*LOOKING, *WORKING, *POSTS, *OF_A_RUN_LOOKING, "let-pass", "disconnect"}


@pytest.mark.parametrize("name", [*LOOKING, *WORKING, *POSTS])
def test_a_stranger_finds_no_page(cast: Cast, name: str) -> None:
    client = cast.client("charlie")
    if name not in POSTS:
        assert client.get(_address(name, cast)).status_code == 404
    assert client.post(_address(name, cast)).status_code in (404, 405)


@pytest.mark.parametrize("name", OF_A_RUN_LOOKING)
def test_a_stranger_finds_no_run(cast: Cast, name: str) -> None:
    assert cast.client("charlie").get(_address(name, cast, _run(cast))).status_code == 404


def test_a_run_of_another_company_is_not_found_under_ones_own(cast: Cast) -> None:
    other = make_company("Of somebody else", None)
    run = SyncRun.objects.create(company=other, trigger=Trigger.PERSON)
    for name in OF_A_RUN_LOOKING:
        assert cast.client("alice").get(_address(name, cast, run)).status_code == 404


@pytest.mark.parametrize("name", [*LOOKING, *WORKING, "home", "new-company", "quickbooks-callback"])
def test_who_is_not_signed_in_is_sent_to_the_sign_in(cast: Cast, name: str) -> None:
    plain = name in {"home", "new-company", "quickbooks-callback"}
    address = reverse(f"syncapp:{name}") if plain else _address(name, cast)
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("who", ["bob", "dana"])
@pytest.mark.parametrize("name", LOOKING)
def test_a_clerk_and_support_may_look(cast: Cast, who: str, name: str) -> None:
    assert cast.client(who).get(_address(name, cast)).status_code == 200


@pytest.mark.parametrize("who", ["bob", "dana"])
@pytest.mark.parametrize("name", [*WORKING, *POSTS])
def test_a_clerk_and_support_are_told_that_they_may_only_look(cast: Cast, who: str, name: str) -> None:
    client = cast.client(who)
    answers = [client.post(_address(name, cast))]
    if name not in POSTS:
        answers.append(client.get(_address(name, cast)))
    for answer in answers:
        assert answer.status_code == 403
        assert "lets you look at everything" in answer.content.decode()
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("who", ["bob", "dana"])
def test_looking_pages_offer_no_buttons_to_those_who_may_only_look(cast: Cast, who: str) -> None:
    client = cast.client(who)
    assert "Sync Now</button>" not in client.get(_address("sync", cast)).content.decode()
    assert ">Edit</a>" not in client.get(_address("preferences", cast)).content.decode()
    assert "Disconnect" not in client.get(_address("settings", cast)).content.decode()


def test_a_change_needs_a_post_and_a_token(cast: Cast) -> None:
    assert cast.client("alice").get(_address("sync-now", cast)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(_address("sync-now", cast)).status_code == 403
    assert not SyncRun.objects.exists()


def test_only_a_worker_disconnects(cast: Cast) -> None:
    Connection.objects.create(company=cast.company, side="qbo", remote_id="1")
    address = reverse("syncapp:disconnect", args=[cast.company.pk, "qbo"])
    assert cast.client("charlie").post(address).status_code == 404
    assert cast.client("bob").post(address).status_code == 403
    assert cast.client("alice").get(reverse("syncapp:disconnect", args=[cast.company.pk, "moon"])).status_code == 404
    assert Connection.objects.get().state == "connected"
