"""What the site's engine needs to have done every other second, by whichever worker comes first."""

from django.conf import settings
from django.utils.module_loading import import_string

from jobs.engines import BATCH, CELERY

TENDED = {CELERY: "jobs.services.sending.send_due", BATCH: "jobs.services.away.tend"}


def tend() -> None:
    """Send what is due to wherever it runs, and ask how it is; nothing for processes of ours."""
    if name := TENDED.get(settings.JOB_ENGINE):
        import_string(name)()
