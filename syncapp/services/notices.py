"""Mail to people about what only they can put right."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from syncapp.core.sides import Side
from syncapp.models import Company, Connection, Membership, Role

log = logging.getLogger(__name__)

AT_ONCE = 200
# A mail server that hangs must not hold up the runs that are to be woken.
MAIL_SECONDS = 10
_PAGES = {Side.QBO: "syncapp:connect-quickbooks", Side.BILLCOM: "syncapp:connect-bill"}


def tell_of_lost_connections(now: datetime) -> int:
    """One mail to each administrator with all that was lost and not told yet; how many mails.

    What reached nobody, because the mail server was away, is told the next time.
    """
    theirs: dict[User, list[Connection]] = defaultdict(list)
    for connection in _claimed(now):
        people = _administrators(connection.company) or _who_connected(connection)
        if not people:
            log.warning("%s was lost, and nobody who could be told has an e-mail address", connection)
        for person in people:
            theirs[person].append(connection)
    reached = [person for person, lost in theirs.items() if _sent(person, lost)]
    told = {connection.pk for person in reached for connection in theirs[person]}
    missed = {connection.pk for lost in theirs.values() for connection in lost} - told
    Connection.objects.filter(pk__in=missed, told_at=now).update(told_at=None)
    return len(reached)


def _claimed(now: datetime) -> list[Connection]:
    """Marked as told before any mail goes out, so that no second worker tells the same."""
    untold = Connection.objects.untold().filter(company__archived=False)
    found = untold.select_related("company__firm", "connected_by").order_by("company__name", "side")[:AT_ONCE]
    return [each for each in found if Connection.objects.untold().filter(pk=each.pk).update(told_at=now)]


def _administrators(company: Company) -> list[User]:
    theirs = Q(company=company) | Q(firm__isnull=False, firm=company.firm_id)
    found = Membership.objects.filter(theirs, role=Role.ADMINISTRATOR).select_related("user")
    return _reachable(membership.user for membership in found)


def _who_connected(connection: Connection) -> list[User]:
    """Where a company has no administrator; if that person still works for it."""
    person = connection.connected_by
    works = person is not None and Company.objects.workable_by(person).filter(pk=connection.company_id).exists()
    return _reachable([person] if works else [])


def _reachable(people: Iterable[User | None]) -> list[User]:
    known = {person.pk: person for person in people if person is not None and person.is_active and person.email}
    return [known[pk] for pk in sorted(known)]


def _sent(person: User, lost: list[Connection]) -> bool:
    try:
        return bool(_mail(person, lost).send())
    except OSError as error:
        log.warning("No mail about lost connections could be sent: %s", error)
        return False


def _mail(person: User, lost: list[Connection]) -> EmailMessage:
    """In plain words, with no word of a product's answer in it: that is for the pages, behind the sign-in."""
    shown = [
        {
            "company": " ".join(each.company.name.split()),
            "product": each.get_side_display(),
            "url": settings.PUBLIC_URL + reverse(_PAGES[Side(each.side)], args=[each.company_id]),
        }
        for each in lost
    ]
    about = {"person": person, "lost": shown, "first": shown[0], "url": settings.PUBLIC_URL}
    subject = render_to_string("mail/lost_connections_subject.txt", about).strip()
    body = render_to_string("mail/lost_connections.txt", about)
    return EmailMessage(subject, body, to=[person.email], connection=get_connection(timeout=MAIL_SECONDS))
