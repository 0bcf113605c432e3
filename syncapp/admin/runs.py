"""Syncs with their log, and the journal of every write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from syncapp.admin.object_page import pretty
from syncapp.admin.shared import (
    HEAVY_OF_OBJECT,
    CompanyFilter,
    CompanyScoped,
    badge,
    csv_response,
    may_work_on,
    moment,
    record_link,
    short_side,
)
from syncapp.admin.written import written
from syncapp.kinds import KINDS
from syncapp.models import Operation, SyncRun, UnreadRecord

# A column heading, and the counts under it: one for each side, or one for both.
COLUMNS = (
    ("Read", ("read.billcom", "read.qbo")),
    ("Linked", ("linked",)),
    ("Created", ("create.billcom", "create.qbo")),
    ("Changed", ("update.billcom", "update.qbo")),
    ("Retired", ("retire.billcom", "retire.qbo")),
    ("Restored", ("restore.billcom", "restore.qbo")),
    ("Conflicts", ("conflicts",)),
    ("Refused", ("refused",)),
    ("Found again", ("adopted",)),
)
PURSES = {
    "metered": "metered to QuickBooks",
    "free": "free to QuickBooks",
    "billcom": "to BILL",
    "login": "log-ins to BILL",
    "oauth": "to Intuit for tokens",
}
LOG_SHOWN = 1000


def run_title(run: SyncRun) -> str:
    return f"{run.get_scope_display()} of {run.company}, {moment(run.created_at)}"


@admin.register(SyncRun)
class SyncRunAdmin(CompanyScoped):
    list_display = ("started_", "company", "scope", "trigger", "state_", "took_", "writes_", "calls_", "message_")
    list_filter = (CompanyFilter, "state", "scope", "trigger", "created_at")
    list_select_related = ("company",)
    search_fields = ("company__name", "message")
    search_help_text = "Company or message"
    empty_words = "A company's first sync is the import of its chart of accounts."
    change_form_template = "admin/syncapp/syncrun/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("position")

    @admin.display(description="Asked for", ordering="created_at")
    def started_(self, row: SyncRun) -> str:
        return moment(row.created_at)

    @admin.display(description="State", ordering="state")
    def state_(self, row: SyncRun) -> SafeString:
        return badge(row.state, row.get_state_display())

    @admin.display(description="Took")
    def took_(self, row: SyncRun) -> str:
        if not row.started_at or not row.finished_at:
            return ""
        return f"{(row.finished_at - row.started_at).total_seconds():,.0f} s"

    @admin.display(description="Writes")
    def writes_(self, row: SyncRun) -> int:
        verbs = {"create", "update", "retire", "restore"}
        return sum(int(number) for name, number in row.counts.items() if verbs & set(name.split(".")[1:2]))

    @admin.display(description="API calls")
    def calls_(self, row: SyncRun) -> int:
        return sum(int(number) for number in row.calls.values())

    @admin.display(description="Message")
    def message_(self, row: SyncRun) -> str:
        return row.message if len(row.message) <= 80 else f"{row.message[:79]}…"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        run = kwargs.get("obj")
        if isinstance(run, SyncRun):
            context |= {
                "run": run,
                "title": run_title(run),
                "subtitle": "",
                "columns": COLUMNS,
                "rows": _rows(run),
                "calls": [(PURSES.get(purse, purse), int(number)) for purse, number in sorted(run.calls.items())],
                "log": [(entry, _kind_label(entry.kind)) for entry in run.log.all()[:LOG_SHOWN]],
                "log_shown": LOG_SHOWN,
                "badge": badge(run.state, run.get_state_display()),
                "may_work": may_work_on(request, run.company_id),
            }
        return super().render_change_form(request, context, *args, **kwargs)


def _kind_label(name: str) -> str:
    return KINDS[name].label if name in KINDS else name


def _rows(run: SyncRun) -> list[dict[str, Any]]:
    found = []
    for kind in KINDS.values():
        cells = [int(run.counts.get(f"{kind.name}.{what}", 0)) for _, counts in COLUMNS for what in counts]
        if any(cells):
            found.append({"kind": kind, "cells": cells})
    return found


@admin.register(Operation)
class OperationAdmin(CompanyScoped):
    list_display = ("planned_", "company", "kind", "record_", "verb_", "side_", "state_", "error_", "there_")
    list_filter = (CompanyFilter, "state", "side", "verb", "kind", "planned_at")
    list_select_related = ("company", "object")
    search_fields = ("=remote_id", "object__label", "object__number", "=error_code")
    search_help_text = "Record, number, id or error code"
    empty_words = "Every write to BILL or QuickBooks Online stands here, from the first sync of a company on."
    actions = ("export",)
    fields = (
        "company", "run_", "record_", "kind", "verb_", "side", "state_", "changes_", "there_", "error_code",
        "error_words", "planned_at", "finished_at", "request_id", "sent_",
    )  # fmt: skip
    readonly_fields = ("run_", "record_", "verb_", "state_", "changes_", "there_", "sent_")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request).select_related("company", "object").defer(*HEAVY_OF_OBJECT)
        one = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return found if one else found.defer("values", "payload")

    @admin.display(description="Planned", ordering="planned_at")
    def planned_(self, row: Operation) -> str:
        return moment(row.planned_at)

    @admin.display(description="Sync")
    def run_(self, row: Operation) -> SafeString | str:
        if row.run is None:
            return ""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:syncapp_syncrun_change", args=[row.run_id]), run_title(row.run)
        )

    @admin.display(description="Record", ordering="object__label")
    def record_(self, row: Operation) -> SafeString | str:
        return record_link(row.object)

    @admin.display(description="What", ordering="verb")
    def verb_(self, row: Operation) -> str:
        return row.what

    @admin.display(description="Side", ordering="side")
    def side_(self, row: Operation) -> str:
        return short_side(row.side)

    @admin.display(description="Id there", ordering="remote_id")
    def there_(self, row: Operation) -> str:
        return row.remote_id

    @admin.display(description="Outcome", ordering="state")
    def state_(self, row: Operation) -> SafeString:
        return badge(row.state, row.get_state_display())

    @admin.display(description="What was sent")
    def sent_(self, row: Operation) -> SafeString:
        words = '<details class="raw"><summary>Show the JSON</summary><pre class="json">{}</pre></details>'
        return format_html(words, pretty(row.payload))

    @admin.display(description="What it wrote")
    def changes_(self, row: Operation) -> SafeString:
        found = written(row)
        context = {"changes": found, "any_before": any(each.before is not None for each in found)}
        return mark_safe(render_to_string("admin/syncapp/operation/changes.html", context))  # noqa: S308  escaped there

    @admin.display(description="Words")
    def error_(self, row: Operation) -> str:
        return row.error_words if len(row.error_words) <= 70 else f"{row.error_words[:69]}…"

    @admin.action(description="Download as CSV")
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        head = ("Planned", "Company", "Kind", "Record", "What", "Side", "Outcome", "Code", "Words", "Id there")

        def rows() -> Iterator[tuple[Any, ...]]:
            for row in queryset.select_related("company", "object").iterator(chunk_size=500):
                yield (
                    row.planned_at.isoformat(), row.company.name, row.get_kind_display(), str(row.object or ""),
                    row.what, row.get_side_display(), row.get_state_display(), row.error_code,
                    row.error_words, row.remote_id,
                )  # fmt: skip

        return csv_response("journal", head, rows())


@admin.register(UnreadRecord)
class UnreadRecordAdmin(CompanyScoped):
    list_display = ("company", "kind_", "side_", "remote_id", "why", "since_")
    ordering = ("-since", "pk")
    list_filter = (CompanyFilter, "side")
    list_select_related = ("company",)
    search_fields = ("company__name", "=remote_id")
    search_help_text = "Company, or the record's id there"
    empty_words = "A record that has an unexpected shape stands here until it can be read. Each sync asks for it again."
    fields = ("company", "kind_", "side_", "remote_id", "why", "since_")

    @admin.display(description="Kind", ordering="kind")
    def kind_(self, row: UnreadRecord) -> str:
        return KINDS[row.kind].label if row.kind in KINDS else row.kind

    @admin.display(description="Side", ordering="side")
    def side_(self, row: UnreadRecord) -> str:
        return short_side(row.side)

    @admin.display(description="Since", ordering="since")
    def since_(self, row: UnreadRecord) -> str:
        return moment(row.since)
