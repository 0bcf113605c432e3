from importlib import import_module

from django.db import migrations, models

hold_again = import_module("syncapp.migrations.0020_credits_at_once").hold_again


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0028_attachments"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.AddField(
            model_name="syncpreferences",
            name="payment_terms",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Payment terms sync both ways, and vendors carry theirs.",
                verbose_name="Sync Payment Terms",
            ),
        ),
        migrations.RunPython(hold_again, migrations.RunPython.noop),
    ]
