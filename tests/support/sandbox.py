"""The sandbox as a process of its own, for tests that want both remotes over real HTTP.

A conftest takes the fixture over::

    from tests.support.sandbox import sandbox

One process serves the whole test session: give every test its own company (`load`), and leave no fault behind
(`clear_faults`).
"""

from __future__ import annotations

import base64
import re
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests

__all__ = ["Sandbox", "running_sandbox", "sandbox"]

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30
# Tens of thousands of bills are made, or sent, at once.
LOAD_SECONDS = 600
END_SECONDS = 10
READY = "sandbox ready "

Json = dict[str, Any]
_FIELD = re.compile(r'<input id="[^"]*" name="([^"]*)"[^>]* value="([^"]*)"')


class Sandbox:
    """The running process, by its control calls. A company has `qbo["realm_id"]` and `billcom["organization_id"]`."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        # As the product's settings name them.
        self.qbo_url = f"{url}/qbo/v3/company"
        self.billcom_url = f"{url}/billcom/connect"
        self.process = process
        self._session = requests.Session()
        self._session.trust_env = False

    def load(self, name: str = "", *, data: Json | None = None) -> Json:
        """A new company: of a fixture, a file, `generated:…`, or of data in a fixture's shape; with its credentials."""
        what = {"data": data} if data is not None else {"load": name}
        return self._ask("POST", "companies", what, seconds=LOAD_SECONDS)

    def calls(self, company: str = "", since: str = "") -> list[Json]:
        """The calls made: method, path, status, purse, at, company."""
        params = {"company": company, "since": since}
        return self._ask("GET", "calls", params={name: value for name, value in params.items() if value})

    def clear_calls(self) -> None:
        self._ask("DELETE", "calls")

    def fault(self, side: str, kind: str, **more: Any) -> None:
        """The next call that fits fails so: method, path_contains, times, skip, seconds …"""
        self._ask("POST", "faults", {"side": side, "kind": kind, **more})

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def books(self, side: str, company: str) -> dict[str, list[Json]]:
        """What this side holds, as its API shows it."""
        return self._ask("GET", f"books/{side}/{company}")

    def trial_balance(self, realm: str) -> list[Json]:
        return self._ask("GET", f"trial_balance/{realm}")

    def person(self, side: str, company: str, entity: str, change: Json, record: str = "") -> Json:
        """Somebody's edit in the product itself: without a record's id a new record."""
        return self._ask("POST", "/".join(filter(None, ("person", side, company, entity, record))), change)

    def person_deletes(self, side: str, company: str, entity: str, record: str) -> None:
        self._ask("DELETE", f"person/{side}/{company}/{entity}/{record}")

    def person_approves(self, company: str, bill: str, state: str = "APPROVED") -> None:
        """In BILL; ``state`` as BILL names it."""
        self._ask("POST", f"person/billcom/{company}/bills/{bill}/approve", {"state": state})

    def person_voids(self, side: str, company: str, entity: str, record: str) -> None:
        self._ask("POST", f"person/{side}/{company}/{entity}/{record}/void", {})

    def attach(self, side: str, company: str, entity: str, record: str, name: str, content: bytes) -> Json:
        """A person adds a file to a record."""
        body = {"name": name, "content": base64.b64encode(content).decode()}
        return self._ask("POST", f"person/{side}/{company}/{entity}/{record}/attach", body)

    def merge(self, realm: str, entity: str, record: str, into: str) -> None:
        """Two vendors or customers of QuickBooks become one, which has the transactions of both."""
        self._ask("POST", f"person/qbo/{realm}/{entity}/{record}/merge", {"into": into})

    def save_as_it_stands(self, realm: str, entity: str, record: str) -> None:
        """Open a record of QuickBooks on its page, and select Save."""
        address = f"{self.url}/ui/qbo/{realm}/{entity}/{record}"
        page = self._session.get(address, timeout=START_SECONDS).text
        shown = {name: unescape(value) for name, value in _FIELD.findall(page[: page.index("</form>")])}
        answer = self._session.post(address, {**shown, "do": "save"}, timeout=START_SECONDS)
        assert shown and answer.ok, f"{address}: {answer.status_code} {answer.text[:500]}"

    def obstruct(self, realm: str, entity: str, record: str, obstacle: str) -> None:
        """Keep a QuickBooks record from being changed or taken away by the API; "" = no longer."""
        self._ask("POST", f"person/qbo/{realm}/{entity}/{record}/obstruct", {"obstacle": obstacle})

    def switch(self, **values: Any) -> None:
        self._ask("POST", "switches", values)

    def clock(self, **to: Any) -> None:
        """`now=` an ISO time, `advance=` seconds, or `real=True`."""
        self._ask("POST", "clock", to)

    def reset(self) -> None:
        """No company, no call, no fault."""
        self._ask("POST", "reset", {})

    def close(self) -> None:
        self._session.close()

    def _ask(self, method: str, path: str, body: Any = None, params: Json | None = None, seconds: float = 0) -> Any:
        url, timeout = f"{self.url}/control/{path}", seconds or START_SECONDS
        answer = self._session.request(method, url, json=body, params=params, timeout=timeout)
        assert answer.ok, f"{method} /control/{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


@contextmanager
def running_sandbox(*options: str) -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory(prefix="tieout-sandbox-") as folder:
        command = [sys.executable, "-m", "syncapp.sandbox", "--port", str(_free_port()), *options]
        with (Path(folder) / "log").open("w+b") as log:
            process = subprocess.Popen(
                [*command, "--state", str(Path(folder) / "state.json")], cwd=ROOT, stdout=subprocess.PIPE, stderr=log
            )
            try:
                sandbox = Sandbox(_address(process, log.name), process)
                yield sandbox
                sandbox.close()
            finally:
                _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _address(process: subprocess.Popen[bytes], log: str) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline().decode() if readable else ""
    if not line.startswith(READY):
        raise RuntimeError(f"The sandbox did not start: {line!r} {Path(log).read_text(errors='replace')[-2000:]}")
    return line.removeprefix(READY).strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running
