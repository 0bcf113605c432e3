"""The admin's own site: who gets in, what it is called, and in what order it shows its screens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

# In the order of a working day, with what each screen is for.
SCREENS = {
    "Company": "Every client: connections, last and next sync, what is held",
    "SyncedObject": "Every record of both sides, why it is held, and what to do about it",
    "SyncRun": "Every sync: what it read and wrote, what it cost, its log",
    "Conflict": "Changed on both sides: what was kept, and the way back",
    "Operation": "Every write on either side, with its outcome",
    "UnreadRecord": "What BILL or QuickBooks shows in a shape that can't be read, and since when",
    "Connection": "How each company is connected to BILL and QuickBooks Online",
    "WebhookEvent": "What BILL and QuickBooks told of as it happened, and which sync came of it",
    "Subscription": "Where BILL was asked to tell of changes, and why not",
    "SyncPreferences": "What each company has chosen for its sync",
    "AccountingPreferences": "What QuickBooks uses, and what was turned on besides",
    "GLMapping": "Which QuickBooks account stands for a bank account or a role",
    "Firm": "Accountant consoles",
    "Membership": "Who works for which firm or company",
    "User": "Who may sign in",
}
OURS = ("syncapp", "auth")
# One schedule with arguments that can't be read stops all of them, so a person only looks.
LOOK_ONLY = frozenset({"django_q.schedule"})
# People set up their second factor themselves; who has lost it can have it taken away here.
ONLY_TAKEN_AWAY = frozenset({"mfa.authenticator"})
# What signs people in: the secret of a second factor, and keys that confirm an address.
SECRET_FIELDS = {"mfa.authenticator": ("data",), "account.emailconfirmation": ("key",)}


class OfOtherPackages(ModelAdmin[Any]):
    """Laid over the screens that other packages bring along: for superusers only, and no secret among the fields."""

    def _may(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def _may_change(self, request: HttpRequest) -> bool:
        return self._may(request) and self.model._meta.label_lower not in LOOK_ONLY | ONLY_TAKEN_AWAY

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may_change(request) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may_change(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request) and self.model._meta.label_lower not in LOOK_ONLY

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*(super().get_exclude(request, obj) or ()), *SECRET_FIELDS.get(self.model._meta.label_lower, ()))

    def get_list_display(self, request: HttpRequest) -> Any:
        secret = SECRET_FIELDS.get(self.model._meta.label_lower, ())
        return [name for name in super().get_list_display(request) if name not in secret]


class TieoutAdminSite(AdminSite):
    site_header = "Tieout"
    site_title = "Tieout"
    index_title = "All screens"
    site_url = "/"
    enable_nav_sidebar = False
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Screens of other packages come in under our rules; they are asked for before we could change them."""
        models: Iterable[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        for model in models:
            shown = admin_class or ModelAdmin
            if model._meta.app_label not in OURS:
                shown = type(shown.__name__, (OfOtherPackages, shown), {})
            super().register(model, shown, **options)

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

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """All screens; support's own pages with them."""
        from syncapp.models import is_support  # noqa: PLC0415  models aren't ready when the site is made

        return super().index(request, {"for_support": is_support(request.user), **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Our own screens first, in the order of a working day."""
        apps = super().get_app_list(request, app_label)
        apps.sort(key=lambda app: (*(app["app_label"] != label for label in OURS), app["name"]))
        for app in apps:
            if app["app_label"] in OURS:
                app["models"].sort(key=lambda model: _place(model["object_name"]))
                for model in app["models"]:
                    model["about"] = SCREENS.get(model["object_name"], "")
        return apps


def _place(name: str) -> int:
    return list(SCREENS).index(name) if name in SCREENS else len(SCREENS)
