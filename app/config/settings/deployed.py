"""Staging and production: what differs between them is data, not Python."""

from pathlib import Path
from urllib.parse import urlsplit

from config import logs
from config.settings.base import *  # noqa: F403
from config.settings.base import ENV, SITE_URL, STATIC_ROOT

DEPLOYED = True
SENT_BY_WEB_SERVER = True
SECRET_KEY = ENV.required("STUDIUM_SECRET_KEY")
SECURE = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
TRAVELS_IN_CLEAR = not SECURE and urlsplit(SITE_URL).hostname not in {
    "127.0.0.1",
    "localhost",
    "::1",
}
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600 if SECURE else 0
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# `check --deploy` asks for what is not ours to say: the front leads to HTTPS, and the domain may
# have other names.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
if not SECURE:  # the profile `lan`: no promise of HTTPS, and cookies that come over HTTP
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W012", "security.W016"]

_manifest = ENV.path("STUDIUM_STATIC_MANIFEST", STATIC_ROOT)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "common.static_storage.ReleaseStaticStorage",
        "OPTIONS": {"manifest_folder": str(Path(_manifest))},
    },
}

LOGGING = logs.to_stderr(json=True)
