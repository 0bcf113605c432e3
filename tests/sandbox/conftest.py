from __future__ import annotations

import pytest

from tests.sandbox.frame import Frame, framed


@pytest.fixture
def frame() -> Frame:
    return framed()
