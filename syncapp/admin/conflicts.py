"""Conflicts: both values, which one was kept, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.safestring import SafeString

from syncapp.admin.shared import CompanyScoped, badge, csv_response, moment, person
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, Conflict
from syncapp.services import conflicts
from syncapp.services.errors import ServiceError


def words(value: Any) -> str:
    """A value as a person reads it: lines one after the other, nothing as a dash."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return "; ".join(" ".join(str(part) for part in line.values() if part not in (None, "")) for line in value)
    return str(value)


@admin.register(Conflict)
class ConflictAdmin(CompanyScoped):
    list_display = ("at_", "company", "kind", "object", "field_", "billcom_", "qbo_", "kept_", "state_")
    list_filter = (("company", admin.RelatedOnlyFieldListFilter), "state", "kind", "kept")
    list_select_related = ("company", "object")
    search_fields = ("object__label", "object__number", "field")
    actions = ("review", "export")
    change_form_template = "admin/syncapp/conflict/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        heavy = ("billcom_raw", "qbo_raw", "billcom_values", "qbo_values", "base")
        return super().get_queryset(request).select_related("object").defer(*(f"object__{name}" for name in heavy))

    @admin.display(description="When", ordering="at")
    def at_(self, row: Conflict) -> str:
        return moment(row.at)

    @admin.display(description="Field", ordering="field")
    def field_(self, row: Conflict) -> str:
        return KINDS[row.kind].field_label(row.field) if row.kind in KINDS else row.field

    @admin.display(description="In BILL")
    def billcom_(self, row: Conflict) -> str:
        return words(row.billcom_value)[:60]

    @admin.display(description="In QuickBooks")
    def qbo_(self, row: Conflict) -> str:
        return words(row.qbo_value)[:60]

    @admin.display(description="Kept", ordering="kept")
    def kept_(self, row: Conflict) -> str:
        return Side(row.kept).label

    @admin.display(description="State", ordering="state")
    def state_(self, row: Conflict) -> SafeString:
        return badge(row.state, row.get_state_display())

    @admin.action(description="Reviewed: the kept value is right")
    def review(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        number = conflicts.review(queryset, person(request))
        self.message_user(request, f"{number} conflict{'s' if number != 1 else ''} reviewed.", messages.SUCCESS)

    @admin.action(description="Download as CSV")
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        head = ("When", "Company", "Kind", "Record", "Field", "In BILL", "In QuickBooks", "Kept", "State")

        def rows() -> Iterator[tuple[Any, ...]]:
            for row in queryset.select_related("company", "object").iterator(chunk_size=500):
                yield (
                    row.at.isoformat(), row.company.name, row.kind, str(row.object), row.field,
                    words(row.billcom_value), words(row.qbo_value), row.kept, row.state,
                )  # fmt: skip

        return csv_response("conflicts", head, rows())

    def get_urls(self) -> list[Any]:
        own = path("<int:pk>/decide/", self.admin_site.admin_view(self.decide), name="syncapp_conflict_decide")
        return [own, *super().get_urls()]

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        try:
            if request.POST.get("what") == "restore":
                conflicts.restore(Conflict.objects.get(pk=row.pk), person(request))
                self.message_user(request, "The next sync puts the other value back on both sides.", messages.SUCCESS)
            elif not conflicts.review(Conflict.objects.filter(pk=row.pk), person(request)):
                self.message_user(request, "It is closed already, or you may only look.", messages.WARNING)
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:syncapp_conflict_change", args=[row.pk]))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if isinstance(row, Conflict):
            context |= {
                "row": row,
                "title": f"{self.field_(row)} of {row.object}",
                "field_label": self.field_(row),
                "values": [
                    ("When both last agreed", words(row.base_value), False),
                    ("In BILL", words(row.billcom_value), row.kept == Side.BILLCOM),
                    ("In QuickBooks Online", words(row.qbo_value), row.kept == Side.QBO),
                ],
                "badge": badge(row.state, row.get_state_display()),
                "may_work": Company.objects.workable_by(request.user).filter(pk=row.company_id).exists(),
            }
        return super().render_change_form(request, context, *args, **kwargs)
