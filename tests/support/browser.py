"""Where the browser of the browser tests is."""

from __future__ import annotations

import os
import shutil

NO_CHROMIUM = "There is no Chromium: install it as /usr/bin/chromium, or name one by CHROMIUM."


def chromium_path() -> str | None:
    if named := os.environ.get("CHROMIUM"):
        return named
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
