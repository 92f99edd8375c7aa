"""A developer's machine: `make run`."""

from config.settings.base import *  # noqa: F403

DEBUG = True
SECRET_KEY = "development only: sites make their own"  # noqa: S105
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
