"""Signing in to the simulated QuickBooks: consent, tokens, their ends."""

from __future__ import annotations

import base64
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from syncapp.sandbox.http import Request, Response, decode, encode
from tests.sandbox.qbo_client import COMPANY, Caller

SCOPE = "com.intuit.quickbooks.accounting openid"
BACK = "http://127.0.0.1:8000/quickbooks/callback"


@pytest.fixture
def caller() -> Caller:
    return Caller()


def asked(caller: Caller, **more: str) -> dict[str, str]:
    wanted = {"client_id": caller.credentials["client_id"], "response_type": "code", "scope": SCOPE}
    return {**wanted, "redirect_uri": BACK, "state": "s/1&2", **more}


def open_page(caller: Caller, **more: str) -> Response:
    return caller.qbo.handle(Request("GET", "/connect/oauth2", asked(caller, **more)))


def submit(caller: Caller, page: Response, button: str, **typed: str) -> Response:
    """What a browser sends when this button of the page is pressed."""
    forms = re.findall(r"<form.*?</form>", page.body.decode(), re.DOTALL)
    form = next(form for form in forms if button in form)
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    fields = {name: unescape(value) for name, value in hidden} | typed
    return caller.qbo.handle(Request("POST", "/connect/oauth2", asked(caller), {}, urlencode(fields).encode()))


def sign_in(caller: Caller, email: str, password: str = "sandbox") -> Response:
    return submit(caller, open_page(caller), "Sign in", email=email, password=password)


def person(caller: Caller, role: str) -> str:
    return next(str(user["email"]) for user in caller.credentials["users"] if user["role"] == role)


def answer(response: Response) -> dict[str, str]:
    assert response.status == 302
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def token(caller: Caller, *, basic: bool = True, secret: str = "", **form: str) -> tuple[int, Any]:
    client = (caller.credentials["client_id"], secret or caller.credentials["client_secret"])
    headers = {"authorization": "Basic " + base64.b64encode(":".join(client).encode()).decode()} if basic else {}
    body = form if basic else {**form, "client_id": client[0], "client_secret": client[1]}
    request = Request("POST", "/oauth2/v1/tokens/bearer", {}, headers, urlencode(body).encode())
    response = caller.qbo.handle(request)
    return response.status, decode(response.body)


def refresh(caller: Caller, value: str, **more: Any) -> tuple[int, Any]:
    return token(caller, grant_type="refresh_token", refresh_token=value, **more)


def consent(caller: Caller) -> dict[str, str]:
    page = sign_in(caller, person(caller, "Company Admin"))
    return answer(submit(caller, page, "Connect", realm=caller.realm))


class TestConsent:
    def test_an_administrator_connects_a_company(self, caller: Caller) -> None:
        back = consent(caller)
        assert (back["state"], back["realmId"]) == ("s/1&2", caller.realm)

        status, tokens = token(caller, grant_type="authorization_code", code=back["code"], redirect_uri=BACK)
        assert (status, tokens["token_type"], tokens["expires_in"]) == (200, "bearer", 3600)
        assert tokens["x_refresh_token_expires_in"] == 8_726_400
        caller.token = tokens["access_token"]
        assert caller.read("Vendor", "20")

    def test_a_clerk_cannot(self, caller: Caller) -> None:
        page = sign_in(caller, person(caller, "Standard User")).body.decode()

        assert "You need to be an administrator" in page
        assert "Connect</button>" not in page

    def test_a_clerk_cannot_by_hand(self, caller: Caller) -> None:
        page = sign_in(caller, person(caller, "Company Admin"))
        caller.qbo.realms[caller.realm].demoted.add(person(caller, "Company Admin"))

        assert "You need to be an administrator" in submit(caller, page, "Connect", realm=caller.realm).body.decode()

    def test_only_their_companies_are_offered(self, caller: Caller) -> None:
        other = caller.qbo.load(COMPANY, "Other Works")["realm_id"]
        page = sign_in(caller, person(caller, "Company Admin"))
        assert f'value="{other}"' not in page.body.decode()
        assert submit(caller, page, "Connect", realm=other).status == 200

        accountant = sign_in(caller, "accountant@firm.example").body.decode()
        assert f'value="{other}"' in accountant and f'value="{caller.realm}"' in accountant

    def test_no_thanks(self, caller: Caller) -> None:
        page = sign_in(caller, person(caller, "Company Admin"))

        assert answer(submit(caller, page, "No, thanks")) == {"error": "access_denied", "state": "s/1&2"}

    def test_a_wrong_password(self, caller: Caller) -> None:
        page = sign_in(caller, person(caller, "Company Admin"), "guess")

        assert "do not match" in page.body.decode()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"client_id": "x"},
            {"response_type": "token"},
            {"redirect_uri": "javascript:x"},
            {"scope": ""},
            {"state": ""},
        ],
    )
    def test_a_request_that_is_wrong(self, caller: Caller, wrong: dict[str, str]) -> None:
        assert open_page(caller, **wrong).status == 400

    def test_what_is_shown_is_escaped(self, caller: Caller) -> None:
        assert b"<script>" not in open_page(caller, state='"><script>').body

    def test_an_address_with_a_query_of_its_own(self, caller: Caller) -> None:
        page = open_page(caller, redirect_uri=BACK + "?from=tieout")
        page = submit(caller, page, "Sign in", email=person(caller, "Company Admin"), password="sandbox")
        location = submit(caller, page, "No, thanks").headers["location"]

        assert parse_qs(urlsplit(location).query) == {
            "from": ["tieout"],
            "error": ["access_denied"],
            "state": ["s/1&2"],
        }


class TestCodes:
    def test_once_only(self, caller: Caller) -> None:
        form: Any = {"grant_type": "authorization_code", "code": consent(caller)["code"], "redirect_uri": BACK}
        _, tokens = token(caller, **form)
        status, error = token(caller, **form)
        assert (status, error["error"]) == (400, "invalid_grant")
        assert refresh(caller, tokens["refresh_token"])[0] == 400

    def test_ten_minutes_only_and_for_its_address(self, caller: Caller) -> None:
        form: Any = {"grant_type": "authorization_code", "code": consent(caller)["code"], "redirect_uri": BACK}
        assert token(caller, **{**form, "redirect_uri": BACK + "/x"})[0] == 400
        caller.clock.advance(601)
        assert token(caller, **form)[1]["error"] == "invalid_grant"

    @pytest.mark.parametrize("basic", [True, False])
    def test_the_client_says_who_it_is(self, caller: Caller, basic: bool) -> None:
        form: Any = {"grant_type": "authorization_code", "code": consent(caller)["code"], "redirect_uri": BACK}
        status, error = token(caller, basic=basic, secret="guess", **form)
        assert (status, error["error"]) == (401, "invalid_client")
        assert token(caller, basic=basic, **form)[0] == 200

    def test_other_grants(self, caller: Caller) -> None:
        assert token(caller, grant_type="password")[1]["error"] == "unsupported_grant_type"


class TestTokens:
    def test_an_access_token_lives_an_hour(self, caller: Caller) -> None:
        caller.clock.advance(3599)
        assert caller.read("Vendor", "20")
        caller.clock.advance(1)
        refused = caller.send("GET", "vendor/20")
        assert (refused.status, decode(refused.body)["fault"]["error"][0]["detail"]) == (401, "Token expired")

        _, tokens = refresh(caller, caller.credentials["refresh_token"])
        caller.token = tokens["access_token"]
        assert caller.read("Vendor", "20")

    def test_a_refresh_token_changes_about_every_day(self, caller: Caller) -> None:
        first = caller.credentials["refresh_token"]
        assert refresh(caller, first)[1]["refresh_token"] == first
        caller.clock.advance(86_400)
        second = refresh(caller, first)[1]["refresh_token"]
        assert second != first

        status, error = refresh(caller, first)
        wanted = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
        assert (status, error) == (400, wanted)
        assert refresh(caller, second)[0] == 200

    def test_using_a_replaced_one_may_end_it_all(self, caller: Caller) -> None:
        caller.switches.qbo_refresh_rotation_hours = 0
        caller.switches.qbo_double_refresh_revokes = True
        first = caller.credentials["refresh_token"]
        _, tokens = refresh(caller, first)
        assert refresh(caller, first)[0] == 400
        assert refresh(caller, tokens["refresh_token"])[0] == 400

        caller.token = tokens["access_token"]
        assert caller.send("GET", "vendor/20").status == 403

    def test_it_ends_when_not_used_for_a_hundred_days_or_after_five_years(self, caller: Caller) -> None:
        value = caller.credentials["refresh_token"]
        for _ in range(18):
            caller.clock.advance(100 * 86_400)
            status, tokens = refresh(caller, value)
            assert status == 200
            value = tokens["refresh_token"]
        caller.clock.advance(30 * 86_400)
        assert refresh(caller, value)[0] == 400

        other = Caller()
        other.clock.advance(101 * 86_400)
        assert refresh(other, other.credentials["refresh_token"])[0] == 400

    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    @pytest.mark.parametrize("json", [True, False])
    def test_revoking(self, caller: Caller, kind: str, json: bool) -> None:
        client = f"{caller.credentials['client_id']}:{caller.credentials['client_secret']}"
        sent = {"token": caller.credentials[kind]}
        headers = {
            "authorization": "Basic " + base64.b64encode(client.encode()).decode(),
            "content-type": "application/json" if json else "application/x-www-form-urlencoded",
        }
        body = encode(sent) if json else urlencode(sent).encode()
        assert caller.qbo.handle(Request("POST", "/oauth2/v1/tokens/revoke", {}, headers, body)).status == 200

        assert caller.send("GET", "vendor/20").status == 403
        assert refresh(caller, caller.credentials["refresh_token"])[0] == 400

    def test_a_token_opens_its_own_company_only(self, caller: Caller) -> None:
        other = caller.qbo.load(COMPANY, "Other Works")
        caller.realm = other["realm_id"]
        refused = caller.send("GET", "vendor/20")

        assert (refused.status, decode(refused.body)["fault"]["error"][0]["code"]) == (403, "3100")
        assert caller.send("GET", "vendor/20", headers={"authorization": "Bearer guess"}).status == 401
        assert caller.send("GET", "vendor/20", headers={"authorization": ""}).status == 401


def test_who_is_signed_in(caller: Caller) -> None:
    def ask(value: str) -> Response:
        return caller.qbo.handle(
            Request("GET", "/v1/openid_connect/userinfo", {}, {"authorization": f"Bearer {value}"})
        )

    assert decode(ask(caller.token).body)["email"] == person(caller, "Primary Admin")
    assert ask("guess").status == 401


def test_where_to_find_what(caller: Caller) -> None:
    request = Request("GET", "/.well-known/openid_configuration/", {}, {"host": "127.0.0.1:9000"})
    found = decode(caller.qbo.handle(request).body)

    assert found["token_endpoint"] == "http://127.0.0.1:9000/qbo/oauth2/v1/tokens/bearer"
    wanted = {"authorization_endpoint", "revocation_endpoint", "userinfo_endpoint", "issuer", "jwks_uri"}
    assert wanted <= set(found)
    assert caller.qbo.handle(Request("GET", "/nowhere")).status == 404
