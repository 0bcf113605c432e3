"""The product's face: one file per screen, generic over kind."""

from __future__ import annotations

from syncapp.admin import attachments, companies, conflicts, connections, objects, people, runs, webhooks

__all__ = ["attachments", "companies", "conflicts", "connections", "objects", "people", "runs", "webhooks"]
