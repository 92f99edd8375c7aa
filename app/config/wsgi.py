"""What uWSGI loads: the WSGI application of one release."""

import os
import sys
from pathlib import Path

APP = Path(__file__).resolve().parents[1]
for folder in (APP.parent / "deploy", APP):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.deployed")

from django.core.wsgi import get_wsgi_application  # noqa: E402

from config import checks, release_lock, unread_bodies  # noqa: E402  the paths above come first

release_lock.hold()
application = unread_bodies.reading_to_the_end(get_wsgi_application())
checks.refuse_to_start()
