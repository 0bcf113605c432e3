"""The few pages that are no model's screen: get started, connect, preferences, preview, progress, health."""

from __future__ import annotations
