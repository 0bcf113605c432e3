"""Who is warned before Intuit would block the app, and how often."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.models import (
    ApiBudget,
    BudgetWait,
    BudgetWarning,
    Company,
    Membership,
    MeteredCalls,
    Role,
    RunState,
    SyncRun,
    Trigger,
)
from syncapp.services import budget_report, budgets
from syncapp.services.budget_report import Step

NOW = datetime(2026, 4, 21, tzinfo=UTC)


@pytest.fixture
def used() -> Company:
    """1,000 calls, 100 of them in each of the last seven days."""
    User.objects.create_user("dana", "dana@example.com")
    Membership.objects.create(user=User.objects.get(), role=Role.SUPPORT)
    company = Company.objects.create(name="Harbor Bakery")
    MeteredCalls.objects.create(company=company, day=date(2026, 4, 2), calls=300)
    for day in range(14, 21):
        MeteredCalls.objects.create(company=company, day=date(2026, 4, day), calls=100)
    return company


def test_nobody_is_bothered_while_there_is_room(used: Company, mailoutbox: list[Any]) -> None:
    assert budget_report.warn(NOW) == 0
    assert budget_report.metered(NOW).words == ""
    assert mailoutbox == []


def test_each_step_is_mailed_once_a_month(used: Company, mailoutbox: list[Any], settings: Any) -> None:
    settings.QBO_METERED_CALLS_A_MONTH = 1900
    assert [budget_report.warn(NOW + timedelta(minutes=minute)) for minute in range(3)] == [1, 0, 0]
    assert mailoutbox[0].to == ["dana@example.com"]
    assert "30 Apr, 00:00" in mailoutbox[0].body and "2,000 by the month's end" in mailoutbox[0].body
    settings.QBO_METERED_CALLS_A_MONTH = 1040
    assert [budget_report.warn(NOW) for _ in range(2)] == [1, 0]
    settings.QBO_METERED_CALLS_A_MONTH = 1000
    assert [budget_report.warn(NOW) for _ in range(2)] == [1, 0]
    assert "are used up" in mailoutbox[2].body
    assert set(BudgetWarning.objects.values_list("step", flat=True)) == set(Step)
    MeteredCalls.objects.create(company=used, day=date(2026, 5, 1), calls=990)
    assert budget_report.warn(NOW.replace(month=5, day=1, hour=1)) == 1


def test_who_waits_tells_that_nothing_is_left(used: Company, settings: Any) -> None:
    settings.QBO_METERED_CALLS_A_MONTH = 1200
    assert "are used up." not in budget_report.metered(NOW).words
    run = SyncRun.objects.create(company=used, trigger=Trigger.CLOCK)
    budgets.queue_up(run, budgets.NoRoom(budgets.METERED, "", 60), NOW)
    assert "are used up." in budget_report.metered(NOW).words


def test_a_warning_that_could_not_be_mailed_is_tried_again(
    used: Company, mailoutbox: list[Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.QBO_METERED_CALLS_A_MONTH = 1100
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", _refused)
        assert budget_report.warn(NOW) == 0
    assert budget_report.warn(NOW) == 1
    assert len(mailoutbox) == 1


def _refused(*args: Any) -> None:
    raise ConnectionRefusedError


def test_old_rows_go_and_present_ones_stay(used: Company) -> None:
    for budget, hours in (("billcom-calls", 1), ("billcom-calls", 72), ("qbo-metered", 72), ("qbo-metered", 2400)):
        ApiBudget.objects.create(budget=budget, begins_at=NOW - timedelta(hours=hours), number=hours, size=1)
    MeteredCalls.objects.create(company=used, day=date(2025, 1, 1), calls=1)
    run = SyncRun.objects.create(company=used, trigger=Trigger.CLOCK)
    budgets.queue_up(run, budgets.NoRoom(budgets.METERED, "", 60), NOW)
    budget_report.remove_old(NOW)
    assert list(ApiBudget.objects.order_by("number").values_list("number", flat=True)) == [1, 72]
    assert not MeteredCalls.objects.filter(day__year=2025).exists()
    assert BudgetWait.objects.count() == 1
    SyncRun.objects.update(state=RunState.DONE)
    budget_report.remove_old(NOW)
    assert not BudgetWait.objects.exists()
