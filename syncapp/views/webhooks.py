"""Where the two products tell of changes. Intuit wants an answer within three seconds; nothing is looked at here."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from syncapp import tasks
from syncapp.services import webhooks

# Some thousand events; below Django's own limit, and far above what either product sends at once.
LONGEST_BODY = 2 * 1024 * 1024


class Receive(Protocol):
    def __call__(self, body: bytes, signature: str, *, now: datetime) -> bool: ...


@csrf_exempt
@require_POST
def quickbooks(request: HttpRequest) -> HttpResponse:
    return _answer(request, "intuit-signature", webhooks.receive_qbo)


@csrf_exempt
@require_POST
def bill(request: HttpRequest) -> HttpResponse:
    return _answer(request, "x-bill-sha-signature", webhooks.receive_billcom)


def _answer(request: HttpRequest, signature: str, receive: Receive) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        return HttpResponse(status=413)
    try:
        wake = receive(request.body, request.headers.get(signature, ""), now=timezone.now())
    except webhooks.NotGenuine:
        return HttpResponse(status=403)
    except webhooks.NotReadable:
        return HttpResponse(status=400)
    if wake:
        tasks.wake_for_webhooks()
    return HttpResponse(status=200)
