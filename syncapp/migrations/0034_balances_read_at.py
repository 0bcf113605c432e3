from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0031_not_available"),
    ]

    operations = [
        migrations.AddField(
            model_name="company",
            name="balances_read_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the balances of its bank and clearing accounts were last read from QuickBooks.",
                null=True,
            ),
        ),
    ]
