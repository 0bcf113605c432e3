"""What can happen to the queue's processes: killed at work, killed idle, and a queue that nobody can read any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Success
from django_q.tasks import async_task

from syncapp import tasks
from syncapp.models import Company, RunState, SyncRun, Trigger
from syncapp.services import runs
from tests.support.poison import POISON
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, set_up
from tests.test_worker import children, family, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Only Linux shows processes in /proc.")

ROOT = Path(__file__).resolve().parents[2]
SMALL = "generated:seed={},accounts=12,vendors=2,customers=1,items=1,bills=2"


def database_url() -> str:
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgres://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"


@contextmanager
def worker(*options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`manage.py worker` on this test's own database; none of its processes is left at the end."""
    told = {name: str(getattr(settings, name)) for name in _TOLD}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--grace", "1", *options],
        cwd=ROOT,
        env={**os.environ, **_QUICK, **told, "DATABASE_URL": database_url(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with ExitStack() as stack:
        stack.callback(process.stdout.close)  # type: ignore[union-attr]
        stack.callback(process.wait)
        stack.callback(_end, process)
        yield process


_TOLD = ("QBO_BASE_URL", "QBO_DISCOVERY_URL", "QBO_CLIENT_ID", "QBO_CLIENT_SECRET", "BILLCOM_BASE_URL")
_QUICK = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "LOG_LEVEL": "ERROR",
    "Q_WORKERS": "2",
    "Q_POLL": "0.1",
    "SLICE_SECONDS": "1",
    "Q_TIMEOUT": "20",
    "Q_RETRY": "60",
}


def _end(process: subprocess.Popen[str]) -> None:
    # The supervisor first, or it starts them again.
    for pid in family(process.pid):
        _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The cluster starts its sentinel; that one starts the workers first, then the monitor and the pusher."""
    clusters = children(process.pid)
    sentinels = children(clusters[0]) if clusters else []
    return children(sentinels[0])[:2] if sentinels else []


def asked(company: Company) -> SyncRun:
    return runs.request_run(company, trigger=Trigger.PERSON, now=timezone.now())


def ended(run: SyncRun) -> bool:
    """Whether it has; meanwhile the dispatcher, which looks once a minute, looks all the time."""
    tasks.dispatch()
    run.refresh_from_db()
    return not run.active


@pytest.fixture
def small(sandbox: Sandbox, settings: Any, clock: Clock) -> Callable[[str], Company]:
    def make(name: str) -> Company:
        shown = sandbox.load(SMALL.format(len(name)))
        settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
        settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
        return set_up(shown, clock, name=name)

    return make


def test_a_run_that_kills_its_worker_each_time_is_given_up_and_says_so(small: Callable[[str], Company]) -> None:
    poison, healthy = asked(small(POISON)), asked(small("Healthy"))
    with worker(DJANGO_SETTINGS_MODULE="tests.support.poison"):
        until(lambda: ended(poison), 60)
        until(lambda: ended(healthy), 30)

    assert (poison.state, poison.stop_code) == (RunState.FAILED, "broke-off")
    assert poison.failures == runs.MOST_BREAKS + 1
    assert healthy.state == RunState.DONE, healthy.message
    client = Client()
    client.force_login(User.objects.create_superuser("alice"))
    page = client.get(reverse("syncapp:result", args=[poison.company_id, poison.pk]))
    assert f"It broke off {poison.failures} times and was given up." in page.content.decode()
    # What the dead workers left in the queue comes back one day, and starts nothing.
    tasks.wake(poison.pk)
    slices = poison.slices
    poison.refresh_from_db()
    assert (poison.state, poison.slices) == (RunState.FAILED, slices)


def test_a_cluster_whose_idle_workers_were_killed_hangs_and_is_started_again(transactional_db: None) -> None:
    """The queue's lock dies with its holder: the workers put in their place wait for it for ever."""
    with worker("--patience", "5") as process:
        async_task("syncapp.tasks.queue")
        until(lambda: Success.objects.count() == 1)
        (cluster,), idle = children(process.pid), workers_of(process)
        for pid in idle:
            _kill(pid)
        for _ in range(5):
            async_task("syncapp.tasks.queue")
        # Some are fetched and go nowhere; one that nobody fetches is what the watchdog sees.
        OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=5))
        until(lambda: Success.objects.count() > 1, 45)
        assert children(process.pid) != [cluster]
        assert not any(Path(f"/proc/{pid}").exists() for pid in (cluster, *idle))


def test_what_was_queued_under_an_old_key_comes_back_by_itself(small: Callable[[str], Company], settings: Any) -> None:
    """Both keys are changed while a sync waits: the one that signs the queue, and the one that seals credentials."""
    run, old = asked(small("Rotated")), settings.TOKEN_KEYS
    tasks.enqueue(run)
    new = Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [new, *old]
    call_command("rotate_keys", verbosity=0)
    keys = {"SECRET_KEY": "another-key-0123456789-0123456789-0123456789-0123", "TOKEN_KEYS": new}
    with worker(**keys):
        # Unreadable under the new key, it is thrown away unrun.
        until(lambda: not OrmQ.objects.exists())
        assert SyncRun.objects.get(pk=run.pk).state == RunState.WAITING
        source = "from syncapp import tasks; tasks.dispatch()"
        environment = {**os.environ, **_QUICK, "DATABASE_URL": database_url(), **keys}
        subprocess.run([sys.executable, "manage.py", "shell", "-c", source], cwd=ROOT, env=environment, check=True)
        until(lambda: not SyncRun.objects.get(pk=run.pk).active)
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.message


def test_a_run_whose_worker_died_is_woken_before_the_queue_gives_its_task_out_again(
    small: Callable[[str], Company],
) -> None:
    run = asked(small("Orphan"))
    tasks.enqueue(run)
    OrmQ.objects.update(lock=timezone.now() + timedelta(minutes=15))
    tasks.dispatch()
    tasks.dispatch()
    assert [row.name() for row in OrmQ.objects.all()] == [f"run {run.pk}"] * 2


def test_no_lock_is_tied_to_a_database_session() -> None:
    """The queue closes connections between tasks, and such a lock is gone with its connection, without a word."""
    found = [str(path) for path in (ROOT / "syncapp").rglob("*.py") if "advisory_lock" in path.read_text().lower()]
    assert found == []
