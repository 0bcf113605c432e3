"""From the last release's tables, with rows in every one of them, to today's and back; and its workers beside ours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps as today
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from syncapp.models.fields import ExactJSONField, SealedJSONField

RELEASED = ("syncapp", "0006_bills_let_in")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# What the database's own rules ask for, beyond a value of the right type.
GIVEN: dict[str, dict[str, Any]] = {
    "membership": {"company": None},
    "syncedobject": {"waits_for": None, "hold_code": "", "kind": "bill"},
    "conflict": {"kind": "bill"},
    "operation": {"kind": "bill"},
    "syncpreferences": {"vendor_country": "US"},
}
# Told anew on the way: a bill is looked at once more, and a pair of the old release knows no party.
CHANGED = {"syncedobject": {"needs_look"}}

Dump = dict[str, dict[Any, dict[str, Any]]]


def migrate(target: tuple[str, str] | None) -> Any:
    """The models as they were then; None: the newest."""
    executor = MigrationExecutor(connection)
    targets = [target] if target else [node for node in executor.loader.graph.leaf_nodes() if node[0] == "syncapp"]
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def released(transactional_db: None) -> Iterator[Any]:
    """The last release's tables and models; afterwards today's tables are there again, whatever happened."""
    try:
        yield migrate(RELEASED)
    finally:
        migrate(None)


def fill(apps: Any, number: int) -> None:
    """One row in every table, by the release's own models."""
    made: dict[str, Any] = {
        "user": apps.get_model("auth", "User").objects.create(username=f"user {number}"),
    }
    waiting = list(apps.get_app_config("syncapp").get_models())
    while waiting:
        ready = [model for model in waiting if not _needs(model) - made.keys()]
        assert ready, f"These need one another: {waiting}"
        for model in ready:
            name = model._meta.model_name
            made[name] = model._default_manager.create(**_row(model, number, made))
            waiting.remove(model)


def _needs(model: type[models.Model]) -> set[str]:
    fields = [field for field in model._meta.concrete_fields if field.is_relation and field.related_model is not model]
    given = GIVEN.get(str(model._meta.model_name), {})
    return {field.related_model._meta.model_name for field in fields if field.name not in given}  # type: ignore


def _row(model: type[models.Model], number: int, made: dict[str, Any]) -> dict[str, Any]:
    row = {field.name: _value(field, number, made) for field in model._meta.concrete_fields if not _automatic(field)}
    return {**row, **GIVEN.get(str(model._meta.model_name), {})}


def _automatic(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.AutoField)


def _value(field: Any, number: int, made: dict[str, Any]) -> Any:
    if field.is_relation:
        return made.get(field.related_model._meta.model_name)
    if field.has_default() and not callable(field.default):
        return field.default
    if field.choices:
        return list(field.choices)[0][0]
    for kind, value in _VALUES:
        if isinstance(field, kind):
            return value(number)
    return f"{field.name[:20]} {number}"[: field.max_length]


_VALUES: tuple[tuple[type[Any], Any], ...] = (
    (SealedJSONField, lambda number: {"refresh": f"token {number}"}),
    (ExactJSONField, lambda number: {"amount": Decimal("10.10"), "number": number}),
    (models.UUIDField, lambda number: uuid.UUID(int=number)),
    (models.DateTimeField, lambda number: AT),
    (models.DateField, lambda number: date(2026, 3, number)),
    (models.DecimalField, lambda number: Decimal("123456789.01")),
    (models.BooleanField, lambda number: False),
    (models.IntegerField, lambda number: number),
)


def dump(apps: Any) -> Dump:
    """Every row of every table, by the columns that these models know."""
    return {
        model._meta.model_name: {row["pk"]: row for row in model._default_manager.values("pk", *_columns(model))}
        for model in apps.get_app_config("syncapp").get_models()
    }


def _columns(model: type[models.Model]) -> list[str]:
    changed = CHANGED.get(str(model._meta.model_name), set())
    return [field.attname for field in model._meta.concrete_fields if field.name not in changed]


def triggers_hold() -> None:
    """Some databases make a table anew to change it, and forget what hung on it."""
    for statement in (
        "UPDATE syncapp_synclogentry SET message = 'edited'",
        "UPDATE syncapp_syncpreferences SET one_way = (1 = 0)",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def latch(apps: Any) -> None:
    apps.get_model("syncapp", "SyncPreferences").objects.update(one_way=True)


def test_every_row_comes_through_an_upgrade_and_back(released: Any) -> None:
    fill(released, 1)
    latch(released)
    before = dump(released)
    assert all(before.values())

    migrate(None)
    assert dump(released) == before
    triggers_hold()
    for model in today.get_app_config("syncapp").get_models():
        list(model._default_manager.all())
    from syncapp.models import Connection

    assert Connection.objects.get().credentials == {"refresh": "token 1"}

    migrate(RELEASED)
    assert dump(released) == before
    triggers_hold()


def test_workers_of_the_last_release_go_on_beside_the_new_ones(released: Any) -> None:
    """A deploy migrates first and replaces the processes then: until it has, old code writes into new tables."""
    fill(released, 1)
    migrate(None)

    fill(released, 2)
    latch(released)
    for model in released.get_app_config("syncapp").get_models():
        if model._meta.model_name != "synclogentry":
            columns = [each.name for each in model._meta.concrete_fields if not each.primary_key]
            assert model._default_manager.bulk_update(list(model._default_manager.all()), columns) == 2

    for model in today.get_app_config("syncapp").get_models():
        theirs = model._meta.model_name in dump(released)
        assert len(list(model._default_manager.all())) == (2 if theirs else 0)


def test_what_was_lost_before_the_upgrade_sends_no_mail(released: Any) -> None:
    fill(released, 1)
    released.get_model("syncapp", "Connection").objects.update(state="needs-reconnect")
    migrate(None)
    from syncapp.models import Connection

    assert not Connection.objects.untold().exists()


def test_unlinked_bills_of_before_the_upgrade_are_looked_at_once_more(released: Any) -> None:
    """What is like a deleted one is proposed since; keys of rows that nobody touches would stay empty."""
    fill(released, 1)
    synced = released.get_model("syncapp", "SyncedObject").objects
    synced.update(kind="bill", qbo_id=None, needs_look=False)
    migrate(None)

    assert synced.get().needs_look


def test_an_id_that_was_too_long_before_the_upgrade_stays_whole_when_it_is_taken_back(released: Any) -> None:
    """That of a single incoming transfer. SQLite keeps no lengths; PostgreSQL would refuse to narrow the column."""
    fill(released, 1)
    migrate(None)
    long = "transfer:bac" + "1" * 68
    objects = released.get_model("syncapp", "SyncedObject").objects
    objects.update(billcom_id=long)

    migrate(RELEASED)
    assert objects.get().billcom_id == long
    migrate(None)
    assert objects.get().billcom_id == long
