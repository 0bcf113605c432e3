"""Two column types: JSON that keeps Decimals exact, and JSON that is sealed at rest."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Lookup

_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class ExactJSONField(models.TextField[Any, Any]):
    """JSON as text: numbers come back as ``int`` or ``Decimal``, never as binary floats."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    _pyi_lookup_exact_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else _decoder.decode(value)

    def to_python(self, value: Any) -> Any:
        return _decoder.decode(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else _encoder.encode(value).decode()

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])


class SealedJSONField(models.TextField[Any, Any]):
    """JSON sealed with the first of TOKEN_KEYS; any of them opens it, and a wrong key raises InvalidToken.

    It can't be searched (only ``isnull``), and its text form never shows what is inside.
    """

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else json.loads(_cipher().decrypt(value.encode()))

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else _cipher().encrypt(json.dumps(value).encode()).decode()

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        if lookup_name != "isnull":
            raise FieldError("Sealed values can't be searched.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        return "sealed"
