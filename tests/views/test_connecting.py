"""Connecting both products: what is asked, what is refused where, and what never comes back to the browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import signing
from django.urls import reverse

from syncapp.models import Connection, RunScope, SetupStep, SyncRun
from syncapp.services import connections
from syncapp.services.errors import ServiceError
from tests.views.conftest import Cast

TOKEN = {
    "sign_in": "sync-token",
    "token_name": "tieout",
    "token_value": "very-secret-value",
    "organization_id": "00801ABCDEFGHIJKLMNO",
}


def _address(cast: Cast, name: str = "connect-bill") -> str:
    return reverse(f"syncapp:{name}", args=[cast.company.pk])


def _kept(cast: Cast, side: str) -> Connection:
    return Connection.objects.create(company=cast.company, side=side, remote_id=f"{side}-1", remote_name="Harbor")


@pytest.fixture
def signs_in(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """BILL lets everybody in; what was handed over is kept."""
    seen: dict[str, Any] = {}

    def connect(company: Any, user: Any, **given: Any) -> Connection:
        seen.update(given)
        return _kept(cast, "billcom")

    monkeypatch.setattr(connections, "connect_billcom", connect)
    return seen


def test_a_sync_token_is_handed_to_the_service(cast: Cast, signs_in: dict[str, Any]) -> None:
    answer = cast.client("alice").post(_address(cast), TOKEN)
    assert answer["Location"] == _address(cast, "settings")
    assert (signs_in["sign_in"], signs_in["username"], signs_in["password"]) == (
        "sync-token",
        "tieout",
        "very-secret-value",
    )


def test_only_the_fields_of_the_chosen_way_count(cast: Cast, signs_in: dict[str, Any]) -> None:
    given = {**TOKEN, "sign_in": "console", "console_email": "ann@firm.example", "console_api_token": "console-secret"}
    cast.client("alice").post(_address(cast), given)
    assert (signs_in["username"], signs_in["password"]) == ("ann@firm.example", "console-secret")


@pytest.mark.parametrize(
    ("sign_in", "words"), [("console", "Through the accountant console"), ("sync-token", "By a sync token")]
)
def test_the_settings_say_how_it_was_connected(cast: Cast, sign_in: str, words: str) -> None:
    _kept(cast, "billcom")
    Connection.objects.update(sign_in=sign_in)
    assert words in cast.client("alice").get(_address(cast, "settings")).content.decode()


def test_what_is_missing_is_said_next_to_its_field(cast: Cast, signs_in: dict[str, Any]) -> None:
    answer = cast.client("alice").post(_address(cast), {"sign_in": "user", "organization_id": "12"})
    errors = answer.context["form"].errors
    assert set(errors) == {"username", "password", "organization_id"}
    assert "starts with 008" in str(errors["organization_id"])
    assert not signs_in


def test_a_console_wants_an_address(cast: Cast, signs_in: dict[str, Any]) -> None:
    given = {**TOKEN, "sign_in": "console", "console_email": "ann", "console_api_token": "x"}
    assert set(cast.client("alice").post(_address(cast), given).context["form"].errors) == {"console_email"}


def test_a_refusal_of_bill_is_shown_and_no_secret_comes_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **given: Any) -> Connection:
        raise ServiceError("BILL didn't let us in: check the token.")

    monkeypatch.setattr(connections, "connect_billcom", refuse)
    page = cast.client("alice").post(_address(cast), TOKEN).content.decode()
    assert "check the token" in page
    assert "very-secret-value" not in page
    assert 'value="tieout"' in page


def test_a_developer_key_is_asked_for_only_where_the_installation_has_none(
    cast: Cast, settings: Any, signs_in: dict[str, Any]
) -> None:
    client = cast.client("alice")
    assert "Developer key" not in client.get(_address(cast)).content.decode()
    settings.BILLCOM_DEVELOPER_KEY = ""
    assert "Developer key" in client.get(_address(cast)).content.decode()
    assert set(client.post(_address(cast), TOKEN).context["form"].errors) == {"developer_key"}
    client.post(_address(cast), {**TOKEN, "developer_key": "own-key"})
    assert signs_in["developer_key"] == "own-key"


def test_secrets_are_neither_kept_by_caches_nor_filled_in_by_browsers(cast: Cast) -> None:
    answer = cast.client("alice").get(_address(cast))
    assert "no-store" in answer["Cache-Control"]
    assert 'type="password"' in answer.content.decode()
    assert 'autocomplete="off"' in answer.content.decode()


def test_the_button_leads_to_intuit(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PUBLIC_URL = "https://tieout.example"
    monkeypatch.setattr(connections, "start_qbo", lambda company, user, **given: f"https://intuit.example/?{given}")
    client = cast.client("alice")
    assert client.get(_address(cast, "connect-quickbooks")).status_code == 200
    there = client.post(_address(cast, "connect-quickbooks"), headers={"host": "testserver"})["Location"]
    assert there.startswith("https://intuit.example/")
    assert "https://tieout.example/oauth/quickbooks/callback/" in there


def test_a_callback_with_somebody_elses_state_connects_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is bound to the user: Charlie can't finish what Alice began, nor a link finish what nobody began."""
    state = signing.dumps(
        {"user": cast.alice.pk, "company": cast.company.pk, "nonce": "x"}, salt=connections.STATE_SALT
    )
    callback = reverse("syncapp:quickbooks-callback")
    for client, given in ((cast.client("charlie"), state), (cast.client("alice"), "made-up")):
        answer = client.get(callback, {"state": given, "code": "c", "realmId": "9130"})
        assert answer.status_code == 200
        assert "QuickBooks is not connected" in answer.content.decode()
        assert cast.company.name not in answer.content.decode()
    assert not Connection.objects.exists()


def test_a_denial_is_explained(cast: Cast) -> None:
    state = signing.dumps(
        {"user": cast.alice.pk, "company": cast.company.pk, "nonce": "x"}, salt=connections.STATE_SALT
    )
    given = {"state": state, "error": "access_denied"}
    page = cast.client("alice").get(reverse("syncapp:quickbooks-callback"), given).content.decode()
    assert "Only a Primary Administrator or Company Administrator" in page
    assert _address(cast, "connect-quickbooks") in page


@pytest.mark.parametrize(
    ("step", "leads_to"),
    [(SetupStep.IMPORT_ACCOUNTS, "import"), (SetupStep.DONE, "settings"), (SetupStep.MAP_BANKS, "get-started")],
)
def test_the_import_starts_by_itself_but_not_after_a_reconnect(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str, leads_to: str
) -> None:
    cast.company.setup_step = step
    cast.company.save()
    monkeypatch.setattr(connections, "company_of_state", lambda user, state: cast.company)
    monkeypatch.setattr(connections, "finish_qbo", lambda user, **given: _kept(cast, "qbo"))
    given = {"state": "s", "code": "c", "realmId": "9130"}
    answer = cast.client("alice").get(reverse("syncapp:quickbooks-callback"), given)
    assert answer["Location"] == _address(cast, leads_to)
    assert SyncRun.objects.filter(scope=RunScope.ACCOUNTS).count() == (leads_to == "import")


def test_disconnecting_asks_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(cast, "billcom")
    client = cast.client("alice")
    address = reverse("syncapp:disconnect", args=[cast.company.pk, "billcom"])
    assert "Nothing is deleted" in client.get(address).content.decode()
    assert Connection.objects.get().state == "connected"
    assert client.post(address)["Location"] == _address(cast, "settings")
    assert Connection.objects.get().state == "disconnected"
