from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


hold_again = import_module("syncapp.migrations.0020_credits_at_once").hold_again


class Migration(migrations.Migration):

    dependencies = [
        ('syncapp', '0027_masters_by_kind'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.AddField(
            model_name='syncpreferences',
            name='attachments',
            field=models.CharField(choices=[('off', 'Not sent'), ('to-qbo', 'From BILL to QuickBooks Online'), ('both', 'Both ways')], db_default='to-qbo', default='to-qbo', help_text='Which way files that are attached to bills are sent.', max_length=10),
        ),
        migrations.RunPython(hold_again, migrations.RunPython.noop),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('billcom', 'BILL'), ('qbo', 'QuickBooks Online')], max_length=10, verbose_name='comes from')),
                ('remote_id', models.CharField(max_length=60, verbose_name='id there')),
                ('other_id', models.CharField(blank=True, max_length=60, verbose_name='id on the other side')),
                ('name', models.CharField(max_length=1000, verbose_name='file')),
                ('size', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='bytes')),
                ('state', models.CharField(choices=[('waiting', 'Waits to be sent'), ('filing', 'Sent; BILL is filing it'), ('sent', 'Sent'), ('there', 'Was there already'), ('too-large', 'Too large'), ('not-taken', "Of a type that isn't taken"), ('refused', 'Refused')], default='waiting', max_length=10)),
                ('words', models.TextField(blank=True, verbose_name='what was said')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first seen')),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='syncapp.company')),
                ('object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='syncapp.syncedobject', verbose_name='bill')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'filing'])), fields=['company', 'side'], name='file_under_way')],
                'constraints': [models.UniqueConstraint(fields=('object', 'side', 'remote_id'), name='file_once')],
            },
        ),
    ]
