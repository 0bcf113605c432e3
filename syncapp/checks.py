"""Wrong settings are found at start, with what to do about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def token_keys(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """TOKEN_KEYS seal the credentials: at least one, each a Fernet key."""
    if not settings.TOKEN_KEYS:
        return [Error("TOKEN_KEYS is empty.", hint="Set it to a key made by Fernet.generate_key().", id="syncapp.E001")]
    for position, key in enumerate(settings.TOKEN_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            hint = "Each key is 32 url-safe base64 bytes, as Fernet.generate_key() makes them."
            return [Error(f"TOKEN_KEYS: key {position} is not a Fernet key.", hint=hint, id="syncapp.E002")]
    return []


@register()
def queue_times(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """django-q2 starts a task again when ``retry`` is over, so it must cover the whole task."""
    cluster = settings.Q_CLUSTER
    if cluster["retry"] <= cluster["timeout"]:
        return [Error("Q_CLUSTER retry must be longer than timeout, else tasks run twice.", id="syncapp.E003")]
    if cluster["timeout"] < settings.SLICE_SECONDS * 2:
        return [Error("SLICE_SECONDS must be at most half of Q_CLUSTER timeout.", id="syncapp.E004")]
    return []
