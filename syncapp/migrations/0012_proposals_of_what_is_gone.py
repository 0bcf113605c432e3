from django.db import migrations
from django.db.models import Q


def look_again(apps, schema_editor):
    """The next sync works out anew what unlinked bills and payments look like, those that are gone among them."""
    synced = apps.get_model('syncapp', 'SyncedObject').objects.using(schema_editor.connection.alias)
    alone = Q(billcom_id__isnull=True) | Q(qbo_id__isnull=True)
    synced.filter(alone, kind__in=['bill', 'bill_payment'], excluded=False).update(needs_look=True)


class Migration(migrations.Migration):

    dependencies = [
        ('syncapp', '0011_unread_records'),
    ]

    operations = [
        migrations.RunPython(look_again, migrations.RunPython.noop),
    ]
