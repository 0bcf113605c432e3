"""Synced objects: every record of both sides, why it is where it is, and what a person can do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from syncapp.admin.shared import CompanyScoped, badge, csv_response, moment, money, person
from syncapp.core.schema import Field, Kind, Lookup, Target, Type
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, ObjectState, SyncedObject, is_support
from syncapp.services import links, references
from syncapp.services.errors import ServiceError


class SidesFilter(admin.SimpleListFilter):
    title = "where it is"
    parameter_name = "where"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("both", "On both sides"), ("billcom", "In BILL only"), ("qbo", "In QuickBooks only")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {
            "both": {"billcom_id__isnull": False, "qbo_id__isnull": False},
            "billcom": {"qbo_id__isnull": True},
            "qbo": {"billcom_id__isnull": True},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


@admin.register(SyncedObject)
class SyncedObjectAdmin(CompanyScoped):
    list_display = ("label_", "kind", "number", "amount_", "date_", "state_", "reason_", "where_", "company")
    list_display_links = ("label_",)
    list_filter = (("company", admin.RelatedOnlyFieldListFilter), "kind", "state", "hold_code", SidesFilter)
    list_select_related = ("company",)
    search_fields = ("label", "number", "=billcom_id", "=qbo_id")
    search_help_text = "Name, number, or id on either side"
    actions = ("retry", "leave_out", "include", "tell_apart", "export")
    ordering = ("-pk",)
    change_form_template = "admin/syncapp/syncedobject/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        heavy = ("billcom_raw", "qbo_raw", "billcom_values", "qbo_values", "base")
        found = super().get_queryset(request)
        return found if request.resolver_match and "object_id" in request.resolver_match.kwargs else found.defer(*heavy)

    # --- the list ----------------------------------------------------------------------------------------------------

    @admin.display(description="Name", ordering="label")
    def label_(self, row: SyncedObject) -> str:
        return str(row)

    @admin.display(description="Amount", ordering="amount")
    def amount_(self, row: SyncedObject) -> SafeString | str:
        return money(row.amount)

    @admin.display(description="Date", ordering="date")
    def date_(self, row: SyncedObject) -> str:
        return f"{row.date:%d %b %Y}".lstrip("0") if row.date else ""

    @admin.display(description="State", ordering="state")
    def state_(self, row: SyncedObject) -> SafeString:
        return badge(row.state, row.get_state_display())

    @admin.display(description="Why held", ordering="hold_code")
    def reason_(self, row: SyncedObject) -> SafeString | str:
        if row.hold is None:
            return ""
        return format_html('<span title="{}">{}</span>', row.hold.describe(), row.get_hold_code_display())

    @admin.display(description="Where")
    def where_(self, row: SyncedObject) -> str:
        return "Both" if row.linked else "BILL" if row.billcom_id else "QuickBooks"

    # --- what can be done --------------------------------------------------------------------------------------------

    @admin.action(description="Retry with the next sync")
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._say(request, links.retry(queryset, person(request)), "will be tried again with the next sync")

    @admin.action(description="Include again")
    def include(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._say(request, links.include(queryset, person(request)), "will be synced again")

    @admin.action(description="These are different: create them on the other side")
    def tell_apart(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._say(request, links.tell_apart(queryset, person(request)), "will be created with the next sync")

    @admin.action(description="Exclude from the sync …")
    def leave_out(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if request.POST.get("sure") != "yes":
            context = {**self.admin_site.each_context(request), "objects": queryset[:50], "count": queryset.count()}
            context |= {"selected": request.POST.getlist("_selected_action"), "title": "Exclude from the sync?"}
            return render(request, "admin/syncapp/syncedobject/exclude.html", context)
        self._say(request, links.exclude(queryset, person(request)), "excluded from the sync")
        return None

    @admin.action(description="Download as CSV")
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        head = (
            "Company",
            "Kind",
            "Name",
            "Number",
            "Amount",
            "Date",
            "State",
            "Reason",
            "Why",
            "BILL id",
            "QuickBooks id",
        )

        def rows() -> Iterator[tuple[Any, ...]]:
            for row in queryset.select_related("company").iterator(chunk_size=500):
                why = row.hold.describe() if row.hold else ""
                yield (
                    row.company.name, row.kind, str(row), row.number, row.amount, row.date,
                    row.get_state_display(), row.hold_code, why, row.billcom_id, row.qbo_id,
                )  # fmt: skip

        return csv_response("records", head, rows())

    def _say(self, request: HttpRequest, number: int, what: str) -> None:
        if number:
            self.message_user(request, f"{number} record{'s' if number != 1 else ''} {what}.", messages.SUCCESS)
        else:
            self.message_user(
                request, "None of these records can be changed so, or you may only look.", messages.WARNING
            )

    # --- one record --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        own = path("<int:pk>/decide/", self.admin_site.admin_view(self.decide), name="syncapp_syncedobject_decide")
        return [own, *super().get_urls()]

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One button on the record's page; what can't be undone by another button asks once more."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        what, sure = request.POST.get("what", ""), request.POST.get("sure") == "yes"
        if what in ("exclude", "link") and not sure:
            other = self._other(request, row)
            context = {**self.admin_site.each_context(request), "row": row, "what": what, "other": other}
            return render(request, "admin/syncapp/syncedobject/confirm.html", {**context, "title": "Are you sure?"})
        try:
            row = self._do(request, row, what)
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:syncapp_syncedobject_change", args=[row.pk]))

    def _other(self, request: HttpRequest, row: SyncedObject) -> SyncedObject | None:
        wanted = request.POST.get("other", "")
        if not wanted.isdigit() or int(wanted) not in (row.candidates or []):
            return None
        return self.get_queryset(request).filter(pk=wanted).first()

    def _do(self, request: HttpRequest, row: SyncedObject, what: str) -> SyncedObject:
        one = SyncedObject.objects.filter(pk=row.pk)
        if what == "link":
            other = self._other(request, row)
            if other is None:
                raise ServiceError("That record is no longer among the candidates. Reload the page.")
            linked = links.link(row, other, person(request))
            self._say(request, 1, "linked; the next sync merges the two")
            return linked
        simple = {
            "retry": (links.retry, "will be tried again with the next sync"),
            "exclude": (links.exclude, "excluded from the sync"),
            "include": (links.include, "will be synced again"),
            "different": (links.tell_apart, "will be created with the next sync"),
        }
        if what not in simple:
            raise ServiceError("That can't be done with a record.")
        act, words = simple[what]
        self._say(request, act(one, person(request)), words)
        return row

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if isinstance(row, SyncedObject):
            context |= details(row, request)
            context["title"] = f"{KINDS[row.kind].label if row.kind in KINDS else row.kind} {row}"
        return super().render_change_form(request, context, *args, **kwargs)


def details(row: SyncedObject, request: HttpRequest) -> dict[str, Any]:
    """Both sides and base next to each other, and what hangs on the record."""
    kind = KINDS[row.kind]
    lookup = references.load(row.company, kind, [row])
    visible = SyncedObject.objects.visible_to(request.user)
    may_work = Company.objects.workable_by(request.user).filter(pk=row.company_id).exists()
    return {
        "row": row,
        "kind": kind,
        "facts": [_line(kind, name, row, lookup) for name in kind.fields],
        "links_out": links_out(row),
        "candidates": visible.filter(pk__in=row.candidates or []).select_related("company"),
        "waiting": row.waiting.all()[:50],
        "operations": row.operations.select_related("run").defer("payload", "values")[:50],
        "conflicts": row.conflicts.all()[:50],
        "may_work": may_work,
        "may_retry": may_work or is_support(request.user),
        "held": row.state == ObjectState.HELD,
        "seen": moment(row.first_seen_at),
        "synced": moment(row.synced_at),
        "raw_billcom": pretty(row.billcom_raw),
        "raw_qbo": pretty(row.qbo_raw),
    }


RAW_SHOWN = 20_000


def pretty(raw: Any) -> str:
    """The product's own JSON, indented, cut where it gets too long to read."""
    if raw is None:
        return "not there"
    text = json.dumps(raw, indent=1, default=str, ensure_ascii=False)
    return text if len(text) <= RAW_SHOWN else f"{text[:RAW_SHOWN]}\n…"


def _line(kind: Kind, name: str, row: SyncedObject, lookup: Lookup) -> dict[str, Any]:
    field, base = kind.fields[name], row.base or {}
    shown = {side: (getattr(row, f"{side}_values") or {}).get(name) for side in Side}
    agreed = {side: (base.get(side) or {}).get(name) for side in Side}
    changed = {side: row.base is not None and not field.fact and shown[side] != agreed[side] for side in Side}
    return {
        "label": kind.field_label(name),
        "fact": field.fact,
        "billcom": _cell(field, shown[Side.BILLCOM], Side.BILLCOM, lookup),
        "qbo": _cell(field, shown[Side.QBO], Side.QBO, lookup),
        "base": _cell(field, agreed[Side.BILLCOM], Side.BILLCOM, lookup),
        "changed_billcom": changed[Side.BILLCOM],
        "changed_qbo": changed[Side.QBO],
        "empty": not any(shown.values()) and not any(agreed.values()),
    }


def _cell(field: Field, value: Any, side: Side, lookup: Lookup) -> dict[str, Any]:
    """A value for the page: text, an amount, a link to what it refers to, or lines."""
    if field.lines:
        return {"lines": [_cells(field, line, side, lookup) for line in value or []], "head": _heads(field, value)}
    if value in (None, ""):
        return {"text": ""}
    if field.type is Type.REF:
        target: Target | None = lookup.find(field.ref, side, value)
        return {"text": target.label or value, "target": target.key} if target else {"text": value}
    if field.type is Type.MONEY:
        return {"text": f"{value:,.2f}", "number": True}
    if field.type is Type.BOOL:
        return {"text": "Yes" if value else "No"}
    return {"text": str(value), "number": field.type is Type.NUMBER}


def _used(field: Field, lines: Any) -> list[str]:
    return [name for name in field.lines if any(line.get(name) for line in lines or [])]


def _heads(field: Field, lines: Any) -> list[str]:
    return [field.lines[name].label for name in _used(field, lines)]


def _cells(field: Field, line: Any, side: Side, lookup: Lookup) -> list[dict[str, Any]]:
    used = [name for name in field.lines if line.get(name)]
    return [_cell(field.lines[name], line.get(name), side, lookup) for name in used]


def links_out(row: SyncedObject) -> list[tuple[str, str]]:
    """(label, address) of the record in each product, as their own pages have it."""
    kind = KINDS[row.kind]
    found = []
    for connection in row.company.connections.all():
        if connection.side == Side.BILLCOM and row.billcom_id:
            collection = kind.billcom.path.rsplit("/", 1)[-1]
            found.append(("Open in BILL", _address(settings.BILLCOM_APP_URL, connection, collection, row.billcom_id)))
        if connection.side == Side.QBO and row.qbo_id:
            found.append(
                ("Open in QuickBooks", _address(settings.QBO_APP_URL, connection, kind.qbo.entity, row.qbo_id))
            )
    return found


QBO_PAGES = {
    "Vendor": "vendordetail?nameId=",
    "Customer": "customerdetail?nameId=",
    "Bill": "bill?txnId=",
    "BillPayment": "billpayment?txnId=",
    "Account": "register?accountId=",
}


def _address(base: str, connection: Any, collection: str, remote_id: str) -> str:
    """The real QuickBooks has a page per type; the sandbox's addresses name company, type and id."""
    if base.startswith("https://app.qbo.intuit.com"):
        return f"{base}/{QBO_PAGES.get(collection, 'homepage?id=')}{remote_id}"
    return f"{base}/{connection.remote_id}/{collection}/{remote_id}"
