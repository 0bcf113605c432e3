"""The commands run over the sandbox, as the engine's own tests do."""

from __future__ import annotations

from tests.services.conftest import clock as clock
from tests.services.conftest import company as company
from tests.services.conftest import loaded as loaded
from tests.services.conftest import pointed as pointed
from tests.support.sandbox import sandbox as sandbox
