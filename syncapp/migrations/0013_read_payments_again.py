from django.db import migrations


def read_again(apps, schema_editor):
    """The next sync reads all bill payments once more: which credits they use is kept from now on."""
    cursors = apps.get_model("syncapp", "Cursor").objects.using(schema_editor.connection.alias)
    cursors.filter(kind="bill_payment").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0012_proposals_of_what_is_gone"),
    ]

    operations = [
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
