"""What the two products told of, what came of it, and BILL's subscriptions: to look at, for support."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from syncapp.admin.shared import CompanyFilter, CompanyScoped, badge, moment, once, short_side
from syncapp.models import Company, Outcome, Subscription, WebhookEvent, is_support

OUTCOME_TONES = {Outcome.WAITS: "waiting", Outcome.STARTED: "done", Outcome.STOPPED: "stopped"}


class ForSupport(CompanyScoped):
    """Accountants have nothing to do with it; who supports sees every company, and what belongs to none."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = admin.ModelAdmin.get_queryset(self, request)
        return found if self.has_module_permission(request) else found.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return once(request, "support", lambda: is_support(request.user))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ForSupport):
    list_display = ("received_", "company_", "side_", "what", "remote_id", "happened_", "outcome_", "handled_")
    list_filter = (CompanyFilter, "side", "outcome", "received_at")
    list_select_related = ("company",)
    search_fields = ("company__name", "=remote_id", "=remote_company", "=event_id")
    search_help_text = "Company, or the id of a record, company or event there"
    empty_words = (
        "Notifications of BILL and QuickBooks Online stand here for 30 days. The README says how to set them up."
    )
    fields = (
        "company", "side", "remote_company", "what", "remote_id", "event_id", "happened_at", "received_at", "outcome",
        "handled_at",
    )  # fmt: skip

    @admin.display(description="Received", ordering="received_at")
    def received_(self, row: WebhookEvent) -> str:
        return moment(row.received_at)

    @admin.display(description="Company", ordering="company__name")
    def company_(self, row: WebhookEvent) -> str:
        """What waits hasn't been looked at yet; then the product's own number has to do."""
        return str(row.company or row.remote_company)

    @admin.display(description="Side", ordering="side")
    def side_(self, row: WebhookEvent) -> str:
        return short_side(row.side)

    @admin.display(description="Changed there", ordering="happened_at")
    def happened_(self, row: WebhookEvent) -> str:
        return moment(row.happened_at)

    @admin.display(description="What came of it", ordering="outcome")
    def outcome_(self, row: WebhookEvent) -> SafeString:
        return badge(OUTCOME_TONES.get(Outcome(row.outcome), ""), row.get_outcome_display())

    @admin.display(description="Looked at", ordering="handled_at")
    def handled_(self, row: WebhookEvent) -> str:
        return moment(row.handled_at)


@admin.register(Subscription)
class SubscriptionAdmin(ForSupport):
    """No security key is ever loaded here, so none can be shown."""

    company_path = "connection__company"
    list_display = ("company_", "state_", "remote_id", "address_", "switched_on_", "next_check_", "trouble")
    ordering = ("connection__company__name",)
    list_select_related = ("connection__company",)
    search_fields = ("connection__company__name", "=remote_id", "=organization_id")
    search_help_text = "Company, or the id at BILL"
    empty_words = (
        "BILL is asked to tell of changes where PUBLIC_URL is an https address. The daily sync needs none of it."
    )
    fields = ("company_", "organization_id", "remote_id", "address_", "switched_on_at", "next_check_at", "trouble")
    readonly_fields = ("company_", "address_")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request).select_related("connection__company")
        return found.defer("security_key", "connection__credentials")

    @admin.display(description="Company", ordering="connection__company__name")
    def company_(self, row: Subscription) -> Company:
        return row.connection.company

    @admin.display(description="State")
    def state_(self, row: Subscription) -> SafeString:
        if row.trouble:
            return badge("failed", "None: see why")
        return badge("done", "Subscribed") if row.remote_id else badge("waiting", "Being made")

    @admin.display(description="Our address", ordering="url")
    def address_(self, row: Subscription) -> str:
        return row.url

    @admin.display(description="Switched on again", ordering="switched_on_at")
    def switched_on_(self, row: Subscription) -> str:
        return moment(row.switched_on_at)

    @admin.display(description="Next check", ordering="next_check_at")
    def next_check_(self, row: Subscription) -> str:
        return moment(row.next_check_at)
