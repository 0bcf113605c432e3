"""The guide's steps to the two pages of preferences, by the links and buttons that the pages really show."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from syncapp import tasks
from syncapp.models import AccountingPreferences, SyncPreferences, SyncRun
from tests.views.conftest import Cast


class Walk:
    """A browser without a screen: it follows a link by its words, within the part of the page under a heading."""

    def __init__(self, client: Client, address: str) -> None:
        self.client = client
        self.open(address)

    def open(self, address: str) -> None:
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        self.address, self.page, self.context = address, answer.content.decode(), answer.context

    def select(self, words: str, under: str = "") -> None:
        part = self.page
        if under:
            part = next(each for each in re.split(r"<section", part) if f"<h2>{under}</h2>" in each)
        found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{re.escape(words)}</a>', part)
        assert found, f"no link {words} on {self.address}"
        self.open(found.group(1))

    def press(self, button: str, data: dict[str, Any]) -> Any:
        forms = re.findall(r"<form method=\"post\".*?</form>", self.page, re.DOTALL)
        form = next(each for each in forms if f">{button}</button>" in each)
        action = re.search(r'action="([^"]+)"', form)
        return self.client.post(action.group(1) if action else self.address, data)


def sent(form: Any, **changed: Any) -> dict[str, Any]:
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in {**values, **changed}.items() if value not in (None, False, "")}


def test_sync_preferences_are_reached_edited_and_saved(cast: Cast, chart: dict[str, Any]) -> None:
    """Select Settings. Under Sync, select Preferences. Select Edit. Select Save."""
    walk = Walk(cast.client("alice"), reverse("syncapp:sync", args=[cast.company.pk]))
    walk.select("Settings")
    walk.select("Preferences", under="Sync")
    walk.select("Edit")
    answer = walk.press("Save", sent(walk.context["form"], master="qbo"))
    assert answer.status_code == 302
    assert SyncPreferences.objects.get(company=cast.company).master == "qbo"


def test_accounting_preferences_are_reached_edited_and_saved_and_another_sync_is_run(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under Accounting, select Preferences. Select Edit. Select Save. Select Sync and Sync Now to run another sync."""
    monkeypatch.setattr(tasks, "enqueue", lambda run: None)
    walk = Walk(cast.client("alice"), reverse("syncapp:sync", args=[cast.company.pk]))
    walk.select("Settings")
    walk.select("Preferences", under="Accounting")
    walk.select("Edit")
    walk.press("Save", sent(walk.context["form"], locations="on"))
    assert AccountingPreferences.objects.get(company=cast.company).uses("locations")

    walk.select("Sync")
    walk.press("Sync Now", {})
    assert SyncRun.objects.filter(company=cast.company, started_by=cast.alice).count() == 1
