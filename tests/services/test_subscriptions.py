"""What BILL is asked to tell us: there, switched on, telling this installation, and gone with the connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django_q.models import OrmQ

from syncapp import tasks
from syncapp.core.sides import Side
from syncapp.models import Company, Connection, ConnectionState, Subscription
from syncapp.services import connections, keys, subscriptions
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, connect

HERE = "http://127.0.0.1:9"
URL = f"{HERE}/webhooks/billcom/"


@pytest.fixture
def connection(loaded: dict[str, Any], sandbox: Sandbox, settings: Any) -> Connection:
    settings.PUBLIC_URL, settings.BILLCOM_WEBHOOKS = HERE, True
    settings.BILLCOM_EVENTS_URL = f"{sandbox.url}/billcom/connect-events"
    company: Company = connect(loaded)
    return Connection.objects.get(company=company, side=Side.BILLCOM)


def checked(clock: Clock) -> Subscription:
    """As the clock has it done, a day after the last time."""
    clock.wait(timedelta(days=1).total_seconds() + 1)
    for key in subscriptions.take_due(clock()):
        subscriptions.check(key, clock=clock)
    return Subscription.objects.get()


class There:
    """BILL's subscriptions, as somebody else who has signed in there sees and changes them."""

    def __init__(self, sandbox: Sandbox, shown: dict[str, Any]) -> None:
        self.sandbox, keys = sandbox, shown["billcom"]
        self.organization = keys["organization_id"]
        names = ("username", "sync_token_name"), ("password", "sync_token_value")
        body = {**{name: keys[held] for name, held in names}, "organizationId": self.organization}
        login = requests.post(
            f"{sandbox.billcom_url}/v3/login", json={**body, "devKey": keys["developer_key"]}, timeout=10
        ).json()
        self.headers = {"devKey": keys["developer_key"], "sessionId": login["sessionId"]}

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        address = f"{self.sandbox.url}/billcom/connect-events/v3/subscriptions{path}"
        return requests.request(method, address, json=body, headers=self.headers, timeout=10).json()

    def all(self) -> list[dict[str, Any]]:
        return list(self.ask("GET")["results"])

    def key_of(self, url: str) -> str:
        return str(self.sandbox._ask("GET", "webhooks")["billcom"]["security_keys"][self.organization][url])


@pytest.fixture
def there(sandbox: Sandbox, loaded: dict[str, Any]) -> There:
    return There(sandbox, loaded)


def test_every_connection_gets_one(connection: Connection, clock: Clock, there: There) -> None:
    row = checked(clock)
    (made,) = there.all()
    assert (made["id"], made["notificationUrl"], made["status"]["value"]) == (row.remote_id, URL, "ENABLED")
    assert {each["value"] for each in made["events"]} >= {"vendor.created", "bill.archived", "payment.updated"}
    assert row.security_key == there.key_of(URL)
    assert (row.trouble, row.organization_id) == ("", connection.remote_id)
    assert Connection.objects.get(pk=connection.pk).state == ConnectionState.CONNECTED


def test_it_is_checked_once_a_day_by_one_worker(connection: Connection, clock: Clock, there: There) -> None:
    assert subscriptions.take_due(clock()) == [connection.pk]
    assert subscriptions.take_due(clock()) == []
    # Whoever took it died: the next one does it an hour later.
    assert subscriptions.take_due(clock() + timedelta(hours=1, seconds=1)) == [connection.pk]
    checked(clock)
    assert subscriptions.take_due(clock() + timedelta(hours=23)) == []
    before = there.all()
    assert checked(clock).remote_id == before[0]["id"] and there.all() == before


def test_the_dispatcher_has_it_made(connection: Connection, there: There) -> None:
    tasks.dispatch()
    (queued,) = OrmQ.objects.all()
    assert queued.name() == f"subscription {connection.pk}"
    tasks.check_subscription(connection.pk)
    assert len(there.all()) == 1


def test_bill_is_asked_for_nothing_where_it_can_t_reach_us(
    connection: Connection, clock: Clock, settings: Any, there: There
) -> None:
    settings.BILLCOM_WEBHOOKS = False
    assert subscriptions.take_due(clock()) == []
    tasks.dispatch()
    assert not Subscription.objects.exists() and there.all() == []


def test_one_that_bill_switched_off_is_switched_on_again(connection: Connection, clock: Clock, there: There) -> None:
    row = checked(clock)
    there.ask("PATCH", f"/{row.remote_id}", {"status": {"enabled": False}})
    assert there.all()[0]["status"]["value"] == "DISABLED"

    row = checked(clock)
    assert there.all()[0]["status"]["value"] == "ENABLED"
    assert row.switched_on_at is not None and row.security_key == there.key_of(URL)


def test_one_that_is_gone_is_made_anew(connection: Connection, clock: Clock, there: There) -> None:
    before = checked(clock)
    there.ask("DELETE", f"/{before.remote_id}")
    after = checked(clock)
    assert [each["id"] for each in there.all()] == [after.remote_id] != [before.remote_id]
    assert after.security_key == there.key_of(URL)


def test_it_tells_of_what_we_sync_after_an_upgrade_too(connection: Connection, clock: Clock, there: There) -> None:
    row = checked(clock)
    there.ask("PATCH", f"/{row.remote_id}", {"events": [{"type": "bill.created"}]})
    row = checked(clock)
    (one,) = there.all()
    assert one["id"] == row.remote_id and "vendor.created" in {each["value"] for each in one["events"]}


def test_it_moves_with_this_installation(connection: Connection, clock: Clock, there: There, settings: Any) -> None:
    checked(clock)
    settings.PUBLIC_URL = "https://tieout.example"
    row = checked(clock)
    assert [each["notificationUrl"] for each in there.all()] == ["https://tieout.example/webhooks/billcom/"]
    assert row.security_key == there.key_of(row.url)


@pytest.mark.parametrize("kind", ["reset_after", "truncated_json", "503_after"])
def test_a_lost_answer_doubles_nothing(
    connection: Connection, clock: Clock, there: There, sandbox: Sandbox, kind: str
) -> None:
    sandbox.fault("billcom", kind, method="POST", path_contains="connect-events", times=1)
    row = checked(clock)
    assert row.trouble and row.remote_id == ""
    row = checked(clock)
    assert [each["id"] for each in there.all()] == [row.remote_id]
    assert row.security_key == there.key_of(URL) and row.trouble == ""


def test_one_whose_key_was_lost_is_taken_over(connection: Connection, clock: Clock, there: There) -> None:
    """As after a restored backup."""
    before = checked(clock)
    there.ask("PATCH", f"/{before.remote_id}", {"status": {"enabled": False}})
    before.delete()
    after = checked(clock)
    (one,) = there.all()
    assert (one["id"], one["status"]["value"]) == (after.remote_id, "ENABLED")
    assert after.security_key == there.key_of(URL) != before.security_key


def test_while_bill_doesn_t_answer_it_is_tried_every_hour(
    connection: Connection, clock: Clock, there: There, sandbox: Sandbox
) -> None:
    sandbox.fault("billcom", "503", path_contains="connect-events", times=1)
    assert checked(clock).trouble
    for key in subscriptions.take_due(clock() + timedelta(hours=1, seconds=1)):
        subscriptions.check(key, clock=clock)
    assert Subscription.objects.get().trouble == "" and len(there.all()) == 1


def test_its_calls_are_paid_from_the_developer_key_s_hour(
    connection: Connection, clock: Clock, there: There, settings: Any
) -> None:
    # The log-in itself is one of the calls.
    settings.BILLCOM_CALLS_AN_HOUR = 1
    assert "used up" in checked(clock).trouble and there.all() == []
    settings.BILLCOM_CALLS_AN_HOUR = 1000
    assert checked(clock).trouble == "" and len(there.all()) == 1


def test_where_bill_refuses_it_says_why_and_the_connection_stays(
    connection: Connection, clock: Clock, settings: Any
) -> None:
    settings.PUBLIC_URL = "http://tieout.example"
    row = checked(clock)
    assert "https" in row.trouble and row.security_key is None
    assert Connection.objects.get(pk=connection.pk).state == ConnectionState.CONNECTED


def test_another_organization_gets_its_own(
    connection: Connection, clock: Clock, sandbox: Sandbox, there: There
) -> None:
    before = checked(clock)
    other = sandbox.load("generated:seed=10,accounts=12,vendors=2,customers=2,items=1,bills=2")
    keys_there = other["billcom"]
    connection.refresh_from_db()
    connection.remote_id = keys_there["organization_id"]
    connection.credentials = {
        "sign_in": "sync-token",
        "username": keys_there["sync_token_name"],
        "password": keys_there["sync_token_value"],
        "developer_key": keys_there["developer_key"],
    }
    connection.save()
    after = checked(clock)
    assert after.organization_id == keys_there["organization_id"] and after.remote_id != before.remote_id
    assert [each["id"] for each in There(sandbox, other).all()] == [after.remote_id]


def test_it_ends_with_the_connection(connection: Connection, clock: Clock, there: There) -> None:
    user = User.objects.create_superuser("ann", "ann@firm.example", "ann-secret")
    checked(clock)
    connections.disconnect(Connection.objects.get(pk=connection.pk), user, now=clock())
    assert there.all() == [] and not Subscription.objects.exists()
    assert Connection.objects.get(pk=connection.pk).state == ConnectionState.DISCONNECTED
    assert subscriptions.take_due(clock() + timedelta(days=2)) == []


def test_a_connection_can_go_though_bill_doesn_t_answer(
    connection: Connection, clock: Clock, there: There, sandbox: Sandbox
) -> None:
    user = User.objects.create_superuser("ann", "ann@firm.example", "ann-secret")
    checked(clock)
    sandbox.fault("billcom", "503", path_contains="connect-events", times=9)
    connections.disconnect(Connection.objects.get(pk=connection.pk), user, now=clock())
    assert Connection.objects.get(pk=connection.pk).state == ConnectionState.DISCONNECTED
    assert not Subscription.objects.exists()


def test_its_key_rotates_with_the_others(connection: Connection, clock: Clock, settings: Any) -> None:
    held = checked(clock).security_key
    old, new = settings.TOKEN_KEYS[0], Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [new, old]
    keys.seal_anew()
    settings.TOKEN_KEYS = [new]
    assert Subscription.objects.get().security_key == held
