"""The keys that seal credentials: whether they fit what is sealed, and sealing anew with the first of them."""

from __future__ import annotations

from cryptography.fernet import InvalidToken
from django.db import connection as database
from django.db import transaction

from syncapp.models import Connection, Subscription


def unreadable() -> list[Connection]:
    """Connections whose credentials none of TOKEN_KEYS opens; none before the first migration."""
    if Connection._meta.db_table not in database.introspection.table_names():
        return []
    found = []
    for connection in (
        Connection.objects.filter(credentials__isnull=False).defer("credentials").select_related("company")
    ):
        try:
            Connection.objects.filter(pk=connection.pk).values_list("credentials", flat=True).get()
        except InvalidToken:
            found.append(connection)
    return found


def seal_anew() -> int:
    """Seal all credentials with the first of TOKEN_KEYS, so that the others can be taken away; how many.

    Raises InvalidToken before anything is changed of the connection that no key opens.
    """
    sealed = 0
    for key in Connection.objects.filter(credentials__isnull=False).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            # Locked, so that a token renewed meanwhile isn't overwritten by the one before it.
            connection = Connection.objects.select_for_update().get(pk=key)
            if connection.credentials is not None:
                connection.save(update_fields=["credentials"])
                sealed += 1
            for subscription in Subscription.objects.select_for_update().filter(connection=connection):
                subscription.save(update_fields=["security_key"])
    return sealed
