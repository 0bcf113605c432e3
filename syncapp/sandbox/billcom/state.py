"""All of it as plain JSON values, and back."""

from __future__ import annotations

from typing import Any

from syncapp.sandbox.billcom.declaring import Right
from syncapp.sandbox.billcom.organization import Context, Organization
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.sessions import Sessions
from syncapp.sandbox.billcom.values import exact

PLAIN = (
    *("id", "name", "console", "password", "token_name", "token_value", "token_user", "details"),
    *("policies", "subscriptions", "events", "awaited", "moved_on", "documents"),
)


def dump(context: Context, organizations: dict[str, Organization], sessions: Sessions) -> dict[str, Any]:
    return {
        "count": context.count,
        "sessions": sessions.dump(),
        "organizations": [_dumped(each) for each in organizations.values()],
    }


def _dumped(organization: Organization) -> dict[str, Any]:
    return {
        **{name: getattr(organization, name) for name in PLAIN},
        "rights": {role: sorted(rights) for role, rights in organization.rights.items()},
        "tables": {name: list(table) for name, table in organization.tables.items()},
    }


def restore(context: Context, organizations: dict[str, Organization], sessions: Sessions, kept: dict[str, Any]) -> None:
    context.count = kept["count"]
    organizations.clear()
    for each in kept["organizations"]:
        organizations[each["id"]] = _restored(each)
    sessions.restore(kept["sessions"])


def _restored(kept: dict[str, Any]) -> Organization:
    organization = Organization(**{name: kept[name] for name in PLAIN})
    organization.rights = {role: frozenset(Right(each) for each in rights) for role, rights in kept["rights"].items()}
    for name in RESOURCES:
        table = organization.tables[name]
        for row in kept["tables"].get(name, ()):
            table.put(_decimal(row))
    return organization


def _decimal(value: Any) -> Any:
    """Amounts read as binary floats become decimals again."""
    if isinstance(value, dict):
        return {name: _decimal(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_decimal(each) for each in value]
    return exact(value)
