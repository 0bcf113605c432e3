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
    with Http(timeout=(1.0, 0.5)) as client:
        yield client
