"""The sandbox as a process: its one line, its connections, its notifications, its file."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.sandbox import READY, Sandbox, _address, _end, _free_port
from tests.support.sandbox import sandbox as sandbox

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def process(file: Path, *options: str) -> Iterator[Sandbox]:
    """One whose file outlives it."""
    command = [sys.executable, "-m", "syncapp.sandbox", "--port", str(_free_port()), "--state", str(file), *options]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        running = Sandbox(_address(started, "/dev/null"), started)
        yield running
        running.close()
    finally:
        _end(started)


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    yield sandbox.load("generated:seed=5,accounts=30,vendors=8,bills=4")
    sandbox.clear_faults()
    sandbox.switch(latency_ms=0)


def read(sandbox: Sandbox, company: dict[str, Any], session: requests.Session) -> requests.Response:
    qbo = company["qbo"]
    headers = {"Authorization": f"Bearer {qbo['access_token']}", "Accept": "application/json"}
    return session.get(f"{sandbox.qbo_url}/{qbo['realm_id']}/vendor/1", headers=headers, timeout=5)


@contextmanager
def quiet() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "timeout_before", "timeout_after"])
def test_a_connection_is_really_cut(sandbox: Sandbox, company: dict[str, Any], kind: str) -> None:
    sandbox.fault("qbo", kind, company=company["qbo"]["realm_id"], seconds=0.3)
    with quiet() as session:
        began = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            read(sandbox, company, session)
        assert time.monotonic() - began > (0.25 if "timeout" in kind else 0)
        assert read(sandbox, company, session).status_code == 200


def test_every_call_takes_as_long_as_is_asked(sandbox: Sandbox, company: dict[str, Any]) -> None:
    sandbox.switch(latency_ms=200)
    with quiet() as session:
        began = time.monotonic()
        assert read(sandbox, company, session).status_code == 200
        assert 0.2 <= time.monotonic() - began < 2


def test_notifications_arrive(sandbox: Sandbox, company: dict[str, Any]) -> None:
    got: list[tuple[str, bytes]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with quiet() as session:
            url = f"http://127.0.0.1:{server.server_port}/hook?from=sandbox"
            session.post(f"{sandbox.url}/control/webhooks", json={"qbo": {"url": url}}, timeout=5)
            sandbox.person("qbo", company["qbo"]["realm_id"], "Vendor", {"DisplayName": "Told"})
            until = time.monotonic() + 5
            while not got and time.monotonic() < until:
                time.sleep(0.05)
            session.delete(f"{sandbox.url}/control/webhooks", timeout=5)
        server.shutdown()
    assert got[0][0] == "/hook?from=sandbox" and b"qbo.vendor.created.v1" in got[0][1]


def test_it_is_the_same_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with process(file, "--load", "harbor-bakery") as first:
        (company,) = first._ask("GET", "companies")
        first.person("qbo", company["qbo"]["realm_id"], "Vendor", {"DisplayName": "Kept"})
        books = first.books("qbo", company["qbo"]["realm_id"])
    with process(file, "--load", "harbor-bakery") as second:
        assert [each["name"] for each in second._ask("GET", "companies")] == ["Harbor Bakery"]
        assert second.books("qbo", company["qbo"]["realm_id"]) == books


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_when_told_to(tmp_path: Path, told: signal.Signals) -> None:
    command = [sys.executable, "-m", "syncapp.sandbox", "--port", "0", "--state", str(tmp_path / "state.json")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout is not None and running.stdout.readline().startswith(READY)
        running.send_signal(told)
        _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (0, "")


def test_little_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with process(file, "--load", "harbor-bakery") as first:
        until = time.monotonic() + 15
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.1)
        first.process.kill()
    with process(file) as second:
        assert len(second._ask("GET", "companies")) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port", "0", "--load", "no-such"), "harbor-bakery"),
        (("--port", "0", "--state", "pyproject.toml"), "no state of this sandbox"),
        (("--port", "99999"), "0-65535"),
    ],
)
def test_what_is_wrong_at_the_start_is_said(options: tuple[str, ...], words: str) -> None:
    ended = started(*options)
    assert ended.returncode == 2 and words in ended.stderr and READY not in ended.stdout


def test_a_port_that_is_taken_is_said(sandbox: Sandbox) -> None:
    ended = started("--port", sandbox.url.rpartition(":")[2])
    assert ended.returncode == 2 and "in use" in ended.stderr


def started(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syncapp.sandbox", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
