from django.db import migrations
from django.db.models import Q


def look_again(apps, schema_editor):
    """The next sync works out the match keys of unlinked bills and credits that are gone, which had no number."""
    synced = apps.get_model('syncapp', 'SyncedObject').objects.using(schema_editor.connection.alias)
    alone = Q(billcom_id__isnull=True) | Q(qbo_id__isnull=True)
    synced.filter(alone, kind__in=['bill', 'vendor_credit'], match_key='', excluded=False).update(needs_look=True)


class Migration(migrations.Migration):

    dependencies = [
        ('syncapp', '0015_unread_asked_at'),
    ]

    operations = [
        migrations.RunPython(look_again, migrations.RunPython.noop),
    ]
