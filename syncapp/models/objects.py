"""The pairs: one real-world thing, its id on each side, what each side last showed, and the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from syncapp.core.holds import TEXTS, Hold, HoldCode
from syncapp.core.records import WriteVerb
from syncapp.core.sides import Side
from syncapp.core.verbs import word
from syncapp.models.companies import Company
from syncapp.models.connections import SIDE_CHOICES
from syncapp.models.fields import ExactJSONField

if TYPE_CHECKING:
    from collections.abc import Iterable


class ObjectState(models.TextChoices):
    NEW = "new", "New"
    LINKED = "linked", "In step"
    PENDING = "pending", "Being written"
    HELD = "held", "Held"
    RETIRED = "retired", "Gone on both sides"


def hold_choices() -> list[tuple[str, str]]:
    return [(code.value, TEXTS[code].title) for code in HoldCode]


def kind_choices() -> list[tuple[str, str]]:
    from syncapp.kinds import KINDS

    return [(kind.name, kind.label) for kind in KINDS.values()]


class SyncedObjectQuerySet(models.QuerySet["SyncedObject"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))

    def of(self, company: Company, kind: str) -> Self:
        return self.filter(company=company, kind=kind)

    def to_look_at(self, company: Company, kind: str) -> Self:
        return self.of(company, kind).filter(needs_look=True)

    def free_waiting(self, targets: Iterable[int]) -> int:
        """What waited for these looks again: its reason may be gone."""
        return self.filter(waits_for__in=list(targets), state=ObjectState.HELD).update(needs_look=True)

    def look_again(self) -> int:
        return self.update(needs_look=True)


class SyncedObject(models.Model):
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="objects_synced")
    kind = models.CharField(max_length=30, choices=kind_choices)
    billcom_id = models.CharField("BILL id", max_length=80, null=True, blank=True)  # noqa: DJ001  NULL keeps the unique constraint off
    qbo_id = models.CharField("QuickBooks id", max_length=40, null=True, blank=True)  # noqa: DJ001
    billcom_values = ExactJSONField(null=True)
    qbo_values = ExactJSONField(null=True)
    billcom_raw = ExactJSONField(null=True)
    qbo_raw = ExactJSONField(null=True)
    billcom_version = models.CharField(max_length=40, blank=True, help_text="BILL's updatedTime.")
    qbo_version = models.CharField(max_length=40, blank=True, help_text="QuickBooks' SyncToken.")
    base = ExactJSONField(null=True, help_text="The values both sides had when they last agreed.")

    state = models.CharField(max_length=10, choices=ObjectState.choices, default=ObjectState.NEW)
    hold_code = models.CharField(max_length=30, choices=hold_choices, blank=True)
    hold_facts = ExactJSONField(default=dict)
    waits_for = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="waiting")
    candidates = ExactJSONField(default=list, help_text="Keys of the records it could be linked with.")
    wanted = ExactJSONField(default=dict, help_text="Values a person wants back: field -> side and value.")
    told_apart = models.BooleanField(default=False, help_text="A person said it is none of the candidates.")
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    excluded = models.BooleanField(default=False)
    included = models.BooleanField(default=False, help_text="A person wants it in though it was paid before.")
    first_location = models.BooleanField(
        default=False, db_default=False, help_text="A person said that the first line's location counts for all."
    )
    needs_look = models.BooleanField(default=True)

    label = models.CharField(max_length=500, blank=True)
    number = models.CharField(max_length=100, blank=True)
    amount = models.DecimalField(max_digits=19, decimal_places=2, null=True, blank=True)
    date = models.DateField(null=True, blank=True)
    party = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="transactions",
        verbose_name="vendor or customer",
    )
    funded_from = models.CharField(
        "BILL bank account",
        max_length=40,
        blank=True,
        db_default="",
        help_text="What a payment was drawn from, or reached.",
    )
    part_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="parts", verbose_name="funds transfer"
    )
    match_key = models.CharField(max_length=300, blank=True)
    second_key = models.CharField(max_length=300, blank=True)
    proposal_key = models.CharField(max_length=300, blank=True)

    first_seen_at = models.DateTimeField(default=timezone.now)
    synced_at = models.DateTimeField("last in step", null=True, blank=True)

    objects = SyncedObjectQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "synced object"
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "billcom_id"], name="billcom_record_once"),
            models.UniqueConstraint(fields=["company", "kind", "qbo_id"], name="qbo_record_once"),
            models.CheckConstraint(
                condition=Q(billcom_id__isnull=False) | Q(qbo_id__isnull=False), name="object_has_a_side"
            ),
            models.CheckConstraint(condition=~Q(state=ObjectState.HELD) | ~Q(hold_code=""), name="hold_has_a_reason"),
        ]
        indexes = [
            models.Index(fields=["company", "kind"], condition=Q(needs_look=True), name="object_to_look_at"),
            models.Index(
                fields=["company", "date"], condition=Q(part_of=None) & ~Q(funded_from=""), name="object_to_be_funded"
            ),
            models.Index(fields=["company", "kind", "match_key"], name="object_match_key"),
            models.Index(fields=["company", "kind", "second_key"], name="object_second_key"),
            models.Index(fields=["company", "kind", "proposal_key"], name="object_proposal_key"),
            models.Index(fields=["company", "state", "hold_code"], name="object_holds"),
        ]

    def __str__(self) -> str:
        return self.label or self.number or f"{self.get_kind_display()} {self._described or self.pk}"

    @property
    def state_words(self) -> str:
        """Its state, of what is gone with how this kind goes away."""
        if self.state != ObjectState.RETIRED:
            return ObjectState(self.state).label
        from syncapp.kinds import KINDS

        how = "Deleted or voided" if KINDS[self.kind].transaction else "Inactive"
        return f"{how} on both sides" if self.linked else how

    @property
    def full_name(self) -> str:
        """With its kind in front."""
        named = self.label or self.number
        return f"{self.get_kind_display()} {named}" if named else str(self)

    @property
    def _described(self) -> str:
        """5 Nov 2026, 1,714.97: what a record without name and number is known by."""
        day = f"{self.date:%d %b %Y}".lstrip("0") if self.date else ""
        return ", ".join(filter(None, (day, f"{self.amount:,.2f}" if self.amount is not None else "")))

    @property
    def linked(self) -> bool:
        return self.billcom_id is not None and self.qbo_id is not None

    def remote_id(self, side: str) -> str | None:
        return self.billcom_id if side == Side.BILLCOM else self.qbo_id

    @property
    def let_in(self) -> bool:
        """A person wants it in, and no sync has looked at it since."""
        return self.included and self.needs_look and self.state == ObjectState.HELD

    @property
    def hold(self) -> Hold | None:
        if not self.hold_code:
            return None
        return Hold(HoldCode(self.hold_code), self.hold_facts or {}, self.waits_for_id)


class Verb(models.TextChoices):
    CREATE = "create", "Create"
    UPDATE = "update", "Update"
    RETIRE = "retire", "Retire"
    RESTORE = "restore", "Restore"


class OperationState(models.TextChoices):
    PLANNED = "planned", "Planned"
    IN_DOUBT = "in-doubt", "In doubt"
    DONE = "done", "Done"
    ADOPTED = "adopted", "Done (found again)"
    REFUSED = "refused", "Refused"
    DROPPED = "dropped", "Not carried out"


OPEN_STATES = (OperationState.PLANNED, OperationState.IN_DOUBT)


class OperationQuerySet(models.QuerySet["Operation"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))

    def unfinished(self, company: Company) -> Self:
        return self.filter(company=company, state__in=OPEN_STATES)


class Operation(models.Model):
    """One write: the intent is committed before the call, the outcome after it."""

    id = models.UUIDField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="operations")
    run = models.ForeignKey("SyncRun", on_delete=models.SET_NULL, null=True, related_name="operations")
    object = models.ForeignKey(SyncedObject, on_delete=models.SET_NULL, null=True, related_name="operations")
    kind = models.CharField(max_length=30, choices=kind_choices)
    side = models.CharField("written to", max_length=10, choices=SIDE_CHOICES)
    verb = models.CharField(max_length=10, choices=Verb.choices)
    state = models.CharField(max_length=10, choices=OperationState.choices, default=OperationState.PLANNED)
    payload = ExactJSONField(help_text="What was sent.")
    values = ExactJSONField(null=True, help_text="The same, in our own words.")
    request_id = models.CharField(max_length=50, blank=True)
    item_id = models.CharField(max_length=10, blank=True)
    remote_id = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_words = models.TextField(blank=True)
    planned_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-planned_at", "-id"]
        verbose_name = "journal entry"
        verbose_name_plural = "journal entries"
        constraints = [
            models.UniqueConstraint(
                fields=["object", "side"], condition=Q(state__in=OPEN_STATES), name="one_open_operation_per_record"
            )
        ]
        indexes = [
            models.Index(fields=["company"], condition=Q(state__in=OPEN_STATES), name="operation_unfinished"),
            models.Index(fields=["company", "-planned_at"], name="operation_recent"),
            models.Index(fields=["-planned_at", "-id"], name="operation_recent_everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.get_kind_display().lower()} in {self.get_side_display()}"

    @property
    def what(self) -> str:
        """ "Delete", in the word of the product that it is written to."""
        from syncapp.kinds import KINDS

        return word(KINDS[self.kind], Side(self.side), WriteVerb(self.verb)).to_do


class ConflictState(models.TextChoices):
    OPEN = "open", "To review"
    REVIEWED = "reviewed", "Reviewed"
    RESTORED = "restored", "Other value restored"


class ConflictQuerySet(models.QuerySet["Conflict"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))


class Conflict(models.Model):
    """Both sides changed the same field since base. The master's value was written; the lost one stays here."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="conflicts")
    run = models.ForeignKey("SyncRun", on_delete=models.SET_NULL, null=True, related_name="conflicts")
    object = models.ForeignKey(SyncedObject, on_delete=models.CASCADE, related_name="conflicts")
    kind = models.CharField(max_length=30, choices=kind_choices)
    field = models.CharField(max_length=60)
    base_value = ExactJSONField(null=True)
    billcom_value = ExactJSONField(null=True)
    qbo_value = ExactJSONField(null=True)
    kept = models.CharField(max_length=10, choices=SIDE_CHOICES)
    state = models.CharField(max_length=10, choices=ConflictState.choices, default=ConflictState.OPEN)
    at = models.DateTimeField(default=timezone.now)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["company", "state"], name="conflict_open")]

    def __str__(self) -> str:
        return f"{self.object}: {self.field}"

    @property
    def lost_value(self) -> Any:
        return self.qbo_value if self.kept == Side.BILLCOM else self.billcom_value
