"""The settings of a site in processes of its own that sends its mail to a server."""

import os

from config import email
from config.settings.test import *  # noqa: F403

globals().update(email.from_url(os.environ["EMAIL_URL"]))
