"""The admin's own site: who gets in, what it is called, and in what order it shows its screens."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

ORDER = (
    "Company",
    "SyncedObject",
    "SyncRun",
    "Conflict",
    "Operation",
    "Connection",
    "SyncPreferences",
    "AccountingPreferences",
    "GLMapping",
    "Firm",
    "Membership",
)


class TieoutAdminSite(AdminSite):
    site_header = "Tieout"
    site_title = "Tieout"
    index_title = "All screens"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Everybody who works for a firm or a company here; what they see is decided screen by screen."""
        user = request.user
        if not user.is_active or not user.is_authenticated:
            return False
        known = getattr(request, "works_here", None)
        if known is None:
            # Asked once for each screen in the menu: the answer is kept for the length of the request.
            known = user.is_superuser or user.memberships.exists()
            setattr(request, "works_here", known)  # noqa: B010  requests take attributes, their type doesn't know
        return bool(known)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """People sign in where they sign in for everything, with their second factor."""
        wanted = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        if request.user.is_authenticated and not self.has_permission(request):
            return redirect("syncapp:home")
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Our own screens first, in the order of a working day; what belongs to other packages for superusers only."""
        apps = super().get_app_list(request, app_label)
        if not request.user.is_superuser:
            apps = [app for app in apps if app["app_label"] == "syncapp"]
        apps.sort(key=lambda app: (app["app_label"] != "syncapp", app["name"]))
        for app in apps:
            if app["app_label"] == "syncapp":
                app["models"].sort(key=lambda model: _place(model["object_name"]))
        return apps


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)
