"""Database triggers: an irreversible preference stays on, and a log entry stays as it was written."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRES = [
    """
    CREATE FUNCTION syncapp_keep_latch() RETURNS trigger AS $$
    BEGIN
        IF (OLD.approved_only AND NOT NEW.approved_only) OR (OLD.one_way AND NOT NEW.one_way) THEN
            RAISE EXCEPTION 'an irreversible preference can not be turned off' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$ LANGUAGE plpgsql
    """,
    """
    CREATE TRIGGER syncapp_latch BEFORE UPDATE ON syncapp_syncpreferences
    FOR EACH ROW EXECUTE FUNCTION syncapp_keep_latch()
    """,
    """
    CREATE FUNCTION syncapp_keep_log() RETURNS trigger AS $$
    BEGIN
        RAISE EXCEPTION 'log entries are never edited' USING ERRCODE = 'check_violation';
    END $$ LANGUAGE plpgsql
    """,
    """
    CREATE TRIGGER syncapp_log BEFORE UPDATE ON syncapp_synclogentry
    FOR EACH ROW EXECUTE FUNCTION syncapp_keep_log()
    """,
]
POSTGRES_BACK = [
    "DROP TRIGGER syncapp_latch ON syncapp_syncpreferences",
    "DROP FUNCTION syncapp_keep_latch()",
    "DROP TRIGGER syncapp_log ON syncapp_synclogentry",
    "DROP FUNCTION syncapp_keep_log()",
]
SQLITE = [
    """
    CREATE TRIGGER syncapp_latch BEFORE UPDATE ON syncapp_syncpreferences
    WHEN (OLD.approved_only AND NOT NEW.approved_only) OR (OLD.one_way AND NOT NEW.one_way)
    BEGIN SELECT RAISE(ABORT, 'an irreversible preference can not be turned off'); END
    """,
    """
    CREATE TRIGGER syncapp_log BEFORE UPDATE ON syncapp_synclogentry
    BEGIN SELECT RAISE(ABORT, 'log entries are never edited'); END
    """,
]
SQLITE_BACK = ["DROP TRIGGER syncapp_latch", "DROP TRIGGER syncapp_log"]


def _run(editor: BaseDatabaseSchemaEditor, postgres: list[str], sqlite: list[str]) -> None:
    for statement in postgres if editor.connection.vendor == "postgresql" else sqlite:
        editor.execute(statement)


def hold(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, POSTGRES, SQLITE)


def let_go(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, POSTGRES_BACK, SQLITE_BACK)


class Migration(migrations.Migration):
    dependencies = [("syncapp", "0001_initial")]
    operations = [migrations.RunPython(hold, let_go)]
