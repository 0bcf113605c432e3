from __future__ import annotations

import json
import os
import subprocess
import sys
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


def test_its_file_lets_a_command_work_in_the_demonstration(demo: Demonstration) -> None:
    demo.load_companies()
    demo.environment_file.write_text("PUBLIC_URL=http://127.0.0.1:9\nDEBUG=true\nof=an earlier start\n")
    demo.write_environment_file()

    shown = "from django.conf import settings as s; print(s.SECRET_KEY, s.PUBLIC_URL, s.BILLCOM_BASE_URL)"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", shown],
        env={"PATH": os.environ["PATH"], "TIEOUT_ENV_FILE": str(demo.environment_file)},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )

    expected = [settings.SECRET_KEY, demo.web_url, f"{demo.sandbox_url}/billcom/connect"]
    assert done.stdout.rsplit(maxsplit=3)[-3:] == expected


def test_it_keeps_its_file_from_other_people(demo: Demonstration) -> None:
    demo.write_environment_file()
    assert demo.environment_file.stat().st_mode & 0o077 == 0
