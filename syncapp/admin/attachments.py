"""Files attached to bills: what was sent, and what wasn't and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString

from syncapp.admin.shared import (
    HEAVY_OF_OBJECT,
    CompanyFilter,
    CompanyScoped,
    badge,
    counted,
    moment,
    person,
    record_link,
    short_side,
)
from syncapp.models import Attachment, AttachmentState
from syncapp.services import attachments

TONES = {
    AttachmentState.WAITING: "waiting",
    AttachmentState.SENDING: "waiting",
    AttachmentState.FILING: "waiting",
    AttachmentState.SENT: "done",
    AttachmentState.THERE: "done",
}


@admin.register(Attachment)
class AttachmentAdmin(CompanyScoped):
    list_display = ("name", "bill_", "company", "side_", "size_", "state_", "words", "sent_")
    list_filter = (CompanyFilter, "state", "side", "sent_at")
    list_select_related = ("company", "object")
    search_fields = ("name", "object__label", "=remote_id", "=other_id", "company__name")
    search_help_text = "File, bill, company, or the file's id on either side"
    empty_words = "Files attached to bills stand here once a sync has found them."
    fields = (
        "company", "bill_", "name", "side", "remote_id", "other_id", "size_", "state", "words", "seen_at", "sent_at",
    )  # fmt: skip
    readonly_fields = ("bill_", "size_")
    actions = ("again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*HEAVY_OF_OBJECT)

    @admin.display(description="Bill", ordering="object__label")
    def bill_(self, row: Attachment) -> SafeString | str:
        return record_link(row.object)

    @admin.display(description="Comes from", ordering="side")
    def side_(self, row: Attachment) -> str:
        return short_side(row.side)

    @admin.display(description="Size", ordering="size")
    def size_(self, row: Attachment) -> str:
        return filesizeformat(row.size) if row.size is not None else ""

    @admin.display(description="State", ordering="state")
    def state_(self, row: Attachment) -> SafeString:
        return badge(TONES.get(AttachmentState(row.state), "held"), row.get_state_display())

    @admin.display(description="Sent", ordering="sent_at")
    def sent_(self, row: Attachment) -> str:
        return moment(row.sent_at)

    @admin.action(description="Send again with the next sync", permissions=["work"])
    def again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        number = attachments.send_again(queryset, person(request))
        words = f"{counted(number, 'file')} will be tried again with the next sync."
        self.message_user(request, words, messages.SUCCESS if number else messages.WARNING)
