"""The product as people meet it: the web server, a worker, the sandbox, and a headless Chromium in front."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from syncapp.models import Firm, Membership, Role
from syncapp.services import runs
from tests.support.browser import chromium_path
from tests.support.sandbox import Sandbox, sandbox

__all__ = ["sandbox"]

# Playwright's own loop runs in this thread, which Django takes for a mistake: here it is meant.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
VIEW = {"width": 1366, "height": 768}
PASSWORD = "a-password-for-tests"


@dataclass
class Product:
    """Where it is, and who can sign in."""

    url: str
    firm: Firm
    alice: User
    sandbox: Sandbox
    settings: Any

    def load(self, name: str) -> dict[str, Any]:
        """A sample company in the sandbox; the product becomes the app that its QuickBooks knows."""
        shown = self.sandbox.load(name)
        self.settings.QBO_CLIENT_ID = shown["qbo"]["client_id"]
        self.settings.QBO_CLIENT_SECRET = shown["qbo"]["client_secret"]
        self.settings.BILLCOM_DEVELOPER_KEY = shown["billcom"]["developer_key"]
        return shown


class Worker(threading.Thread):
    """Does what `manage.py qcluster` does, in this process, so that it sees the test's settings."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            for run in runs.runs_to_wake(timezone.now()):
                while runs.work_slice(run.pk, clock=timezone.now):
                    pass
        connection.close()

    def end(self) -> None:
        self.ended.set()
        self.join(timeout=60)
        assert not self.is_alive()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=VIEW, locale="en-US")  # type: ignore[arg-type]
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: Any) -> Any:
    """The web server, made after the test's database: before it, it would take that for one in memory and share it."""
    return live_server


@pytest.fixture
def product(live_server: Any, settings: Any, sandbox: Sandbox) -> Iterator[Product]:  # noqa: F811  a fixture
    """The web server and a worker, pointed at the sandbox."""
    settings.PUBLIC_URL = live_server.url
    settings.QBO_BASE_URL = f"{sandbox.url}/qbo/v3/company"
    settings.QBO_AUTHORIZE_URL = f"{sandbox.url}/qbo/connect/oauth2"
    settings.QBO_TOKEN_URL = f"{sandbox.url}/qbo/oauth2/v1/tokens/bearer"
    settings.QBO_REVOKE_URL = f"{sandbox.url}/qbo/oauth2/v1/tokens/revoke"
    settings.QBO_USERINFO_URL = f"{sandbox.url}/qbo/v1/openid_connect/userinfo"
    settings.BILLCOM_BASE_URL = f"{sandbox.url}/billcom/connect"
    settings.BILLCOM_V2_URL = f"{sandbox.url}/billcom/api/v2"
    firm = Firm.objects.create(name="Alder & Finch Accounting")
    alice = User.objects.create_user("alice", "alice@example.com", PASSWORD)
    Membership.objects.create(user=alice, firm=firm, role=Role.ADMINISTRATOR)
    worker = Worker()
    worker.start()
    yield Product(live_server.url, firm, alice, sandbox, settings)
    worker.end()


class Pictures:
    """Screenshots of the pages that are passed through, where TIEOUT_SCREENSHOTS names a folder for them."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder) if folder else None

    def take(self, page: Page, name: str) -> None:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.folder / f"{name}.png")


# For steps that another test has pictures of.
NO_PICTURES = Pictures("")


@pytest.fixture
def pictures() -> Pictures:
    return Pictures(os.environ.get("TIEOUT_SCREENSHOTS", ""))
