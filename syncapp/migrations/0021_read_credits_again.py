from django.db import migrations


def read_again(apps, schema_editor):
    """The next sync reads credits and bill payments of BILL once more.

    What credits are applied to without a payment is kept from now on, and what payments are funded by.
    """
    cursors = apps.get_model("syncapp", "Cursor").objects.using(schema_editor.connection.alias)
    cursors.filter(side="billcom", kind__in=["vendor_credit", "bill_payment"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0020_credits_at_once"),
    ]

    operations = [
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
