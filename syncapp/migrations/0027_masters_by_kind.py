from importlib import import_module

from django.db import migrations

from syncapp.models.fields import ExactJSONField

hold_again = import_module("syncapp.migrations.0020_credits_at_once").hold_again


class Migration(migrations.Migration):

    dependencies = [
        ('syncapp', '0026_income_and_receivable_accounts'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.AddField(
            model_name='syncpreferences',
            name='masters',
            field=ExactJSONField(blank=True, db_default='{}', default=dict, help_text="Kind -> side, where another side than the master's is kept for records of that kind.", verbose_name='masters by kind'),
        ),
        migrations.RunPython(hold_again, migrations.RunPython.noop),
    ]
