"""The product's face: one file per screen, generic over kind."""

from __future__ import annotations

from syncapp.admin import companies, conflicts, connections, objects, people, runs, webhooks

__all__ = ["companies", "conflicts", "connections", "objects", "people", "runs", "webhooks"]
