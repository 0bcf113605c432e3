"""The programs of the demonstration, and what they are told of each other."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings

from syncapp.management.supervisor import Program

# Connected and synced at the start, so that there is something to see at once.
SYNCED = ("harbor-bakery", "northfield-dental", "lakeside-builders")
# Left alone, for trying Get Started by hand.
TO_TRY = "fern-street-florist"
COMPANIES = (*SYNCED, TO_TRY)


class Demonstration:
    def __init__(self, folder: Path, *, web_port: int, sandbox_port: int) -> None:
        self.folder = folder
        self.web_port = web_port
        self.sandbox_port = sandbox_port
        self.web_url = f"http://127.0.0.1:{web_port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.companies: dict[str, dict[str, Any]] = {}

    @property
    def companies_file(self) -> Path:
        """What the sandbox answered when each company was loaded: its ids and credentials on both sides."""
        return self.folder / "companies.json"

    def load_companies(self) -> None:
        """Have the companies in the sandbox, unless an earlier run has put them there."""
        kept = json.loads(self.companies_file.read_text()) if self.companies_file.exists() else {}
        there = {company["id"] for company in call(f"{self.sandbox_url}/control/companies")}
        for name in COMPANIES:
            if name not in kept or kept[name]["id"] not in there:
                kept[name] = call(f"{self.sandbox_url}/control/companies", {"load": name})
        self.companies_file.touch(mode=0o600)
        self.companies_file.write_text(json.dumps(kept, indent=1))
        self.companies = kept

    @property
    def environment_file(self) -> Path:
        """All that `manage.py` must know to work in this demonstration, for TIEOUT_ENV_FILE."""
        return self.folder / "tieout.env"

    def write_environment_file(self) -> None:
        """The ports may be others at every start, so it is written anew; it holds secrets, so only we may read it."""
        told = {"SECRET_KEY": settings.SECRET_KEY, "TOKEN_KEYS": ",".join(settings.TOKEN_KEYS), **self.told()}
        if database := os.environ.get("DATABASE_URL"):
            told["DATABASE_URL"] = database
        self.environment_file.touch(mode=0o600)
        self.environment_file.write_text("".join(f"{name}={value}\n" for name, value in told.items()))

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONUNBUFFERED": "1", **self.told()}

    def told(self) -> dict[str, str]:
        at = self.sandbox_url
        nothing: dict[str, dict[str, str]] = {"qbo": {}, "billcom": {}}
        app = next(iter(self.companies.values()), nothing)
        return {
            "DEBUG": "false",
            "PUBLIC_URL": self.web_url,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "CSRF_TRUSTED_ORIGINS": f"{self.web_url},http://localhost:{self.web_port}",
            "QBO_BASE_URL": f"{at}/qbo/v3/company",
            "QBO_DISCOVERY_URL": f"{at}/qbo/.well-known/openid_configuration",
            "QBO_CLIENT_ID": app["qbo"].get("client_id", ""),
            "QBO_CLIENT_SECRET": app["qbo"].get("client_secret", ""),
            "QBO_APP_URL": f"{at}/ui/qbo",
            "BILLCOM_BASE_URL": f"{at}/billcom/connect",
            "BILLCOM_V2_URL": f"{at}/billcom/api/v2",
            "BILLCOM_DEVELOPER_KEY": app["billcom"].get("developer_key", ""),
            "BILLCOM_APP_URL": f"{at}/ui/billcom",
        }

    def _program(self, name: str, *command: str, port: int | None = None, log: bool = True) -> Program:
        return Program(
            name=name,
            command=[sys.executable, *command],
            environment=self.environment(),
            log=self.folder / f"{name}.log" if log else None,
            port=port,
        )

    def _manage(self, name: str, *arguments: str, log: bool = True) -> Program:
        return self._program(name, str(settings.BASE_DIR / "manage.py"), *arguments, log=log)

    def sandbox(self) -> Program:
        state = str(self.folder / "sandbox.json")
        options = ("--port", str(self.sandbox_port), "--state", state)
        return self._program("sandbox", "-m", "syncapp.sandbox", *options, port=self.sandbox_port)

    def prepare(self, *options: str) -> Program:
        return self._manage("prepare", "demo_prepare", "--companies", str(self.companies_file), *options, log=False)

    def web(self) -> Program:
        options = ("--host", "127.0.0.1", "--port", str(self.web_port), "--threads", "8")
        return self._program("web", "-m", "waitress", *options, "config.wsgi:application", port=self.web_port)

    def worker(self) -> Program:
        return self._manage("worker", "worker", "--grace", "8")


def call(url: str, payload: dict[str, Any] | None = None) -> Any:
    body = None if payload is None else json.dumps(payload).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)
