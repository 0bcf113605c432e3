"""Renewing a token or a session: once, by one worker, and with no transaction open while the product is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.gateways import oauth
from syncapp.gateways.errors import BadAnswer, Unauthorized, Unavailable
from syncapp.gateways.http import Http
from syncapp.models import Company, Connection, ConnectionState
from syncapp.services import remotes
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, connect

SLOW_SECONDS = 2.0


@pytest.fixture
def rotating(sandbox: Sandbox) -> Iterator[None]:
    """Every renewal changes the refresh token, and a second use of an old one ends the consent."""
    sandbox.switch(qbo_refresh_rotation_hours=0, qbo_double_refresh_revokes=True)
    yield
    sandbox.switch(qbo_refresh_rotation_hours=24, qbo_double_refresh_revokes=False)


@pytest.fixture
def pool() -> Iterator[Callable[..., Future[Any]]]:
    """Runs a call in a thread of its own, with a database connection of its own."""

    def closing(call: Callable[..., Any], *given: Any) -> Any:
        try:
            return call(*given)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as threads:
        yield lambda call, *given: threads.submit(closing, call, *given)


@pytest.fixture
def joined(loaded: dict[str, Any]) -> Company:
    """Connected; the access token has run out."""
    company = connect(loaded)
    Connection.objects.filter(company=company).update(access_expires_at=None)
    return company


def _connection(company: Company, side: Side = Side.QBO) -> Connection:
    return Connection.objects.get(company=company, side=side)


def _renewals(sandbox: Sandbox, path: str = "tokens/bearer") -> int:
    return sum(path in call["path"] for call in sandbox.calls())


def _token(company: Company, clock: Clock, refused: str = "") -> str:
    return remotes.access_token(_connection(company).pk, Http(), clock, refused)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_workers_renew_once(
    sandbox: Sandbox, joined: Company, clock: Clock, rotating: None, pool: Callable[..., Future[Any]]
) -> None:
    sandbox.clear_calls()
    sandbox.fault("qbo", "slow", path_contains="tokens/bearer", seconds=0.5)
    given = [each.result(30) for each in [pool(_token, joined, clock) for _ in range(3)]]
    after = _connection(joined)
    assert _renewals(sandbox) == 1
    assert set(given) == {after.credentials["access"]}
    assert (after.state, after.renewing_until) == (ConnectionState.CONNECTED, None)
    # What was saved is the live refresh token.
    oauth.refresh(Http(), remotes.app(), after.credentials["refresh"], now=clock())


def test_two_workers_log_in_once(
    sandbox: Sandbox, joined: Company, clock: Clock, pool: Callable[..., Future[Any]]
) -> None:
    pk = _connection(joined, Side.BILLCOM).pk
    sandbox.clear_calls()
    sandbox.fault("billcom", "slow", path_contains="login", seconds=0.5)
    given = [each.result(30) for each in [pool(remotes.session, pk, Http(), clock, "") for _ in range(3)]]
    assert _renewals(sandbox, "v3/login") == 1
    assert set(given) == {_connection(joined, Side.BILLCOM).credentials["session"]}


def test_nobody_waits_for_a_slow_renewal_to_write(
    sandbox: Sandbox, joined: Company, clock: Clock, pool: Callable[..., Future[Any]]
) -> None:
    for side, path, call in (
        (Side.QBO, "tokens/bearer", remotes.access_token),
        (Side.BILLCOM, "login", remotes.session),
    ):
        sandbox.fault(side.value, "slow", path_contains=path, seconds=SLOW_SECONDS)
        asked = pool(call, _connection(joined, side).pk, Http(), clock, "")
        _until(lambda side=side: _connection(joined, side).renewing_until is not None)  # type: ignore[misc]
        began = time.monotonic()
        Company.objects.filter(pk=joined.pk).update(name=f"Written during {side}")
        Connection.objects.filter(company=joined).update(remote_name="Harbor")
        assert time.monotonic() - began < SLOW_SECONDS / 2
        assert not asked.done()
        assert asked.result(30)
        assert _connection(joined, side).remote_name == "Harbor"


def test_the_claim_of_a_dead_worker_lapses(
    sandbox: Sandbox, joined: Company, clock: Clock, rotating: None, pool: Callable[..., Future[Any]]
) -> None:
    assert Connection.objects.claim_renewal(_connection(joined).pk, uuid4(), remotes.CLAIM)
    sandbox.clear_calls()
    waiting = pool(_token, joined, clock)
    time.sleep(0.5)
    assert not waiting.done()
    assert _renewals(sandbox) == 0
    # Not the worker's clock says so, however far it is ahead.
    clock.wait(remotes.CLAIM.total_seconds() + 1)
    time.sleep(0.5)
    assert not waiting.done()
    _lapse(joined)
    assert waiting.result(30) == _connection(joined).credentials["access"]
    assert _renewals(sandbox) == 1


def _lapse(company: Company) -> None:
    """The time of whoever claims the renewal is over, by the database's clock."""
    Connection.objects.filter(company=company).update(renewing_until=timezone.now() - timedelta(seconds=1))


def test_a_claim_is_taken_by_one_and_given_back_by_its_holder_alone(joined: Company) -> None:
    pk, first, second = _connection(joined).pk, uuid4(), uuid4()
    assert Connection.objects.claim_renewal(pk, first, remotes.CLAIM)
    assert not Connection.objects.claim_renewal(pk, second, remotes.CLAIM)
    Connection.objects.give_back_renewal(pk, second)
    assert not Connection.objects.claim_renewal(pk, second, remotes.CLAIM)
    _lapse(joined)
    assert Connection.objects.claim_renewal(pk, second, remotes.CLAIM)
    # It lapsed, and is another's by now: who comes back late must not end that one's.
    Connection.objects.give_back_renewal(pk, first)
    assert not Connection.objects.claim_renewal(pk, first, remotes.CLAIM)
    Connection.objects.give_back_renewal(pk, second)
    assert Connection.objects.claim_renewal(pk, first, remotes.CLAIM)


def test_a_refusal_is_marked_once_and_not_asked_for_again(
    sandbox: Sandbox, joined: Company, clock: Clock, pool: Callable[..., Future[Any]]
) -> None:
    Connection.objects.filter(pk=_connection(joined).pk).update(credentials={"access": "a", "refresh": "withdrawn"})
    sandbox.fault("qbo", "slow", path_contains="tokens/bearer", seconds=0.5)
    sandbox.clear_calls()
    asked = [pool(_token, joined, clock) for _ in range(3)]
    for each in asked:
        with pytest.raises(Unauthorized):
            each.result(30)
    after = _connection(joined)
    assert _renewals(sandbox) == 1
    assert (after.state, after.renewing_until) == (ConnectionState.NEEDS_RECONNECT, None)
    assert after.reason == "QuickBooks Online answered: Incorrect or invalid refresh token"
    with pytest.raises(Unauthorized):
        _token(joined, clock)
    assert _renewals(sandbox) == 1


def test_a_product_that_does_not_answer_keeps_the_connection(sandbox: Sandbox, joined: Company, clock: Clock) -> None:
    sandbox.fault("qbo", "503", path_contains="tokens/bearer")
    with pytest.raises(Unavailable):
        _token(joined, clock)
    assert _connection(joined).state == ConnectionState.CONNECTED
    assert _token(joined, clock) == _connection(joined).credentials["access"]


@pytest.mark.parametrize("fault", ["timeout_after", "reset_after", "truncated_json", "503_after"])
def test_a_lost_answer_is_asked_for_again_while_the_refresh_token_lives(
    sandbox: Sandbox, joined: Company, clock: Clock, fault: str
) -> None:
    """Intuit changes a refresh token about once a day: until then the one we hold brings a new access token."""
    held = _connection(joined).credentials
    sandbox.fault("qbo", fault, path_contains="tokens/bearer", seconds=0.1)
    with pytest.raises((Unavailable, BadAnswer)):
        _token(joined, clock)
    after = _connection(joined)
    assert (after.state, after.credentials, after.renewing_by) == (ConnectionState.CONNECTED, held, None)
    assert _token(joined, clock) == _connection(joined).credentials["access"] != held["access"]


def test_a_refresh_token_that_was_lost_with_its_answer_needs_a_person(
    sandbox: Sandbox, joined: Company, clock: Clock, rotating: None
) -> None:
    sandbox.fault("qbo", "reset_after", path_contains="tokens/bearer")
    with pytest.raises(Unavailable):
        _token(joined, clock)
    with pytest.raises(Unauthorized):
        _token(joined, clock)
    after = _connection(joined)
    assert (after.state, after.told_at, after.renewing_by) == (ConnectionState.NEEDS_RECONNECT, None, None)


def test_a_late_renewal_is_kept_if_nothing_else_was_saved(
    joined: Company, clock: Clock, rotating: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim lapsed while Intuit answered, and another worker was refused: the token that works counts."""
    pk, real = _connection(joined).pk, oauth.refresh

    def overtaken(*given: Any, **more: Any) -> oauth.Tokens:
        tokens = real(*given, **more)
        _lapse(joined)
        other = uuid4()
        assert Connection.objects.claim_renewal(pk, other, remotes.CLAIM)
        remotes._lose(_connection(joined), other, "Incorrect or invalid refresh token")
        Connection.objects.give_back_renewal(pk, other)
        return tokens

    monkeypatch.setattr(oauth, "refresh", overtaken)
    assert _token(joined, clock)
    after = _connection(joined)
    assert (after.state, after.reason) == (ConnectionState.CONNECTED, "")
    real(Http(), remotes.app(), after.credentials["refresh"], now=clock())


def test_a_connection_made_anew_meanwhile_is_not_overwritten(
    joined: Company, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = {"access": "of the new consent", "refresh": "of the new consent"}
    real = oauth.refresh

    def reconnected(*given: Any, **more: Any) -> oauth.Tokens:
        tokens = real(*given, **more)
        Connection.objects.filter(pk=_connection(joined).pk).update(
            credentials=fresh, access_expires_at=clock() + timedelta(hours=1), renewing_until=None
        )
        return tokens

    monkeypatch.setattr(oauth, "refresh", reconnected)
    assert _token(joined, clock) == fresh["access"]
    assert _connection(joined).credentials == fresh


def test_a_connection_that_was_ended_is_not_tried(sandbox: Sandbox, joined: Company, clock: Clock) -> None:
    Connection.objects.filter(company=joined).update(state=ConnectionState.DISCONNECTED, credentials=None)
    sandbox.clear_calls()
    with pytest.raises(Unauthorized):
        _token(joined, clock)
    assert _renewals(sandbox) == 0
    assert _connection(joined).state == ConnectionState.DISCONNECTED


@pytest.mark.parametrize("lease", [5, 60, 120, 3600])
def test_a_write_that_is_begun_is_sent_before_its_lease_ends(settings: Any, lease: int) -> None:
    settings.LEASE_SECONDS = lease
    assert lease / 2 + remotes.send_within() < lease
    assert remotes.send_within() <= 45
