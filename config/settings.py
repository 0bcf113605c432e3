"""All settings, from the environment only. What is missing or wrong stops the start, by name.

Each secret may instead stand in a file: SECRET_KEY_FILE=/run/secrets/key is read for SECRET_KEY.
TIEOUT_ENV_FILE names a file of NAME=value lines, read first; what the environment itself says wins.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured

# Lets Django's classes be written with their types, as in ModelAdmin[Company].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
if env_file := os.environ.get("TIEOUT_ENV_FILE"):
    if not Path(env_file).is_file():
        raise ImproperlyConfigured(f"TIEOUT_ENV_FILE names {env_file}, which is no file.")
    env.read_env(env_file)


def env_url(name: str, default: str) -> str:
    """A base address: http or https, kept without a slash at its end."""
    value: str = env.str(name, default=default).rstrip("/")
    if value and urlsplit(value).scheme not in {"http", "https"}:
        raise ImproperlyConfigured(f"{name} must be an http or https address, not {value!r}.")
    return value


def env_positive(name: str, default: int) -> int:
    value: int = env.int(name, default=default)
    if value < 1:
        raise ImproperlyConfigured(f"{name} must be 1 or more, not {value}.")
    return value


# --- Where it runs ---------------------------------------------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", default=False)
# Also signs the queue's tasks: every host needs the same one. Drain the queue before changing it.
SECRET_KEY: str = env.str("SECRET_KEY")
# Fernet keys that seal the credentials at rest. The first seals, all of them open; put a new one in front to rotate.
TOKEN_KEYS: list[str] = env.list("TOKEN_KEYS")

# How people and the two products reach this installation. OAuth's redirect address is made from it.
PUBLIC_URL = env_url("PUBLIC_URL", "http://127.0.0.1:8000")
_host = urlsplit(PUBLIC_URL).hostname or ""
_https = urlsplit(PUBLIC_URL).scheme == "https"
if not (_https or DEBUG or _host in {"127.0.0.1", "localhost", "::1"}):
    raise ImproperlyConfigured(f"PUBLIC_URL must be https on any host but this one, not {PUBLIC_URL!r}.")

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[_host])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

# --- Django ----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # First, so that its templates and static files win over the stock ones.
    "syncapp",
    "config.apps.TieoutAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_q",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# --- Database --------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'tieout.sqlite3'}")}
# django-q2 asks for a fresh connection before every operation; without this each would be a new one.
DATABASES["default"]["CONN_MAX_AGE"] = 600
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Write locks are taken at BEGIN and waited for, so that several processes never see "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
        "PRAGMA foreign_keys=ON;PRAGMA busy_timeout=20000",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Signing in ------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "config.sign_in.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
# Accounts are made by an administrator, who vouches for the address.
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Tieout"
# How many proxies of ours stand in front: decides which address in X-Forwarded-For counts for the sign-in limits.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)

# --- Mail ------------------------------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# Operators, who are told of every error on a page: where, and no value of anything.
ADMINS = [("Operator", each) for each in env.list("ADMINS", default=[])]
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default=f"tieout@{_host}")

# --- Safety ----------------------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
if _https and not DEBUG:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
    SECURE_HSTS_PRELOAD: bool = env.bool("SECURE_HSTS_PRELOAD", default=False)
    # Only behind a proxy of ours that sets the header itself; else anyone could claim to have come by https.
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- The queue: only wakes workers up; runs, attempts and leases are rows of our own ---------------------------------

_workers = env_positive("Q_WORKERS", 2)
Q_CLUSTER = {
    "name": "tieout",
    "orm": "default",
    "workers": _workers,
    "timeout": env_positive("Q_TIMEOUT", 300),
    # Covers waiting in the cluster's memory and running; else django-q2 starts a task a second time.
    "retry": env_positive("Q_RETRY", 900),
    "max_attempts": 3,
    "ack_failures": False,
    "queue_limit": _workers,
    "bulk": 1,
    "poll": env.float("Q_POLL", default=0.5),
    "catch_up": False,
    "recycle": 200,
    "save_limit": 500,
}

# --- Logging ---------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "in_production": {"()": "django.utils.log.RequireDebugFalse"},
        "refusals": {"()": "config.error_reports.Refusals"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]},
        "mail": {"class": "config.error_reports.MailHandler", "level": "ERROR", "filters": ["in_production"]},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": ["mail"], "level": "INFO"},
        # django-q2 brings a handler of its own unless it finds one; ours is enough.
        "django-q": {"handlers": ["console"], "level": env.str("Q_LOG_LEVEL", default="WARNING"), "propagate": False},
    },
}

# --- QuickBooks Online -----------------------------------------------------------------------------------------------
# Reference: https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization

QBO_BASE_URL = env_url("QBO_BASE_URL", "https://quickbooks.api.intuit.com/v3/company")
# Either the discovery document, or the four addresses one by one.
QBO_AUTHORIZE_URL = env_url("QBO_AUTHORIZE_URL", "")
QBO_TOKEN_URL = env_url("QBO_TOKEN_URL", "")
QBO_REVOKE_URL = env_url("QBO_REVOKE_URL", "")
QBO_USERINFO_URL = env_url("QBO_USERINFO_URL", "")
_endpoints = (QBO_AUTHORIZE_URL, QBO_TOKEN_URL, QBO_REVOKE_URL, QBO_USERINFO_URL)
if any(_endpoints) and not all(_endpoints):
    raise ImproperlyConfigured("Set QBO_AUTHORIZE_URL, QBO_TOKEN_URL, QBO_REVOKE_URL and QBO_USERINFO_URL, or none.")
QBO_DISCOVERY_URL = env_url("QBO_DISCOVERY_URL", "https://developer.api.intuit.com/.well-known/openid_configuration")
QBO_CLIENT_ID: str = env.str("QBO_CLIENT_ID", default="")
QBO_CLIENT_SECRET: str = env.str("QBO_CLIENT_SECRET", default="")
QBO_MINOR_VERSION = env_positive("QBO_MINOR_VERSION", 75)
# From how many writes in one chunk on batches are used: single writes are free, batches are metered but fast.
QBO_BATCH_FROM = env_positive("QBO_BATCH_FROM", 25)
# Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/limits-and-throttles (of one company)
QBO_CALLS_A_SECOND = env_positive("QBO_CALLS_A_SECOND", 10)
QBO_CALLS_A_MINUTE = env_positive("QBO_CALLS_A_MINUTE", 500)
QBO_BATCHES_A_MINUTE = env_positive("QBO_BATCHES_A_MINUTE", 40)
# Reference: Intuit App Partner Program, Builder tier. Of the whole app; beyond them Intuit blocks it for everybody.
QBO_METERED_CALLS_A_MONTH = env_positive("QBO_METERED_CALLS_A_MONTH", 500_000)
# What people open in their browser; links out are made from it.
QBO_APP_URL = env_url("QBO_APP_URL", "https://app.qbo.intuit.com/app")
# What Intuit signs notifications with: the app's page, Webhooks, "verifier token". Empty: none is believed.
QBO_WEBHOOK_TOKEN: str = env.str("QBO_WEBHOOK_TOKEN", default="")

# --- BILL ------------------------------------------------------------------------------------------------------------
# Reference: https://developer.bill.com/docs/environmental-differences

BILLCOM_BASE_URL = env_url("BILLCOM_BASE_URL", "https://gateway.prod.bill.com/connect")
BILLCOM_V2_URL = env_url("BILLCOM_V2_URL", "https://api.bill.com/api/v2")
# The installation's own developer key; empty where each company brings one.
BILLCOM_DEVELOPER_KEY: str = env.str("BILLCOM_DEVELOPER_KEY", default="")
BILLCOM_APP_URL = env_url("BILLCOM_APP_URL", "https://app.bill.com")
# Reference: https://developer.bill.com/docs/api-rate-limits (of one developer key, in an hour of the clock)
BILLCOM_CALLS_AN_HOUR = env_positive("BILLCOM_CALLS_AN_HOUR", 20_000)
BILLCOM_LOG_INS_AN_HOUR = env_positive("BILLCOM_LOG_INS_AN_HOUR", 200)
# Where subscriptions to notifications are made: beside the API of the same environment.
BILLCOM_EVENTS_URL = env_url("BILLCOM_EVENTS_URL", f"{BILLCOM_BASE_URL.removesuffix('/connect')}/connect-events")
# Whether BILL is asked to tell of changes. It reaches https addresses only.
BILLCOM_WEBHOOKS: bool = env.bool("BILLCOM_WEBHOOKS", default=_https)

# --- Syncing ---------------------------------------------------------------------------------------------------------

# A task works this long, saves where it is, and calls itself again.
SLICE_SECONDS = env_positive("SLICE_SECONDS", 60)
# A worker that is silent for this long has lost its company to the next one.
LEASE_SECONDS = env_positive("LEASE_SECONDS", 120)
# How long a write to BILL whose answer was lost may still be at work there; only then is "not found" believed.
IN_DOUBT_SECONDS = env_positive("IN_DOUBT_SECONDS", 120)
# At least so long lies between the end of a sync and the next one that a notification starts.
WEBHOOK_SECONDS = env_positive("WEBHOOK_SECONDS", 300)
