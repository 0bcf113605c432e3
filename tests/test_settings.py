"""The settings read the environment, and what is missing or wrong stops the start by its name."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import keys
from config.error_reports import Refusals

ROOT = Path(__file__).resolve().parent.parent
LEAST = {"SECRET_KEY": "secret", "TOKEN_KEYS": "first,second"}
READ = """
import json, sys
from config import settings
json.dump({name: getattr(settings, name, None) for name in sys.argv[1:]}, sys.stdout, default=str)
"""


def start(environment: dict[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    command = [sys.executable, "-c", READ, *names]
    return subprocess.run(command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, check=False)


def read(environment: dict[str, str], *names: str) -> dict[str, Any]:
    done = start(environment, *names)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TOKEN_KEYS": "a"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a"}, "TOKEN_KEYS"),
        (LEAST | {"PUBLIC_URL": "http://books.example.com"}, "PUBLIC_URL must be https"),
        (LEAST | {"QBO_BASE_URL": "quickbooks.example.com"}, "QBO_BASE_URL"),
        (LEAST | {"QBO_TOKEN_URL": "https://example.com/token"}, "QBO_AUTHORIZE_URL"),
        (LEAST | {"SLICE_SECONDS": "0"}, "SLICE_SECONDS"),
        (LEAST | {"LEASE_SECONDS": "soon"}, "soon"),
        ({"TIEOUT_ENV_FILE": "/nowhere/secrets.env"}, "TIEOUT_ENV_FILE"),
    ],
)
def test_it_refuses_to_start_and_says_why(environment: dict[str, str], named: str) -> None:
    done = start(environment)
    assert done.returncode != 0
    assert named in done.stderr.splitlines()[-1]


def test_it_is_safe_by_default() -> None:
    assert read(LEAST, "DEBUG", "ALLOWED_HOSTS", "TOKEN_KEYS") == {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "TOKEN_KEYS": ["first", "second"],
    }


def test_it_keeps_to_https_once_its_address_is_https() -> None:
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_PROXY_SSL_HEADER")
    environment = LEAST | {"PUBLIC_URL": "https://books.example.com/"}
    assert read(environment, *names) == dict(zip(names, [True, True, True, None], strict=True))
    assert read(environment | {"TRUSTED_PROXY_COUNT": "1"}, names[-1])[names[-1]]
    assert read(environment, "PUBLIC_URL", "SECURE_HSTS_SECONDS") == {
        "PUBLIC_URL": "https://books.example.com",
        "SECURE_HSTS_SECONDS": 31_536_000,
    }


def test_it_reads_secrets_from_files_and_lets_the_environment_win(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from a file")
    file = tmp_path / "secrets.env"
    file.write_text("TOKEN_KEYS=one\nQ_WORKERS=7\nSLICE_SECONDS=30\n")
    environment = {"SECRET_KEY_FILE": str(secret), "TIEOUT_ENV_FILE": str(file), "SLICE_SECONDS": "40"}
    values = read(environment, "SECRET_KEY", "TOKEN_KEYS", "SLICE_SECONDS", "Q_CLUSTER")
    assert values["SECRET_KEY"] == "from a file"
    assert values["TOKEN_KEYS"] == ["one"]
    assert values["SLICE_SECONDS"] == 40
    assert values["Q_CLUSTER"]["workers"] == values["Q_CLUSTER"]["queue_limit"] == 7


def test_it_keeps_connections_open_on_both_databases() -> None:
    for url in ("sqlite:///var/x.sqlite3", "postgres://tieout@127.0.0.1/tieout"):
        assert read(LEAST | {"DATABASE_URL": url}, "DATABASES")["DATABASES"]["default"]["CONN_MAX_AGE"] == 600


def test_it_makes_fresh_secrets_each_time() -> None:
    first, second = (dict(line.split("=", 1) for line in keys.lines()) for _ in range(2))
    assert first.keys() == {"SECRET_KEY", "TOKEN_KEYS"}
    assert first["SECRET_KEY"] != second["SECRET_KEY"]
    assert first["TOKEN_KEYS"] != second["TOKEN_KEYS"]
    assert read(first, "TOKEN_KEYS")["TOKEN_KEYS"] == [first["TOKEN_KEYS"]]


@pytest.mark.parametrize(("status", "kept"), [(403, False), (404, False), (500, True)])
def test_a_refused_page_is_one_line_of_the_log(status: int, kept: bool) -> None:
    error = ValueError("x")
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "Forbidden", (), (ValueError, error, None))
    record.status_code = status
    assert Refusals().filter(record)
    assert bool(record.exc_info) is kept
