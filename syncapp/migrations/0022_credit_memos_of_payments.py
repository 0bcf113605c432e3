from django.db import migrations
from django.db.models import TextField
from django.db.models.functions import Cast


def tell_credits(apps, schema_editor):
    """Customers' payments that were read before show which credit memos they apply."""
    objects = apps.get_model("syncapp", "SyncedObject").objects.using(schema_editor.connection.alias)
    payments = objects.filter(kind="receivable_payment").annotate(shown=Cast("qbo_raw", TextField()))
    for row in payments.filter(shown__contains='"CreditMemo"').iterator():
        lines = row.qbo_raw.get("Line") or []
        links = [(line.get("Amount"), each) for line in lines for each in line.get("LinkedTxn") or []]
        row.qbo_values["credits_used"] = [
            {"credit_memo": str(each.get("TxnId") or ""), "amount": amount}
            for amount, each in links
            if each.get("TxnType") == "CreditMemo"
        ]
        row.save(update_fields=["qbo_values"])


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0021_read_credits_again"),
    ]

    operations = [
        migrations.RunPython(tell_credits, migrations.RunPython.noop),
    ]
