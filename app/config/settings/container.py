"""A container that does one portable job: no database, no secret, nothing of a site."""

import secrets
import tempfile
from pathlib import Path

from config.settings.base import *  # noqa: F403

SECRET_KEY = secrets.token_urlsafe(50)  # signs nothing that anybody reads
DATABASES = {"default": {"ENGINE": "django.db.backends.dummy"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
JOB_FILES = Path(tempfile.mkdtemp(prefix="studium-job-"))
