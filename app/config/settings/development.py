"""A developer's machine: `make run`."""

from config.settings.base import *  # noqa: F403
from config.settings.base import ENV

DEBUG = True
SECRET_KEY = "development only: sites make their own"  # noqa: S105
if not ENV.text("EMAIL_URL"):
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
