from django.db import migrations, models


def send_again(apps, schema_editor):
    """The earlier release knows of no file in doubt; it looks at the other side before it sends one."""
    files = apps.get_model("syncapp", "Attachment").objects.using(schema_editor.connection.alias)
    files.filter(state="sending").update(state="waiting")


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0029_payment_terms"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, send_again),
        migrations.AddField(
            model_name="attachment",
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="failed tries"),
        ),
        migrations.AlterField(
            model_name="attachment",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waits to be sent"),
                    ("sending", "Being sent"),
                    ("filing", "Sent; BILL is filing it"),
                    ("sent", "Sent"),
                    ("there", "Was there already"),
                    ("too-large", "Too large"),
                    ("not-taken", "Of a type that isn't taken"),
                    ("refused", "Refused"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.RemoveIndex(model_name="attachment", name="file_under_way"),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "sending", "filing"])),
                fields=["company", "side"],
                name="file_under_way",
            ),
        ),
    ]
