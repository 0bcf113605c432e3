"""Prints fresh secrets as NAME=value lines: `python -m config.keys > secrets.env`, named by TIEOUT_ENV_FILE."""

from __future__ import annotations

import base64
import secrets


def lines() -> list[str]:
    token_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return [f"SECRET_KEY={secrets.token_urlsafe(48)}", f"TOKEN_KEYS={token_key}"]


if __name__ == "__main__":
    print("\n".join(lines()))
