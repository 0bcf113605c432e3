"""How much is left of what BILL and Intuit allow, and who uses it: for support."""

from __future__ import annotations

import csv

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from syncapp.core.budgets import Budget, month_of
from syncapp.models import Company, is_support
from syncapp.services import budget_report, budgets
from syncapp.views.access import SignedIn
from syncapp.views.pages import render_page

SHOWN = 25


@never_cache
@require_safe
@login_required
def budgets_page(request: SignedIn) -> HttpResponse:
    if not is_support(request.user):
        raise Http404
    now = timezone.now()
    users = budget_report.top_users(now)
    if request.GET.get("as") == "csv":
        return _download(f"metered-calls-{now:%Y-%m}.csv", users)
    return _page(request, users)


def _page(request: SignedIn, users: list[tuple[Company | None, int]]) -> HttpResponse:
    now = timezone.now()
    total = sum(calls for _, calls in users)
    return render_page(
        request,
        "budgets.html",
        "Budgets",
        now=now,
        month=month_of(now),
        metered=budget_report.metered(now),
        users=[(company, calls, round(100 * calls / total)) for company, calls in users[:SHOWN]],
        others=len(users[SHOWN:]),
        keys=budget_report.billcom_hour(now),
        calls_limit=budgets.limit_of(Budget.BILLCOM_CALLS),
        log_ins_limit=budgets.limit_of(Budget.BILLCOM_LOG_INS),
        line=budget_report.in_line(),
    )


def _download(name: str, users: list[tuple[Company | None, int]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    out = csv.writer(response)
    out.writerow(("Company", "Firm", "Metered calls"))
    for company, calls in users:
        firm = company.firm.name if company and company.firm else ""
        out.writerow((_cell(str(company or "Companies that were deleted")), _cell(firm), calls))
    return response


def _cell(text: str) -> str:
    """A name that begins as a formula does would be one in a spreadsheet."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
