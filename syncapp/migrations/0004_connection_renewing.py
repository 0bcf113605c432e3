"""A renewal of a sign-in is claimed with a column, so that no transaction is open while a product is asked."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncapp", "0003_operation_recent_everywhere")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="renewing_until",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Somebody is renewing the sign-in; lapses if they died.",
                null=True,
            ),
        ),
    ]
