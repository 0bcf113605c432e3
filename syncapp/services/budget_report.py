"""How the budgets stand: for support's page, and by mail before Intuit would block the app."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum

from syncapp.core.budgets import RATE_DAYS, Budget, Forecast, forecast, hour_of, month_of
from syncapp.models import ApiBudget, BudgetWait, BudgetWarning, Company, MeteredCalls, Role
from syncapp.models.runs import ACTIVE
from syncapp.services import budgets

log = logging.getLogger(__name__)

HOURS_KEPT = timedelta(days=2)
MONTHS_KEPT = timedelta(days=62)
DAYS_KEPT = timedelta(days=400)
# A forecast of the month's first days would cry wolf.
FORECAST_FROM = 0.25


class Step(StrEnum):
    """What is warned of, each once a month."""

    FORECAST = "forecast"
    EIGHTY = "80%"
    NINETY_FIVE = "95%"
    USED_UP = "used up"


_SHARE = {Step.EIGHTY: 0.8, Step.NINETY_FIVE: 0.95, Step.USED_UP: 1.0}


@dataclass(frozen=True)
class Metered:
    """The month's metered calls. `share`: percent of the limit."""

    limit: int
    outlook: Forecast
    steps: tuple[Step, ...]

    @property
    def share(self) -> int:
        return min(100 * self.outlook.used // self.limit, 100)

    @property
    def words(self) -> str:
        """What to worry about, or ""."""
        if Step.USED_UP in self.steps:
            return (
                f"This month's {self.limit:,} metered QuickBooks calls are used up. No company syncs until the month "
                "is over or QBO_METERED_CALLS_A_MONTH is raised, as it is to be after a higher tier was bought."
            )
        if not self.steps:
            return ""
        said = f"{self.outlook.used:,} of this month's {self.limit:,} metered QuickBooks calls are used ({self.share}%)"
        if self.outlook.runs_out is None:
            return f"{said}. At the rate of the last days they last until the month's end."
        return f"{said}. At the rate of the last days they are used up on {self.outlook.runs_out:%d %b, %H:%M} (UTC)."


def metered(now: datetime) -> Metered:
    limit, today = settings.QBO_METERED_CALLS_A_MONTH, hour_of(now).date()
    first = min(month_of(now).date(), today - timedelta(days=RATE_DAYS))
    outlook = forecast(budgets.metered_by_day(first), limit, now)
    steps = [step for step, share in _SHARE.items() if outlook.used >= share * limit]
    if Step.EIGHTY in steps and Step.USED_UP not in steps and _somebody_waits():
        # What killed workers had set aside is gone, though nobody was counted for it.
        steps.append(Step.USED_UP)
    if outlook.runs_out is not None and outlook.used >= FORECAST_FROM * limit:
        steps.append(Step.FORECAST)
    return Metered(limit, outlook, tuple(steps))


def _somebody_waits() -> bool:
    return BudgetWait.objects.in_line().filter(budget=Budget.QBO_METERED).exists()


# --- by mail ---------------------------------------------------------------------------------------------------------


def warn(now: datetime) -> int:
    """Mail who supports the installation, once a month for each step; how many mails went out."""
    found, month = metered(now), month_of(now).date()
    if not found.steps:
        return 0
    given = set(BudgetWarning.objects.filter(month=month).values_list("step", flat=True))
    new = [step for step in found.steps if step not in given and _ours(month, step, now)]
    if not new or not (people := _people()):
        return 0
    # Several steps at once are one piece of news.
    try:
        send_mail("Tieout: QuickBooks' metered calls run short", _mail(found), None, people)
    except (OSError, SMTPException):
        log.exception("The warning could not be mailed; it is tried again")
        BudgetWarning.objects.filter(month=month, step__in=new).delete()
        return 0
    return 1


def _ours(month: date, step: Step, now: datetime) -> bool:
    """Whether it is this worker that gives the warning."""
    try:
        with transaction.atomic():
            BudgetWarning.objects.create(month=month, step=step, given_at=now)
    except IntegrityError:
        return False
    return True


def _people() -> list[str]:
    support = Q(is_superuser=True) | Q(memberships__role=Role.SUPPORT)
    found = User.objects.filter(support, is_active=True).exclude(email="").values_list("email", flat=True)
    return sorted({*found, *(str(admin[1]) for admin in settings.ADMINS)})


def _mail(found: Metered) -> str:
    page = f"{settings.PUBLIC_URL}/budgets/"
    return (
        f"{found.words}\n\n"
        f"{found.outlook.per_day:,.0f} calls a day; {found.outlook.by_month_end:,} by the month's end at this rate.\n"
        "When they are used up, syncs wait: Intuit would block the app for every company.\n"
        f"Which companies use most: {page}\n"
    )


# --- the page --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeyHour:
    """One developer key in the present hour. `aside`: held by work under way, used or not."""

    name: str
    calls: int
    calls_aside: int
    log_ins: int
    log_ins_aside: int


def key_name(owner: str) -> str:
    """The fingerprint's beginning; the key itself is shown nowhere."""
    if settings.BILLCOM_DEVELOPER_KEY and owner == budgets.fingerprint(settings.BILLCOM_DEVELOPER_KEY):
        return "This installation's key"
    return f"Key {owner[:8]}"


def billcom_hour(now: datetime) -> list[KeyHour]:
    shares = ApiBudget.objects.filter(begins_at=hour_of(now)).exclude(budget=Budget.QBO_METERED)
    free = Q(holder__isnull=True)
    sums = shares.order_by().values_list("owner", "budget")
    rows = {
        (owner, budget): (used or 0, aside or 0)
        for owner, budget, used, aside in sums.annotate(u=Sum("used", filter=free), a=Sum("size", filter=~free))
    }
    found = []
    for owner in sorted({owner for owner, _ in rows}):
        calls, log_ins = (rows.get((owner, each), (0, 0)) for each in (Budget.BILLCOM_CALLS, Budget.BILLCOM_LOG_INS))
        found.append(KeyHour(key_name(owner), *calls, *log_ins))
    return sorted(found, key=lambda each: (-each.calls - each.calls_aside, each.name))


def in_line() -> list[BudgetWait]:
    return list(BudgetWait.objects.in_line().select_related("run__company"))


def top_users(now: datetime) -> list[tuple[Company | None, int]]:
    return budgets.top_users(month_of(now).date())


def remove_old(now: datetime) -> None:
    """What no page and no limit needs any more."""
    old = Q(begins_at__lt=now - HOURS_KEPT) & ~Q(budget=Budget.QBO_METERED)
    ApiBudget.objects.filter(old | Q(begins_at__lt=now - MONTHS_KEPT)).delete()
    MeteredCalls.objects.filter(day__lt=(now - DAYS_KEPT).date()).delete()
    BudgetWait.objects.exclude(run__state__in=ACTIVE).delete()
