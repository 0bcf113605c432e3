"""Companies: the list with everybody's state, and one company's page with what is going on in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from syncapp.admin.shared import CompanyScoped, badge, may_work, may_work_on, moment
from syncapp.core.holds import TEXTS, HoldCode
from syncapp.core.row_numbers import row_number
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import (
    Company,
    Conflict,
    ConflictState,
    Connection,
    ConnectionState,
    ObjectState,
    SetupStep,
    SyncedObject,
    SyncRun,
)
from syncapp.services import balances, setup

SHOWN_PAYMENTS = 10
"""Of what is in a clearing account, before the page leads on to Tie-out."""


class HeldFilter(admin.SimpleListFilter):
    title = "something is held"
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(held_count__gt=0)
        return queryset.filter(held_count=0) if self.value() == "no" else queryset


class ReconnectFilter(admin.SimpleListFilter):
    title = "connections"
    parameter_name = "connections"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("lost", "Needs reconnect"), ("both", "Both connected"), ("missing", "Not both connected")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        both = Q(bill_state=ConnectionState.CONNECTED, qbo_state=ConnectionState.CONNECTED)
        lost = Q(bill_state=ConnectionState.NEEDS_RECONNECT) | Q(qbo_state=ConnectionState.NEEDS_RECONNECT)
        wanted = {"lost": lost, "both": both, "missing": ~Q(pk__in=queryset.filter(both).values("pk"))}
        return queryset.filter(wanted.get(self.value() or "", Q()))


def _state_of(side: Side) -> Subquery:
    found = Connection.objects.filter(company=OuterRef("pk"), side=side)
    return Subquery(found.values("state")[:1])


def _count(model: Any, **where: Any) -> Subquery:
    """How many rows of a company there are, as one sub-select: joining two of them would multiply."""
    rows = model.objects.filter(company=OuterRef("pk"), **where).order_by().values("company")
    return Subquery(rows.annotate(number=Count("pk")).values("number")[:1])


@admin.register(Company)
class CompanyAdmin(CompanyScoped):
    list_display = (
        "name",
        "firm",
        "cohort_",
        "bill_",
        "quickbooks_",
        "last_sync_",
        "next_sync_",
        "held_",
        "conflicts_",
    )
    list_filter = (HeldFilter, ReconnectFilter, "setup_step", ("firm", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "firm__name", "connections__remote_id", "connections__remote_name")
    list_select_related = ("firm",)
    change_form_template = "admin/syncapp/company/change_form.html"
    search_help_text = "Name, firm, realm or organization id"
    fields = ("firm", "name", "signed_up_on", "archived")

    company_path = "pk"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        visible = super().get_queryset(request)
        last = SyncRun.objects.filter(company=OuterRef("pk")).order_by("-created_at")
        return visible.annotate(
            bill_state=_state_of(Side.BILLCOM),
            qbo_state=_state_of(Side.QBO),
            last_state=Subquery(last.values("state")[:1]),
            last_at=Subquery(last.values("created_at")[:1]),
            held_count=_coalesced(_count(SyncedObject, state=ObjectState.HELD)),
            conflict_count=_coalesced(_count_conflicts()),
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    @admin.display(description="Cohort")
    def cohort_(self, row: Any) -> str:
        return str(row.cohort)

    @admin.display(description="BILL")
    def bill_(self, row: Any) -> SafeString | str:
        return _connection_badge(row.bill_state)

    @admin.display(description="QuickBooks")
    def quickbooks_(self, row: Any) -> SafeString | str:
        return _connection_badge(row.qbo_state)

    @admin.display(description="Last sync")
    def last_sync_(self, row: Any) -> SafeString | str:
        if not row.last_at:
            return "never"
        return format_html("{} {}", moment(row.last_at), badge(row.last_state, row.last_state.capitalize()))

    @admin.display(description="Next sync")
    def next_sync_(self, row: Any) -> str:
        return moment(row.next_sync_at)

    @admin.display(description="Held", ordering="held_count")
    def held_(self, row: Any) -> SafeString | str:
        return badge("held", str(row.held_count)) if row.held_count else ""

    @admin.display(description="Conflicts", ordering="conflict_count")
    def conflicts_(self, row: Any) -> SafeString | str:
        return badge("open", str(row.conflict_count)) if row.conflict_count else ""

    empty_words = "A company that is made, or that you are added to, stands here."

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"new_url": reverse("syncapp:new-company")} if may_work(request) else {}
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        company = self.get_queryset(request).filter(pk=row_number(object_id)).first()
        more = {"title": company.name, **dashboard(company, request)} if company is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})


def _coalesced(count: Subquery) -> Any:
    return Coalesce(count, 0)


def _count_conflicts() -> Subquery:
    return _count(Conflict, state=ConflictState.OPEN)


def _connection_badge(state: str | None) -> SafeString | str:
    if state is None:
        return badge("none", "Not connected")
    return badge(state, ConnectionState(state).label)


def dashboard(company: Company, request: HttpRequest) -> dict[str, Any]:
    """What is going on in a company: connections, set-up, counts, holds, runs."""
    objects = SyncedObject.objects.filter(company=company)
    rows = {row["kind"]: row for row in _by_kind(objects)}
    holds = objects.exclude(hold_code="").order_by().values("hold_code").annotate(number=Count("pk"))
    return {
        "company": company,
        "connections": Connection.objects.filter(company=company).defer("credentials"),
        "steps": [] if company.setup_step == SetupStep.DONE else setup.steps(company),
        "kinds": [{**rows[name], "kind": kind} for name, kind in KINDS.items() if name in rows],
        "holds": [{"text": TEXTS[HoldCode(row["hold_code"])], **row} for row in holds.order_by("-number")],
        "open_conflicts": Conflict.objects.filter(company=company, state=ConflictState.OPEN).count(),
        "runs": SyncRun.objects.filter(company=company).defer("position", "counts", "calls")[:8],
        "balances": balances.as_read(company),
        "shown_payments": SHOWN_PAYMENTS,
        "may_work": may_work_on(request, company.pk),
    }


def _by_kind(objects: QuerySet[SyncedObject]) -> Iterable[Any]:
    both = Q(billcom_id__isnull=False, qbo_id__isnull=False)
    return (
        objects.order_by()
        .values("kind")
        .annotate(
            billcom=Count("billcom_id"),
            qbo=Count("qbo_id"),
            paired=Count("pk", filter=both),
            held=Count("pk", filter=Q(state=ObjectState.HELD)),
        )
    )
