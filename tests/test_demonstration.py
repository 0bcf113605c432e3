from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings

from syncapp.management.demonstration import COMPANIES, Demonstration


class Control(BaseHTTPRequestHandler):
    """As much of the sandbox's control as loading companies takes."""

    loaded: list[str] = []

    def do_GET(self) -> None:
        self._answer([{"id": name} for name in self.loaded])

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["load"]
        self.loaded.append(name)
        self._answer({"id": name, "qbo": {"client_id": "app"}, "billcom": {"developer_key": "key"}})

    def _answer(self, answer: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments: object) -> None:
        """The tests' output is for the tests."""


@pytest.fixture
def control() -> Iterator[ThreadingHTTPServer]:
    Control.loaded = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Control) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def demo(control: ThreadingHTTPServer, tmp_path: Path) -> Demonstration:
    return Demonstration(tmp_path, web_port=8000, sandbox_port=control.server_port)


def test_it_loads_each_company_once(demo: Demonstration) -> None:
    demo.load_companies()
    demo.load_companies()
    assert Control.loaded == list(COMPANIES)


def test_it_loads_again_what_a_new_sandbox_does_not_have(demo: Demonstration) -> None:
    demo.load_companies()
    Control.loaded = Control.loaded[1:]
    demo.load_companies()
    assert sorted(Control.loaded) == sorted(COMPANIES)


def test_it_keeps_the_credentials_from_other_people(demo: Demonstration) -> None:
    demo.load_companies()
    assert demo.companies_file.stat().st_mode & 0o077 == 0


def test_it_tells_its_programs_only_what_the_settings_read(demo: Demonstration) -> None:
    demo.load_companies()
    told = demo.environment()
    ours = {name for name in told if os.environ.get(name) != told[name]} - {"PYTHONUNBUFFERED"}
    assert {name for name in ours if not hasattr(settings, name)} == set()
    assert (told["QBO_CLIENT_ID"], told["BILLCOM_DEVELOPER_KEY"]) == ("app", "key")
