"""What all pages have in common: the frame they are shown in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from syncapp.models import AccountingPreferences, Company, SyncPreferences

SECTIONS = {
    "sync": {"sync", "progress", "result", "preview"},
    "tie-out": {"tie-out"},
    "settings": {
        "settings",
        "overview",
        "disconnect",
        "preferences",
        "edit-preferences",
        "accounting-preferences",
        "edit-accounting-preferences",
    },
}


def render_page(
    request: HttpRequest,
    template: str,
    title: str,
    *,
    company: Company | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """One of ``templates/syncapp/`` in the admin's frame, so that every page has the same head and menu."""
    # Whoever has no company yet may not enter the admin, but is shown who is signed in and the way out all the same.
    frame = {**admin.site.each_context(request), "has_permission": request.user.is_authenticated}
    own = {"title": title, "company": company, "may_work": _may_work(request, company), "section": _section(request)}
    return render(request, f"syncapp/{template}", {**frame, **own, **context}, status=status)


def _section(request: HttpRequest) -> str:
    """Which entry of a company's menu the page belongs to."""
    name = request.resolver_match.url_name if request.resolver_match else None
    return next((section for section, names in SECTIONS.items() if name in names), "get-started")


def _may_work(request: HttpRequest, company: Company | None) -> bool:
    return company is not None and Company.objects.workable_by(request.user).filter(pk=company.pk).exists()


def stored_preferences(company: Company) -> SyncPreferences:
    """As saved; a company nobody has touched yet has the defaults."""
    return SyncPreferences.objects.get_or_create(company=company)[0]


def stored_accounting(company: Company) -> AccountingPreferences:
    return AccountingPreferences.objects.get_or_create(company=company)[0]
