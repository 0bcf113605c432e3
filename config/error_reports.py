"""What an error mail to the operators says: where it happened, and no value of anything.

Local variables, forms, addresses' queries and cookies may hold what signs in to a client's books.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.views.debug import ExceptionReporter

HIDDEN = "(not in reports)"
SHOWN_META = frozenset({"REQUEST_METHOD", "PATH_INFO", "HTTP_HOST", "HTTP_USER_AGENT", "REMOTE_ADDR"})


class Reporter(ExceptionReporter):
    """Settings name it as DEFAULT_EXCEPTION_REPORTER. With DEBUG, the developer's own page shows everything."""

    def get_traceback_data(self) -> dict[str, Any]:
        data: dict[str, Any] = super().get_traceback_data()
        if settings.DEBUG:
            return data
        for frame in data.get("frames", ()):
            frame["vars"] = []
        if self.request is None:
            return data
        for name in ("filtered_POST_items", "request_GET_items", "request_FILES_items", "request_COOKIES_items"):
            data[name] = [(key, HIDDEN) for key, _ in data.get(name, ())]
        meta = data.get("request_meta", {})
        data["request_meta"] = {name: value for name, value in meta.items() if name in SHOWN_META}
        data["request_insecure_uri"] = self.request.path
        return data
