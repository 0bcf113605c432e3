"""The product's settings, with what the tests need in place of the environment."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.update(
    SECRET_KEY="only-for-the-tests-0123456789-0123456789-0123456789",
    TOKEN_KEYS="dGVzdC1rZXktdGVzdC1rZXktdGVzdC1rZXktMDEyMzQ=",
    PUBLIC_URL="http://127.0.0.1:8000",
    ALLOWED_HOSTS="127.0.0.1,localhost,testserver",
    DATABASE_URL=os.environ.get("TIEOUT_TEST_DATABASE_URL", "sqlite:///:memory:"),
)

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, MIDDLEWARE, Q_CLUSTER, STORAGES  # noqa: E402

# Threads and processes of one test share its database, which an SQLite in memory does not allow.
if folder := os.environ.get("TIEOUT_TEST_DIR"):
    # Of its own: WhiteNoise walks through it while other tests make and remove files in the folder above.
    STATIC_ROOT = Path(folder) / "static"
    STATIC_ROOT.mkdir(exist_ok=True)
    if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        DATABASES["default"]["TEST"] = {"NAME": str(Path(folder) / "test.sqlite3")}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# WhiteNoise looks through all static files for every client that a test makes; a live server serves them by itself.
MIDDLEWARE = [each for each in MIDDLEWARE if "whitenoise" not in each]
# Tasks stay in the queue until a test takes them out.
Q_CLUSTER["sync"] = False
ACCOUNT_RATE_LIMITS = False

QBO_CLIENT_ID = "test-client"
QBO_CLIENT_SECRET = "test-client-secret"
BILLCOM_DEVELOPER_KEY = "test-developer-key"
