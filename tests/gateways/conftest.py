from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncapp.gateways.http import Http
from tests.gateways.support import Remote, running_remote
from tests.support.sandbox import sandbox

__all__ = ["http", "remote", "sandbox"]


@pytest.fixture
def remote() -> Iterator[Remote]:
    with running_remote() as running:
        yield running


@pytest.fixture
def http() -> Iterator[Http]:
    # Long enough for a machine that has much else to do: what is silent on purpose is waited for in full.
    with Http(timeout=(3.0, 2.0)) as client:
        yield client
