"""What signs in to a client's books is in no log, page, task, report of an error, download, command or dump.

One company is connected as people do it, synced, its tokens and session renewed; everything said is then searched.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from functools import partial
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pytest
from django.conf import settings as product
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Task

import syncapp.tasks as tasks
from syncapp.core.sides import Side
from syncapp.gateways.http import Http
from syncapp.models import Company, Connection, SetupStep, SyncedObject, SyncRun
from syncapp.services import connections, setup
from tests.admin.support import text
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_accounts, import_accounts, synced
from tests.tenancy.walk import PLAIN, filled, screen_of

SHORT = 10
"""A name of a token or the word "user" is none."""


class Said:
    """Everything that left us, by where it was said."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str]] = []

    def add(self, where: str, words: object) -> None:
        self.words.append((where, str(words)))

    def holding(self, secrets: set[str]) -> set[str]:
        return {where for where, words in self.words for each in secrets for shape in shapes(each) if shape in words}


def shapes(secret: str) -> set[str]:
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], coded}


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("sign_in", "username", "organization_id"):
                yield from leaves(inner)
    elif isinstance(value, str) and len(value) >= SHORT:
        yield value


@pytest.fixture
def boss(db: None) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("boss", "boss@example.com"))
    return client


@pytest.fixture
def company(db: None, settings: Any) -> Company:
    settings.BILLCOM_DEVELOPER_KEY = ""  # Each company brings its own.
    return setup.make_company(name="Harbor Bakery", firm=None, signed_up_on=timezone.now().date())


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[Said]:
    found = Said()
    with caplog.at_level(logging.DEBUG):
        yield found


def sign_in_to_bill(boss: Client, company: Company, loaded: dict[str, Any]) -> Any:
    billcom = loaded["billcom"]
    form = {
        "organization_id": billcom["organization_id"],
        "sign_in": "sync-token",
        "token_name": billcom["sync_token_name"],
        "token_value": billcom["sync_token_value"],
        "developer_key": billcom["developer_key"],
    }
    return boss.post(reverse("syncapp:connect-bill", args=[company.pk]), form)


def connected(boss: Client, company: Company, loaded: dict[str, Any]) -> Company:
    """BILL with the form that people use; QuickBooks as when the browser has come back."""
    answer, qbo = sign_in_to_bill(boss, company, loaded), loaded["qbo"]
    assert answer.status_code == 302, answer.context["form"].errors
    Connection.objects.create(
        company=company,
        side=Side.QBO,
        remote_id=qbo["realm_id"],
        credentials={"access": qbo["access_token"], "refresh": qbo["refresh_token"]},
    )
    company.refresh_from_db()
    return company


def secrets_of(company: Company, loaded: dict[str, Any]) -> set[str]:
    found = {*product.TOKEN_KEYS, product.SECRET_KEY, product.QBO_CLIENT_SECRET, product.QBO_WEBHOOK_TOKEN}
    names = ("access_token", "refresh_token", "client_secret", "sync_token_value", "developer_key", "password")
    found |= {str(loaded[side][name]) for side in ("qbo", "billcom") for name in names if loaded[side].get(name)}
    for connection in company.connections.all():
        found |= set(leaves(connection.credentials))
        if subscription := getattr(connection, "subscription", None):
            found |= set(leaves({"key": subscription.security_key}))
    return {each for each in found if len(each) >= SHORT}


def every_page(boss: Client, company: Company, said: Said) -> None:
    run, models = SyncRun.objects.filter(company=company).latest("pk"), list(admin.site._registry)
    rows = {str(model._meta.model_name): model._default_manager.first() for model in models}

    def value(route: str, name: str) -> object:
        if name in ("object_id", "pk"):
            row = rows.get(screen_of(route))
            return row.pk if row is not None else 0
        return {"company": company.pk, "run": run.pk, "side": "qbo"}.get(name, 1)

    for route in PLAIN:
        if "logout" not in route:
            where = filled(route, partial(value, route))
            answer = boss.get(where, follow=True)
            said.add(where, text(answer))


def every_download(boss: Client, said: Said) -> None:
    for model in admin.site._registry:
        if model._meta.app_label == "syncapp" and (rows := model._default_manager.all()[:50]):
            where = reverse(f"admin:syncapp_{model._meta.model_name}_changelist")
            data = {"action": "export", "_selected_action": [str(row.pk) for row in rows]}
            answer = boss.post(where, data, follow=True)
            said.add(f"CSV of {where}", text(answer))


def every_command(company: Company, said: Said) -> None:
    row = SyncedObject.objects.filter(company=company, kind="vendor")[0]
    out = StringIO()
    call_command("sync", str(company.pk), "--json", stdout=out, stderr=out)
    call_command("sync", str(company.pk), "--preview", stdout=out, stderr=out)
    call_command("sync", str(company.pk), "--why", "vendor", str(row.pk), stdout=out, stderr=out)
    call_command("dumpdata", stdout=out, stderr=out)
    said.add("commands", out.getvalue())


def test_no_secret_leaves(
    boss: Client,
    company: Company,
    said: Said,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
) -> None:
    settings.BILLCOM_WEBHOOKS = True
    settings.BILLCOM_EVENTS_URL = f"{sandbox.url}/billcom/connect-events"
    settings.QBO_WEBHOOK_TOKEN = "a-verifier-token-of-ours"
    connected(boss, company, loaded)
    secrets = secrets_of(company, loaded)
    import_accounts(company, clock)
    company.refresh_from_db()
    choose_accounts(company)
    synced(company, clock)
    # Tokens and the session are renewed.
    sandbox.fault("qbo", "expire_token")
    sandbox.fault("billcom", "session_lost")
    synced(company, clock)
    tasks.dispatch()
    for connection in company.connections.all():
        tasks.check_subscription(connection.pk)
    secrets |= secrets_of(company, loaded)
    assert len(secrets) >= 9

    every_page(boss, company, said)
    every_download(boss, said)
    every_command(company, said)
    for queued in OrmQ.objects.all():
        said.add("the queue", queued.task)
    for task in Task.objects.all():
        said.add("tasks", f"{task.args} {task.kwargs} {task.result}")
    said.add("mail", "".join(f"{each.subject} {each.body}" for each in mail.outbox))
    said.add("logs", caplog.text)

    assert len(caplog.text) > 10_000
    assert len(said.words) > 100
    assert said.holding(secrets) == set()


@pytest.mark.parametrize("at", ["connecting", "reading both sides", "coming back from Intuit"])
def test_an_error_mail_says_where_and_no_value(
    boss: Client,
    company: Company,
    said: Said,
    loaded: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    """A fault of our own, deep below, while credentials lie in every frame above."""

    def broken(self: Http, call: Any) -> Any:
        try:
            raise LookupError(f"no {loaded['qbo']['realm_id']}")
        except LookupError as error:
            raise RuntimeError(f"a fault of our own: {call}") from error

    settings.ADMINS = [("Operator", "ops@example.com")]
    if at == "reading both sides":
        connected(boss, company, loaded)
        Company.objects.update(setup_step=SetupStep.DONE)
    begun = connections.start_qbo(company, User.objects.get(), redirect_uri="http://127.0.0.1/", now=timezone.now())
    monkeypatch.setattr(Http, "exchange", broken)

    if at == "connecting":
        answer = sign_in_to_bill(boss, company, loaded)
    elif at == "reading both sides":
        answer = boss.post(reverse("syncapp:tie-out", args=[company.pk]))
    else:
        (state,) = parse_qs(urlsplit(begun).query)["state"]
        query = {"state": state, "code": "a-code-from-intuit", "realmId": "77"}
        answer = boss.get(reverse("syncapp:quickbooks-callback"), query)

    assert answer.status_code == 500
    (sent,) = mail.outbox
    assert "LookupError" in sent.body and "RuntimeError" in sent.subject and "in broken" in sent.body
    assert "<int:company>" in sent.subject or "quickbooks" in sent.subject
    # The lines of code are shown, and nothing that they had in hand.
    values = {"Call(side", str(loaded["qbo"]["realm_id"]), company.name, f"/{company.pk}/", product.BILLCOM_BASE_URL}
    assert not [each for each in values if each in f"{sent.subject} {sent.body}"]
    said.add("mail", f"{sent.subject} {sent.body} {vars(sent)!r}")
    said.add("page", answer.content.decode())
    said.add("logs", caplog.text)
    secrets = secrets_of(company, loaded) | {"a-code-from-intuit", boss.cookies["sessionid"].value}
    assert said.holding(secrets) == set()
