"""No token, password, session id, key or client secret in any log line, error, cause or representation."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from syncapp.gateways import oauth
from syncapp.gateways.billcom import BillcomCredentials, BillcomGateway, Session, SignIn, login
from syncapp.gateways.errors import GatewayError
from syncapp.gateways.http import Http
from syncapp.gateways.oauth import OAuthEndpoints, OAuthSettings, Tokens
from syncapp.gateways.qbo import Page, QboGateway, Write
from tests.gateways.support import Remote, Reply, Seen, free_port, qbo_fault

NOW = datetime(2026, 1, 5, tzinfo=UTC)
# A quote and a slash, so that JSON and addresses spell them otherwise.
ACCESS, REFRESH, CODE = "acc/ess-q0001", "ref/resh-q0002", "co/de-q0003"
CLIENT_SECRET, PASSWORD = "client/secret-q0004", 'pass"word-q0005'
SESSION, DEVELOPER_KEY, CONSOLE_TOKEN = "sess/ion-q0006", "dev/key-q0007", "con/sole-q0008"
BASIC = base64.b64encode(f"client:{CLIENT_SECRET}".encode()).decode()
GRANTED = "granted-q0009"
MARKS = [f"q000{number}" for number in range(1, 9)] + [BASIC]

Ask = Callable[[Http, str], object]


def _qbo(http: Http, url: str) -> QboGateway:
    return QboGateway(http, url, "42", lambda renew: ACCESS, now=lambda: NOW)


def _billcom(http: Http, url: str) -> BillcomGateway:
    return BillcomGateway(http, url, DEVELOPER_KEY, lambda anew: SESSION, sleep=lambda seconds: None)


def _app(url: str) -> OAuthSettings:
    return OAuthSettings("client", CLIENT_SECRET, OAuthEndpoints(url, url, url, url))


def _credentials(sign_in: SignIn, password: str) -> BillcomCredentials:
    return BillcomCredentials(DEVELOPER_KEY, "008X", "name", password, sign_in)


ASKS: dict[str, Ask] = {
    "qbo read": lambda http, url: _qbo(http, url).company_info(),
    "qbo write": lambda http, url: _qbo(http, url).write(Write("Vendor", "create", {}, request_id="r")),
    "qbo batch": lambda http, url: _qbo(http, url).write_batch([Write("Vendor", "create", {}, item_id="1")], "b"),
    "qbo pages": lambda http, url: list(_qbo(http, url).query_pages([Page("Vendor")])),
    "qbo changes": lambda http, url: _qbo(http, url).changes(["Vendor"], NOW),
    "billcom read": lambda http, url: list(_billcom(http, url).pages("vendors")),
    "billcom write": lambda http, url: _billcom(http, url).create("vendors", {}),
    "billcom log-in": lambda http, url: login(http, url, _credentials(SignIn.USER, PASSWORD)),
    "billcom console": lambda http, url: login(http, url, _credentials(SignIn.CONSOLE, CONSOLE_TOKEN)),
    "oauth code": lambda http, url: oauth.exchange_code(http, _app(url), CODE, "https://us/", now=NOW),
    "oauth refresh": lambda http, url: oauth.refresh(http, _app(url), REFRESH, now=NOW),
    "oauth revoke": lambda http, url: oauth.revoke(http, _app(url), REFRESH),
    "oauth userinfo": lambda http, url: oauth.userinfo(http, _app(url), ACCESS),
}


def _echo(status: int) -> Callable[[Seen], Reply]:
    """A remote that repeats everything it was sent, in every place where a remote may put words."""

    def answer(seen: Seen) -> Reply:
        words = f"{seen.headers} {seen.body.decode()}"
        said: dict[str, Any] = {**qbo_fault(words, words, words, words), "error": words, "error_description": words}
        bdc = [{"code": words, "message": words, "severity": "ERROR"}]
        # Each side reads its own form of a refusal.
        body = bdc if "devkey" in seen.headers or "devKey" in seen.body.decode() else said
        return Reply(body, status=status, headers={"intuit_tid": "tid-1"})

    return answer


REPLIES: dict[str, Any] = {
    "echo 400": _echo(400),
    "echo 401": _echo(401),
    "echo 500": _echo(500),
    "half": Reply(f'{{"access_token":"{GRANTED}","sessionId":"{GRANTED}",'.encode()),
    "odd": Reply({"access_token": GRANTED, "refresh_token": 1, "sessionId": GRANTED, "organizationId": 1}),
    "reset": Reply(reset=True),
    "cut off": Reply({"sessionId": GRANTED}, missing=10),
    "hang": Reply(hang=True),
}
GRANTING = ("billcom log-in", "billcom console", "oauth code", "oauth refresh", "oauth revoke")


@pytest.fixture
def quick() -> Iterator[Http]:
    with Http(timeout=(1.0, 0.1)) as client:
        yield client


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("ask", ASKS)
def test_no_secret_gets_out(
    remote: Remote, quick: Http, caplog: pytest.LogCaptureFixture, ask: str, reply: str
) -> None:
    caplog.set_level(logging.DEBUG)
    remote.will(REPLIES[reply])
    try:
        ASKS[ask](quick, remote.url)
    except GatewayError as error:
        text = "\n".join(_everything(error))
    else:
        # To withdraw a consent needs no answer but the status.
        assert ask == "oauth revoke" and reply in ("half", "odd")
        return
    marks = [*MARKS, GRANTED] if ask in GRANTING else MARKS
    assert not [mark for mark in marks if mark in text + caplog.text]


def test_no_secret_gets_out_where_nobody_listens(quick: Http, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"http://127.0.0.1:{free_port()}"
    for ask in ASKS.values():
        with pytest.raises(GatewayError) as caught:
            ask(quick, url)
        assert not [mark for mark in MARKS if mark in "\n".join(_everything(caught.value)) + caplog.text]


def _everything(error: BaseException) -> Iterator[str]:
    """All that a log, a page or a debugger could make of an error, and of what it came from."""
    yield from traceback.format_exception(error, chain=True)
    seen: BaseException | None = error
    while seen is not None:
        yield repr(seen)
        yield str(seen)
        yield repr(seen.args)
        yield repr(vars(seen))
        seen = seen.__cause__ or seen.__context__


def test_no_value_shows_its_secret() -> None:
    values = [
        _credentials(SignIn.USER, PASSWORD),
        Session(SESSION, "008X", "006Y", False),
        _app("https://x/"),
        Tokens(ACCESS, REFRESH, NOW, NOW),
    ]
    text = repr(values) + "".join(map(str, values))
    assert not [mark for mark in MARKS if mark in text]
