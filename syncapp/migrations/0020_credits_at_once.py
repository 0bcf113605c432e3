from __future__ import annotations

from importlib import import_module

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE: list[str] = import_module("syncapp.migrations.0002_hold_latches_and_log").SQLITE


def hold_again(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite has no column added or removed but by making the table anew, and its triggers go with the old one."""
    if editor.connection.vendor == "sqlite":
        latch = SQLITE[0]
        editor.execute(latch.replace("CREATE TRIGGER", "CREATE TRIGGER IF NOT EXISTS"))


class Migration(migrations.Migration):

    dependencies = [
        ('syncapp', '0019_longer_billcom_id'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.AddField(
            model_name='syncpreferences',
            name='credits_at_once',
            field=models.BooleanField(db_default=False, default=False, help_text='Off: a credit applied to a bill in BILL is applied in QuickBooks when the bill is paid in full.', verbose_name='Apply Vendor Credits At Once'),
        ),
        migrations.RunPython(hold_again, migrations.RunPython.noop),
    ]
