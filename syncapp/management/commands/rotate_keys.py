"""`manage.py rotate_keys`: seal all credentials with the first of TOKEN_KEYS; then the older keys can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syncapp.services import keys


class Command(BaseCommand):
    help = "Seals all credentials anew with the first of TOKEN_KEYS. After it, older keys may be removed."

    def handle(self, **options: Any) -> None:
        if locked := keys.unreadable():
            named = ", ".join(f"{each.company} ({each.get_side_display()})" for each in locked)
            raise CommandError(
                f"None of TOKEN_KEYS opens the credentials of {named}. Nothing was changed: "
                "put the key that sealed them back into TOKEN_KEYS, or connect them again."
            )
        number = keys.seal_anew()
        self.stdout.write(f"{number} connections' credentials are sealed with the first key. The others may go.")
