"""Firms, who works for whom, and who may sign in: for those who install and staff the product."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from syncapp.admin.shared import SuperuserOnly, moment
from syncapp.models import Firm, Membership


@admin.register(Firm)
class FirmAdmin(SuperuserOnly):
    list_display = ("name", "companies_", "people_", "since_")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Firm]:
        found: QuerySet[Firm] = super().get_queryset(request)
        return found.annotate(
            company_count=Count("companies", distinct=True), people_count=Count("memberships", distinct=True)
        )

    @admin.display(description="Companies", ordering="company_count")
    def companies_(self, row: Firm) -> int:
        return int(row.company_count)  # type: ignore[attr-defined]

    @admin.display(description="People", ordering="people_count")
    def people_(self, row: Firm) -> int:
        return int(row.people_count)  # type: ignore[attr-defined]

    @admin.display(description="Since", ordering="created_at")
    def since_(self, row: Firm) -> str:
        return moment(row.created_at)


@admin.register(Membership)
class MembershipAdmin(SuperuserOnly):
    list_display = ("user", "role", "firm", "company")
    list_filter = ("role", "firm")
    list_select_related = ("user", "firm", "company")
    search_fields = ("user__username", "user__email", "firm__name", "company__name")
    autocomplete_fields = ("user", "firm", "company")


class MembershipInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 0
    autocomplete_fields = ("firm", "company")
    verbose_name_plural = "what this person works for"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The column's head is no label to somebody who can't see it above the field."""
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        if found is not None:
            widget: Any = getattr(found.widget, "widget", found.widget)
            widget.attrs["aria-label"] = capfirst(str(found.label))
        return found


# Rights follow from memberships alone; Django's groups and permissions decide nothing here.
admin.site.unregister((User, Group))


@admin.register(User)
class PersonAdmin(SuperuserOnly, UserAdmin):
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "memberships__role")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_superuser", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    inlines = (MembershipInline,)
