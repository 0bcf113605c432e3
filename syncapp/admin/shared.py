"""What all screens have in common: rows of visible companies only, nothing to write by hand, badges, CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from syncapp.core.row_numbers import LARGEST, row_number
from syncapp.core.sheets import safe_cell
from syncapp.core.sides import Side
from syncapp.models import Company, SyncedObject, is_support

# What makes a record large. Lists never load it.
RAW = ("billcom_raw", "qbo_raw", "base")
HEAVY = (*RAW, "billcom_values", "qbo_values")
HEAVY_OF_OBJECT = tuple(f"object__{name}" for name in HEAVY)

TONES = {
    "linked": "good",
    "done": "good",
    "adopted": "good",
    "connected": "good",
    "running": "info",
    "waiting": "info",
    "pending": "info",
    "planned": "info",
    "new": "info",
    "held": "warn",
    "open": "warn",
    "in-doubt": "warn",
    "stopped": "warn",
    "needs-reconnect": "bad",
    "refused": "bad",
    "failed": "bad",
}


def badge(value: str, label: str) -> SafeString:
    """A state as a coloured word; the word says it all, the colour only helps."""
    return format_html('<span class="badge badge-{}">{}</span>', TONES.get(value, "quiet"), label)


def money(value: Decimal | None) -> SafeString | str:
    return format_html('<span class="amount">{}</span>', f"{value:,.2f}") if value is not None else ""


def moment(value: datetime | None) -> str:
    """Short, in the company's time on pages about one company, else in that of the installation."""
    return f"{timezone.localtime(value):%d %b %Y %H:%M}".lstrip("0") if value else ""


def short_day(value: date | None) -> str:
    """5 Nov 2026."""
    return f"{value:%d %b %Y}".lstrip("0") if value else ""


def on_off(value: bool) -> SafeString:
    return badge("done", "On") if value else badge("", "Off")


def short_side(side: str) -> str:
    """Narrow enough for a column."""
    return "BILL" if side == Side.BILLCOM else "QuickBooks"


def record_link(row: SyncedObject | None) -> SafeString | str:
    if row is None:
        return ""
    return format_html('<a href="{}">{}</a>', reverse("admin:syncapp_syncedobject_change", args=[row.pk]), row)


def person(request: HttpRequest) -> User:
    """Who is asking; the admin lets nobody in who hasn't signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def once(request: HttpRequest, name: str, ask: Callable[[], bool]) -> bool:
    """The answer to a question the admin asks for every screen and action, kept for the length of the request."""
    answers: dict[str, bool] = request.__dict__.setdefault("_tieout_answers", {})
    if name not in answers:
        answers[name] = ask()
    return answers[name]


def may_work(request: HttpRequest) -> bool:
    """Whether this person may correct anything at all; for which company is asked where it is done."""
    return once(request, "work", Company.objects.workable_by(request.user).exists)


def may_work_on(request: HttpRequest, company_id: int) -> bool:
    return Company.objects.workable_by(request.user).filter(pk=company_id).exists()


def may_retry(request: HttpRequest) -> bool:
    """Support puts records back into the queue, and decides nothing about them."""
    return may_work(request) or once(request, "support", lambda: is_support(request.user))


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _fits(object_id: str) -> bool:
    """Whether the database can be asked for it: Django refuses what is no number, but not one that is too large."""
    try:
        return abs(int(object_id)) <= LARGEST
    except ValueError:
        return True


class CompanyFilter(admin.SimpleListFilter):
    """Companies this person may see. Asked of the companies, not of the rows, which may be a million."""

    title = "company"
    parameter_name = "company__id__exact"
    limit = 300

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        visible = Company.objects.visible_to(request.user).order_by("name")
        found = [(str(pk), name) for pk, name in visible.values_list("pk", "name")[: self.limit]]
        chosen = str(self.value() or "")
        number = row_number(chosen)
        if number is not None and chosen not in dict(found):
            found += [(str(pk), name) for pk, name in visible.filter(pk=number).values_list("pk", "name")]
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        number = row_number(chosen)
        if number is None:
            raise IncorrectLookupParameters(f"{chosen!r} is no company.")
        return queryset.filter(company=number)


def chosen_filters(changelist: ChangeList) -> list[dict[str, str]]:
    """The filters that are on, each with the address of the list without it."""
    found = []
    for spec in changelist.filter_specs:
        everything, *choices = spec.choices(changelist)
        for choice in choices:
            if choice["selected"]:
                words = {"title": str(spec.title), "choice": str(choice["display"])}
                found.append({**words, "without": str(everything["query_string"])})
    return found


class CompanyScoped(admin.ModelAdmin[Any]):
    """A screen over rows that belong to a company: visible ones only, and read-only."""

    company_path: ClassVar[str] = "company"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    empty_words: ClassVar[str] = ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._leave_out_what_is_no_key(request)
        more = {"title": capfirst(self.opts.verbose_name_plural), "empty_words": self.empty_words}
        response = super().changelist_view(request, {**more, **(extra_context or {})})
        found = getattr(response, "context_data", None) or {}
        if "cl" in found:
            found["chosen_filters"] = chosen_filters(found["cl"])
        return response

    def _leave_out_what_is_no_key(self, request: HttpRequest) -> None:
        """Django asks the database for whatever stands among the chosen rows of an action."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        keys = [each for each in chosen if self._is_key(each)]
        if keys != chosen:
            request.POST = request.POST.copy()  # type: ignore[assignment]
            request.POST.setlist(ACTION_CHECKBOX_NAME, keys)  # type: ignore[misc]

    def _is_key(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return _fits(text)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return super().get_object(request, object_id, from_field) if _fits(object_id) else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        visible = Company.objects.visible_to(request.user)
        found = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(**{f"{self.company_path}__in": visible})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_work_permission(self, request: HttpRequest) -> bool:
        """For actions: ``@admin.action(permissions=["work"])``."""
        return may_work(request)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return may_retry(request)


class SuperuserOnly(admin.ModelAdmin[Any]):
    """What installs and staffs the product."""

    def _may(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)


class _Echo:
    def write(self, value: str) -> str:
        return value


def csv_response(name: str, head: Iterable[str], rows: Iterator[Iterable[Any]]) -> StreamingHttpResponse:
    """Row by row, so that a hundred thousand of them need no memory."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield writer.writerow(list(head))
        for row in rows:
            yield writer.writerow([safe_cell(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
