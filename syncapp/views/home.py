"""The companies of the person who is signed in, and making a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.models import Company, Conflict, ConflictState, Connection, SyncRun
from syncapp.services import setup
from syncapp.services.errors import ServiceError
from syncapp.services.holds import needs_a_person
from syncapp.views.access import SignedIn, refusal
from syncapp.views.forms import NewCompanyForm, administered_firms
from syncapp.views.pages import render_page

PER_PAGE = 50


@login_required
def home(request: SignedIn) -> HttpResponse:
    """What needs a person, company by company."""
    words = request.GET.get("q", "").strip()
    companies = Company.objects.visible_to(request.user).filter(archived=False)
    if words:
        companies = companies.filter(Q(name__icontains=words) | Q(firm__name__icontains=words))
    page = Paginator(companies, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = _with_counts(page.object_list)  # type: ignore[arg-type]
    return render_page(request, "home.html", "Companies", page=page, words=words, may_add=_may_add(request))


def _with_counts(companies: QuerySet[Company]) -> QuerySet[Company]:
    """How each company stands, each fact from an index, so that a page of fifty stays one statement."""
    conflicts = Conflict.objects.filter(state=ConflictState.OPEN)
    last = SyncRun.objects.filter(company=OuterRef("pk"), finished_at__isnull=False).order_by("-finished_at")
    return companies.select_related("firm", "preferences").annotate(
        billcom_state=_connection_state(Side.BILLCOM),
        qbo_state=_connection_state(Side.QBO),
        held=_count(needs_a_person()),
        open_conflicts=_count(conflicts),
        last_state=Subquery(last.values("state")[:1]),
        last_finished=Subquery(last.values("finished_at")[:1]),
    )


def _connection_state(side: Side) -> Subquery:
    return Subquery(Connection.objects.filter(company=OuterRef("pk"), side=side).values("state")[:1])


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.filter(company=OuterRef("pk")).order_by().values("company").annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted), 0)


def _may_add(request: SignedIn) -> bool:
    return bool(request.user.is_superuser) or administered_firms(request.user).exists()


@login_required
def new_company(request: SignedIn) -> HttpResponse:
    if not _may_add(request):
        return refusal(request, None)
    form = NewCompanyForm(administered_firms(request.user), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            company = setup.create_company(request.user, **form.cleaned_data, now=timezone.now())
        except ServiceError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"{company.name} is here. Now connect it.")
            return redirect("syncapp:get-started", company.pk)
    return render_page(request, "new_company.html", "New company", form=form)
