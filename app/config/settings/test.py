"""The test rings: quick hashes, mail in memory, everything else as deployed."""

from config.settings.base import *  # noqa: F403

SECRET_KEY = "test only"  # noqa: S105
IDENTITY_KEYS = ["test only"]
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LIGHTMILL_OPEN_HOST = LIGHTMILL_HOOKS = True
