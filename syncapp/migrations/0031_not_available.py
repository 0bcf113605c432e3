from django.db import migrations

from syncapp.models.fields import ExactJSONField


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0030_files_in_doubt"),
    ]

    operations = [
        migrations.AddField(
            model_name="company",
            name="not_available",
            field=ExactJSONField(
                blank=True,
                db_default="{}",
                default=dict,
                editable=False,
                help_text="Kind -> BILL's words, where the connected user's role or the plan doesn't have it.",
            ),
        ),
    ]
