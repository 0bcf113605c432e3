from __future__ import annotations

from importlib import import_module

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

hold_again = import_module("syncapp.migrations.0020_credits_at_once").hold_again
Widen = import_module("syncapp.migrations.0019_longer_billcom_id").Widen


def tell_direction(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """The transfers there are were all drawn from a bank; what reached one is found by reading customers' payments
    once more.
    """
    alias = editor.connection.alias
    objects = apps.get_model("syncapp", "SyncedObject").objects.using(alias)
    for row in objects.filter(kind="funds_transfer").only("billcom_values", "qbo_values").iterator():
        for values in (row.billcom_values, row.qbo_values):
            if values is not None:
                values["incoming"] = False
                values["payments"] = [{**line, "received": ""} for line in values.get("payments") or []]
        row.save(update_fields=["billcom_values", "qbo_values"])
    apps.get_model("syncapp", "Cursor").objects.using(alias).filter(side="billcom", kind="receivable_payment").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0023_first_location"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.AddField(
            model_name="syncpreferences",
            name="transfer_per",
            field=models.CharField(
                choices=[("day", "Bank account and day"), ("payment", "Payment")],
                db_default="day",
                default="day",
                help_text="As the bank's statement shows what BILL moves: in one sum a day, or payment by payment.",
                max_length=10,
                verbose_name="One Funds Transfer Per",
            ),
        ),
        migrations.RunPython(hold_again, migrations.RunPython.noop),
        Widen(
            model_name="syncedobject",
            name="billcom_id",
            field=models.CharField(blank=True, max_length=80, null=True, verbose_name="BILL id"),
        ),
        migrations.AlterField(
            model_name="syncedobject",
            name="funded_from",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What a payment was drawn from, or reached.",
                max_length=40,
                verbose_name="BILL bank account",
            ),
        ),
        migrations.RunPython(tell_direction, migrations.RunPython.noop),
    ]
