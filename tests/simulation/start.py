"""Django on an SQLite in memory that is emptied between scenarios, and a clock that nobody waits for.

Nothing here knows of pytest: a scenario runs the same from a test and from the command line.
"""

from __future__ import annotations

import gc
import os
import random
import sqlite3
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

WHERE = "http://sandbox.invalid"
BEGINNING = datetime.fromisoformat("2026-11-02T15:00:00+00:00")

_template: sqlite3.Connection | None = None


def django_in_memory() -> None:
    """Once per process. A database that somebody else has configured is left alone."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TIEOUT_TEST_DATABASE_URL": "sqlite:///:memory:",
        "DATABASE_URL": "sqlite:///:memory:",
        "LOG_LEVEL": "CRITICAL",
        "QBO_BASE_URL": f"{WHERE}/qbo/v3/company",
        "BILLCOM_BASE_URL": f"{WHERE}/billcom/connect",
        "QBO_AUTHORIZE_URL": f"{WHERE}/qbo/connect/oauth2",
        "QBO_TOKEN_URL": f"{WHERE}/qbo/oauth2/v1/tokens/bearer",
        "QBO_REVOKE_URL": f"{WHERE}/qbo/v2/oauth2/tokens/revoke",
        "QBO_USERINFO_URL": f"{WHERE}/qbo/v1/openid_connect/userinfo",
        # Both ways of writing to QuickBooks come up in companies this small.
        "QBO_BATCH_FROM": "3",
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    global _template
    _template = sqlite3.connect(":memory:")
    connection.connection.backup(_template)
    # Scenarios are short; looking through all of Django for cycles, again and again, takes a tenth of their time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def empty_database() -> None:
    from django.db import connection

    assert _template is not None
    connection.ensure_connection()
    _template.backup(connection.connection)


def copy() -> sqlite3.Connection:
    """The database as it is now."""
    from django.db import connection

    found = sqlite3.connect(":memory:")
    connection.connection.backup(found)
    return found


def put_back(backup: sqlite3.Connection) -> None:
    from django.db import connection

    backup.backup(connection.connection)
    backup.close()


def dump() -> str:
    """Everything that is in the database, as text."""
    from django.db import connection

    return "\n".join(connection.connection.iterdump())


class Time:
    """What the product's modules take for ``time``: seconds pass when somebody says so."""

    def __init__(self, now: Callable[[], datetime], advance: Callable[[float], None]) -> None:
        self._now, self._advance = now, advance

    def monotonic(self) -> float:
        return self._now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._advance(seconds)


class OneAfterTheOther:
    """A pool of threads without threads."""

    def __init__(self, most: int = 1) -> None:
        self.most = most

    def __enter__(self) -> OneAfterTheOther:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def map(self, act: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [act(each) for each in items]


def numbered_ids(chance: random.Random) -> Callable[[], uuid.UUID]:
    return lambda: uuid.UUID(int=chance.getrandbits(128), version=4)


class Replaced:
    """Attributes put in place of others, and all put back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def set(self, target: Any, name: str, value: Any) -> None:
        self._before.append((target, name, getattr(target, name)))
        setattr(target, name, value)

    def undo(self) -> None:
        while self._before:
            setattr(*self._before.pop())


def virtual(replaced: Replaced, now: Callable[[], datetime], advance: Callable[[float], None]) -> None:
    """One clock for the engine, its database and what paces its calls; one thread for everything."""
    from django.db.models.functions import Now

    from syncapp.gateways import billcom, qbo
    from syncapp.gateways.pacing import Pacer, Pacers
    from syncapp.services import applying, context, in_threads, remotes, runs

    time = Time(now, advance)

    def as_sqlite(self: Any, compiler: Any, connection: Any, **more: Any) -> tuple[str, tuple[Any, ...]]:
        return f"'{now():%Y-%m-%d %H:%M:%S.%f}'", ()

    replaced.set(Now, "as_sqlite", as_sqlite)
    for module in (runs, context, remotes, billcom):
        replaced.set(module, "time", time)
    replaced.set(qbo, "_PACERS", Pacers(lambda: Pacer(clock=time.monotonic, sleep=time.sleep)))
    kept = billcom.BillcomGateway.__init__.__kwdefaults__ or {}
    replaced.set(billcom.BillcomGateway.__init__, "__kwdefaults__", {**kept, "sleep": time.sleep})
    replaced.set(in_threads, "ThreadPoolExecutor", OneAfterTheOther)
    replaced.set(applying, "AT_ONCE", 1)


def told_ahead(replaced: Replaced, ahead: timedelta) -> None:
    """QuickBooks' answers carry a time that is ahead of the one on its records."""
    from syncapp.sandbox.qbo import times

    told = times.envelope_time
    replaced.set(times, "envelope_time", lambda now: told(now + ahead))


def small_pages(replaced: Replaced, size: int, most_changes: int) -> None:
    """Pages and answers that overflow, in companies that a test can afford."""
    from syncapp.gateways import billcom, qbo
    from syncapp.sandbox.qbo import cdc
    from syncapp.services import pulling_billcom, pulling_qbo

    kept = billcom.BillcomGateway.pages.__kwdefaults__ or {}
    replaced.set(billcom.BillcomGateway.pages, "__kwdefaults__", {**kept, "size": size})
    replaced.set(billcom, "LONGEST_PAGE", size)
    replaced.set(pulling_billcom, "PAGE", size)
    replaced.set(pulling_qbo, "PAGE", size)
    replaced.set(qbo, "MOST_CHANGES", most_changes)
    replaced.set(cdc, "MOST", most_changes)
