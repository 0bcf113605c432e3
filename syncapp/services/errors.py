"""What a person is told when something can't be done."""

from __future__ import annotations


class ServiceError(Exception):
    """Refused, with a message in plain language that says what to do; safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAvailable(ServiceError):
    """The connected user's role or the plan doesn't have it; what doesn't need it can go on."""
