"""The engine over the sandbox: a real database, real HTTP, and a clock that is moved instead of waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.services import remotes
from tests.support.sandbox import Sandbox
from tests.support.sandbox import sandbox as sandbox
from tests.support.syncing import Clock, set_up


@pytest.fixture(autouse=True)
def pointed(sandbox: Sandbox, settings: Any, transactional_db: None) -> Iterator[None]:
    """Every call goes to the sandbox; threads of the engine see what was committed."""
    settings.QBO_BASE_URL = f"{sandbox.url}/qbo/v3/company"
    settings.QBO_DISCOVERY_URL = f"{sandbox.url}/qbo/.well-known/openid_configuration"
    settings.BILLCOM_BASE_URL = f"{sandbox.url}/billcom/connect"
    settings.QBO_TOKEN_URL = ""
    settings.IN_DOUBT_SECONDS = 1
    remotes._discovered.cache_clear()
    sandbox.switch(enforce_limits=False)
    yield
    sandbox.clear_faults()
    sandbox.switch(enforce_limits=True, latency_ms=0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loaded(sandbox: Sandbox, settings: Any) -> dict[str, Any]:
    """A small company, connected on both sides but not here."""
    shown = sandbox.load("generated:seed=9,accounts=30,vendors=8,customers=6,items=3,bills=16")
    settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
    settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
    return shown


@pytest.fixture
def company(loaded: dict[str, Any], clock: Clock) -> Any:
    return set_up(loaded, clock)


@pytest.fixture
def lists_only_read(sandbox: Sandbox) -> Iterator[None]:
    """What the connected user may do in BILL doesn't reach to the chart of accounts."""
    sandbox.switch(billcom_sync_token_writes_classifications=False)
    yield
    sandbox.switch(billcom_sync_token_writes_classifications=True)
