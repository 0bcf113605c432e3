"""Wrong settings are found at start, with what to do about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


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


@register(Tags.database)
def keys_open_what_is_sealed(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A key that was lost or mistyped would show only in the middle of a night's sync."""
    # Models are there only once the apps are.
    from syncapp.services.keys import unreadable

    locked = unreadable() if databases else []
    named = ", ".join(f"{each.company} ({each.get_side_display()})" for each in locked[:10])
    hint = "Put the key that sealed them back into TOKEN_KEYS, or connect them again."
    words = f"None of TOKEN_KEYS opens the credentials of {len(locked)} connections: {named}."
    return [Error(words, hint=hint, id="syncapp.E005")] if locked else []
