"""A developer's machine: `make run`."""

from config.settings.base import *  # noqa: F403
from config.settings.base import ENV, SITE_URL

DEBUG = True
SECRET_KEY = "development only: sites make their own"  # noqa: S105
if not ENV.text("STUDIUM_IDENTITY_KEY"):
    IDENTITY_KEYS = ["development only: sites make their own"]
if not (ENV.text("EMAIL_URL") or ENV.text("MAILGUN_KEY")):
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if SITE_URL.startswith("https://"):  # `make run HTTPS=1` has nginx in front
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
