"""A renewal's claim names its owner, and a lost connection says whether people were told of it."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def those_lost_before_are_known(apps: Any, schema_editor: Any) -> None:
    """Pages have shown them all along; a mail now would come out of the blue."""
    lost = apps.get_model("syncapp", "Connection").objects.filter(state="needs-reconnect")
    lost.update(told_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("syncapp", "0009_budgets")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="renewing_by",
            field=models.UUIDField(
                blank=True, editable=False, help_text="Only who claimed it ends it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="told_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When people were told by mail that it was lost.",
                null=True,
            ),
        ),
        migrations.RunPython(those_lost_before_are_known, migrations.RunPython.noop),
    ]
