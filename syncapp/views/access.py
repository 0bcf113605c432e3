"""Who may open a company's page, and what a person without the right is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404

from syncapp.models import Company, Connection
from syncapp.views.pages import render_page

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    class SignedIn(HttpRequest):
        """A request that has passed ``login_required``."""

        user: User
else:
    SignedIn = HttpRequest

P = ParamSpec("P")
CompanyView = Callable[Concatenate[SignedIn, Company, P], HttpResponseBase]


def _connections() -> Prefetch[str]:
    """What pages show of them; secrets stay in the table."""
    return Prefetch("connections", Connection.objects.defer("credentials"))


def looks_at_company(view: CompanyView[P]) -> Callable[..., HttpResponseBase]:
    """The view gets a company that this person may see; for anybody else there is no such page."""

    @login_required
    @wraps(view)
    def wrapped(request: Any, company: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        visible = Company.objects.visible_to(request.user).select_related("firm").prefetch_related(_connections())
        return view(request, get_object_or_404(visible, pk=company), *args, **kwargs)

    return wrapped


def works_on_company(view: CompanyView[P]) -> Callable[..., HttpResponseBase]:
    """As ``looks_at_company``, for people who may also change things; others are told whom to ask."""

    @looks_at_company
    @wraps(view)
    def wrapped(request: SignedIn, company: Company, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not may_work(request, company):
            return refusal(request, company)
        return view(request, company, *args, **kwargs)

    return wrapped


def may_work(request: HttpRequest, company: Company) -> bool:
    return Company.objects.workable_by(request.user).filter(pk=company.pk).exists()


def refusal(request: HttpRequest, company: Company | None) -> HttpResponse:
    return render_page(request, "refused.html", "You can look, but not change", company=company, status=403)
