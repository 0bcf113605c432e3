from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def read_again(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """The next sync reads invoices and credit memos once more: their sales tax is kept from now on."""
    cursors = apps.get_model("syncapp", "Cursor").objects.using(editor.connection.alias)
    cursors.filter(kind__in=["invoice", "credit_memo"]).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('syncapp', '0024_money_in_transfers'),
    ]

    operations = [
        migrations.AddField(
            model_name='accountingpreferences',
            name='qbo_sales_tax',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
