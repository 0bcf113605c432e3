from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0034_balances_read_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="company",
            name="planned_by",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="A digest of the terms.",
                max_length=64,
            ),
        ),
    ]
