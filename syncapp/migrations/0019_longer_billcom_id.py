from __future__ import annotations

from typing import Any

from django.db import migrations, models


class Widen(migrations.AlterField):
    """More room in a column. Taken back it keeps the room: what is longer by then would be refused or cut.

    So it may come forward again to a column that has more room already, which is left as it is, too.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if _room(schema_editor.connection, model, self.name) < model._meta.get_field(self.name).max_length:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Leave the column as it is; only what Django knows of it goes back."""


def _room(connection: Any, model: Any, name: str) -> int:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, model._meta.db_table)
    return next(each.display_size or 0 for each in columns if each.name == name)


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0018_card_account"),
    ]

    operations = [
        Widen(
            model_name="syncedobject",
            name="billcom_id",
            field=models.CharField(blank=True, max_length=60, null=True, verbose_name="BILL id"),
        ),
    ]
