"""What the next sync would write. Nothing is written by looking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from syncapp.core.holds import TEXTS, HoldCode
from syncapp.core.records import WriteVerb
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.core.verbs import word
from syncapp.kinds import KINDS
from syncapp.models import Company, SetupStep, Verb
from syncapp.services import preview as service
from syncapp.services.errors import ServiceError
from syncapp.services.preview import Preview, PreviewRow
from syncapp.views.access import SignedIn, looks_at_company
from syncapp.views.pages import render_page
from syncapp.views.results import shown

WITHOUT_SIDE = {"link": "to link", "hold": "held", "conflict": "changed on both sides"}


@dataclass(frozen=True)
class Line:
    """One planned change, link or hold, in words."""

    kind: str
    record: str
    address: str
    side: str
    verb: str
    field: str
    before: str
    after: str
    about: str


@dataclass(frozen=True)
class HeldFor:
    """The records that would be held for one reason."""

    title: str
    lines: list[Line]


@never_cache
@require_safe
@looks_at_company
def preview(request: SignedIn, company: Company) -> HttpResponse:
    ready = company.setup_step in (SetupStep.FIRST_SYNC, SetupStep.DONE)
    about: dict[str, Any] = {"company": company, "ready": ready, "read_at": service.read_at(company)}
    try:
        plan = service.preview(company, now=timezone.now())
    except ServiceError as error:
        return render_page(request, "preview.html", "Preview", refused=str(error), **about)
    if about["read_at"] is None and company.setup_step != SetupStep.DONE:
        # The accounts of the one side would be made on the other, though most of them are there.
        return render_page(request, "preview.html", "Preview", unread=True, **about)
    return render_page(
        request,
        "preview.html",
        "Preview",
        plan=plan,
        writes=_lines(plan.rows),
        links=_lines(plan.links),
        holds=_by_reason(plan.holds),
        totals=_totals(plan),
        unseen=[(KINDS[name].plural, number) for name, number in plan.unseen.items()],
        set_up=company.setup_step == SetupStep.DONE,
        **about,
    )


def _lines(rows: Sequence[PreviewRow]) -> list[Line]:
    return [_line(row) for row in rows]


def _by_reason(rows: Sequence[PreviewRow]) -> list[HeldFor]:
    """The commonest reason first."""
    found: dict[str, list[PreviewRow]] = {}
    for row in rows:
        found.setdefault(row.reason, []).append(row)
    reasons = sorted(found.items(), key=lambda each: -len(each[1]))
    return [HeldFor(TEXTS[HoldCode(code)].title, _lines(held)) for code, held in reasons]


def _line(row: PreviewRow) -> Line:
    kind = KINDS[row.kind]
    field = kind.fields.get(row.field)
    update = row.verb == Verb.UPDATE
    return Line(
        kind=kind.label,
        record=row.label,
        address=reverse("admin:syncapp_syncedobject_change", args=[row.key]),
        side=Side(row.side).label if row.side else "",
        verb=word(kind, Side(row.side), WriteVerb(row.verb)).to_do if row.verb in Verb.values else "",
        field=(field.label if field else "") or row.field,
        before=shown(row.before) if update else "",
        after=shown(row.after) if update else row.after or "",
        about=", ".join(_in_words(each) for each in row.about),
    )


def _in_words(value: str | date | Decimal) -> str:
    if isinstance(value, date):
        return date_format(value, "j M Y")
    return f"{value:,.2f}" if isinstance(value, Decimal) else value


def _totals(plan: Preview) -> list[tuple[str, int]]:
    """How much of what, over the whole plan, even where the list below is cut."""
    totals: dict[str, int] = {}
    for name, number in plan.counts.items():
        kind, what, *side = name.split(".")
        title = _title(KINDS[kind], WriteVerb(what), Side(side[0])) if side else WITHOUT_SIDE[what]
        totals[title] = totals.get(title, 0) + number
    return sorted(totals.items(), key=lambda total: -total[1])


def _title(kind: Kind, verb: WriteVerb, side: Side) -> str:
    return f"to {word(kind, side, verb).to_do.lower()} in {side.label}"
