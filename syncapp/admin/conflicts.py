"""Conflicts: both values, which one was kept, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.safestring import SafeString

from syncapp.admin.cells import Cell, Wanted, cell, names_in
from syncapp.admin.shared import (
    HEAVY_OF_OBJECT,
    CompanyFilter,
    CompanyScoped,
    badge,
    counted,
    csv_response,
    may_work_on,
    moment,
    person,
    record_link,
    short_side,
)
from syncapp.core.lines import in_short
from syncapp.core.schema import Field
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Conflict, ConflictState
from syncapp.services import conflicts
from syncapp.services.errors import ServiceError

SHORT = 60
AT_ONCE = 500


def _field(row: Conflict) -> Field:
    kind = KINDS.get(row.kind)
    return kind.fields.get(row.field, Field()) if kind else Field()


def _wanted(row: Conflict) -> tuple[Wanted, Wanted, Wanted]:
    """What both last agreed on, as BILL had it; then the two values."""
    field, values = _field(row), (row.base_value, row.billcom_value, row.qbo_value)
    sides = (Side.BILLCOM, Side.BILLCOM, Side.QBO)
    first, second, third = (
        Wanted(company=row.company_id, field=field, side=side, value=value)
        for side, value in zip(sides, values, strict=True)
    )
    return first, second, third


def with_cells(rows: Iterable[Conflict]) -> list[tuple[Conflict, list[Cell]]]:
    """Each conflict with its three values for reading; their names are asked for in one statement."""
    wanted = [(row, _wanted(row)) for row in rows]
    names = names_in(each for _, values in wanted for each in values)
    return [(row, [cell(each, names) for each in values]) for row, values in wanted]


def _short(found: Cell, value: Any) -> str:
    """Of lines their sum comes first: it must not be what is cut off."""
    text = found.plain or "—"
    if found.rows:
        text = f"{in_short(value)}: {text}"
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _badge(row: Conflict) -> SafeString:
    """What a person wants back is only wanted until a sync has written it."""
    if row.state == ConflictState.RESTORED and row.field in row.object.wanted:
        return badge(ConflictState.OPEN, "Will be put back with the next sync")
    return badge(row.state, row.get_state_display())


class ConflictList(ChangeList):
    """A page of conflicts; the values' names are looked up for all of it at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        for row, (_, (_, billcom, qbo)) in zip(rows, with_cells(rows), strict=True):
            row.shown = (_short(billcom, row.billcom_value), _short(qbo, row.qbo_value))
        self.result_list = rows


@admin.register(Conflict)
class ConflictAdmin(CompanyScoped):
    list_display = ("at_", "company", "kind", "record_", "field_", "billcom_", "qbo_", "kept_", "state_")
    list_filter = (CompanyFilter, "state", "kind", "kept", "at")
    list_select_related = ("company", "object")
    search_fields = ("object__label", "object__number", "field")
    actions = ("review", "export")
    search_help_text = "Record, number or field"
    empty_words = "When both sides change the same field between two syncs, both values are kept here."
    change_form_template = "admin/syncapp/conflict/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("company", "object").defer(*HEAVY_OF_OBJECT)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ConflictList

    @admin.display(description="When", ordering="at")
    def at_(self, row: Conflict) -> str:
        return moment(row.at)

    @admin.display(description="Record", ordering="object__label")
    def record_(self, row: Conflict) -> SafeString | str:
        return record_link(row.object)

    @admin.display(description="Field", ordering="field")
    def field_(self, row: Conflict) -> str:
        kind = KINDS.get(row.kind)
        return kind.field_label(row.field) if kind and row.field in kind.fields else row.field

    @admin.display(description="In BILL")
    def billcom_(self, row: Any) -> str:
        return str(row.shown[0])

    @admin.display(description="In QuickBooks")
    def qbo_(self, row: Any) -> str:
        return str(row.shown[1])

    @admin.display(description="Kept", ordering="kept")
    def kept_(self, row: Conflict) -> str:
        return short_side(row.kept)

    @admin.display(description="State", ordering="state")
    def state_(self, row: Conflict) -> SafeString:
        return _badge(row)

    @admin.action(description="Reviewed: the kept value is right", permissions=["work"])
    def review(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        if number := conflicts.review(queryset, person(request)):
            self.message_user(request, f"{counted(number, 'conflict')} reviewed.", messages.SUCCESS)
        else:
            self.message_user(request, "None of these is open, or you may only look.", messages.WARNING)

    @admin.action(description="Download as CSV")
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        head = (
            "When", "Company", "Kind", "Record", "Field", "Last agreed", "In BILL", "In QuickBooks", "Kept", "State",
        )  # fmt: skip

        def rows() -> Iterator[tuple[Any, ...]]:
            for row, cells in _in_batches(queryset):
                yield (
                    row.at.isoformat(), row.company.name, row.get_kind_display(), str(row.object), self.field_(row),
                    *(each.plain for each in cells), Side(row.kept).label, row.get_state_display(),
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
            context |= self._page(row) | {"may_work": may_work_on(request, row.company_id)}
        return super().render_change_form(request, context, *args, **kwargs)

    def _page(self, row: Conflict) -> dict[str, Any]:
        [(_, (base, billcom, qbo))] = with_cells([row])
        return {
            "row": row,
            "title": f"{self.field_(row)} of {row.object}",
            "field_label": self.field_(row),
            "first": row.base_value is None,
            "values": [
                *([] if row.base_value is None else [("When both last agreed", base, False)]),
                ("BILL had", billcom, row.kept == Side.BILLCOM),
                ("QuickBooks Online had", qbo, row.kept == Side.QBO),
            ],
            "kept": Side(row.kept).label,
            "lost": Side(row.kept).other.label,
            # Being there or not is no value that could be written back; the service says so too.
            "restorable": row.state != ConflictState.RESTORED and row.field != "active",
            "badge": _badge(row),
        }


def _in_batches(queryset: QuerySet[Any]) -> Iterator[tuple[Conflict, list[Cell]]]:
    batch: list[Conflict] = []
    for row in queryset.select_related("company", "object").iterator(chunk_size=AT_ONCE):
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield from with_cells(batch)
            batch = []
    yield from with_cells(batch)
