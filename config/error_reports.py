"""What an error mail to the operators says: where it happened and of which type, and no value of anything.

Local variables, forms, addresses, cookies and the words of an exception may hold what signs in to a client's books, or
the books themselves. The log on the server has the words.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from traceback import extract_tb, format_list

from django.conf import settings
from django.http import HttpRequest
from django.utils.log import AdminEmailHandler


class Refusals(logging.Filter):
    """A page that was refused or isn't there is one line of the log, without the way through the code."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 0) in (403, 404):
            record.exc_info = record.exc_text = None
        return True


class MailHandler(AdminEmailHandler):
    """Mails each error to ADMINS; settings name it as the handler of Django's logger."""

    def emit(self, record: logging.LogRecord) -> None:
        if not settings.ADMINS:
            return
        error = record.exc_info[1] if record.exc_info else None
        what = type(error).__name__ if error else f"{record.name}, line {record.lineno} of {record.module}"
        where = _where(getattr(record, "request", None))
        story = "\n".join(_story(error)) if error else ""
        body = f"{record.levelname}: {what}\nWhere: {where}\n\n{story}\n\nThe server's log of this moment says more.\n"
        self.send_mail(f"{record.levelname}: {what} at {where}", body, fail_silently=True)


def _where(request: object) -> str:
    """The route and not the address, which may have the key of a letter in it."""
    if not isinstance(request, HttpRequest):
        return "no page"
    match = request.resolver_match
    return f"{request.method} {match.route if match else '(no page of ours)'}"


def _story(error: BaseException) -> Iterator[str]:
    """Types and lines of code, the cause first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _story(before)
        yield "\nwhich led to:\n"
    yield from (line.rstrip() for line in format_list(extract_tb(error.__traceback__)))
    yield type(error).__name__
