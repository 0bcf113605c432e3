from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from syncapp import tasks
from syncapp.management.commands.worker import Command
from syncapp.management.watchdog import Watchdog

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def watchdog() -> Watchdog:
    minutes = timedelta(minutes=1)
    return Watchdog(retry=15 * minutes, between=2 * minutes, running=6 * minutes)


@pytest.mark.django_db(transaction=True)
def test_it_sees_by_the_queue_that_nobody_works(watchdog: Watchdog) -> None:
    command = Command()
    assert not command.stalled(watchdog)
    OrmQ.objects.create(key="tieout", payload="", lock=timezone.now() - timedelta(minutes=2))
    assert command.stalled(watchdog)


@pytest.mark.django_db(transaction=True)
def test_it_does_not_blame_the_cluster_for_a_database_that_is_away(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> list[tuple[int, object]]:
        raise OperationalError("the database is away")

    monkeypatch.setattr(tasks, "queue", away)
    assert not Command().stalled(watchdog)
    assert "the database is away" in capsys.readouterr().out


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A database of its own: the worker is another process, and must not find another test's rows."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'worker.sqlite3'}",
        "Q_WORKERS": "1",
        "Q_POLL": "0.1",
    }
    manage("migrate", "--verbosity", "0", environment=environment).check_returncode()
    return environment


def manage(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def worker(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "worker", "--grace", "10"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process
        process.kill()


def children(pid: int) -> list[int]:
    with suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def family(pid: int) -> list[int]:
    return [pid, *(member for child in children(pid) for member in family(child))]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come about."
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Only Linux shows a process's children in /proc.")
def test_it_replaces_a_killed_cluster_and_ends_with_all_its_processes(worker: subprocess.Popen[str]) -> None:
    # The cluster, its sentinel, and the sentinel's worker, monitor and pusher.
    until(lambda: len(family(worker.pid)) >= 6)
    (cluster,) = children(worker.pid)
    os.kill(cluster, signal.SIGKILL)
    until(lambda: len(family(worker.pid)) >= 6 and children(worker.pid) != [cluster])
    members = family(worker.pid)
    worker.terminate()
    output, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0, output
    assert "queue cluster ended with -9; it starts again." in output
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in members))


@pytest.mark.django_db
def test_there_is_one_dispatcher_however_often_workers_start() -> None:
    tasks.ensure_schedules()
    tasks.ensure_schedules()
    assert Schedule.objects.count() == 1
