"""Synced objects: every record of both sides, why it is where it is, and what a person can do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from syncapp.admin.object_page import SHOWN, details
from syncapp.admin.shared import (
    HEAVY,
    CompanyFilter,
    CompanyScoped,
    badge,
    counted,
    csv_response,
    may_work_on,
    money,
    person,
    short_day,
)
from syncapp.core.row_numbers import row_number
from syncapp.core.sides import Side
from syncapp.models import ObjectState, SyncedObject
from syncapp.models.objects import hold_choices
from syncapp.services import attachments, linking, links, remedies
from syncapp.services.errors import ServiceError
from syncapp.services.holds import is_settled

LET_IN = "included: comes with the next sync"
AMOUNT = re.compile(r"-?\d{1,15}\.\d{2}")


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


class HoldFilter(admin.SimpleListFilter):
    """The reasons that occur in the chosen company, or all there are."""

    title = "why held"
    parameter_name = "hold_code__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        company, titles = row_number(request.GET.get(CompanyFilter.parameter_name, "")), dict(hold_choices())
        if company is None:
            return list(titles.items())
        held = SyncedObject.objects.visible_to(request.user).filter(company=company).exclude(hold_code="")
        counts = held.order_by().values_list("hold_code").annotate(number=Count("pk")).order_by("-number")
        found = [(code, f"{titles.get(code, code)} ({number:,})") for code, number in counts]
        # What is chosen stays in the list, or the filter would silently be off.
        chosen = str(self.value() or "")
        return found if chosen in ("", *dict(found)) else [*found, (chosen, titles.get(chosen, chosen))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(hold_code=self.value()) if self.value() else queryset


class NeedsFilter(admin.SimpleListFilter):
    """Held ones whose page asks somebody to do something, and those that a rule holds for good."""

    title = "needs you"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Held, and needs you"), ("no", "Held, and can stay as it is")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        held = queryset.filter(state=ObjectState.HELD)
        if self.value() == "yes":
            return held.exclude(is_settled())
        return held.filter(is_settled()) if self.value() == "no" else queryset


def _asks(row: SyncedObject, what: str) -> bool:
    """What can't be undone by another button; to include what was told apart makes a record elsewhere."""
    if what == "include":
        return row.told_apart and not row.linked
    return what in ("exclude", "link", "unlink", "different", "post-again", "bring-back", "follow-merge")


def _amount(text: str) -> Decimal | None:
    """2,607.05 or 2607.05; what has no cents may as well be a number of a record."""
    plain = text.strip().replace(",", "").lstrip("$")
    return Decimal(plain) if AMOUNT.fullmatch(plain) else None


def _other_side(row: SyncedObject) -> str:
    """Where a one-sided record would be created."""
    return Side.QBO.label if row.billcom_id else Side.BILLCOM.label


@admin.register(SyncedObject)
class SyncedObjectAdmin(CompanyScoped):
    list_display = ("label_", "kind", "party_", "number", "amount_", "date_", "state_", "reason_", "where_", "company")
    list_display_links = ("label_",)
    list_filter = (CompanyFilter, "kind", "state", HoldFilter, NeedsFilter, SidesFilter)
    list_select_related = ("company", "party")
    search_fields = ("label", "number", "party__label", "=billcom_id", "=qbo_id")
    search_help_text = "Name, vendor, number, amount (2,607.05), or id on either side"
    actions = ("retry", "leave_out", "include", "let_in", "tell_apart", "export")
    ordering = ("-pk",)
    empty_words = "Records are read with the first sync of a company; start it on its Get Started page."
    change_form_template = "admin/syncapp/syncedobject/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        one = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return found if one else found.defer(*HEAVY, *(f"party__{name}" for name in HEAVY))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Also by amount, written with or without thousands separators."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        amount = _amount(search_term)
        return (found | queryset.filter(amount=amount) if amount is not None else found), duplicates

    # --- the list ----------------------------------------------------------------------------------------------------

    @admin.display(description="Name", ordering="label")
    def label_(self, row: SyncedObject) -> str:
        return str(row)

    @admin.display(description="Vendor or customer", ordering="party__label")
    def party_(self, row: SyncedObject) -> str:
        return row.party.label if row.party else ""

    @admin.display(description="Amount", ordering="amount")
    def amount_(self, row: SyncedObject) -> SafeString | str:
        return money(row.amount)

    @admin.display(description="Date", ordering="date")
    def date_(self, row: SyncedObject) -> str:
        return short_day(row.date)

    @admin.display(description="State", ordering="state")
    def state_(self, row: SyncedObject) -> SafeString:
        return badge(row.state, row.state_words)

    @admin.display(description="Why held", ordering="hold_code")
    def reason_(self, row: SyncedObject) -> SafeString | str:
        if row.hold is None:
            return ""
        words = format_html('<span title="{}">{}</span>', row.hold.describe(), row.get_hold_code_display())
        return format_html("{}<br>{}", words, badge("new", LET_IN)) if row.let_in else words

    @admin.display(description="Where")
    def where_(self, row: SyncedObject) -> str:
        return "Both" if row.linked else "BILL" if row.billcom_id else "QuickBooks"

    # --- what can be done --------------------------------------------------------------------------------------------

    @admin.action(description="Retry with the next sync", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._say(request, links.retry(queryset, person(request)), "will be tried again with the next sync")

    @admin.action(description="Include again", permissions=["work"])
    def include(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._say(request, links.include(queryset, person(request)), "will be synced again")
        if left := queryset.filter(linking.ONE_SIDED, excluded=True, told_apart=True).count():
            words = f"{counted(left, 'record')} would be created on the other side: link or include each on its page."
            self.message_user(request, words, messages.WARNING)

    @admin.action(description="Include: older than 90 days, paid before, or approved in BILL", permissions=["work"])
    def let_in(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        chosen, left = queryset.count(), links.left_unpaid(queryset, person(request))
        try:
            done = links.let_in(queryset, person(request))
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
            return
        self._say(request, done, "will be brought over with the next sync")
        if left:
            words = f"{counted(sum(left.values()), 'record')} not included. {links.why_left_unpaid(left)}"
            self.message_user(request, words, messages.WARNING)
        if done and (others := chosen - done - sum(left.values())):
            words = f"{counted(others, 'record')} not included: held for another reason, or being written just now."
            self.message_user(request, words, messages.WARNING)

    @admin.action(description="These are different: create them on the other side", permissions=["work"])
    def tell_apart(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._say(request, links.tell_apart(queryset, person(request)), "will be created with the next sync")

    @admin.action(description="Exclude from the sync …", permissions=["work"])
    def leave_out(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if request.POST.get("sure") != "yes":
            context = {**self.admin_site.each_context(request), "objects": queryset[:50], "count": queryset.count()}
            context |= {
                "selected": request.POST.getlist("_selected_action"),
                "across": request.POST.get("select_across", "0"),
                "title": "Exclude from the sync?",
            }
            return render(request, "admin/syncapp/syncedobject/exclude.html", context)
        self._say(request, links.exclude(queryset, person(request)), "excluded from the sync")
        return None

    @admin.action(description="Download as CSV")
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        head = (
            "Company", "Kind", "Name", "Vendor", "Number", "Amount", "Date", "State", "Reason", "Why", "BILL id",
            "QuickBooks id",
        )  # fmt: skip

        def rows() -> Iterator[tuple[Any, ...]]:
            for row in queryset.select_related("company", "party").iterator(chunk_size=500):
                why = row.hold.describe() if row.hold else ""
                yield (
                    row.company.name, row.get_kind_display(), str(row), self.party_(row), row.number, row.amount,
                    row.date, row.state_words, row.hold_code, why, row.billcom_id, row.qbo_id,
                )  # fmt: skip

        return csv_response("records", head, rows())

    def _say(self, request: HttpRequest, number: int, what: str) -> None:
        if number:
            self.message_user(request, f"{counted(number, 'record')} {what}.", messages.SUCCESS)
        else:
            words = "Nothing was changed: that doesn't fit the state of these records, or you may only look."
            self.message_user(request, words, messages.WARNING)

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
        if not sure and _asks(row, what) and may_work_on(request, row.company_id):
            return self._ask(request, row, what)
        try:
            row = self._do(request, row, what)
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:syncapp_syncedobject_change", args=[row.pk]))

    def _ask(self, request: HttpRequest, row: SyncedObject, what: str) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "row": row, "what": what, "title": "Are you sure?"}
        context |= {"other": self._other(request, row), "other_side": _other_side(row)}
        context |= {"merged_into": links.merged_into(row), "candidates": links.candidates(row)[:SHOWN]}
        return render(request, "admin/syncapp/syncedobject/confirm.html", context)

    def _other(self, request: HttpRequest, row: SyncedObject) -> SyncedObject | None:
        wanted = row_number(request.POST.get("other", ""))
        if wanted is None or not links.candidates(row).filter(pk=wanted).exists():
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
        if what == "unlink":
            kept, _ = links.unlink(row, person(request))
            self.message_user(request, "Taken apart: both records stay out of the sync.", messages.SUCCESS)
            return kept
        if what == "renumber":
            remedies.renumber(row, person(request), request.POST.get("number", ""))
            self.message_user(request, "The next sync gives it that number.", messages.SUCCESS)
            return row
        if what == "choose-account":
            remedies.choose_account(row, person(request), row_number(request.POST.get("account", "")))
            self.message_user(request, "The next sync gives it that account.", messages.SUCCESS)
            return row
        if what == "files":
            found = attachments.look(row, person(request), now=timezone.now())
            words = f"{counted(found, 'new file')} in BILL; the next sync sends what is new."
            self.message_user(request, words, messages.SUCCESS)
            return row
        if what == "follow-merge":
            linked = links.follow_merge(row, person(request))
            self._say(request, 1, "linked with what it was merged with; the next sync merges the two")
            return linked
        if what == "post-again":
            links.post_again(row, person(request))
            self.message_user(request, "The next sync posts it again, as a new record.", messages.SUCCESS)
            return row
        if what == "bring-back":
            side = links.bring_back(row, person(request))
            self.message_user(request, f"The next sync brings it back in {side.label}.", messages.SUCCESS)
            return row
        if what in ("first-location", "own-locations"):
            links.use_first_location(row, person(request), use=what == "first-location")
            self.message_user(request, "The next sync looks at its locations again.", messages.SUCCESS)
            return row
        simple: dict[str, tuple[Callable[..., int], str]] = {
            "retry": (links.retry, "will be tried again with the next sync"),
            "exclude": (links.exclude, "excluded from the sync"),
            "include": (partial(links.include, create=True), "will be synced again"),
            "let-in": (links.let_in, "will be brought over with the next sync"),
            "different": (links.tell_apart, "will be created with the next sync"),
            "alike": (links.take_back, "will be matched again with the next sync"),
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
            context |= {"title": row.full_name, "subtitle": ""}
        return super().render_change_form(request, context, *args, **kwargs)
